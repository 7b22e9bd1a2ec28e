/**
 * A commit: one entry of a document's history, and how it lies on disk.
 *
 * ```
 * value  := header (block) hash (32) feed-sequence (varuint) states (1) part … fields seal
 * header := epoch (varuint) sequence (varuint) actor (block of fields: 1 user, 2 session, 3 tenant)
 *           time (varuint, ms since 1970) kind (1) fields
 * states := two bits each for update, change, inverse, notes, from the lowest: 0 empty, 1 stored, 2 dropped, 3 reduced
 * part   := nothing, a block, or the SHA-256 of what was dropped (32); for reduced notes that and a block of what is left
 * hash   := SHA-256( 01, hash of the commit before (32 zeros before the first), document (block of UTF-8), header (block),
 *                    SHA-256(update), SHA-256(change), SHA-256(inverse), SHA-256(notes) )
 * ```
 *
 * The hash is over the header's bytes as stored, so it covers fields that a reader does not know, and over the hashes of
 * the parts, so a part may be dropped later and the chain still verifies. What is left of reduced notes is covered by the
 * seal, and by no hash any more. The feed sequence is where a commit stands
 * among all documents of one store; it is not part of the document's history and not of the hash.
 */

import { hash as digest } from "node:crypto";
import {
  allocateSealed,
  asBuffer,
  ByteReader,
  ByteWriter,
  DecodeError,
  seal,
  unseal,
  varuintLength,
  writeVaruint,
} from "./encoding.js";
import { type CommitNotes, decodeNotes, encodeNotes, NO_NOTES, withoutIssues } from "./notes.js";

/** Who acted. */
export interface CommitActor {
  readonly user: string;
  readonly session?: string | undefined;
  readonly tenant?: string | undefined;
}

const KINDS = ["create", "update", "delete", "undo", "redo", "revert", "restore", "refused"] as const;

export type CommitKind = (typeof KINDS)[number];

/** A commit as it is handed to `append`; the bytes are opaque to the ledger. */
export interface CommitDraft {
  readonly actor: CommitActor;
  readonly kind: CommitKind;
  readonly update?: Uint8Array;
  readonly change?: Uint8Array;
  readonly inverse?: Uint8Array;
  readonly notes?: Partial<CommitNotes>;
  /** Names the intention: of all drafts of a document with this key, only one ever becomes a commit. */
  readonly dedupe?: string;
}

export interface Commit {
  /** 1, 2, 3 … within the document, without gaps. */
  readonly sequence: number;
  /** `<sequence>-<first 12 hex digits of the hash>` */
  readonly revision: string;
  /** SHA-256 over the commit and the hash before it. */
  readonly hash: Uint8Array;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly actor: CommitActor;
  readonly kind: CommitKind;
  /** Where it stands among the commits of all documents: increasing, with gaps. */
  readonly feedSequence: number;
  /** Empty when there was none, `undefined` once retention has dropped it; likewise the next two. */
  readonly update: Uint8Array | undefined;
  readonly change: Uint8Array | undefined;
  readonly inverse: Uint8Array | undefined;
  readonly notes: CommitNotes;
}

/** The parts of a commit that retention may drop. */
export type CommitPart = "update" | "change" | "inverse";

/** What else it may: of the notes, the issues and the hash of the refused update. */
export type DroppedPart = CommitPart | "issues";

export function revisionOf(sequence: number, hash: Uint8Array): string {
  return `${sequence}-${Buffer.from(hash.buffer, hash.byteOffset, 6).toString("hex")}`;
}

export const HASH_BYTES = 32;

/** What the first commit of a document has in place of the hash before it. */
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES);

const PARTS = ["update", "change", "inverse", "notes"] as const;
const [EMPTY, STORED, DROPPED, REDUCED] = [0, 1, 2, 3] as const;
const NO_BYTES = Buffer.alloc(0);
const EMPTY_PART: RecordPart = { state: EMPTY, bytes: NO_BYTES };

