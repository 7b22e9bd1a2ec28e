/**
 * The history of documents: what they were, and taking back what was done to them.
 *
 * Everything is read from the ledger, and nothing is kept beside it. What is taken back is taken back by ids, so later
 * edits stay, and as a commit like any other: made in a turn of the document's room, judged by what its kind asks of
 * whoever asks for it, told to everybody, and to be undone itself. It names the commits that it undoes, and notes which
 * ids the restored content has now, so that it is not restored twice.
 */
import {
  decodeInverse,
  emptyDocument,
  type InverseRecord,
  type Json,
  type JsonObject,
  jsonEqual,
  type Path,
  provenanceOf,
  type Roots,
  type SkippedItem,
  toPointer,
} from "@verso/bridge";
import { type ActivityPage, type Blame, forkOf } from "@verso/protocol";
import type { Commit, CommitKind, Head, Ledger } from "@verso/storage";
import type { Issue } from "@verso/validation";
import { type ActivityOptions, readActivity } from "./activity.js";
import type { Actor } from "./actor.js";
import { blameProvenance } from "./blame.js";
import type { Cell } from "./cell.js";
import { type Document, type Edited, nothingChanged } from "./document.js";
import { deletedDocument, ServerError } from "./errors.js";
import { type Kind, knownRoots } from "./kinds.js";
import { nameOf } from "./leases.js";
import type { Edit } from "./room.js";
import type { Rooms } from "./rooms.js";
import { redoable, type Stack, stepsOf, undoable } from "./undo-stack.js";
import { createVersions, type Difference, type Present } from "./versions.js";

export interface HistoryOptions {
  readonly ledger: Ledger;
  readonly rooms: Pick<Rooms, "get">;
  readonly compactions: Pick<Cell, "compact" | "project">;
  readonly kindOf: (documentId: string) => Kind | Promise<Kind>;
}

/** A document as of one commit. */
export interface Version {
  readonly sequence: number;
  readonly revision: string;
  readonly epoch: number;
  /** Milliseconds since 1970: when the document began, and when this commit was made. */
  readonly created: number;
  readonly updated: number;
  readonly content: JsonObject;
  /** Those that the document has now. */
  readonly roots: Roots;
}

/** What became of taking something back. */
export type HistoryEdit =
  | {
      readonly type: "done";
      readonly sequence: number;
      readonly revision: string;
      /** The commits whose effect is gone by that, ascending. */
      readonly undoes: readonly number[];
      readonly unrestored: readonly Unrestored[];
    }
  /** There was nothing to take back, or nothing of it can be any more. Nothing changed. */
  | { readonly type: "nothing"; readonly unrestored: readonly Unrestored[] }
  /** The document's kind does not allow it. The content is as before; the commit says what was asked and why not. */
  | { readonly type: "refused"; readonly sequence: number; readonly issues: readonly Issue[] };

/** Content that was deleted by what is taken back, and did not come back. */
export interface Unrestored {
  /** See `SkippedItem` of `@verso/bridge`. */
  readonly reason: SkippedItem["reason"];
  /** The key that held it; `null` for what stood in a list or text. */
  readonly key: string | null;
  /** The text or the values, or `null` for what is neither. */
  readonly content: Json;
}

export interface UndoOptions {
  /**
   * Milliseconds: updates that follow each other at most that closely are one step.
   * @default every commit is one
   */
  readonly within?: number | undefined;
}

/**
 * Throws a `ServerError`: `version-unknown` for a document, a sequence or a time without a commit, and
 * `version-dropped` where retention has let go of what is needed, `pointer-unknown` for a path at which nothing is. A
 * sequence that is no whole number is a `TypeError`, and so is a fork in which something is to be taken back.
 *
 * A document that was deleted comes back by what takes the deletion back: undone by who has deleted it, reverted, or by
 * going back to a version before it. Anything else in it is `document-deleted`.
 */
