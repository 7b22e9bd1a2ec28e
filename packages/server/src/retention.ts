/**
 * How long it is kept how a document came to be what it is.
 *
 * Commits stay, with who made them, when, and their hashes; so the chain verifies and every commit can be proven. What
 * goes, by its own age and number, are the updates that a snapshot stands for, and the changes with their inverse records.
 * How far it has come is remembered beside the document, so that each commit is looked at once and not each time.
 */
import type { CommitPart, Ledger } from "@verso/storage";
import { z } from "zod";

const limitsSchema = z
  .strictObject({
    /** Days after which it goes. @default never */
    keepDays: z.number().nonnegative().optional(),
    /** The latest commits that keep it; of older ones it goes. @default all */
    keepCommits: z.number().int().nonnegative().optional(),
  })
  .prefault({});

/** The shape of `retention` in a configuration. */
export const retentionSchema = z
  .strictObject({
    /** The updates of Yjs, without which a version cannot be opened as it was. */
    updates: limitsSchema,
    /** The patches in both directions, and what undoing takes. */
    changes: limitsSchema,
  })
  .prefault({});

export type Retention = z.output<typeof retentionSchema>;

const parts = {
  updates: ["update"],
  changes: ["change", "inverse"],
} as const satisfies Record<keyof Retention, readonly CommitPart[]>;

/** The first commit of each kind of parts that was left: what stands in the records of the namespace. */
const progressSchema = z.object({ updates: z.int().positive(), changes: z.int().positive() });
type Progress = z.output<typeof progressSchema>;

const namespace = "retention";
const key = "progress";
const day = 24 * 60 * 60 * 1000;

/** Lets go of what a document is to keep no longer. Costs the commits that it goes from, and nothing when all is kept. */
export async function dropOldParts(
  ledger: Ledger,
  documentId: string,
  { retention, now }: { readonly retention: Retention; readonly now: number },
): Promise<void> {
  if (keepsAll(retention.updates) && keepsAll(retention.changes)) return;
  const head = await ledger.head(documentId);
  if (head === undefined) return;
  const records = ledger.documentRecords(documentId, namespace);
  const known = await readProgress(records);
  const progress: Progress = {
    updates: await drop("updates", known.updates, head.snapshot),
    changes: await drop("changes", known.changes, head.sequence),
  };
  if (progress.updates === known.updates && progress.changes === known.changes) return;
  await records.put(key, Buffer.from(JSON.stringify(progress)));

  /** Up to the commit `last`; answers which one was left first. */
  async function drop(kind: keyof Retention, from: number, last: number): Promise<number> {
    const { keepDays, keepCommits } = retention[kind];
    let next = from;
    if (keepCommits !== undefined && head !== undefined) {
      next = await dropUntil(next, Math.min(last, head.sequence - keepCommits), {});
    }
    if (keepDays !== undefined) next = await dropUntil(next, last, { olderThan: now - keepDays * day });
    return next;

    async function dropUntil(first: number, until: number, age: { olderThan?: number }): Promise<number> {
      if (until < first) return first;
      const range = { document: documentId, from: first, before: until + 1, parts: parts[kind], ...age };
      const dropped = await ledger.dropParts(range);
      return dropped.outcome === "dropped" ? dropped.next : first;
    }
  }
}

function keepsAll({ keepDays, keepCommits }: Retention["updates"]): boolean {
  return keepDays === undefined && keepCommits === undefined;
}

async function readProgress(records: ReturnType<Ledger["documentRecords"]>): Promise<Progress> {
  const bytes = await records.get(key);
  if (bytes === undefined) return { updates: 1, changes: 1 };
  return progressSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
}