/** Turns the drafts of one document into records, and checks records; it keeps one scratch buffer for all of them. */
export interface CommitCodec {
  /** The record and its hash, in hex as well. */
  encode(
    key: Uint8Array,
    draft: CommitDraft,
    context: {
      readonly previous: Uint8Array;
      readonly epoch: number;
      readonly sequence: number;
      readonly time: number;
      readonly feedSequence: number;
    },
  ): { readonly value: Buffer; readonly hash: Buffer; readonly hex: string };
  /** Whether the record's hash is the one that follows from its bytes and the hash before it. */
  follows(record: CommitRecord, previous: Uint8Array): boolean;
}

export function createCommitCodec(document: string): CommitCodec {
  const id = new ByteWriter().text(document).take();
  const headerAt = 1 + HASH_BYTES + id.length;
  // What is hashed: 01, previous, document, header, four digests.
  let scratch = Buffer.alloc(headerAt + 512);
  scratch[0] = 1;
  scratch.set(id, 1 + HASH_BYTES);
  const reserve = (header: number) => {
    const needed = headerAt + header + PARTS.length * HASH_BYTES;
    if (needed > scratch.length) scratch = Buffer.concat([scratch, Buffer.alloc(needed)]);
  };
  let actorKey: CommitActor | undefined;
  let actorBytes: Buffer = NO_BYTES;

  const encodeActor = (actor: CommitActor): Buffer => {
    // One author mostly follows himself.
    const same =
      actorKey !== undefined &&
      actorKey.user === actor.user &&
      actorKey.session === actor.session &&
      actorKey.tenant === actor.tenant;
    if (!same) {
      actorBytes = new ByteWriter(128).block(encodeActorFields(actor)).take();
      actorKey = { user: actor.user, session: actor.session, tenant: actor.tenant };
    }
    return actorBytes;
  };

  return {
    encode(key, draft, { previous, epoch, sequence, time, feedSequence }) {
      const kind = KINDS.indexOf(draft.kind) + 1;
      if (kind === 0) throw new TypeError(`kind is one of ${KINDS.join(", ")}`);
      const actor = encodeActor(draft.actor);
      const headerLength =
        varuintLength(epoch) + varuintLength(sequence) + actor.length + varuintLength(time) + 1;
      reserve(headerLength + 8);
      scratch.set(previous, 1);
      let at = writeVaruint(scratch, headerAt, headerLength);
      at = writeVaruint(scratch, at, epoch);
      at = writeVaruint(scratch, at, sequence);
      scratch.set(actor, at);
      at = writeVaruint(scratch, at + actor.length, time);
      scratch[at++] = kind;
      const headerEnd = at;

      const notes = draft.notes === undefined ? NO_BYTES : encodeNotes(draft.notes);
      const parts = [draft.update ?? NO_BYTES, draft.change ?? NO_BYTES, draft.inverse ?? NO_BYTES, notes];
      let states = 0;
      let length = headerEnd - headerAt + HASH_BYTES + varuintLength(feedSequence) + 1;
      for (let index = 0; index < parts.length; index++) {
        const part = parts[index]!;
        if (part.length === 0) {
          scratch.set(EMPTY_DIGEST, at);
        } else {
          // Faster than a digest in a buffer of its own.
          scratch.write(digest("sha256", part, "binary"), at, "latin1");
          states |= STORED << (index * 2);
          length += varuintLength(part.length) + part.length;
        }
        at += HASH_BYTES;
      }
      const hex = digest("sha256", scratch.subarray(0, at), "hex");

      const value = allocateSealed(length);
      value.set(scratch.subarray(headerAt, headerEnd));
      let to = headerEnd - headerAt;
      // Its own bytes, or whoever keeps the hash would keep the whole commit.
      const hash = Buffer.from(hex, "hex");
      value.set(hash, to);
      to = writeVaruint(value, to + HASH_BYTES, feedSequence);
      value[to++] = states;
      for (const part of parts) {
        if (part.length === 0) continue;
        to = writeVaruint(value, to, part.length);
        value.set(part, to);
        to += part.length;
      }
      return { value: seal(key, value), hash, hex };
    },

    follows({ header, hash, parts }, previous) {
      reserve(header.length + 8);
      scratch.set(previous, 1);
      let at = writeVaruint(scratch, headerAt, header.length);
      scratch.set(header, at);
      at += header.length;
      for (const { state, bytes } of parts) {
        if (state === DROPPED || state === REDUCED) scratch.set(bytes, at);
        else if (state === EMPTY) scratch.set(EMPTY_DIGEST, at);
        else scratch.write(digest("sha256", bytes, "binary"), at, "latin1");
        at += HASH_BYTES;
      }
      return digest("sha256", scratch.subarray(0, at), "binary") === hash.toString("latin1");
    },
  };
}

