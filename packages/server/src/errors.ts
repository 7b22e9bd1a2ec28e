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
  /** Nothing was ever written to the document. */
  | "document-unknown"
  /** There is such a document already. */
  | "document-exists"
  /** The document was deleted; it can be restored. */
  | "document-deleted"
  /** The document has reached its largest size. */
  | "document-full"
  /** The document never had the version that an edit is said to be made on. */
  | "base-unknown"
  /** A patch that is none, or does not fit the document that it is for. */
  | "patch-invalid"
  /** A `test` in a patch did not hold. */
  | "test-failed"
  /** Content that a document cannot hold. */
  | "content-invalid"
  /** There is no such conflict, or it was resolved by now. */
  | "conflict-unknown"
  /** As many conflicts as a document may have wait for somebody to resolve them. */
  | "conflicts-full"
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
  /** JSON Pointer to what is wrong with an edit, as its author would write it. */
  readonly pointer: string | undefined;

  constructor(
    code: ServerErrorCode,
    message: string,
    { cause, path, pointer }: { cause?: unknown; path?: string; pointer?: string | undefined } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ServerError";
    this.code = code;
    this.path = path;
    this.pointer = pointer;
  }
}

export function deletedDocument(documentId: string): ServerError {
  return new ServerError("document-deleted", `The document "${documentId}" was deleted.`);
}
