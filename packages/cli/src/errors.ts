/** What a relay answers to a command that it does not carry out. */

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
