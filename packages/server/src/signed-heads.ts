/**
 * The signed heads of documents, which the relay keeps beside them, and the proofs that lead to them.
 *
 * A proof is as long as it is far from the commit to the next signed head, so all of them are kept; they are small.
 */
import type { KeyObject } from "node:crypto";
import {
  formatProof,
  formatSignedHead,
  type Ledger,
  parseSignedHead,
  type SignedHead,
  signHead,
} from "@verso/storage";

/** What signing takes. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

const namespace = "signed-heads";

/**
 * The present head of a document, signed and kept; the one that is kept already when nothing was written since.
 * `undefined` when there is no such document. Throws a `StorageError` `erased` when it is being erased.
 */
export async function signPresentHead(
  ledger: Ledger,
  documentId: string,
  { privateKey, now }: Signer,
): Promise<SignedHead | undefined> {
  const head = await ledger.head(documentId);
  if (head === undefined) return undefined;
  const kept = await nextSignedHead(ledger, documentId, head.sequence);
  const signed = signHead(head, { privateKey, time: now() });
  if (kept?.key === signed.key && kept.hash === signed.hash) return kept;
  const records = ledger.documentRecords(documentId, namespace);
  await records.put(keyOf(head.sequence), Buffer.from(formatSignedHead(signed)));
  return signed;
}

/** The first head at or behind a commit that was signed. */
export async function nextSignedHead(
  ledger: Ledger,
  documentId: string,
  sequence: number,
): Promise<SignedHead | undefined> {
  const records = ledger.documentRecords(documentId, namespace);
  const range = sequence > 1 ? { after: keyOf(sequence - 1), limit: 1 } : { limit: 1 };
  for await (const [, line] of records.entries(range)) return parseSignedHead(Buffer.from(line).toString());
  return undefined;
}

/**
 * The proof of a commit, as a file holds it: to the next signed head, or to one that is signed now if there is a signer,
 * or else to the present head, unsigned. `undefined` when there is no such commit.
 */
export async function proofOf(
  ledger: Ledger,
  documentId: string,
  { sequence, signer }: { readonly sequence: number; readonly signer: Signer | undefined },
): Promise<string | undefined> {
  const present = await ledger.head(documentId);
  if (present === undefined || sequence > present.sequence) return undefined;
  const head =
    (await nextSignedHead(ledger, documentId, sequence)) ??
    (signer === undefined ? undefined : await signPresentHead(ledger, documentId, signer));
  const proof = await ledger.prove(documentId, sequence, head === undefined ? {} : { head });
  return proof === undefined ? undefined : formatProof(proof);
}

/** In the order of the sequences. */
function keyOf(sequence: number): string {
  return String(sequence).padStart(16, "0");
}
