/**
 * A worker thread for work on documents that may take long, or never end, and must then be stoppable.
 *
 * Four kinds of work go here. A *trial* applies an update to a copy of a document, to learn what it costs before it
 * is applied on the thread that all documents share: a chain of conflicts in a few kilobytes can take Yjs half a
 * minute. *Compaction* builds a snapshot from an older one and the updates after it, which would stall every
 * document for as long as it takes. A *projection* reads a version out of the history in the same way. An import
 * reads what nobody has vouched for, all of it at once.
 *
 * A cell does one thing at a time, in order. When a deadline passes, its thread is terminated and the next job
 * gets a new one. Deadlines count the thread's own processor time where the system tells it, and elapsed time
 * elsewhere: a busy machine makes nobody's work costlier.
 */
import { Worker } from "node:worker_threads";
import type { JsonObject, Roots } from "@verso/bridge";
import type { Job, JobResult } from "./cell-jobs.js";
import type { Message } from "./cell-worker.js";
import type { Cancel, Clock } from "./clock.js";
import { ServerError } from "./errors.js";
import type { ForeignReading, ForeignUpdate } from "./foreign-update.js";
import { threadTime } from "./thread-time.js";

export interface Trial {
  /** The document as it stands, as updates to be applied in order. Copied to the worker. */
  readonly state: readonly Uint8Array[];
  readonly update: Uint8Array;
  /** New structs in the update: what is large may take longer, in proportion. */
  readonly structs: number;
}

export type TrialResult =
  | { readonly type: "passed" }
  /** It did not end before the deadline. */
  | { readonly type: "too-slow" }
  /** Yjs threw, or was left with structs that it could not place. */
  | { readonly type: "failed"; readonly detail: string };

export interface Compaction {
  readonly updates: readonly Uint8Array[];
}

export interface Compacted {
  /** The whole document as one update. */
  readonly state: Uint8Array;
  readonly stateVector: Uint8Array;
}

export interface Projection {
  readonly updates: readonly Uint8Array[];
  readonly roots: Roots;
}

export interface Projected {
  /** All of the roots that were asked for, and nothing else. */
  readonly content: JsonObject;
  /** The names of the roots that the updates mention. */
  readonly roots: readonly string[];
}

export interface Cell {
  /** Applies the update to a copy of the document; the deadline counts from when the copy stands. */
  try(trial: Trial): Promise<TrialResult>;
  /** Merges updates into one, through a document, and checks that the result reads back the same. */
  compact(compaction: Compaction): Promise<Compacted>;
  /** Reads the document that trusted updates make. */
  project(projection: Projection): Promise<Projected>;
  /** Reads an update from an untrusted place; the deadline is three times that of a trial. */
  read(foreign: ForeignUpdate): Promise<ForeignReading>;
  close(): Promise<void>;
}

export interface CellOptions {
  readonly clock: Clock;
  /** Milliseconds of work that an update may make on a copy of its document. @default 250 */
  readonly trialDeadline?: number;
  /** Milliseconds on top of that for each new struct: three times what honest ones took where it was measured. @default 0.03 */
  readonly trialDeadlinePerStruct?: number;
  /** Milliseconds that building a document may take. @default 60000 */
  readonly buildDeadline?: number;
}

interface Pending {
  readonly job: Job;
  /** Milliseconds from when the document stands. */
  readonly deadline: number;
  readonly settle: (outcome: JobResult | "too-slow") => void;
  readonly fail: (cause: Error) => void;
}

