/** What the command's exit code says. Part of its interface, like the names of its flags. */
import { ServerError } from "@verso/server";
import { StorageError } from "@verso/storage";
import { CliError, type CliErrorCode } from "./errors.js";

export const ExitCode = {
  ok: 0,
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  notFound: 3,
  /** The relay does not accept the token, or not for this. */
  denied: 4,
  /** Something was verified and is not as it should be. */
  verificationFailed: 5,
  /** It may work later: the store or the port is in use. */
  unavailable: 69,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return byCode[error.code];
  if (error instanceof ServerError) {
    if (error.code === "port-in-use") return ExitCode.unavailable;
    return error.code === "config-invalid" || error.code === "config-unreadable"
      ? ExitCode.usage
      : ExitCode.failure;
  }
  if (error instanceof StorageError) {
    if (error.code === "not-found") return ExitCode.notFound;
    if (error.code === "corrupted") return ExitCode.verificationFailed;
    return error.transient ? ExitCode.unavailable : ExitCode.failure;
  }
  return ExitCode.failure;
}

const byCode: Readonly<Record<CliErrorCode, ExitCode>> = {
  "relay-unreachable": ExitCode.unavailable,
  unavailable: ExitCode.unavailable,
  denied: ExitCode.denied,
  "not-found": ExitCode.notFound,
  conflict: ExitCode.failure,
  "bad-request": ExitCode.usage,
  "relay-failed": ExitCode.failure,
  "document-exists": ExitCode.failure,
  refused: ExitCode.failure,
  "source-unreachable": ExitCode.unavailable,
  "source-failed": ExitCode.failure,
  "source-empty": ExitCode.failure,
};
