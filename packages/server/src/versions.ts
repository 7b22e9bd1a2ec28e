/**
 * A document as it was: at any sequence that the ledger still has the parts for.
 *
 * The JSON of a version is found along the changes, there or back, from the nearest snapshot or from the document as it
 * is; or along the updates from the snapshot before. The shortest of these ways is taken. The state of a version has
 * only the last. All are exact, though the documents are garbage-collected: an update holds what its transaction
 * inserted, whatever became of that later, and a change holds its old values. What a state at N cannot hold is what was
 * deleted before N: of that there are ids and places.
 *
 * Where retention has let go of the parts on one way another is taken, and where it has on all, that is said.
 */
import {
  beginReplay,
  type Change,
  decodeChange,
  emptyDocument,
  forwardPatch,
  type JsonObject,
  jsonEqual,
  type MutableJsonObject,
  observePatches,
  type Patch,
  type Rfc6902Operation,
  type Roots,
  read,
  reversePatch,
  toRfc6902,
} from "@verso/bridge";
import type { Commit, Head, Ledger, Snapshot } from "@verso/storage";
import * as Y from "yjs";
import type { Cell, Projected } from "./cell.js";
import { rootsKnownAt } from "./compaction.js";
import { ServerError } from "./errors.js";
import { leaveFormatting } from "./formatting.js";
import { type Kind, knownRoots } from "./kinds.js";

export interface VersionsOptions {
  readonly ledger: Ledger;
  /** Where updates are merged: not on the thread that all documents share. */
  readonly compactions: Pick<Cell, "compact" | "project">;
  readonly kindOf: (documentId: string) => Kind | Promise<Kind>;
}

/** The document as it is: the end of every way back. */
export interface Present {
  readonly head: Head;
  content(): JsonObject;
}

export interface OpenedVersion {
  readonly doc: Y.Doc;
  readonly roots: Roots;
}

/** What leads from one version to another, in both dialects. */
export interface Difference {
  readonly extended: Patch;
  readonly rfc6902: readonly Rfc6902Operation[];
}

/**
 * Versions of documents. Sequence 0 is the empty document. Throws `version-unknown` for a sequence that never was, and
 * `version-dropped` where retention has let go of what leads there.
 */
export interface Versions {
  /** The JSON as of a sequence. */
  content(sequence: number, present: Present): Promise<JsonObject>;
  /**
   * The Yjs document as of a sequence, as one update; for reading. Who goes on writing in it under a client id that
   * has written since gives the same ids to different things.
   */
  state(sequence: number, head: Head): Promise<Uint8Array>;
  /** The same as updates to be applied in order: one, or a few where that costs less than making one of them. */
  updates(sequence: number, head: Head): Promise<readonly Uint8Array[]>;
  /** The same in a document, and the roots that it had. */
  open(sequence: number, head: Head): Promise<OpenedVersion>;
  /** What changed from one sequence to another, which may be the earlier one; the net of it, and not every step. */
  difference(from: number, to: number, head: Head): Promise<Difference>;
  /** The last sequence at a time, in milliseconds since 1970; 0 before the first. */
  sequenceAt(time: number, head: Head): Promise<number>;
  /** The commit of a sequence from 1 to the head's. */
  commit(sequence: number, head: Head): Promise<Commit>;
}

/** A way to the JSON of a version; it leads nowhere where something on it is gone. */
interface Way {
  readonly commits: number;
  go(): Promise<JsonObject | null>;
}

/** Updates that are applied where they are wanted: some 10 µs each, where a worker would take a few milliseconds. */
const fewUpdates = 256;