/** A stored commit, its bytes taken apart and nothing more. */
export interface CommitRecord {
  readonly header: Buffer;
  readonly hash: Buffer;
  readonly feedSequence: number;
  /** update, change, inverse, notes */
  readonly parts: readonly RecordPart[];
  /** Fields that this version does not know. */
  readonly rest: Buffer;
}

/** What a commit says of itself in the bytes that its hash covers. */
export type CommitHeader = Pick<Commit, "epoch" | "sequence" | "actor" | "time" | "kind">;

/** @throws DecodeError */
export function readCommitHeader(header: Buffer): CommitHeader {
  const reader = new ByteReader(header);
  const epoch = reader.varuint();
  const sequence = reader.varuint();
  const actor = actorOf(reader.block());
  const time = reader.varuint();
  const kind = KINDS[reader.byte() - 1];
  if (kind === undefined) throw new DecodeError("its kind is unknown");
  return { epoch, sequence, actor, time, kind };
}

/** What a part's digest is when there is none. */
export const EMPTY_DIGEST = Buffer.from(digest("sha256", NO_BYTES, "hex"), "hex");

/** The digests of update, change, inverse and notes, which dropping them leaves as they were. */
export function partDigests({ parts }: CommitRecord): readonly Buffer[] {
  return parts.map(({ state, bytes }) => {
    if (state === DROPPED || state === REDUCED) return bytes;
    return state === EMPTY ? EMPTY_DIGEST : digest("sha256", bytes, "buffer");
  });
}

/** The hash of a commit from all that it covers, in the order in which it does. */
export function commitHash(
  document: string,
  {
    previous,
    header,
    digests,
  }: { readonly previous: Uint8Array; readonly header: Uint8Array; readonly digests: readonly Uint8Array[] },
): Buffer {
  const hashed = new ByteWriter().byte(1).raw(previous).text(document).block(header);
  for (const part of digests) hashed.raw(part);
  return digest("sha256", hashed.view(), "buffer");
}

interface RecordPart {
  readonly state: number;
  /** The digest of a part that was dropped or reduced. */
  readonly bytes: Buffer;
  /** What is left of a part that was reduced. */
  readonly left?: Buffer;
}

/**
 * A commit as it was stored, in both forms.
 *
 * @throws StorageError `corrupted`
 */
export function readCommit(
  entry: readonly [Uint8Array, Uint8Array],
  place: { readonly document: string; readonly sequence: number },
): { readonly commit: Commit; readonly record: CommitRecord } {
  return unseal(entry, { what: "commit", ...place }, reader => {
    const record = takeApart(reader);
    return { commit: toCommit(record, place.sequence), record };
  });
}

function takeApart(reader: ByteReader): CommitRecord {
  const header = reader.block();
  const hash = reader.raw(HASH_BYTES);
  const feedSequence = reader.varuint();
  const states = reader.byte();
  const parts: CommitRecord["parts"][number][] = [];
  for (let index = 0; index < PARTS.length; index++) {
    const state = (states >> (index * 2)) & 3;
    if (state === REDUCED && PARTS[index] !== "notes") throw new DecodeError("only notes can be reduced");
    if (state === EMPTY) parts.push(EMPTY_PART);
    else if (state === STORED) parts.push({ state, bytes: reader.block() });
    else if (state === DROPPED) parts.push({ state, bytes: reader.raw(HASH_BYTES) });
    else parts.push({ state, bytes: reader.raw(HASH_BYTES), left: reader.block() });
  }
  return { header, hash, feedSequence, parts, rest: reader.left === 0 ? NO_BYTES : reader.raw(reader.left) };
}