export interface History {
  /** The document as of a sequence, or as of a time: that is its last commit then. */
  at(documentId: string, point: number | Date): Promise<Version>;
  /** The Yjs document as of a sequence, as one update; for reading, and not to be written on. */
  state(documentId: string, sequence: number): Promise<Uint8Array>;
  /** The net of what changed between two sequences, in either order; 0 is the empty document. */
  diff(documentId: string, from: number, to: number): Promise<Difference>;
  /**
   * The commits that put there what is at a path, as of now or of a sequence. Costs the commits from there back to the
   * oldest that is named, or all of them where one is not found.
   */
  blame(documentId: string, path: Path, sequence?: number): Promise<Blame>;
  /** Who has worked on the document and when, page by page. */
  activity(documentId: string, options: ActivityOptions): Promise<ActivityPage>;
  /** Takes back the actor's own latest edit that is in force, or several that are one step. */
  undo(documentId: string, actor: Actor, options?: UndoOptions): Promise<HistoryEdit>;
  /** Takes back the actor's own latest undo, unless he has edited since. */
  redo(documentId: string, actor: Actor): Promise<HistoryEdit>;
  /** Takes back one commit of anybody. */
  revert(documentId: string, actor: Actor, sequence: number): Promise<HistoryEdit>;
  /** Takes back everything behind a sequence, of everybody, as one undo. The content is exactly that of then. */
  undoTo(documentId: string, actor: Actor, sequence: number): Promise<HistoryEdit>;
  /** Writes the content of a sequence as a new edit, exactly; also where retention keeps too little to undo. */
  restore(documentId: string, actor: Actor, sequence: number): Promise<HistoryEdit>;
}

