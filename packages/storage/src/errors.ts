/**
 * The one error of this package.
 *
 * Codes are API and never change their meaning; messages are for people and may. Wrong arguments are a `TypeError`
 * instead: a programming mistake has no code to switch over.
 */

/**
 * What went wrong.
 *
 * - `unavailable`: the store cannot answer now; it may later.
 * - `not-found`: a store that was expected to exist does not.
 * - `read-failed`, `write-failed`: the medium reported an error.
 * - `unknown-outcome`: a write was under way when the store failed; it may or may not be there afterwards.
 * - `corrupted`: bytes are there and are not what was written.
 * - `unsupported-version`: written by a newer version of this package.
 * - `quota-exceeded`: no room left on the medium.
 * - `access-denied`: the operating system refuses.
 * - `in-use`: another handle or process has the store open.
 * - `conflict`: the document's handle was superseded by a newer one, or is stale after a failure.
 * - `erased`: the document was erased, and nothing can be written to it ever again.
 * - `closed`: the handle was closed before or during the operation.
 */
export type StorageErrorCode =
  | "unavailable"
  | "not-found"
  | "read-failed"
  | "write-failed"
  | "unknown-outcome"
  | "corrupted"
  | "unsupported-version"
  | "quota-exceeded"
  | "access-denied"
  | "in-use"
  | "conflict"
  | "erased"
  | "closed";

/** Where it went wrong, as far as it is known. */
export interface StorageErrorPlace {
  /** Id of the document. */
  readonly document?: string | undefined;
  /** Sequence of the commit within the document. */
  readonly sequence?: number | undefined;
  /** Path of the file. */
  readonly file?: string | undefined;
  /** Offset in the file, in bytes. */
  readonly offset?: number | undefined;
}

export interface StorageErrorOptions extends StorageErrorPlace {
  readonly cause?: unknown;
  /** Overrides what the code says by itself. */
  readonly transient?: boolean | undefined;
}

const TRANSIENT: Readonly<Record<StorageErrorCode, boolean>> = {
  unavailable: true,
  "not-found": false,
  "read-failed": true,
  "write-failed": true,
  "unknown-outcome": true,
  corrupted: false,
  "unsupported-version": false,
  "quota-exceeded": true,
  "access-denied": false,
  "in-use": true,
  conflict: true,
  erased: false,
  closed: false,
};

/** Every failure of a store that a caller cannot plan for. */
export class StorageError extends Error implements StorageErrorPlace {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  /** Whether the same call may succeed later without anybody doing anything about it. */
  readonly transient: boolean;
  readonly document: string | undefined;
  readonly sequence: number | undefined;
  readonly file: string | undefined;
  readonly offset: number | undefined;

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.transient = options.transient ?? TRANSIENT[code];
    this.document = options.document;
    this.sequence = options.sequence;
    this.file = options.file;
    this.offset = options.offset;
  }
}

/** The `corrupted` error of one record: `commit 3 of "a": is missing`. */
export function corruptedRecord(
  {
    what,
    document,
    sequence,
  }: { what: string; document?: string | undefined; sequence?: number | undefined },
  detail: string,
  cause?: unknown,
): StorageError {
  const number = sequence === undefined ? "" : ` ${sequence}`;
  const owner = document === undefined ? "" : ` of ${JSON.stringify(document)}`;
  return new StorageError("corrupted", `${what}${number}${owner}: ${detail}`, { cause, document, sequence });
}

/** The error's code, or `undefined` for what is no `StorageError`. */
export function storageErrorCode(error: unknown): StorageErrorCode | undefined {
  return error instanceof StorageError ? error.code : undefined;
}
