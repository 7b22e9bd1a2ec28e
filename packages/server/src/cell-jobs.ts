/** What a cell does: the work itself, wherever it is done. */
import { encodeChange, encodeInverse, observePatches } from "@verso/bridge";
import * as Y from "yjs";
import { leaveFormatting } from "./formatting.js";

export type Job =
  | { readonly type: "try"; readonly state: readonly Uint8Array[]; readonly update: Uint8Array }
  | { readonly type: "compact"; readonly updates: readonly Uint8Array[] };

export type JobResult =
  | { readonly type: "tried" }
  | { readonly type: "compacted"; readonly state: Uint8Array; readonly stateVector: Uint8Array }
  | { readonly type: "failed"; readonly detail: string };

/** Does a job; `built` is called when the document stands and the work on it begins. */
export function doJob(job: Job, built: () => void): JobResult {
  try {
    return job.type === "try" ? tryUpdate(job.state, job.update, built) : compact(job.updates, built);
  } catch (error) {
    return { type: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
}

function tryUpdate(state: readonly Uint8Array[], update: Uint8Array, built: () => void): JobResult {
  const doc = build(state);
  leaveFormatting(doc, () => true);
  // What the relay would do with it: what makes little work for Yjs can make much for whoever describes it as JSON.
  const observer = observePatches(doc, {}, span => {
    encodeChange(span.change);
    encodeInverse(span.inverse());
  });
  built();
  Y.applyUpdate(doc, update);
  observer.close();
  assertWhole(doc);
  // What cannot be read again must not be let in: every later join would fail.
  build([Y.encodeStateAsUpdate(doc)]);
  return { type: "tried" };
}

function compact(updates: readonly Uint8Array[], built: () => void): JobResult {
  const doc = build(updates);
  built();
  const state = Y.encodeStateAsUpdate(doc);
  const stateVector = Y.encodeStateVector(doc);
  if (!Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(build([state])))) {
    return { type: "failed", detail: "The snapshot reads back as another document." };
  }
  return { type: "compacted", state, stateVector };
}

function build(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  assertWhole(doc);
  return doc;
}

function assertWhole({ store }: Y.Doc): void {
  if (store.pendingStructs !== null || store.pendingDs !== null) {
    throw new Error("The document waits for updates that are not there.");
  }
}