function toCommit({ header, hash, feedSequence, parts }: CommitRecord, place: number): Commit {
  const { epoch, sequence, actor, time, kind } = readCommitHeader(header);
  if (sequence !== place) throw new DecodeError(`it says that it is commit ${sequence}`);
  const stored = (index: number) => {
    const { state, bytes, left } = parts[index]!;
    return state === DROPPED ? undefined : (left ?? bytes);
  };
  const notes = stored(3);
  return {
    sequence,
    revision: revisionOf(sequence, hash),
    hash,
    epoch,
    time,
    actor,
    kind,
    feedSequence,
    update: stored(0),
    change: stored(1),
    inverse: stored(2),
    notes: notes === undefined ? NO_NOTES : decodeNotes(notes),
  };
}

/** One author mostly follows himself. */
let latestActor: { readonly bytes: Buffer; readonly actor: CommitActor } | undefined;

function actorOf(bytes: Buffer): CommitActor {
  if (latestActor === undefined || !latestActor.bytes.equals(bytes)) {
    latestActor = { bytes: Buffer.from(bytes), actor: Object.freeze(decodeActorFields(bytes)) };
  }
  return latestActor.actor;
}

/** The value of a commit without some of its parts; `undefined` when they are gone already. */
export function withoutParts(
  [key, value]: readonly [Uint8Array, Uint8Array],
  place: { readonly document: string; readonly sequence: number },
  drop: readonly DroppedPart[],
): Buffer | undefined {
  const { header, hash, feedSequence, parts, rest } = readCommit([key, value], place).record;
  let states = 0;
  let changed = false;
  const kept = new ByteWriter(value.length + PARTS.length * HASH_BYTES);
  for (const [index, part] of parts.entries()) {
    const { state, bytes, left } = withoutPart(part, PARTS[index]!, drop);
    changed ||= state !== part.state;
    states |= state << (index * 2);
    if (state === STORED) kept.block(bytes);
    else kept.raw(bytes);
    if (left !== undefined) kept.block(left);
  }
  if (!changed) return undefined;
  const writer = new ByteWriter()
    .block(header)
    .raw(hash)
    .varuint(feedSequence)
    .byte(states)
    .raw(kept.view())
    .raw(rest);
  const without = allocateSealed(writer.length);
  without.set(writer.view());
  return seal(key, without);
}

function withoutPart(
  part: RecordPart,
  name: (typeof PARTS)[number],
  drop: readonly DroppedPart[],
): RecordPart {
  if (part.state !== STORED) return part;
  const reduces = name === "notes" && drop.includes("issues");
  const left = reduces ? asBuffer(withoutIssues(part.bytes)) : part.bytes;
  const drops = name !== "notes" && drop.includes(name);
  if (!drops && left === part.bytes) return part;
  const bytes = digest("sha256", part.bytes, "buffer");
  return drops || left.length === 0 ? { state: DROPPED, bytes } : { state: REDUCED, bytes, left };
}

/** 1 user, 2 session, 3 tenant. */
export function encodeActorFields({ user, session, tenant }: CommitActor): Buffer {
  if (typeof user !== "string") throw new TypeError("an actor has a user");
  const writer = new ByteWriter(128).varuint(1).text(user);
  if (session !== undefined) writer.varuint(2).text(session);
  if (tenant !== undefined) writer.varuint(3).text(tenant);
  return writer.take();
}

/** @throws DecodeError */
export function decodeActorFields(bytes: Buffer): CommitActor {
  let user = "";
  let session: string | undefined;
  let tenant: string | undefined;
  for (const [tag, value] of new ByteReader(bytes).fields()) {
    if (tag === 1) user = value.toString("utf8");
    else if (tag === 2) session = value.toString("utf8");
    else if (tag === 3) tenant = value.toString("utf8");
  }
  return { user, session, tenant };
}