export function createVersions({ ledger, compactions, kindOf }: VersionsOptions): Versions {
  const versions: Versions = {
    async content(sequence, { head, content }) {
      assertKnown(sequence, head);
      const now = structuredClone(content()) as MutableJsonObject;
      const snapshots = await ledger.snapshots(head.document);
      const before = snapshots.findLast(at => at <= sequence);
      const after = snapshots.find(at => at >= sequence);
      const ways: Way[] = [
        { commits: head.sequence - sequence, go: () => alongChanges(now, head.sequence, { sequence, head }) },
        { commits: sequence - (before ?? 0), go: () => alongUpdates(sequence, head) },
      ];
      for (const at of new Set([before, after])) {
        if (at === undefined) continue;
        const go = () => fromSnapshot(at, sequence, head);
        // Before the updates behind the same snapshot: a change is the cheaper of the two.
        ways.unshift({ commits: Math.abs(at - sequence), go });
      }
      for (const { go } of ways.sort((a, b) => a.commits - b.commits)) {
        const found = await go();
        if (found !== null) return found;
      }
      throw dropped(sequence);
    },

    async state(sequence, head) {
      return await merged(await allUpdates(sequence, head));
    },

    async updates(sequence, head) {
      const updates = await allUpdates(sequence, head);
      return updates.length <= fewUpdates ? updates : [await merged(updates)];
    },

    async open(sequence, head) {
      const doc = build(await versions.state(sequence, head));
      const projected = projectionOf(doc, await rootsOf(head));
      return { doc, roots: await rootsAt(projected, sequence, head) };
    },

    async difference(from, to, head) {
      const [earlier, later] = from < to ? [from, to] : [to, from];
      const [before, after] = [await versions.state(earlier, head), await versions.state(later, head)];
      const known = await rootsOf(head);
      const rootsBefore = await rootsAt(projectionOf(build(before), known), earlier, head);
      const rootsAfter = await rootsAt(projectionOf(build(after), known), later, head);
      const { change, content } = changeBetween(
        { state: before, roots: rootsBefore },
        { state: after, roots: rootsAfter },
      );
      const { forward, reverse } = toRfc6902(change, content);
      return from < to
        ? { extended: forwardPatch(change), rfc6902: forward }
        : { extended: reversePatch(change), rfc6902: reverse };
    },

    async sequenceAt(time, head) {
      let low = 0;
      let high = head.sequence;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        const { time: made } = await versions.commit(middle, head);
        if (made <= time) low = middle;
        else high = middle - 1;
      }
      return low;
    },

    async commit(sequence, { document }) {
      for await (const commit of ledger.read(document, { from: sequence, limit: 1 })) return commit;
      throw new Error(`The ledger has no commit ${sequence}.`);
    },
  };
  return versions;

  async function allUpdates(sequence: number, head: Head): Promise<readonly Uint8Array[]> {
    assertKnown(sequence, head);
    const snapshot = await ledger.snapshot(head.document, { notAfter: sequence });
    const updates = await updatesFrom(snapshot, sequence, head);
    if (updates === null) throw dropped(sequence);
    return updates;
  }

  async function merged(updates: readonly Uint8Array[]): Promise<Uint8Array> {
    return updates.length === 1 ? updates[0]! : (await compactions.compact({ updates })).state;
  }

  /** Along the changes, there or back, from the JSON of another version; `null` where one of them is gone. */
  async function alongChanges(
    json: MutableJsonObject,
    from: number,
    { sequence, head: { document } }: { readonly sequence: number; readonly head: Head },
  ): Promise<JsonObject | null> {
    const replay = beginReplay(json);
    const [first, last] = from < sequence ? [from + 1, sequence] : [sequence + 1, from];
    const direction = from < sequence ? "forward" : "reverse";
    const range = { from: first, to: last, reverse: direction === "reverse" };
    for await (const { change } of ledger.read(document, range)) {
      if (change === undefined) return null;
      replay.apply(decodeChange(change), direction);
    }
    return replay.end();
  }

  /** Along the changes from a snapshot; `null` also where it is gone, or does not tell which roots there were. */
  async function fromSnapshot(at: number, sequence: number, head: Head): Promise<JsonObject | null> {
    const snapshot = await ledger.snapshot(head.document, { notAfter: at });
    if (snapshot?.sequence !== at) return null;
    const names = rootsKnownAt(snapshot);
    if (names === undefined) return null;
    const known = await rootsOf(head);
    const roots = Object.fromEntries(Object.entries(known).filter(([name]) => names.includes(name)));
    const { content } = await compactions.project({ updates: [snapshot.state], roots });
    const json = await alongChanges(content as MutableJsonObject, at, { sequence, head });
    const { roots: declared } = await kindOf(head.document);
    return json && { ...emptyDocument(declared), ...json };
  }

  /** From the snapshot before, by its state and the updates behind it; `null` where one of them is gone. */
  async function alongUpdates(sequence: number, head: Head): Promise<JsonObject | null> {
    const snapshot = await ledger.snapshot(head.document, { notAfter: sequence });
    const updates = await updatesFrom(snapshot, sequence, head);
    if (updates === null) return null;
    const projected = await compactions.project({ updates, roots: await rootsOf(head) });
    return shown(projected, await rootsAt(projected, sequence, head));
  }

  /** A snapshot and the updates behind it; `null` where one of them is gone. */
  async function updatesFrom(
    snapshot: Snapshot | undefined,
    sequence: number,
    { document }: Head,
  ): Promise<Uint8Array[] | null> {
    const updates = snapshot === undefined ? [] : [snapshot.state];
    const range = { from: (snapshot?.sequence ?? 0) + 1, to: sequence };
    for await (const { update } of ledger.read(document, range)) {
      if (update === undefined) return null;
      if (update.length > 0) updates.push(update);
    }
    return updates;
  }

  /** All roots that the document has now. */
  async function rootsOf({ document, roots }: Head): Promise<Roots> {
    return { ...(await kindOf(document)).roots, ...knownRoots(roots) };
  }

  /**
   * The roots that a version had: all that are declared, and of the others those that had appeared. One that is there
   * without showing anything may have been emptied before, or show something later.
   */
  async function rootsAt({ content, roots }: Projected, sequence: number, head: Head): Promise<Roots> {
    const { roots: declared } = await kindOf(head.document);
    const known = await rootsOf(head);
    const mentioned = new Set(roots);
    const undecided = new Set<string>();
    const absent = new Set<string>();
    for (const [name, kind] of Object.entries(known)) {
      if (Object.hasOwn(declared, name)) continue;
      if (!mentioned.has(name)) absent.add(name);
      else if (jsonEqual(content[name]!, emptyDocument({ [name]: kind })[name]!)) undecided.add(name);
    }
    if (undecided.size > 0) {
      const snapshot = await ledger.snapshot(head.document, { notAfter: sequence });
      const before = snapshot && rootsKnownAt(snapshot);
      const since = { from: (snapshot?.sequence ?? 0) + 1, to: sequence };
      const shown = (await appearing(since, head)) ?? (await reappearing(snapshot, sequence, head));
      for (const name of [...(before ?? []), ...shown]) undecided.delete(name);
      // Those that never appear were declared once.
      const later =
        before === undefined ? await appearing({ from: sequence + 1, to: head.sequence }, head) : null;
      for (const name of later ?? undecided) absent.add(name);
    }
    return Object.fromEntries(Object.entries(known).filter(([name]) => !absent.has(name)));
  }

  /** The undeclared roots that appear in these commits; `null` where the change of one of them is gone. */
  async function appearing(
    range: { readonly from: number; readonly to: number },
    { document }: Head,
  ): Promise<Set<string> | null> {
    const names = new Set<string>();
    for await (const { change } of ledger.read(document, range)) {
      if (change === undefined) return null;
      if (change.length > 0) for (const name of rootsIn(decodeChange(change))) names.add(name);
    }
    return names;
  }

  /** The same, by applying the updates behind a snapshot once more, one by one. */
  async function reappearing(
    snapshot: Snapshot | undefined,
    to: number,
    { document }: Head,
  ): Promise<Set<string>> {
    const doc = snapshot === undefined ? new Y.Doc() : build(snapshot.state);
    leaveFormatting(doc);
    const { roots } = await kindOf(document);
    const names = new Set<string>();
    observePatches(doc, { roots }, ({ change }) => {
      for (const name of rootsIn(change)) names.add(name);
    });
    for await (const { update } of ledger.read(document, { from: (snapshot?.sequence ?? 0) + 1, to })) {
      if (update !== undefined && update.length > 0) Y.applyUpdate(doc, update);
    }
    return names;
  }
}

