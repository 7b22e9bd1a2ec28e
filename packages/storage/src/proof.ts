/**
 * Inclusion proofs: that a commit belongs to the history which a head stands for, checked with nothing but the proof.
 *
 * A proof holds all that goes into the hashes of the commit and of those after it, up to a head: for each its header and
 * the digests of its parts. The parts themselves are not needed, so what retention has dropped is still provable, and a
 * proof shows no content. It does show who wrote when, from the commit to the head.
 *
 * ```
 * {"commits":[{"change":"<64>","header":"<hex>","inverse":"<64>","notes":"<64>","update":"<64>"}, …],
 *  "document":"invoice/42", "head":{…}, "previous":"<64>", "type":"verso-proof-1"}
 * ```
 *
 * The first of `commits` is the one that is proven and the last is that of the head; headers and hashes are those of
 * commit.ts, in hex, and the digest of an empty part is left out. `previous` is the hash before the first; `head` is as in
 * signed-head.ts, or without signature only `document`, `hash` and `sequence`. All of it is one line of JSON in the form
 * of JCS (RFC 8785) with a line feed, and nothing that is written in another way is accepted.
 *
 * The length grows with the distance to the head, by some 350 bytes a commit: a chain of hashes allows nothing shorter.
 * What keeps proofs short is a signed head soon after the commit.
 */

import type { StorageBackend } from "./backend.js";
import {
  type CommitHeader,
  commitHash,
  createCommitCodec,
  EMPTY_DIGEST,
  HASH_BYTES,
  NO_HASH,
  partDigests,
  readCommit,
  readCommitHeader,
  revisionOf,
} from "./commit.js";
import { DecodeError } from "./encoding.js";
import { corruptedRecord } from "./errors.js";
import { readHead } from "./head.js";
import { commitKey, headKey, sequenceOfCommit } from "./keys.js";
import {
  canonicalJson,
  hasExactly,
  isHex,
  isPlainHead,
  isSigned,
  isSignedHead,
  isText,
  type PlainHead,
  parsedJson,
  type SignedHead,
} from "./signed-head.js";

/** What the hash of one commit covers, but the hash before it. */
export interface ProofCommit {
  readonly header: string;
  readonly update?: string;
  readonly change?: string;
  readonly inverse?: string;
  readonly notes?: string;
}

export interface InclusionProof {
  readonly type: typeof PROOF_TYPE;
  readonly document: string;
  readonly previous: string;
  readonly commits: readonly ProofCommit[];
  readonly head: PlainHead | SignedHead;
}

/** What a proof that holds has proven. */
export interface Proven {
  readonly document: string;
  readonly commit: CommitHeader & { readonly revision: string; readonly hash: string };
  /** SHA-256 of the bytes of each part, in hex; `null` for an empty one. */
  readonly digests: Readonly<Record<(typeof PARTS)[number], string | null>>;
  readonly head: { readonly sequence: number; readonly revision: string; readonly hash: string };
  /** Who vouches for the head; `null` when nobody does, and then the head must be compared with one that is known. */
  readonly signed: { readonly time: string; readonly key: string } | null;
}

/**
 * - `malformed`: it is no proof, or not written as one is.
 * - `broken-chain`: its commits do not follow each other.
 * - `other-head`: they do not lead to its head.
 * - `bad-signature`: the head was not signed with the key that it names.
 * - `other-key`: it names another key than was asked for.
 * - `unsigned`: a key was asked for, and the head is not signed.
 */
export type ProofFault =
  | "malformed"
  | "broken-chain"
  | "other-head"
  | "bad-signature"
  | "other-key"
  | "unsigned";

export type ProofResult =
  | ({ readonly outcome: "proven" } & Proven)
  | { readonly outcome: "refuted"; readonly code: ProofFault; readonly detail: string };

const PROOF_TYPE = "verso-proof-1";
const PARTS = ["update", "change", "inverse", "notes"] as const;

/**
 * Checks a proof, in the bytes in which it was written.
 *
 * @param options.key public key in hex of which the head's signature must be
 */
