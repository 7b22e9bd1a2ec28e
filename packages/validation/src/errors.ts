/**
 * The one error of this package, for what a configuration gets wrong. What a document gets wrong is an `Issue`.
 *
 * Codes are API and never change their meaning; messages are for people and may. Wrong arguments are a `TypeError`.
 */

/**
 * - `schema-unsupported`: a schema asks for something that cannot be judged here: a type that no JSON value has, an
 *   asynchronous refinement, a keyword of JSON Schema without a meaning in zod.
 * - `unknown-pointer`: a rule, permission or conflict policy is for a place that the schema does not have.
 */
export type ValidationErrorCode = "schema-unsupported" | "unknown-pointer";

/** A configuration by which nothing can be judged. */
export class ValidationError extends Error {
  override readonly name = "ValidationError";
  readonly code: ValidationErrorCode;
  /** Whether the same call may succeed later: never, for this package does no I/O. */
  readonly transient = false;
  /** Where the fault is: a pointer into the document, in which `*` is any one segment, or into a JSON Schema. */
  readonly path: string;

  constructor(
    code: ValidationErrorCode,
    message: string,
    { path, cause }: { readonly path: string; readonly cause?: unknown },
  ) {
    super(`${path === "" ? "/" : path}: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.path = path;
  }
}
