/**
 * What the firewall may answer, and the codes that say why.
 *
 * Codes are API and never change their meaning; `detail` is for people and may.
 */

/** Consecutive ids of one client, as clocks: `from` is in it, `to` is not. */
export interface IdRange {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

/** What no Yjs client can emit, whatever it has or has not received. */
export type BarredCode =
  /** The bytes end before what they announce. */
  | "truncated"
  /** Bytes are left over; an update in the V2 encoding ends here or at another of these codes. */
  | "trailing-bytes"
  /** A number above 2^53 - 1, or one that does not end. */
  | "malformed-number"
  /** Text that is not UTF-8. */
  | "malformed-text"
  /** JSON that does not parse. */
  | "malformed-json"
  /** A plain value, a parent or a subdocument's options of an unknown form. */
  | "malformed-value"
  /** A struct, content or shared type that Yjs does not have. */
  | "unknown-content"
  /** A struct, a run of structs or a deleted range of no length. */
  | "zero-length"
  /** One client has two runs of structs, or two lists of deleted ranges. */
  | "duplicate-client"
  /** A clock above 2^31. */
  | "impossible-clock"
  /**
   * A struct depends on itself, directly, on a later one of its client, or around a circle of clients; or its
   * neighbours stand in different places.
   */
  | "impossible-reference"
  /** The beginning of a struct is known, and in another place. */
  | "conflicting-ids"
  /** Deleted ranges out of order, or overlapping. */
  | "unsorted-deletes";

/** What an honest client may send before this document has heard of everything it builds on. */
export type ResyncCode =
  /** Structs begin after the last that the document knows of their client. */
  | "gap"
  /** A placeholder for structs that the sender did not have. */
  | "skip"
  /** A neighbour or a parent is unknown. */
  | "missing-dependency"
  /** Unknown ids are deleted. */
  | "unknown-delete"
  /** New structs under a client id that the sender may not write. */
  | "foreign-client";

/** What can be applied but must be taken back. */
export type CompensateCode =
  /** A root that the document's kind does not declare. */
  | "undeclared-root"
  /** Content that its parent cannot hold: a list item in a map, an entry in an array, a character outside a text. */
  | "wrong-shape"
  /** `__proto__`, `constructor` or `prototype` as a name. */
  | "forbidden-key"
  /** A subdocument. */
  | "subdocument"
  /** An insertion or a deletion between the two halves of one character. */
  | "split-surrogate-pair";

/** What is over a limit. */
export type TooLargeCode =
  | "too-many-bytes"
  | "too-many-structs"
  | "too-many-deletes"
  | "too-many-clients"
  | "too-many-ids"
  | "too-many-values"
  | "too-many-roots"
  | "too-many-subdocuments"
  | "too-many-format-keys"
  | "string-too-long"
  | "key-too-long"
  | "value-too-deep"
  | "type-too-deep";

interface Reason<Code extends string> {
  readonly code: Code;
  /** Where in the bytes it was found. */
  readonly offset: number;
  /** In English, for a log. Holds nothing of the content. */
  readonly detail: string;
}

/** Permanent: close the connection. */
export interface Barred extends Reason<BarredCode> {
  readonly type: "barred";
}

/** Send a sync step 1: the sender then sends again, from what the document knows. */
export interface Resync extends Reason<ResyncCode> {
  readonly type: "resync";
  /** The ids that must be known first, or for `foreign-client` come from their owner; one range per client. */
  readonly missing: readonly IdRange[];
}

/** Try again later, or send less. */
export interface TooLarge extends Reason<TooLargeCode> {
  readonly type: "too-large";
}

/** What an update brings that the document does not have. */
export interface News {
  /** Whether applying it changes anything. */
  readonly news: boolean;
  /** Structs, known ones included. */
  readonly structs: number;
  /** Structs of which at least a part is new. */
  readonly newStructs: number;
  /** New ids. */
  readonly newLength: number;
  /** The new ids, a range for each client, in the order in which the update has them. */
  readonly writes: readonly IdRange[];
  /** Ranges that delete what is still there, in the document or in this update. */
  readonly newDeletes: number;
  /**
   * What applying it costs, in structs: the new ones, deleted ranges, stored structs that must be cut, stored items
   * that the search for a place steps over, and the walk through a text whose formats change. It counts no further
   * than 10,000. `newStructs` alone bounds nothing: 900 of them can take 30 s in a list of 100,000.
   */
  readonly work: number;
}

/** Apply it. */
export interface Pass extends News {
  readonly type: "pass";
}

/** Apply it and take back what it did, in one transaction. The reason is that of the first offence. */
export interface Compensate extends News, Reason<CompensateCode> {
  readonly type: "compensate";
}

export type Scan = Pass | Barred | Resync | Compensate | TooLarge;