export function checkProof(text: string, { key }: { readonly key?: string } = {}): ProofResult {
  const refuted = (code: ProofFault, detail: string) => ({ outcome: "refuted", code, detail }) as const;
  const proof = parsedJson(text);
  if (!isProof(proof)) return refuted("malformed", "this is no proof");
  if (formatProof(proof) !== text) return refuted("malformed", "it is not written as proofs are");
  const { document, head } = proof;

  const headers: CommitHeader[] = [];
  const hashes: Buffer[] = [];
  try {
    let previous: Buffer = Buffer.from(proof.previous, "hex");
    for (const commit of proof.commits) {
      const header = Buffer.from(commit.header, "hex");
      const digests = PARTS.map(part => bytesOf(commit[part]));
      headers.push(readCommitHeader(header));
      previous = commitHash(document, { previous, header, digests });
      hashes.push(previous);
    }
  } catch (error) {
    if (error instanceof DecodeError) return refuted("malformed", `a commit: ${error.message}`);
    throw error;
  }
  const [first] = headers;
  const [hash] = hashes;
  const last = headers.at(-1);
  if (first === undefined || hash === undefined || last === undefined) {
    return refuted("malformed", "it has no commits");
  }
  const gap = headers.findIndex(({ sequence }, index) => sequence !== first.sequence + index);
  if (gap >= 0) return refuted("broken-chain", `commit ${headers[gap]?.sequence} is out of its place`);
  // Only the first commit of a document has no hash before it.
  if ((first.sequence === 1) !== Buffer.from(proof.previous, "hex").equals(NO_HASH)) {
    return refuted("broken-chain", "the hash before it cannot be that of a first commit");
  }
  const leadsTo = hashes.at(-1)?.toString("hex");
  if (head.document !== document || head.sequence !== last.sequence || head.hash !== leadsTo) {
    return refuted("other-head", `its commits lead to ${last.sequence} with hash ${leadsTo}`);
  }
  const signed = "signature" in head ? head : null;
  if (signed !== null && !isSigned(signed)) {
    return refuted("bad-signature", "the head was not signed with the key that it names");
  }
  if (key !== undefined && signed === null) return refuted("unsigned", "the head is not signed");
  if (key !== undefined && signed?.key !== key)
    return refuted("other-key", `the head names the key ${signed?.key}`);

  const [commit] = proof.commits;
  return {
    outcome: "proven",
    document,
    commit: { ...first, revision: revisionOf(first.sequence, hash), hash: hash.toString("hex") },
    digests: {
      update: commit?.update ?? null,
      change: commit?.change ?? null,
      inverse: commit?.inverse ?? null,
      notes: commit?.notes ?? null,
    },
    head: {
      sequence: head.sequence,
      revision: revisionOf(head.sequence, Buffer.from(head.hash, "hex")),
      hash: head.hash,
    },
    signed: signed === null ? null : { time: signed.time, key: signed.key },
  };
}

/** The bytes of a proof, as a file holds them. */
export function formatProof(proof: InclusionProof): string {
  return `${canonicalJson(proof)}\n`;
}

function isProof(value: unknown): value is InclusionProof {
  if (!hasExactly(value, ["type", "document", "previous", "commits", "head"])) return false;
  const { type, document, previous, commits, head } = value as Partial<InclusionProof>;
  return (
    type === PROOF_TYPE &&
    isText(document) &&
    isHex(previous, HASH_BYTES) &&
    Array.isArray(commits) &&
    commits.every(isProofCommit) &&
    (isPlainHead(head) || isSignedHead(head))
  );
}

function isProofCommit(value: unknown): value is ProofCommit {
  if (typeof value !== "object" || value === null) return false;
  const { header, ...digests } = value as Partial<ProofCommit>;
  const names: readonly string[] = PARTS;
  return (
    isHex(header) &&
    Object.entries(digests).every(([part, digest]) => names.includes(part) && isHex(digest, HASH_BYTES))
  );
}

function bytesOf(digest: string | undefined): Buffer {
  return digest === undefined ? EMPTY_DIGEST : Buffer.from(digest, "hex");
}

export interface ProveOptions {
  /** The head that the proof leads to. @default the document's present one, unsigned */
  readonly head?: SignedHead;
}

/**
 * Proves a commit; `undefined` when the document has none of this sequence up to the head. Reads the commits on the way.
 *
 * @throws StorageError `corrupted` when the store does not hold what its hashes, or what the signed head, stand for.
 */
export async function proveCommit(
  backend: StorageBackend,
  place: { readonly document: string; readonly documentKey: Uint8Array; readonly sequence: number },
  { head: signed }: ProveOptions = {},
): Promise<InclusionProof | undefined> {
  const { document, documentKey, sequence } = place;
  const key = headKey(documentKey);
  const value = await backend.get(key);
  if (value === undefined) return undefined;
  const present = readHead([key, value], document);
  const until = signed?.sequence ?? present.sequence;
  if (sequence < 1 || sequence > until) return undefined;

  const corrupted = (at: number, detail: string) =>
    corruptedRecord({ what: "commit", document, sequence: at }, detail);
  const codec = createCommitCodec(document);
  const commits: ProofCommit[] = [];
  let before: Uint8Array = NO_HASH;
  let hash: Uint8Array = NO_HASH;
  let expected = Math.max(sequence - 1, 1);
  for await (const entry of backend.range({
    gte: commitKey(documentKey, expected),
    lte: commitKey(documentKey, until),
  })) {
    const at = sequenceOfCommit(entry[0]);
    if (at !== expected) throw corrupted(expected, "is missing");
    const { record } = readCommit(entry, { document, sequence: at });
    if (at < sequence) before = record.hash;
    else {
      if (!codec.follows(record, at === sequence ? before : hash)) throw corrupted(at, "its hash is wrong");
      commits.push({ header: record.header.toString("hex"), ...namedDigests(partDigests(record)) });
    }
    hash = record.hash;
    expected += 1;
  }
  if (expected <= until) throw corrupted(expected, "is missing");
  const reached = Buffer.from(hash).toString("hex");
  const stated = signed?.hash ?? Buffer.from(present.hash).toString("hex");
  if (reached !== stated) throw corrupted(until, "is not the one that the head stands for");
  const head = signed ?? { document, hash: reached, sequence: until };
  const previous = Buffer.from(before).toString("hex");
  return { type: PROOF_TYPE, document, previous, commits, head };
}

function namedDigests(digests: readonly Buffer[]): Omit<ProofCommit, "header"> {
  const present = PARTS.map((part, index) => [part, digests[index]!] as const);
  return Object.fromEntries(
    present.flatMap(([part, digest]) =>
      digest.equals(EMPTY_DIGEST) ? [] : [[part, digest.toString("hex")] as const],
    ),
  );
}