export function createHistory({ ledger, rooms, compactions, kindOf }: HistoryOptions): History {
  const versions = createVersions({ ledger, compactions, kindOf });

  return {
    async at(documentId, point) {
      const present = await presentOf(documentId);
      const { head } = present;
      const sequence = typeof point === "number" ? point : await versions.sequenceAt(point.getTime(), head);
      if (sequence === 0) throw unknown(documentId);
      const content = await versions.content(sequence, present);
      const { revision, epoch, time } = await versions.commit(sequence, head);
      const roots = knownRoots(head.roots);
      return { sequence, revision, epoch, created: head.created.time, updated: time, content, roots };
    },
    async state(documentId, sequence) {
      return await versions.state(sequence, await headOf(documentId));
    },
    async diff(documentId, from, to) {
      return await versions.difference(from, to, await headOf(documentId));
    },
    async blame(documentId, path, sequence) {
      const { head, provenance } = await findIds(documentId, path, sequence);
      const pointer = toPointer(path);
      if (provenance === undefined) {
        throw new ServerError("pointer-unknown", `There is nothing at "${pointer}".`);
      }
      const { sequence: at, revision } = await versions.commit(sequence ?? head.sequence, head);
      const blamed = await blameProvenance(ledger, { document: documentId, sequence: at }, provenance);
      return { document_id: documentId, sequence: at, revision_id: revision, pointer, ...blamed };
    },
    async activity(documentId, options) {
      return await readActivity({ ledger, versions }, await headOf(documentId), options);
    },
    undo: (documentId, actor, { within } = {}) =>
      edit(documentId, { actor, kind: "undo" }, ({ document, head }) => {
        assertThere(head, deleted => nameOf(deleted.actor) === nameOf(actor));
        return takeBackFirst(document, actor, stepsOf(undoable(ledger, stackOf(head, actor)), within));
      }),
    redo: (documentId, actor) =>
      edit(documentId, { actor, kind: "redo" }, ({ document, head }) => {
        assertThere(head, () => false);
        return takeBackFirst(document, actor, stepsOf(redoable(ledger, stackOf(head, actor))));
      }),
    revert: async (documentId, actor, sequence) => {
      assertSequence(sequence);
      return await edit(documentId, { actor, kind: "revert" }, async ({ document, head }) => {
        if (sequence === 0 || sequence > head.sequence) throw unknown(documentId);
        assertThere(head, deleted => deleted.sequence === sequence);
        const commit = await versions.commit(sequence, head);
        if (commit.kind === "refused") return nothing;
        return takeBack(document, actor, { commits: [commit], undoes: [sequence] });
      });
    },
    undoTo: async (documentId, actor, sequence) => {
      assertSequence(sequence);
      return await edit(documentId, { actor, kind: "undo" }, current => goBack(current, actor, { sequence }));
    },
    restore: async (documentId, actor, sequence) => {
      assertSequence(sequence);
      return await edit(documentId, { actor, kind: "restore" }, current =>
        goBack(current, actor, { sequence, unrecorded: true }),
      );
    },
  };

  /** Runs in a turn of the document's room what makes the edit. */
  async function edit(
    documentId: string,
    commit: { readonly actor: Actor; readonly kind: CommitKind },
    make: (current: Current) => Promise<Made>,
  ): Promise<HistoryEdit> {
    // The ids that the relay writes under have clocks in the parent that are not known here.
    if (forkOf(documentId) !== null) throw new TypeError("In a fork nothing can be taken back.");
    const result = await rooms.get(documentId).edit<HistoryEdit | ServerError>(async ({ document, head }) => {
      if (head === undefined) return { type: "none", result: unknown(documentId) };
      try {
        return editOf(commit, await make({ document, head }));
      } catch (error) {
        // Nothing was changed before what is needed was there.
        if (error instanceof ServerError) return { type: "none", result: error };
        throw error;
      }
    });
    if (result instanceof ServerError) throw result;
    return result;
  }

  /** Takes back everything behind a sequence by ids, as far as it is recorded, and then whatever still differs. */
  async function goBack(
    { document, head }: Current,
    actor: Actor,
    { sequence, unrecorded = false }: { readonly sequence: number; readonly unrecorded?: boolean },
  ): Promise<Made> {
    assertThere(head, deleted => sequence < deleted.sequence);
    const content = await versions.content(sequence, { head, content: () => document.content() });
    const commits: Commit[] = [];
    for await (const commit of ledger.read(head.document, { from: sequence + 1, to: head.sequence })) {
      if (commit.kind !== "refused") commits.push(commit);
    }
    const isRecorded = commits.every(({ inverse }) => inverse !== undefined);
    if (!isRecorded && !unrecorded) throw dropped();
    const records = isRecorded ? commits.map(recordOf) : [];
    // Roots that have appeared since stay, empty.
    const goal = { ...emptyDocument(document.roots), ...content };
    const edited = document.edit(actor, hands => {
      hands.revert(records);
      if (!jsonEqual(hands.content(), goal)) hands.write(goal);
    });
    // It may have been empty already when it was deleted: what brings it back is the commit.
    const isOnlyBack = head.deleted !== undefined && edited.accepted === null;
    const accepted = isOnlyBack ? nothingChanged(document.stateVector()) : edited.accepted;
    const undoes = commits.map(commit => commit.sequence);
    return { edited: { ...edited, accepted }, undoes, unrestored: [] };
  }

  async function headOf(documentId: string): Promise<Head> {
    const head = await ledger.head(documentId);
    if (head === undefined) throw unknown(documentId);
    return head;
  }

  /** What is at the path now is looked up in a moment; what was there then may take a while, and nobody waits for it. */
  async function findIds(documentId: string, path: Path, sequence: number | undefined) {
    const present = await rooms.get(documentId).view(({ head, provenance }) => {
      if (head === undefined || sequence === 0) throw unknown(documentId);
      const isNow = sequence === undefined || sequence === head.sequence;
      return { head, provenance: isNow ? { found: provenance(path) } : null };
    });
    const { head } = present;
    if (present.provenance !== null) return { head, provenance: present.provenance.found };
    const { doc, roots } = await versions.open(sequence ?? head.sequence, head);
    return { head, provenance: provenanceOf(doc, roots, path) };
  }

  async function presentOf(documentId: string): Promise<Present> {
    return await rooms.get(documentId).view(({ head, content }) => {
      if (head === undefined) throw unknown(documentId);
      const now = content();
      return { head, content: () => now };
    });
  }
}

