/**
 * How much processor time a thread has had.
 *
 * A deadline in elapsed time is a deadline on the whole machine: with every core busy, honest work misses it. Linux
 * counts for each thread (`/proc/<process>/task/<thread>/schedstat`, proc(5)); elsewhere nobody tells.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** The system's id of the calling thread, or null where there is none to be had. */
export function threadId(): number | null {
  try {
    return Number(basename(readlinkSync("/proc/thread-self")));
  } catch (error) {
    return unknown(error);
  }
}

/** Milliseconds of processor time that a thread of this process has had, or null where nobody tells. */
export function threadTime(id: number | null): number | null {
  if (id === null) return null;
  try {
    return Number.parseInt(readFileSync(`/proc/self/task/${id}/schedstat`, "latin1"), 10) / 1e6;
  } catch (error) {
    return unknown(error);
  }
}

function unknown(error: unknown): null {
  if (error instanceof Error && "code" in error) return null;
  throw error;
}
