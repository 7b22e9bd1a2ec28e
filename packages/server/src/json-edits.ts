/**
 * Edits of programs that have no replica: they send patches of a document's JSON, and say which version they had.
 *
 *     patch ─▶ what has changed since its base? ─▶ nothing        it is made on the present
 *                                               ─▶ other places   its pointers are carried over, likewise
 *                                               ─▶ the same       by the strategy:
 *                                                    merge          made on the base, and merged by ids
 *                                                    latest-wins    carried over, and what it sets stands
 *                                                    server-wins, reject, manual: it is not made, and told why
 *
 * Whatever is made is one transaction in a turn of the document's room, judged as a whole, and one commit. A policy that
 * the kind has for a key stands above the strategy.
 *
 * Most patches are made on the present or on what was the present a moment ago. These wait for nothing but their turn,
 * and share it; what needs the ledger has a turn of its own.
 *
 * Long, because a patch begins in the one way and may go on in the other, and both must come to the same.
 */
import { randomUUID } from "node:crypto";
import {
  applyPatch,
  BridgeError,
  type Change,
  decodeChange,
  editOnBase,
  emptyDocument,
  type Json,
  type JsonObject,
  type Patch,
  parsePointer,
  type Roots,
  read,
} from "@verso/bridge";
import {
  type Conflict,
  type ConflictStrategy,
  clockOfStateVector,
  forkOf,
  type VectorClock,
} from "@verso/protocol";
import type { CommitKind, Head, Ledger } from "@verso/storage";
import type { Issue, Limits } from "@verso/validation";
import * as Y from "yjs";
import type { Actor } from "./actor.js";
import { type Carriage, carryOver, contentBefore } from "./carry-over.js";
import { changeOf, decodedChange } from "./commit-change.js";
import { describeConflict, type FoundConflict } from "./conflict-description.js";
import { type Document, type Edited, type Hands, nothingChanged } from "./document.js";
import { type Base, clockAt, commitsSince, type Present, sequenceOfBase } from "./edit-base.js";
import { createEditLine } from "./edit-line.js";
import { deletedDocument, ServerError } from "./errors.js";
import { firstContent } from "./first-content.js";
import { leaveFormatting } from "./formatting.js";
import { goalOf, mergedPatch, objectOf, patchToShow } from "./json-replace.js";
import { isShownByRoot, type Target, targetOf, toRootPointers, toViewPointer, viewOf } from "./json-view.js";
import type { Kind } from "./kinds.js";
import { nameOf } from "./leases.js";
import { createPastClocks } from "./past-clocks.js";
import { createPendingConflicts } from "./pending-conflicts.js";
import type { Edit, Editable } from "./room.js";
import type { Rooms } from "./rooms.js";
import type { Versions } from "./versions.js";

export interface EditRequest {
  /** @default the present */
  readonly base?: Base | undefined;
  /** Whether it is made only if nothing at all has changed since the base. @default false */
  readonly exact?: boolean | undefined;
  /** @default that of the document's kind */
  readonly strategy?: ConflictStrategy | undefined;
  /** The author's own name for this edit: of all his edits with this name, one is made. */
  readonly dedupe?: string | undefined;
}

export interface PatchRequest extends EditRequest {
  readonly patch: Patch;
  /** Where its pointers begin. @default "content" */
  readonly target?: Target | undefined;
}

export interface ReplaceRequest extends EditRequest {
  readonly content: JsonObject;
  /** @default it stays */
  readonly title?: string | undefined;
}

export interface MergeRequest extends EditRequest {
  /** JSON Merge Patch (RFC 7396). */
  readonly mergePatch: Json;
  /** What it is merged into. @default "content" */
  readonly target?: Target | undefined;
}

export type CreateRequest = Pick<ReplaceRequest, "content" | "title" | "dedupe">;
export type DeleteRequest = Pick<EditRequest, "base" | "exact" | "dedupe">;

/** How both sides of a conflict are brought together. */
export type Resolution =
  | { readonly take: "yours" | "theirs" | "merge" }
  /** Written instead of either; relative to the content. */
  | { readonly patch: Patch };

