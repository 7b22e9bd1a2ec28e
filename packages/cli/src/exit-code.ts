/** What the command's exit code says. Part of its interface, like the names of its flags. */
import { ClientError } from "@verso/client/json";
import { ServerError } from "@verso/server";
import { StorageError } from "@verso/storage";
import { CommanderError } from "commander";
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
  /** What was to be written is not what the document's kind allows, or the firewall lets in. */
  refused: 6,
  /** It may work later: the store or the port is in use. */
  unavailable: 69,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  // Help that was asked for ends a command, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  if (error instanceof CliError) return byCode[error.code];
  if (error instanceof ClientError) return ofClient(error);
  if (error instanceof ServerError) {
    switch (error.code) {
      case "port-in-use":
        return ExitCode.unavailable;
      case "config-invalid":
      case "config-unreadable":
        return ExitCode.usage;
      case "version-unknown":
      case "version-dropped":
      case "pointer-unknown":
      case "document-erased":
        return ExitCode.notFound;
      case "document-unavailable":
        return exitCodeOf(error.cause);
      default:
        return ExitCode.failure;
    }
  }
  if (error instanceof StorageError) {
    if (error.code === "not-found") return ExitCode.notFound;
    if (error.code === "corrupted") return ExitCode.verificationFailed;
    return error.transient ? ExitCode.unavailable : ExitCode.failure;
  }
  return ExitCode.failure;
}

function ofClient({ code, relayCode = "", transient }: ClientError): ExitCode {
  if (transient) return ExitCode.unavailable;
  if (code === "patch-invalid") return ExitCode.refused;
  if (code === "denied" || relayCode.startsWith("forbidden")) return ExitCode.denied;
  const isMissing = ["document-unknown", "not-found", "deleted"].includes(relayCode);
  return isMissing ? ExitCode.notFound : ExitCode.failure;
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
  refused: ExitCode.refused,
  "source-unreachable": ExitCode.unavailable,
  "source-failed": ExitCode.failure,
  "source-empty": ExitCode.failure,
};
