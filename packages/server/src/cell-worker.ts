/** The worker's side of a cell; see `cell.ts`. */
import { parentPort } from "node:worker_threads";
import { doJob, doReading, type Job, type JobResult, warmUp } from "./cell-jobs.js";
import { threadId } from "./thread-time.js";

/** `built` says that the document stands and the work on it begins. */
export type Message = JobResult | { readonly type: "built"; readonly thread: number | null };

const thread = threadId();
// Code that has never run takes several times as long, and a deadline that was missed brings a new thread: an honest
// update could miss it for ever.
warmUp();

parentPort?.on("message", async (job: Job) => {
  const send = (message: Message) => parentPort?.postMessage(message);
  const built = () => send({ type: "built", thread });
  send(job.type === "read" ? await doReading(job.foreign, built) : doJob(job, built));
});