/** What became of an edit. */
export type JsonEdit =
  | {
      readonly type: "done";
      readonly sequence: number;
      readonly revision: string;
      readonly vectorClock: VectorClock;
      /** What it changed in the roots of the document as it is; not always what was asked for. */
      readonly change: Change;
      /** Those that the document has now: they say how the change is shown. */
      readonly roots: Roots;
      readonly kind: CommitKind;
      /** Milliseconds since 1970. */
      readonly time: number;
    }
  /** The document is like that already. */
  | ({ readonly type: "unchanged" } & Place)
  /** Its kind does not allow it. The content is as before; the commit, if there is one, says what was asked. */
  | {
      readonly type: "rejected";
      readonly sequence: number | null;
      readonly issues: readonly Issue[];
      readonly roots: Roots;
    }
  | { readonly type: "conflict"; readonly conflict: Conflict }
  /** Something has changed since the base, and nothing may have. */
  | ({ readonly type: "mismatch" } & Place);

/** Where a version stands. */
export interface Place {
  readonly sequence: number;
  readonly revision: string;
  readonly vectorClock: VectorClock;
}

/**
 * Throws a `ServerError`: `document-unknown`, `document-deleted`, `document-exists`, `document-full`, `base-unknown`,
 * `version-dropped`, `patch-invalid`, `content-invalid`, `conflict-unknown` and `conflicts-full`; and a `TypeError` for
 * the document of a fork. Nothing was changed then.
 */
export interface JsonEdits {
  create(documentId: string, actor: Actor, request: CreateRequest): Promise<JsonEdit>;
  patch(documentId: string, actor: Actor, request: PatchRequest): Promise<JsonEdit>;
  /** Makes the document hold this content, by the least edits of its base. */
  replace(documentId: string, actor: Actor, request: ReplaceRequest): Promise<JsonEdit>;
  merge(documentId: string, actor: Actor, request: MergeRequest): Promise<JsonEdit>;
  /** Empties the document and lets nobody in, until somebody restores it. */
  delete(documentId: string, actor: Actor, request?: DeleteRequest): Promise<JsonEdit>;
  /** The conflicts that wait for somebody to resolve them, the oldest first. */
  conflicts(documentId: string): Promise<readonly Conflict[]>;
  resolve(documentId: string, actor: Actor, conflictId: string, resolution: Resolution): Promise<JsonEdit>;
}

