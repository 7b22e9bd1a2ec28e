/**
 * What a commit remembers beside its bytes: why something was judged, and which commits it answers to.
 *
 * ```
 * notes := fields        1 issue (any number), 2 undoes, 3 depends on, 4 refused update (32 bytes), 5 reversion,
 *                        6 leases, 7 merged, 8 made at (varuint, ms since 1970)
 * issue := fields        1 pointer, 2 code, 3 message, 4 rule, each UTF-8; 5 severity, one byte: 1 info, 2 warning, 3 error
 * merged := fields       1 fork, 2 user, 3 tenant, each UTF-8
 * undoes, depends on, leases := varuint …, ascending: each as its distance from the one before
 * ```
 */

import { ByteReader, ByteWriter, DecodeError } from "./encoding.js";

/** One reason in a verdict. */
export interface CommitIssue {
  /** JSON Pointer (RFC 6901) of what it concerns. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  /** Name of the rule, where there is one. */
  readonly rule?: string | undefined;
  readonly severity: IssueSeverity;
}

export type IssueSeverity = "info" | "warning" | "error";

export interface CommitNotes {
  readonly issues: readonly CommitIssue[];
  /** Sequences of the commits that this one undoes, redoes or reverts, ascending. */
  readonly undoes: readonly number[];
  /** Sequences of the commits that this one was made in view of, ascending. */
  readonly dependsOn: readonly number[];
  /** SHA-256 of the update as its author sent it, where that was taken back, all of it or in part. */
  readonly refusedUpdate?: Uint8Array;
  /** What was taken back and restored within the commit, by ids; bytes that only their writer can read. */
  readonly reversion?: Uint8Array;
  /** Client ids that are the actor's from this commit on, ascending. */
  readonly leases?: readonly number[];
  /** The fork that the commit brought in, and who decided so; its actor is who had proposed it. */
  readonly merged?: CommitMerge;
  /** When its author made it, in milliseconds since 1970 by a clock of his own, which nobody has checked. */
  readonly madeAt?: number;
}

export interface CommitMerge {
  readonly fork: string;
  readonly user: string;
  readonly tenant?: string | undefined;
}

export const NO_NOTES: CommitNotes = Object.freeze({
  issues: Object.freeze([]),
  undoes: Object.freeze([]),
  dependsOn: Object.freeze([]),
});

const SEVERITIES: readonly IssueSeverity[] = ["info", "warning", "error"];

/** The bytes of notes; nothing for nothing. */
export function encodeNotes({
  issues = [],
  undoes = [],
  dependsOn = [],
  refusedUpdate,
  reversion,
  leases = [],
  merged,
  madeAt,
}: Partial<CommitNotes>): Buffer {
  const notes = new ByteWriter();
  const field = new ByteWriter();
  for (const { pointer, code, message, rule, severity } of issues) {
    if (!SEVERITIES.includes(severity)) throw new TypeError('severity is "info", "warning" or "error"');
    field.reset().varuint(1).text(pointer).varuint(2).text(code).varuint(3).text(message);
    if (rule !== undefined) field.varuint(4).text(rule);
    field.varuint(5).block(Buffer.of(SEVERITIES.indexOf(severity) + 1));
    notes.varuint(1).block(field.view());
  }
  for (const sequences of [undoes, dependsOn]) {
    if (sequences.some(sequence => sequence < 1)) throw new TypeError("a sequence is a whole number from 1");
  }
  if (undoes.length > 0) notes.varuint(2).block(encodeAscending(undoes, field));
  if (dependsOn.length > 0) notes.varuint(3).block(encodeAscending(dependsOn, field));
  if (refusedUpdate !== undefined) notes.varuint(4).block(refusedUpdate);
  if (reversion !== undefined) notes.varuint(5).block(reversion);
  if (leases.length > 0) notes.varuint(6).block(encodeAscending(leases, field));
  if (merged !== undefined) {
    field.reset().varuint(1).text(merged.fork).varuint(2).text(merged.user);
    if (merged.tenant !== undefined) field.varuint(3).text(merged.tenant);
    notes.varuint(7).block(field.view());
  }
  if (madeAt !== undefined) notes.varuint(8).block(field.reset().varuint(madeAt).view());
  return notes.take();
}

function encodeAscending(numbers: readonly number[], field: ByteWriter): Uint8Array {
  field.reset();
  let previous = 0;
  for (const number of new Set([...numbers].sort((a, b) => a - b))) {
    if (!Number.isSafeInteger(number) || number < 0) throw new TypeError(`${number} is no whole number`);
    field.varuint(number - previous);
    previous = number;
  }
  return field.view();
}

/** @throws DecodeError */
export function decodeNotes(bytes: Uint8Array): CommitNotes {
  if (bytes.length === 0) return NO_NOTES;
  const issues: CommitIssue[] = [];
  let undoes: number[] = [];
  let dependsOn: number[] = [];
  const others: Pick<
    Mutable<CommitNotes>,
    "refusedUpdate" | "reversion" | "leases" | "merged" | "madeAt"
  > = {};
  for (const [tag, value] of new ByteReader(bytes).fields()) {
    if (tag === 1) issues.push(decodeIssue(value));
    else if (tag === 2) undoes = decodeAscending(value);
    else if (tag === 3) dependsOn = decodeAscending(value);
    else if (tag === 4) others.refusedUpdate = value;
    else if (tag === 5) others.reversion = value;
    else if (tag === 6) others.leases = decodeAscending(value);
    else if (tag === 7) others.merged = decodeMerge(value);
    else if (tag === 8) others.madeAt = new ByteReader(value).varuint();
  }
  return { issues, undoes, dependsOn, ...others };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Notes without the issues and the hash of the refused update; the same bytes where they have neither. */
export function withoutIssues(bytes: Uint8Array): Uint8Array {
  const kept = new ByteWriter();
  let dropped = false;
  for (const [tag, value] of new ByteReader(bytes).fields()) {
    if (tag === 1 || tag === 4) dropped = true;
    else kept.varuint(tag).block(value);
  }
  return dropped ? kept.take() : bytes;
}

function decodeIssue(bytes: Buffer): CommitIssue {
  const texts = new Map<number, string>();
  let severity: IssueSeverity | undefined;
  for (const [tag, value] of new ByteReader(bytes).fields()) {
    if (tag <= 4) texts.set(tag, value.toString("utf8"));
    else if (tag === 5) severity = SEVERITIES[(value[0] ?? 0) - 1];
  }
  if (severity === undefined) throw new DecodeError("an issue has no severity");
  return {
    pointer: texts.get(1) ?? "",
    code: texts.get(2) ?? "",
    message: texts.get(3) ?? "",
    rule: texts.get(4),
    severity,
  };
}

function decodeMerge(bytes: Buffer): CommitMerge {
  const texts = new Map<number, string>();
  for (const [tag, value] of new ByteReader(bytes).fields()) texts.set(tag, value.toString("utf8"));
  return { fork: texts.get(1) ?? "", user: texts.get(2) ?? "", tenant: texts.get(3) };
}

function decodeAscending(bytes: Buffer): number[] {
  const reader = new ByteReader(bytes);
  const numbers: number[] = [];
  let number = 0;
  while (reader.left > 0) {
    number += reader.varuint();
    numbers.push(number);
  }
  return numbers;
}
