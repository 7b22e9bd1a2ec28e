/** What a relay can fail at, for those who run it. */

export type ServerErrorCode =
  /** The configuration is not valid; `path` says where. */
  | "config-invalid"
  /** The configuration file cannot be read, or throws. */
  | "config-unreadable"
  /** Something else listens on the port. */
  | "port-in-use"
  /** The address cannot be listened on. */
  | "cannot-listen"
  /** The document's id matches none of the configured kinds. */
  | "unknown-kind"
  /** The document was let go while it was asked for something. */
  | "document-closed"
  /** The document cannot be read from the ledger, or not be rebuilt from what is there. */
  | "document-unavailable"
  /** The document was erased, and will not come back. */
  | "document-erased"
  /** The work was given up because the relay shuts down. */
  | "shutting-down"
  /** A snapshot does not read back as what it was made from, or could not be made in time. */
  | "compaction-failed"
  /** The document never had such a version. */
  | "version-unknown"
  /** There is nothing at the pointer. */
  | "pointer-unknown"
  /** Retention has let go of what leads to the version, or of what undoing takes. */
  | "version-dropped";

export class ServerError extends Error {
  readonly code: ServerErrorCode;
  /** Where in the configuration the fault is, as `documents.invoice/:id.roots`. */
  readonly path: string | undefined;

  constructor(
    code: ServerErrorCode,
    message: string,
    { cause, path }: { cause?: unknown; path?: string } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ServerError";
    this.code = code;
    this.path = path;
  }
}
