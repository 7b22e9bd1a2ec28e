/** The worker's side of a cell; see `cell.ts`. */
import { parentPort } from "node:worker_threads";
import * as Y from "yjs";

export type Job =
  | { readonly type: "try"; readonly state: readonly Uint8Array[]; readonly update: Uint8Array }
  | { readonly type: "compact"; readonly updates: readonly Uint8Array[] };

export type JobResult =
  | { readonly type: "tried" }
  | { readonly type: "compacted"; readonly state: Uint8Array; readonly stateVector: Uint8Array }
  | { readonly type: "failed"; readonly detail: string };

/** `built` says that the document stands and the work on it begins. */
export type Message = JobResult | { readonly type: "built" };

parentPort?.on("message", (job: Job) => {
  let result: JobResult;
  try {
    result = job.type === "try" ? tryUpdate(job.state, job.update) : compact(job.updates);
  } catch (error) {
    result = { type: "failed", detail: error instanceof Error ? error.message : String(error) };
  }
  send(result);
});

function tryUpdate(state: readonly Uint8Array[], update: Uint8Array): JobResult {
  const doc = build(state);
  send({ type: "built" });
  Y.applyUpdate(doc, update);
  assertWhole(doc);
  // What cannot be read again must not be let in: every later join would fail.
  Y.applyUpdate(new Y.Doc(), Y.encodeStateAsUpdate(doc));
  return { type: "tried" };
}

function compact(updates: readonly Uint8Array[]): JobResult {
  const doc = build(updates);
  send({ type: "built" });
  const state = Y.encodeStateAsUpdate(doc);
  const stateVector = Y.encodeStateVector(doc);
  const copy = build([state]);
  if (!Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(copy))) {
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

function assertWhole(doc: Y.Doc): void {
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new Error("The document waits for updates that are not there.");
  }
}

function send(message: Message): void {
  parentPort?.postMessage(message);
}
