/** Why a command is not carried out, by a relay or by the command itself. */

export type CliErrorCode =
  /** Nothing answers there, or what answers is no relay. */
  | "relay-unreachable"
  /** The token is not accepted, or not for this. */
  | "denied"
  | "not-found"
  /** Something else is there already. */
  | "conflict"
  /** The relay does not understand what it was asked. */
  | "bad-request"
  /** It has a document of this id. */
  | "document-exists"
  /** The document's kind does not allow it, or the firewall does not let it in. */
  | "refused"
  /** What is to be imported is not there, or does not answer. */
  | "source-unreachable"
  /** It answers with something else. */
  | "source-failed"
  /** There is nothing in it. */
  | "source-empty"
  /** It cannot do it now. */
  | "unavailable"
  /** It failed. */
  | "relay-failed";

export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, { cause }: { cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
