/** What can go wrong for a caller of this package. */

export type ClientErrorCode =
  /** The client or the document was closed. */
  | "closed"
  /** What was to be kept on this device was not, or cannot be read: it may be gone after a restart. */
  | "storage-failed"
  /** There is no room on this device for what was to be kept. */
  | "storage-full"
  /** Another process or page has what is kept on this device open, and does not let go of it. */
  | "storage-locked"
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
  /** What answers is no relay, or one of another version. */
  | "protocol";

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

  /** Whether the same may succeed later by itself; what is wrong with this device does not mend by itself. */
  get transient(): boolean {
    return this.code === "offline" || this.code === "connection-lost" || this.relayCode === "unavailable";
  }
}
