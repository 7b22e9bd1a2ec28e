/**
 * Snapshots: so that opening a document costs its state and not its history.
 *
 * One is made when the commits since the last outweigh it. Then the work of all snapshots together stays in
 * proportion to what was written; any fixed number of commits or bytes would make it quadratic. It is made from what
 * the ledger holds, in a worker, and never on the thread that all documents share.
 */
import type { Commit, DocumentLog, Head, Ledger, Snapshot } from "@verso/storage";
import * as Y from "yjs";
import type { Cell } from "./cell.js";
import type { StoredState } from "./document.js";
import { attachmentsOf, recollect, remember } from "./recollection.js";

/** Below this a tail is never worth a snapshot while the document is in use. */
const smallestTail = 256 * 1024;
/** What a commit costs at opening beside the bytes of its update. */
const bytesPerCommit = 40;

/** Where the state vector lies beside a snapshot. */
const stateVectorAttachment = "state-vector";
/** Where the names of the roots are that the document had. */
const rootsAttachment = "roots";

export function isDue(head: Head, snapshotBytes: number): boolean {
  return weight(head) >= Math.max(smallestTail, snapshotBytes);
}

/** Whether the tail makes opening dearer by more than this share of the snapshot. */
export function outweighs(head: Head, snapshotBytes: number, share: number): boolean {
  return head.tail.commits > 0 && weight(head) > share * snapshotBytes;
}

/** Makes a snapshot of what is durable now; resolves with its size in bytes. */
export async function compact(
  log: DocumentLog,
  ledger: Ledger,
  cell: Pick<Cell, "compact">,
): Promise<number> {
  const { sequence = 0, roots = new Map() } = log.head ?? {};
  const snapshot = await ledger.snapshot(log.document);
  const updates = snapshot === undefined ? [] : [snapshot.state];
  const recollection = recollect(snapshot, []);
  const range = { from: (snapshot?.sequence ?? 0) + 1, to: sequence };
  for await (const commit of ledger.read(log.document, range)) {
    if (commit.update !== undefined && commit.update.length > 0) updates.push(commit.update);
    remember(recollection, commit);
  }
  const { state, stateVector } = await cell.compact({ updates });
  const attachments = new Map([
    [stateVectorAttachment, stateVector],
    [rootsAttachment, Buffer.from(JSON.stringify([...roots.keys()]))],
    ...attachmentsOf(recollection),
  ]);
  await log.saveSnapshot({ sequence, state, attachments });
  return state.length;
}

function weight(head: Head): number {
  return head.tail.bytes + bytesPerCommit * head.tail.commits;
}

/** The roots that a document had as of a snapshot; `undefined` for an old one, which does not tell. */
export function rootsKnownAt({ attachments }: Snapshot): readonly string[] | undefined {
  const bytes = attachments.get(rootsAttachment);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as readonly string[]);
}

/** What a document is built from: a snapshot and the commits after it. */
export function storedState(snapshot: Snapshot | undefined, tail: readonly Commit[]): StoredState {
  const stateVector = snapshot?.attachments.get(stateVectorAttachment);
  return {
    snapshot:
      snapshot === undefined
        ? null
        : {
            state: snapshot.state,
            stateVector: stateVector ?? Y.encodeStateVectorFromUpdate(snapshot.state),
          },
    tail: tail.flatMap(({ update }) => (update === undefined || update.length === 0 ? [] : [update])),
  };
}
