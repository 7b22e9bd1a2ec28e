/** What comes of judging a transaction, and why. */

/** Only an `error` keeps anything out; a `warning` and an `info` are recorded and told to the author. */
export type Severity = "info" | "warning" | "error";

/** One reason in a verdict. */
export interface Issue {
  /** JSON pointer (RFC 6901) into the document, from its roots; of the document as it would be. */
  readonly pointer: string;
  /** Codes are API and never change their meaning: `permission-denied`, `conflict`, `schema.too_small`, `rule-failed` … */
  readonly code: string;
  /** In English, for people; may change. */
  readonly message: string;
  /** The name of the rule or check that found it, where it has one. */
  readonly rule?: string;
  readonly severity: Severity;
}
