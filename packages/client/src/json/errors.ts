/** What can go wrong for a caller of this package. */

export type ClientErrorCode =
  /** There is no connection, and what was asked is not for the queue. */
  | "offline"
  /** The connection was lost before the answer; whether it was done is not known. */
  | "connection-lost"
  /** The relay does not accept who is acting. */
  | "denied"
  /** The relay refuses what was asked; `relayCode` says why. */
  | "refused"
  /** The patch does not fit the document as it is here. */
  | "patch-invalid"
  /** What the edit was made in is not there: an edit before it was refused, or others have removed it. */
  | "place-lost"
  /** Nothing of the document was received yet, so there is nothing to patch. */
  | "not-loaded"
  /** The queue cannot be kept: what was to be stored may be gone after a restart. */
  | "storage-failed"
  /** What answers is no relay, or one of another version. */
  | "protocol"
  /** The client was closed. */
  | "closed";

export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;
  /** The relay's code, where it has refused. */
  readonly relayCode: string | undefined;
  /** JSON Pointer to what is wrong, where there is one. */
  readonly pointer: string | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    { relayCode, pointer, cause }: { relayCode?: string; pointer?: string; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.relayCode = relayCode;
    this.pointer = pointer;
  }

  /** Whether the same may succeed later. */
  get transient(): boolean {
    return this.code === "offline" || this.code === "connection-lost" || this.relayCode === "unavailable";
  }
}