/** What leads from one state to a later one of the same document, and the JSON there. */
function changeBetween(
  before: { readonly state: Uint8Array; readonly roots: Roots },
  after: { readonly state: Uint8Array; readonly roots: Roots },
): { readonly change: Change; readonly content: JsonObject } {
  const doc = build(before.state);
  // The kinds are those that the document came to have, and not what the later state alone suggests.
  const change: Change[number][] = Object.entries(emptyDocument(after.roots)).flatMap(([name, empty]) =>
    Object.hasOwn(before.roots, name)
      ? []
      : [{ type: "set", path: [], key: name, before: undefined, after: empty, kind: after.roots[name]! }],
  );
  observePatches(doc, { roots: after.roots }, span => change.push(...span.change));
  Y.applyUpdate(doc, after.state);
  return { change, content: read(doc, after.roots) };
}

/** What there is of a document that has only these roots. */
function shown({ content }: Projected, roots: Roots): MutableJsonObject {
  const entries = Object.entries(content).filter(([name]) => Object.hasOwn(roots, name));
  return Object.fromEntries(entries) as MutableJsonObject;
}

function projectionOf(doc: Y.Doc, roots: Roots): Projected {
  return { content: read(doc, roots), roots: [...doc.share.keys()] };
}

function rootsIn(change: Change): string[] {
  return change.flatMap(operation =>
    operation.type === "set" && operation.kind !== undefined ? [String(operation.key)] : [],
  );
}

function build(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  leaveFormatting(doc);
  Y.applyUpdate(doc, state);
  return doc;
}

function assertKnown(sequence: number, { document, sequence: last }: Head): void {
  if (!Number.isSafeInteger(sequence) || sequence < 0) throw new TypeError("a sequence is a whole number");
  if (sequence <= last) return;
  throw new ServerError("version-unknown", `"${document}" has no commit ${sequence}; its last is ${last}.`);
}

function dropped(sequence: number): ServerError {
  return new ServerError("version-dropped", `What leads to version ${sequence} is no longer kept.`);
}
