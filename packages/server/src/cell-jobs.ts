/** What a cell does: the work itself, wherever it is done. */
import {
  encodeChange,
  encodeInverse,
  type JsonObject,
  observePatches,
  type Roots,
  read,
} from "@verso/bridge";
import * as Y from "yjs";
import type { ForeignReading, ForeignUpdate } from "./foreign-update.js";
import { leaveFormatting } from "./formatting.js";

export type Job =
  | { readonly type: "try"; readonly state: readonly Uint8Array[]; readonly update: Uint8Array }
  | { readonly type: "compact"; readonly updates: readonly Uint8Array[] }
  | { readonly type: "project"; readonly updates: readonly Uint8Array[]; readonly roots: Roots }
  | { readonly type: "read"; readonly foreign: ForeignUpdate };

export type JobResult =
  | { readonly type: "tried" }
  | { readonly type: "compacted"; readonly state: Uint8Array; readonly stateVector: Uint8Array }
  | { readonly type: "projected"; readonly content: JsonObject; readonly roots: readonly string[] }
  | { readonly type: "has-read"; readonly reading: ForeignReading }
  | { readonly type: "failed"; readonly detail: string };

/** Does a job; `built` is called when the document stands and the work on it begins. */
export function doJob(job: Exclude<Job, { type: "read" }>, built: () => void): JobResult {
  try {
    switch (job.type) {
      case "try":
        return tryUpdate(job.state, job.update, built);
      case "compact":
        return compact(job.updates, built);
      case "project":
        return project(job.updates, { roots: job.roots, built });
    }
  } catch (error) {
    return failed(error);
  }
}

/** Does some work of each kind that a trial makes, so that what comes next runs compiled. Takes some hundred milliseconds. */
export function warmUp(): void {
  const doc = new Y.Doc();
  const state: Uint8Array[] = [];
  doc.on("update", update => {
    doJob({ type: "try", state, update }, () => {});
    state.push(update);
  });
  const text = doc.getText("t");
  const rows = doc.getArray<Y.Map<number>>("rows");
  for (let round = 0; round < 2; round++) {
    doc.transact(() => {
      for (let i = 0; i < 100; i++) {
        text.insert(text.length, "word ", i % 2 === 0 ? { bold: true } : { italic: true });
        rows.push([new Y.Map([["n", i]])]);
      }
    });
    doc.transact(() => {
      text.delete(0, text.length);
      rows.delete(0, rows.length);
    });
  }
}

/** Reads an update from an untrusted place. */
export async function doReading(foreign: ForeignUpdate, built: () => void): Promise<JobResult> {
  try {
    // Loaded now, since the firewall comes with all that judges, and a trial must not wait for that.
    const { readForeignUpdate } = await import("./foreign-update.js");
    return { type: "has-read", reading: readForeignUpdate(foreign, built) };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): JobResult {
  return { type: "failed", detail: error instanceof Error ? error.message : String(error) };
}

function tryUpdate(state: readonly Uint8Array[], update: Uint8Array, built: () => void): JobResult {
  const doc = build(state);
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

function project(
  updates: readonly Uint8Array[],
  { roots, built }: { readonly roots: Roots; readonly built: () => void },
): JobResult {
  const doc = build(updates);
  built();
  return { type: "projected", content: read(doc, roots), roots: [...doc.share.keys()] };
}

function build(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  leaveFormatting(doc);
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
