/**
 * The one error of this package.
 *
 * Codes are API and never change their meaning; messages are for people and may. Wrong arguments are a `TypeError`
 * instead: a programming mistake has no code to switch over.
 */

/**
 * What went wrong.
 *
 * - `invalid-value`: a value that no shared type can hold so that every peer reads the same: a `Date`, a function, a
 *   BigInt beyond 64 bits, a lone surrogate, a tag that says nothing.
 * - `invalid-patch`: the patch or one of its operations is not shaped as its dialect asks.
 * - `invalid-pointer`: not a JSON Pointer (RFC 6901).
 * - `forbidden-key`: a pointer goes through `__proto__`, `constructor` or `prototype`.
 * - `path-not-found`: there is nothing at the pointer.
 * - `index-out-of-range`: there is a list or text, but it has no such position.
 * - `not-a-container`: a pointer goes into something that has no members.
 * - `not-editable`: there is a value, but it can only be replaced as a whole.
 * - `test-failed`: a `test` found another value.
 * - `text-mismatch`: `str_ins`, `str_del` or `delta` does not fit the text that is there.
 * - `split-surrogate`: a position lies between the two halves of a surrogate pair.
 * - `fixed-root`: a root would be removed or change its kind.
 * - `change-mismatch`: a recorded change does not fit the JSON it was applied to.
 * - `malformed-bytes`: bytes that are no encoded change, inverse record or revert note.
 * - `unsupported-version`: bytes written by a newer version of this package.
 * - `drift`: the self-check found that patches and document disagree.
 */
export type BridgeErrorCode =
  | "invalid-value"
  | "invalid-patch"
  | "invalid-pointer"
  | "forbidden-key"
  | "path-not-found"
  | "index-out-of-range"
  | "not-a-container"
  | "not-editable"
  | "test-failed"
  | "text-mismatch"
  | "split-surrogate"
  | "fixed-root"
  | "change-mismatch"
  | "malformed-bytes"
  | "unsupported-version"
  | "drift";

/** Where it went wrong, as far as it is known. */
export interface BridgeErrorPlace {
  /** Index of the operation within its patch or change. */
  readonly operation?: number | undefined;
  /** JSON Pointer. */
  readonly pointer?: string | undefined;
}

/** Every failure of this package that is not a programming mistake of its caller. */
export class BridgeError extends Error implements BridgeErrorPlace {
  override readonly name = "BridgeError";
  readonly code: BridgeErrorCode;
  /** Whether the same call may succeed later: never, for this package does no I/O. */
  readonly transient = false;
  readonly operation: number | undefined;
  readonly pointer: string | undefined;

  constructor(
    code: BridgeErrorCode,
    message: string,
    { operation, pointer, cause }: BridgeErrorPlace & { readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.operation = operation;
    this.pointer = pointer;
  }

  /** The same error, saying where it happened; what it says already stays. */
  at(place: BridgeErrorPlace): BridgeError {
    return new BridgeError(this.code, this.message, {
      operation: this.operation ?? place.operation,
      pointer: this.pointer ?? place.pointer,
      cause: this.cause,
    });
  }
}