interface Current {
  readonly document: Document;
  readonly head: Head;
}

interface Made {
  /** `null` when nothing was tried. */
  readonly edited: Edited | null;
  readonly undoes: readonly number[];
  readonly unrestored: readonly Unrestored[];
}

const nothing: Made = { edited: null, undoes: [], unrestored: [] };

/** Takes back the first of these steps of which anything is left; what is passed over counts as undone too. */
async function takeBackFirst(
  document: Document,
  actor: Actor,
  steps: AsyncIterable<readonly Commit[]>,
): Promise<Made> {
  let passed = nothing;
  for await (const step of steps) {
    const undoes = [...step.map(({ sequence }) => sequence), ...passed.undoes];
    const made = takeBack(document, actor, { commits: step, undoes });
    passed = { ...made, unrestored: [...made.unrestored, ...passed.unrestored] };
    if (made.edited?.accepted !== null) break;
  }
  return passed;
}

function takeBack(
  document: Document,
  actor: Actor,
  { commits, undoes }: { readonly commits: readonly Commit[]; readonly undoes: readonly number[] },
): Made {
  const records = commits.map(recordOf);
  let unrestored: readonly Unrestored[] = [];
  const edited = document.edit(actor, hands => {
    unrestored = hands.revert(records).map(skipped => toUnrestored(skipped, records));
  });
  return { edited, undoes, unrestored };
}

function editOf(
  { actor, kind }: { readonly actor: Actor; readonly kind: CommitKind },
  { edited, undoes, unrestored }: Made,
): Edit<HistoryEdit> {
  if (edited === null || edited.accepted === null) {
    return { type: "none", result: { type: "nothing", unrestored } };
  }
  const { accepted, isRefused, issues } = edited;
  if (isRefused) {
    return {
      type: "commit",
      accepted,
      commit: { actor, kind: "refused" },
      result: ({ sequence }) => ({ type: "refused", sequence, issues }),
    };
  }
  return {
    type: "commit",
    accepted,
    commit: { actor, kind, notes: { undoes } },
    result: ({ sequence, revision }) => ({ type: "done", sequence, revision, undoes, unrestored }),
  };
}

function recordOf({ inverse }: Commit): InverseRecord {
  if (inverse === undefined) throw dropped();
  return inverse.length === 0 ? { inserted: [], vanished: [], deleted: [] } : decodeInverse(inverse);
}

function toUnrestored(
  { client, clock, length, key, reason }: SkippedItem,
  records: readonly InverseRecord[],
): Unrestored {
  for (const { content, ...item } of records.flatMap(({ deleted }) => deleted)) {
    if (item.client !== client || clock < item.clock || clock >= item.clock + item.length) continue;
    const [from, to] = [clock - item.clock, clock - item.clock + length];
    if (content.type === "string") return { reason, key, content: content.text.slice(from, to) };
    if (content.type === "values") return { reason, key, content: content.values.slice(from, to) };
  }
  return { reason, key, content: null };
}

function stackOf({ document, sequence }: Head, actor: Actor): Stack {
  return { document, head: sequence, actor };
}

function assertSequence(sequence: number): void {
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new TypeError("a sequence is a whole number");
}

/** Throws `document-deleted` unless what is to be done takes the deletion back. */
function assertThere(
  { document, deleted }: Head,
  bringsBack: (deleted: NonNullable<Head["deleted"]>) => boolean,
): void {
  if (deleted !== undefined && !bringsBack(deleted)) throw deletedDocument(document);
}

function unknown(documentId: string): ServerError {
  return new ServerError("version-unknown", `"${documentId}" has or had no such version.`);
}

function dropped(): ServerError {
  return new ServerError("version-dropped", "What undoing takes is no longer kept.");
}
