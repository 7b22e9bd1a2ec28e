/** What verifying finds, and how reading becomes a finding. */

import { StorageError } from "./errors.js";

/** One thing that is wrong. */
export interface VerifyIssue {
  /**
   * - `missing-reference`: something refers to what is not there.
   * - `invalid-data`: two records contradict each other.
   * - `corrupted-entry`: bytes are not what was written.
   * - `version-mismatch`: the format is not the one this version reads.
   * - `hash-mismatch`: the chain does not hold.
   * - `orphaned-data`: nothing refers to it.
   * - `invalid-document`: the document is as it was written, and not as a configuration asks. Found by replays only.
   */
  readonly code:
    | "missing-reference"
    | "invalid-data"
    | "corrupted-entry"
    | "version-mismatch"
    | "hash-mismatch"
    | "orphaned-data"
    | "invalid-document";
  /** `critical`: history is lost or not trustworthy. `low`: nothing is lost. */
  readonly severity: "low" | "medium" | "high" | "critical";
  readonly detail: string;
  readonly document?: string | undefined;
  readonly sequence?: number | undefined;
  readonly file?: string | undefined;
  readonly offset?: number | undefined;
}

/** Hands an issue on, and waits until it was taken. */
export type Report = (issue: VerifyIssue) => Promise<void>;

export type Place = Pick<VerifyIssue, "severity" | "document" | "sequence">;

/** What is read, or `undefined` when it cannot be and that was reported. */
export async function attempt<T>(
  report: Report,
  place: Place,
  read: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    await reportUnreadable(error, report, place);
    return undefined;
  }
}

export async function reportUnreadable(error: unknown, report: Report, place: Place): Promise<void> {
  unreadable(error);
  await report({
    code: "corrupted-entry",
    detail: error instanceof Error ? error.message : String(error),
    ...place,
  });
}

/** Lets through what is the data's fault, and throws what is the store's. */
export function unreadable(error: unknown): false {
  if (error instanceof StorageError && (error.code === "corrupted" || error.code === "read-failed"))
    return false;
  throw error;
}
