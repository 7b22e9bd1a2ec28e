/**
 * What a document has to know of its past beside its content: whose client ids are whose, and what was taken back and
 * restored. It begins in the notes of commits; a snapshot keeps all that came before it, so that opening need not read
 * the history.
 */
import { decodeRevertNote, type RevertNote } from "@verso/bridge";
import type { Commit, Snapshot } from "@verso/storage";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { type LeaseTable, nameOf } from "./leases.js";

export interface Recollection {
  readonly leases: LeaseTable;
  /** What each commit took back and restored, encoded, the oldest first. */
  readonly reversions: Uint8Array[];
}

/** As of the last of these commits, which follow the snapshot. */
export function recollect(
  snapshot: Pick<Snapshot, "attachments"> | undefined,
  tail: readonly Pick<Commit, "actor" | "notes">[],
): Recollection {
  const recollection = {
    leases: decodeLeases(snapshot?.attachments.get(leasesName)),
    reversions: decodeReversions(snapshot?.attachments.get(reversionsName)),
  };
  for (const commit of tail) remember(recollection, commit);
  return recollection;
}

/** Takes in the next commit. */
export function remember(
  { leases, reversions }: Recollection,
  { actor, notes }: Pick<Commit, "actor" | "notes">,
): void {
  for (const client of notes.leases ?? []) leases.set(client, nameOf(actor));
  if (notes.reversion === undefined) return;
  reversions.push(notes.reversion);
  if (reversions.length > reversionsKept) reversions.shift();
}

export function revertNotes({ reversions }: Recollection): RevertNote[] {
  return reversions.map(decodeRevertNote);
}

/** What a snapshot is to keep. */
export function attachmentsOf({ leases, reversions }: Recollection): (readonly [string, Uint8Array])[] {
  const attachments: (readonly [string, Uint8Array])[] = [];
  if (leases.size > 0) attachments.push([leasesName, encodeLeases(leases)]);
  if (reversions.length > 0) attachments.push([reversionsName, encodeReversions(reversions)]);
  return attachments;
}

/** The gate forgets older ones too. */
const reversionsKept = 10_000;

const leasesName = "leases";
const reversionsName = "reversions";

/** JSON: the names of users to their ids. */
function encodeLeases(leases: LeaseTable): Uint8Array {
  const ids: Record<string, number[]> = {};
  for (const [client, user] of leases) {
    ids[user] ??= [];
    ids[user].push(client);
  }
  return Buffer.from(JSON.stringify(ids));
}

function decodeLeases(bytes: Uint8Array | undefined): LeaseTable {
  const leases: LeaseTable = new Map();
  if (bytes === undefined) return leases;
  const ids = JSON.parse(Buffer.from(bytes).toString()) as Readonly<Record<string, readonly number[]>>;
  for (const [user, clients] of Object.entries(ids)) {
    for (const client of clients) leases.set(client, user);
  }
  return leases;
}

function encodeReversions(reversions: readonly Uint8Array[]): Uint8Array {
  return encoding.encode(encoder => {
    for (const reversion of reversions) encoding.writeVarUint8Array(encoder, reversion);
  });
}

function decodeReversions(bytes: Uint8Array | undefined): Uint8Array[] {
  const reversions: Uint8Array[] = [];
  if (bytes === undefined) return reversions;
  const decoder = decoding.createDecoder(bytes);
  while (decoding.hasContent(decoder)) reversions.push(decoding.readVarUint8Array(decoder));
  return reversions;
}
