/** What can go wrong for a caller of this package. */

export type ClientErrorCode =
  /** The client or the document was closed. */
  | "closed"
  /** What was to be kept on this device was not, or cannot be read. */
  | "storage-failed"
  /** There is no room on this device for what was to be kept. */
  | "storage-full";

export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, { cause }: { cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** Whether the same may succeed later. */
  get transient(): boolean {
    return this.code !== "closed";
  }
}
