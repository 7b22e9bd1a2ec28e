/**
 * A client process with many documents open: says what each takes in memory beyond the first, as a JSON line, and ends.
 *
 * Run with `--expose-gc`. Argument: the task as JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as Y from "yjs";
import { providerOf } from "./providers.js";

export interface FootprintTask {
  /** Whose client opens them; null opens none and applies `state` instead. */
  readonly client: { readonly provider: string; readonly port: number } | null;
  readonly documents: readonly string[];
  /** What each document holds, in base64. */
  readonly state: string;
}

/** Kilobytes for each document. */
export interface Footprint {
  readonly heap: number;
  readonly buffers: number;
  readonly resident: number;
}

const SETTLE_MS = 200;
const COLLECTIONS = 4;

const task = JSON.parse(process.argv[2] ?? "") as FootprintTask;
const open = await opener(task);
const [first, ...others] = task.documents;
const opened = [await open(first!)];
const before = await settledMemory();
for (const document of others) opened.push(await open(document));
const after = await settledMemory();
const each = (bytes: number) => bytes / others.length / 1000;
const footprint: Footprint = {
  heap: each(after.heapUsed - before.heapUsed),
  buffers: each(after.external - before.external),
  resident: each(after.rss - before.rss),
};
console.log(JSON.stringify(footprint));
// Not before here may what is measured be let go of.
process.exit(opened.length === task.documents.length ? 0 : 1);

async function opener({ client, state }: FootprintTask): Promise<(document: string) => Promise<unknown>> {
  if (client !== null) {
    const provider = providerOf(client.provider).start(client.port);
    return document => provider.open(document);
  }
  return async () => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Buffer.from(state, "base64"));
    return doc;
  };
}

/** Once what was opened is at rest, and nothing of it is left that nobody needs. */
async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  if (global.gc === undefined) throw new TypeError("Memory is measured with --expose-gc.");
  for (let i = 0; i < COLLECTIONS; i++) {
    await sleep(SETTLE_MS);
    global.gc();
  }
  return process.memoryUsage();
}