export interface JsonEditsOptions {
  readonly ledger: Ledger;
  readonly rooms: Pick<Rooms, "get">;
  readonly versions: Pick<Versions, "updates">;
  readonly kindOf: (documentId: string) => Kind | Promise<Kind>;
  readonly limits: Limits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** An edit, whatever was asked for: what it comes to on its base, as a patch of the roots. */
interface Asked extends EditRequest {
  readonly actor: Actor;
  /** What was sent, and may not fit the document. @default "patch" */
  readonly sent?: "patch" | "content";
  plan(base: { readonly roots: Roots; readonly content: () => JsonObject }): Patch;
}

/** Updates that are applied each time rather than made one of. */
const fewUpdates = 32;
/** Merging is not held up by looking for what it may be in conflict with, where so much has happened. */
const mostCarried = 500;

export function createJsonEdits({
  ledger,
  rooms,
  versions,
  kindOf,
  limits,
  now,
}: JsonEditsOptions): JsonEdits {
  const waiting = createPendingConflicts(ledger, now);
  const clocks = createPastClocks(ledger, documentId =>
    rooms.get(documentId).view(({ head, stateVector }) => {
      assertWritten(documentId, head);
      return { head, stateVector: Y.decodeStateVector(stateVector()) };
    }),
  );
  const once = createEditLine(answerOf, { dialect: "json" });

  return {
    create: (documentId, actor, request) =>
      inLine(documentId, { actor, dedupe: request.dedupe }, dedupe =>
        create(documentId, actor, { ...request, dedupe }),
      ),
    patch: (documentId, actor, { patch, target = "content", ...request }) =>
      submit(documentId, {
        ...request,
        actor,
        plan: ({ roots }) => toRootPointers(patch, { roots, target }),
      }),
    replace: (documentId, actor, { content, title, ...request }) =>
      submit(documentId, {
        ...request,
        actor,
        sent: "content",
        plan: base => patchToShow({ title, content }, { ...base, content: base.content() }),
      }),
    merge: (documentId, actor, { mergePatch, target = "content", ...request }) =>
      submit(documentId, {
        ...request,
        actor,
        plan({ roots, content }) {
          const before = content();
          const { title, content: shown } = viewOf(documentId, before, { roots });
          const goal =
            target === "document"
              ? goalOf(mergedPatch({ title, content: shown }, mergePatch))
              : { content: objectOf(mergedPatch(shown, mergePatch)) };
          return patchToShow(goal, { roots, content: before });
        },
      }),
    delete: (documentId, actor, request = {}) =>
      inLine(documentId, { actor, dedupe: request.dedupe }, dedupe =>
        remove(documentId, actor, { ...request, dedupe }),
      ),
    conflicts: async documentId => (await waiting.list(documentId)).map(({ conflict }) => conflict),
    async resolve(documentId, actor, conflictId, resolution) {
      const { base, patch } = await waiting.get(documentId, conflictId);
      const resolved = await once(documentId, `conflict ${conflictId}`, dedupe => {
        if ("patch" in resolution) {
          return edit(documentId, {
            actor,
            dedupe,
            plan: ({ roots }) => toRootPointers(resolution.patch, { roots, target: "content" }),
          });
        }
        if (resolution.take === "theirs") return edit(documentId, { actor, dedupe, plan: () => [] });
        const strategy = resolution.take === "yours" ? "latest-wins" : "merge";
        return edit(documentId, { actor, dedupe, strategy, base: { sequence: base }, plan: () => patch });
      });
      if (resolved.type === "done" || resolved.type === "unchanged")
        await waiting.forget(documentId, conflictId);
      return resolved;
    },
  };

  function submit(documentId: string, asked: Asked): Promise<JsonEdit> {
    return inLine(documentId, asked, dedupe => edit(documentId, { ...asked, dedupe }));
  }

  /** What its author calls an edit is his own name for it. */
  function inLine(
    documentId: string,
    { actor, dedupe }: Pick<Asked, "actor" | "dedupe">,
    make: (dedupe: string | undefined) => Promise<JsonEdit>,
  ): Promise<JsonEdit> {
    // The ids that the relay writes under have clocks in the parent that are not known here.
    if (forkOf(documentId) !== null) throw new TypeError("A fork is edited as a Yjs document.");
    return once(documentId, dedupe === undefined ? null : JSON.stringify([nameOf(actor), dedupe]), make);
  }

  /** What an edit was answered when it was made. */
  async function answerOf(documentId: string, key: string): Promise<JsonEdit | null> {
    const sequence = await ledger.findByDedupe(documentId, key);
    if (sequence === undefined) return null;
    const roots = await rooms.get(documentId).view(current => current.roots);
    for await (const commit of ledger.read(documentId, { from: sequence, limit: 1 })) {
      const { kind, revision, time, notes } = commit;
      if (kind === "refused") {
        return { type: "rejected", sequence, issues: notes.issues as readonly Issue[], roots };
      }
      const vectorClock = await clocks.at(documentId, sequence);
      return { type: "done", sequence, revision, vectorClock, change: changeOf(commit), roots, kind, time };
    }
    return null;
  }

  async function create(
    documentId: string,
    actor: Actor,
    { content, title, dedupe }: CreateRequest,
  ): Promise<JsonEdit> {
    const kind = await kindOf(documentId);
    const goal = firstContent({ documentId, kind }, { content, title });
    return write(documentId, current => {
      const { head, document, pending } = current;
      if (head?.deleted !== undefined) throw deletedDocument(documentId);
      if (head !== undefined || pending.length > 0) {
        throw new ServerError("document-exists", `There is a document "${documentId}" already.`);
      }
      const make = (hands: Hands) => hands.write(goal);
      // A refusal leaves a commit, and would begin the document.
      const { isRefused, issues } = inTermsOf(document, "content", () =>
        document.rehearseEdit(actor, make, { as: "json" }),
      );
      if (isRefused) {
        return { type: "none", result: { type: "rejected", sequence: null, issues, roots: document.roots } };
      }
      const { accepted } = document.edit(actor, make, { as: "json" });
      // One of a kind with other roots may begin with nothing.
      const edited = { isRefused, issues, accepted: accepted ?? nothingChanged(document.stateVector()) };
      return editOf(current, edited, { actor, kind: "create", dedupe });
    });
  }

  async function remove(
    documentId: string,
    actor: Actor,
    { base, exact = false, dedupe }: DeleteRequest,
  ): Promise<JsonEdit> {
    return editInTurn(documentId, async current => {
      const { head, document } = current;
      assertThere(documentId, head);
      if (
        base !== undefined &&
        exact &&
        !(await isPresent(base, { head, stateVector: document.stateVector() }))
      )
        return mismatch(current);
      const before = document.stateVector();
      const { accepted } = document.edit(actor, hands => hands.write(emptyDocument(document.roots)), {
        as: "json",
        judged: false,
      });
      const edited = { isRefused: false, issues: [], accepted: accepted ?? nothingChanged(before) };
      return editOf(current, edited, { actor, kind: "delete", dedupe });
    });
  }

  async function edit(documentId: string, asked: Asked): Promise<JsonEdit> {
    const kind = await kindOf(documentId);
    const soon = await write<JsonEdit | null>(documentId, current => {
      const { head, document, recent, pending } = current;
      assertThere(documentId, head);
      const { base } = asked;
      if (base === undefined) return onPresent(current, asked, { kind });
      if (!("revision" in base)) return later;
      // What is no revision of the document is none that it has now, either.
      if (asked.exact && base.revision !== head.revision) return mismatch(current);
      const sequence = Number.parseInt(base.revision, 10);
      if (base.revision !== (sequence === head.sequence ? head.revision : recent.get(sequence)?.revision))
        return later;
      const behind = sequence === head.sequence ? [] : recent.since(sequence);
      if (behind === null) return later;
      const changed = [
        ...behind.map(({ change }) => change),
        ...pending.map(({ changeBytes }) => changeBytes),
      ];
      if (changed.length === 0) return onPresent(current, asked, { kind, base: sequence });
      if (asked.exact) return mismatch(current);
      const carriage = carry(document, asked, { kind, since: changed.map(decodedChange) });
      if (carriage.type === "present") {
        return onPresent(current, { ...asked, plan: () => carriage.patch }, { kind, base: sequence });
      }
      const updates = carriage.type === "base" ? recent.updatesTo(sequence) : null;
      return updates === null ? later : onBase(current, asked, { kind, base: sequence, updates });
    });
    return soon ?? (await editWithLedger(documentId, asked, kind));
  }

  function editWithLedger(documentId: string, asked: Asked, kind: Kind): Promise<JsonEdit> {
    return editInTurn(documentId, async current => {
      const { head, document } = current;
      assertThere(documentId, head);
      const present = { head, stateVector: document.stateVector() };
      const base =
        asked.base === undefined ? head.sequence : await sequenceOfBase(ledger, asked.base, present);
      if (base === head.sequence) return onPresent(current, asked, { kind, base });
      if (asked.exact) return mismatch(current);
      const strategy = asked.strategy ?? kind.jsonConflicts;
      const isFar = strategy === "merge" && head.sequence - base > mostCarried;
      const commits = isFar ? [] : await commitsSince(ledger, base, head);
      const carriage: Carriage = isFar
        ? { type: "base" }
        : carry(document, asked, { kind, since: commits.map(changeOf) });
      switch (carriage.type) {
        case "present":
          return onPresent(current, { ...asked, plan: () => carriage.patch }, { kind, base });
        case "base":
          return onBase(current, asked, { kind, base, updates: await versions.updates(base, head) });
        case "conflict":
          return {
            type: "none",
            result: await toldConflict({ ...current, head }, asked, {
              kind,
              base,
              strategy,
              commits,
              carriage,
            }),
          };
      }
    });
  }

  function carry(
    document: Document,
    asked: Asked,
    { kind, since }: { readonly kind: Kind; readonly since: readonly Change[] },
  ): Carriage {
    const { roots } = document;
    const { strategy = kind.jsonConflicts } = asked;
    const policyOf = kind.judge?.policyOf ?? (() => null);
    const plan = (content: () => JsonObject) => checked(asked.plan({ roots, content }), { kind, roots });
    const content = () => document.content();
    return inTermsOf(document, asked.sent, () => carryOver(plan, { content, since, strategy, policyOf }));
  }

  function onPresent(
    current: Editable,
    { actor, dedupe, sent, plan }: Asked,
    { kind, base }: { readonly kind: Kind; readonly base?: number },
  ): Edit<JsonEdit> {
    const { document } = current;
    return inTermsOf(document, sent, () => {
      const { roots } = document;
      const patch = checked(plan({ roots, content: () => document.content() }), { kind, roots });
      assertRoom(document, patch);
      const edited = document.edit(actor, hands => hands.patch(patch, {}), { as: "json" });
      return editOf(current, edited, { actor, kind: "update", dedupe, base });
    });
  }

  /** Makes it on a copy of its base, and merges that by ids. */
  function onBase(
    current: Editable,
    { actor, dedupe, sent, plan }: Asked,
    {
      kind,
      base,
      updates,
    }: { readonly kind: Kind; readonly base: number; readonly updates: readonly Uint8Array[] },
  ): Edit<JsonEdit> {
    const { document, recent } = current;
    const { roots } = document;
    const older = new Y.Doc();
    leaveFormatting(older);
    older.transact(() => {
      for (const update of updates) Y.applyUpdate(older, update);
    });
    // The next one who is late is so by a few commits more.
    if (recent.updatesTo(base) === null || updates.length > fewUpdates) {
      recent.keepState(base, Y.encodeStateAsUpdate(older));
    }
    return inTermsOf(document, sent, () => {
      const patch = checked(plan({ roots, content: () => read(older, roots) }), { kind, roots });
      assertRoom(document, patch);
      const options = { roots, textAt: kind.textAt, maxDepth: limits.typeDepth };
      const update = editOnBase(older, doc => applyPatch(doc, patch, options), document.ownClocks());
      if (update === null) return unchanged(current);
      const edited = document.edit(actor, hands => hands.apply(update), { as: "json" });
      return editOf(current, edited, { actor, kind: "update", dedupe, base });
    });
  }

  /** Tells both sides of a conflict, and keeps them where somebody is to resolve it. */
  async function toldConflict(
    { head, document }: Editable & { readonly head: Head },
    asked: Asked,
    {
      kind,
      base,
      ...found
    }: Pick<FoundConflict, "strategy" | "commits" | "carriage"> & {
      readonly kind: Kind;
      readonly base: number;
    },
  ): Promise<JsonEdit> {
    const { roots } = document;
    const stateVector = document.stateVector();
    const content = document.content();
    const before = () => contentBefore(content, found.commits.map(changeOf));
    const yours = checked(asked.plan({ roots, content: before }), { kind, roots });
    const clock = await clockAt(ledger, base, { head, stateVector });
    const name = found.strategy === "manual" ? randomUUID() : null;
    const conflict = describeConflict(
      { head, roots, content, stateVector },
      { ...found, name, yours, clock },
    );
    if (name !== null) await waiting.keep(head.document, name, { conflict, base, patch: yours });
    return { type: "conflict", conflict };
  }

  async function isPresent(base: Base, present: Present): Promise<boolean> {
    if ("revision" in base) return base.revision === present.head.revision;
    return (await sequenceOfBase(ledger, base, present)) === present.head.sequence;
  }

  /** Refuses roots that the kind does not have. */
  function checked(patch: Patch, { kind, roots }: { readonly kind: Kind; readonly roots: Roots }): Patch {
    if (Object.keys(kind.roots).length === 0) return patch;
    patch.forEach(({ path }, operation) => {
      const [root] = parsePointer(path);
      if (root === undefined || Object.hasOwn(roots, root)) return;
      throw new BridgeError("fixed-root", `Documents of this kind have no root "${root}".`, {
        operation,
        pointer: path,
      });
    });
    return patch;
  }

  async function write<T>(documentId: string, make: (current: Editable) => Edit<T>): Promise<T> {
    const result = await rooms.get(documentId).write<T | ServerError>(current => {
      try {
        return make(current);
      } catch (error) {
        return noneOf(error);
      }
    });
    if (result instanceof ServerError) throw result;
    return result;
  }

  async function editInTurn<T>(
    documentId: string,
    make: (current: Editable) => Promise<Edit<T>>,
  ): Promise<T> {
    const result = await rooms.get(documentId).edit<T | ServerError>(async current => {
      try {
        return await make(current);
      } catch (error) {
        return noneOf(error);
      }
    });
    if (result instanceof ServerError) throw result;
    return result;
  }
}

/** What creating a document came to, or `null` where there is one already. */
export async function unlessThere(created: Promise<JsonEdit>): Promise<JsonEdit | null> {
  try {
    return await created;
  } catch (error) {
    if (error instanceof ServerError && error.code === "document-exists") return null;
    throw error;
  }
}

/** That it needs the ledger, and so a turn of its own. */
const later = { type: "none", result: null } as const;

/** Nothing was changed before what is wrong was found. */
function noneOf(error: unknown): { readonly type: "none"; readonly result: ServerError } {
  if (error instanceof ServerError) return { type: "none", result: error };
  throw error;
}

function editOf(
  { head, document }: Editable,
  { isRefused, issues, accepted }: Edited,
  {
    actor,
    kind,
    dedupe,
    base,
  }: {
    readonly actor: Actor;
    readonly kind: CommitKind;
    readonly dedupe: string | undefined;
    readonly base?: number | undefined;
  },
): Edit<JsonEdit> {
  const { roots } = document;
  if (accepted === null) {
    if (isRefused) return { type: "none", result: { type: "rejected", sequence: null, issues, roots } };
    return unchanged({ head, document });
  }
  const name = dedupe === undefined ? {} : { dedupe };
  if (isRefused) {
    return {
      type: "commit",
      accepted,
      commit: { actor, kind: "refused", ...name },
      result: ({ sequence }) => ({ type: "rejected", sequence, issues, roots }),
    };
  }
  const dependsOn = base ?? head?.sequence;
  const vectorClock = clockOfStateVector(document.stateVector());
  return {
    type: "commit",
    accepted,
    commit: {
      actor,
      kind,
      ...name,
      ...(dependsOn === undefined ? {} : { notes: { dependsOn: [dependsOn] } }),
    },
    result: ({ sequence, revision, time }) => ({
      type: "done",
      sequence,
      revision,
      vectorClock,
      change: decodeChange(accepted.changeBytes),
      roots,
      kind,
      time,
    }),
  };
}

function unchanged(current: Pick<Editable, "head" | "document">): Edit<JsonEdit> {
  return noneAt(current, place => ({ type: "unchanged", ...place }));
}

function mismatch(current: Editable): Edit<JsonEdit> {
  return noneAt(current, place => ({ type: "mismatch", ...place }));
}

/** With the place of the document as it is, whatever the turn has changed in it before. */
function noneAt(
  { head, document }: Pick<Editable, "head" | "document">,
  told: (place: Place) => JsonEdit,
): Edit<JsonEdit> {
  const vectorClock = clockOfStateVector(document.stateVector());
  const at = ({ sequence, revision }: Pick<Head, "sequence" | "revision">) =>
    told({ sequence, revision, vectorClock });
  return { type: "none", result: at(head!), resultAfter: at };
}

/** What is wrong with a patch or content, in the words of whoever sent it. */
function inTermsOf<T>({ roots }: Pick<Document, "roots">, sent: Asked["sent"], make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    const code =
      error.code === "test-failed"
        ? "test-failed"
        : error.code === "invalid-value" || sent === "content"
          ? "content-invalid"
          : "patch-invalid";
    const at = error.operation === undefined ? "" : ` (operation ${error.operation})`;
    const pointer = error.pointer === undefined ? undefined : shownPointer(error.pointer, roots);
    throw new ServerError(code, `${error.message}${at}`, { cause: error, pointer });
  }
}

function shownPointer(pointer: string, roots: Roots): string {
  // One that was refused before it was carried to the roots is as it was sent.
  if (isShownByRoot(roots) && !pointer.startsWith("/document")) return pointer;
  return toViewPointer(pointer, { roots, target: targetOf(roots, { pointers: [pointer] }) });
}

function assertWritten(documentId: string, head: Head | undefined): asserts head is Head {
  if (head === undefined) throw new ServerError("document-unknown", `There is no document "${documentId}".`);
}

function assertThere(documentId: string, head: Head | undefined): asserts head is Head {
  assertWritten(documentId, head);
  if (head.deleted !== undefined) throw deletedDocument(documentId);
}

function assertRoom(document: Document, patch: Patch): void {
  if (document.hasRoomFor(JSON.stringify(patch).length)) return;
  throw new ServerError("document-full", "The document has reached its largest size.");
}