export function createCell({
  clock,
  trialDeadline = 250,
  trialDeadlinePerStruct = 0.03,
  buildDeadline = 60_000,
}: CellOptions): Cell {
  const queue: Pending[] = [];
  let worker: Worker | null = null;
  let current: Pending | null = null;
  let stopTimer: Cancel = () => {};
  let closed = false;

  return {
    async try({ state, update, structs }) {
      const deadline = trialDeadline + trialDeadlinePerStruct * structs;
      const outcome = await run({ type: "try", state, update }, deadline);
      if (outcome === "too-slow") return { type: "too-slow" };
      if (outcome.type === "failed") return outcome;
      return { type: "passed" };
    },
    async compact({ updates }) {
      const outcome = await run({ type: "compact", updates }, buildDeadline);
      if (outcome !== "too-slow" && outcome.type === "compacted") return outcome;
      const why = outcome === "too-slow" || outcome.type !== "failed" ? "it took too long" : outcome.detail;
      throw new ServerError("compaction-failed", `The document could not be compacted: ${why}.`);
    },
    async project({ updates, roots }) {
      const outcome = await run({ type: "project", updates, roots }, buildDeadline);
      if (outcome !== "too-slow" && outcome.type === "projected") return outcome;
      const why = outcome === "too-slow" || outcome.type !== "failed" ? "it took too long" : outcome.detail;
      throw new ServerError("compaction-failed", `The document could not be built: ${why}.`);
    },
    async read(foreign) {
      // A struct takes three bytes at least. The document is built twice, and told as JSON.
      const structs = Math.min(foreign.limits.structs, foreign.update.length / 3);
      const deadline = 3 * (trialDeadline + trialDeadlinePerStruct * structs);
      const outcome = await run({ type: "read", foreign }, deadline);
      if (outcome !== "too-slow" && outcome.type === "has-read") return outcome.reading;
      if (outcome === "too-slow" || outcome.type !== "failed") {
        return { type: "too-large", code: "update-too-costly", detail: "applying it takes too long" };
      }
      const detail = `it cannot be applied: ${outcome.detail}`;
      return { type: "update-refused", code: "update-failed", detail };
    },
    async close() {
      closed = true;
      stopTimer();
      const waiting = current === null ? queue.splice(0) : [current, ...queue.splice(0)];
      current = null;
      for (const { fail } of waiting) fail(shuttingDown());
      await worker?.terminate();
      worker = null;
    },
  };

  function run(job: Job, deadline: number): Promise<JobResult | "too-slow"> {
    if (closed) return Promise.reject(shuttingDown());
    return new Promise((settle, fail) => {
      queue.push({ job, deadline, settle, fail });
      next();
    });
  }

  function next(): void {
    if (current !== null) return;
    current = queue.shift() ?? null;
    if (current === null) return;
    worker ??= start();
    stopTimer = clock.after(buildDeadline, expire);
    worker.postMessage(current.job);
  }

  function start(): Worker {
    // Compiled code in both cases: from `src`, where the tests run, and from `dist`.
    const thread = new Worker(new URL("../dist/cell-worker.js", import.meta.url));
    thread.unref();
    thread.on("message", (message: Message) => {
      if (thread !== worker) return;
      if (message.type === "built") {
        stopTimer();
        allow(current?.deadline ?? 0, message.thread);
      } else {
        finish(pending => pending.settle(message));
      }
    });
    thread.on("error", error => {
      if (thread !== worker) return;
      worker = null;
      // Out of memory, or a fault of the worker itself: the job is what brought it about.
      finish(pending => pending.settle({ type: "failed", detail: error.message }));
    });
    return thread;
  }

  /** Lets the thread go on for so many milliseconds of its own time, but never beyond what building may take. */
  function allow(deadline: number, thread: number | null): void {
    const begun = { at: clock.monotonic(), used: threadTime(thread) };
    check(deadline);

    function check(remaining: number): void {
      stopTimer = clock.after(remaining, () => {
        const elapsed = clock.monotonic() - begun.at;
        const now = threadTime(thread);
        const used = begun.used === null || now === null ? elapsed : now - begun.used;
        if (used >= deadline || elapsed >= buildDeadline) expire();
        else check(Math.max(deadline - used, 1));
      });
    }
  }

  function expire(): void {
    const hung = worker;
    worker = null;
    void hung?.terminate();
    finish(pending => pending.settle("too-slow"));
  }

  function finish(settle: (pending: Pending) => void): void {
    stopTimer();
    const done = current;
    current = null;
    if (done !== null) settle(done);
    next();
  }
}

function shuttingDown(): ServerError {
  return new ServerError("shutting-down", "The relay is shutting down.");
}
