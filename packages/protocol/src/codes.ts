/**
 * The codes by which a relay says why: WebSocket close codes and the `code` of an HTTP problem.
 *
 * Codes are part of the protocol and never change their meaning; the words beside them may.
 *
 * Close codes follow the rule that y-websocket 3.1 acts upon: 4400 to 4499 are permanent (the client stops
 * reconnecting), 4500 to 4599 mean "try again later". 1012 is RFC 6455's "service restart".
 */

/** Why the relay closed a WebSocket. */
export const CloseCode = {
  /** The client sent what no client may send; the reason names the fault. */
  badRequest: 4400,
  /** The token is missing, invalid, expired or revoked. */
  unauthorized: 4401,
  /** This actor may not open this document, or may not begin it and wrote to it. */
  forbidden: 4403,
  /** The document was deleted, or is that of a fork that was merged or dropped. */
  deleted: 4404,
  /** The document has begun a new epoch; what the client holds belongs to an older one. */
  epoch: 4409,
  /** The relay failed; nothing that it acknowledged is lost. */
  internal: 4500,
  /** The store does not take writes at the moment. */
  unavailable: 4503,
  /** The client reads more slowly than the document changes, or not at all. */
  slowReader: 4508,
  /** A message, an update or a state vector is over a limit: send smaller ones. */
  tooLarge: 4513,
  /** The relay is shutting down; connect again in a moment. */
  restart: 1012,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Whether a client should stop reconnecting after this close code. */
export function isPermanent(code: number): boolean {
  return code >= 4400 && code < 4500;
}

/** The `code` member of an `application/problem+json` body, and the HTTP status it comes with. */
export const problemStatus = {
  "bad-request": 400,
  "bad-document-id": 400,
  "token-missing": 401,
  "token-invalid": 401,
  "token-expired": 401,
  "token-revoked": 401,
  forbidden: 403,
  "forbidden-origin": 403,
  "forbidden-host": 403,
  "forbidden-document": 403,
  "not-found": 404,
  "version-unknown": 404,
  /** The document never had the version that an edit is said to be made on. */
  "base-unknown": 404,
  /** There is no such conflict, or it was resolved by now. */
  "conflict-unknown": 404,
  /** There is nothing at the pointer. */
  "pointer-unknown": 404,
  "method-not-allowed": 405,
  /** Something else is there already, or something has changed since. */
  conflict: 409,
  /** A `test` in a patch did not hold. */
  "test-failed": 409,
  /** As many conflicts as a document may have wait for somebody to resolve them. */
  "conflicts-full": 409,
  "document-exists": 409,
  "fork-not-open": 409,
  "fork-changed": 409,
  "fork-unchanged": 409,
  /** The document was deleted, or erased, and will not come back then. */
  deleted: 410,
  "version-dropped": 410,
  /** The document is at another version than the request asks for, or there is one where none may be, or none. */
  "revision-mismatch": 412,
  "too-large": 413,
  /** The document has reached its largest size. */
  "document-full": 413,
  "unsupported-media-type": 415,
  "update-refused": 422,
  "edit-refused": 422,
  /** A patch that is none, or does not fit the document. */
  "patch-invalid": 422,
  /** Content that a document cannot hold. */
  "content-invalid": 422,
  "invalid-document": 422,
  "merge-refused": 422,
  internal: 500,
  unavailable: 503,
} as const;

export type ProblemCode = keyof typeof problemStatus;
