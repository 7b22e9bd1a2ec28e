/**
 * What is kept of forks: who proposes what for which document, and what became of it.
 *
 * A fork's content is a document in the ledger like any other; the rest lies in records of that document, and in those
 * of its parent is which forks it has: so all of it goes with what is erased.
 * Whether a fork was merged is known by the commit in its parent, which bears a key of the fork: that one is durable
 * first, and a record that was not written any more after it is mended when it is read.
 */
import { forkDocumentId, forkOf } from "@verso/protocol";
import { type Ledger, StorageError } from "@verso/storage";
import * as Y from "yjs";
import { z } from "zod";
import type { Actor } from "./actor.js";
import { ServerError } from "./errors.js";
import type { Kind, Kinds } from "./kinds.js";

const commitPlace = z.object({ sequence: z.int().positive(), revision: z.string() });

const recordSchema = z.looseObject({
  parent: z.string(),
  proposer: z.object({ user: z.string(), authenticated: z.boolean(), tenant: z.string().nullable() }),
  title: z.string(),
  comment: z.string(),
  created: z.int(),
  /** Where the parent stood, and its state vector, in base64. */
  base: commitPlace.extend({ stateVector: z.string() }),
  state: z.enum(["open", "merged", "dropped"]),
  closed: z.object({ user: z.string(), tenant: z.string().nullable(), at: z.int() }).nullable(),
  /** The commit of the parent. */
  merged: commitPlace.nullable(),
});

/** A fork. Times are in milliseconds since 1970. */
export type Fork = Readonly<z.output<typeof recordSchema>> & { readonly id: string };

export interface ForkStore {
  get(id: string): Promise<Fork | undefined>;
  /** The forks of a document, oldest first. */
  list(parent: string, options?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Fork>;
  /** Adds or replaces it; durable when this resolves. */
  put(fork: Fork): Promise<void>;
}

export function createForkStore(ledger: Ledger): ForkStore {
  const recordsOf = (id: string) => ledger.documentRecords(forkDocumentId(id), "fork");
  /** The ids are in the order of their creation. */
  const forksOf = (parent: string) => ledger.documentRecords(parent, "forks");

  const store: ForkStore = {
    async get(id) {
      const bytes = await recordsOf(id).get(recordKey);
      return bytes === undefined ? undefined : mended(decode(id, bytes));
    },
    async *list(parent, { after, limit = Number.POSITIVE_INFINITY } = {}) {
      let given = 0;
      for await (const [id] of forksOf(parent).entries(after === undefined ? {} : { after })) {
        if (given >= limit) return;
        const fork = await store.get(id);
        if (fork === undefined) continue;
        given++;
        yield fork;
      }
    },
    async put({ id, ...record }) {
      // In this order: what is listed and was never kept does no harm.
      await forksOf(record.parent).put(id, listed);
      await recordsOf(id).put(recordKey, Buffer.from(JSON.stringify(record)));
    },
  };
  return store;

  async function mended(fork: Fork): Promise<Fork> {
    if (fork.state !== "open") return fork;
    const sequence = await ledger.findByDedupe(fork.parent, mergeKey(fork.id));
    if (sequence === undefined) return fork;
    for await (const { revision, time, notes } of ledger.read(fork.parent, { from: sequence, limit: 1 })) {
      const { user = "", tenant = null } = notes.merged ?? {};
      const merged: Fork = {
        ...fork,
        state: "merged",
        closed: { user, tenant, at: time },
        merged: { sequence, revision },
      };
      await store.put(merged);
      return merged;
    }
    return fork;
  }
}

/** By which the commit of a merge is found, so that no fork is ever merged twice. */
export function mergeKey(fork: string): string {
  return `merge ${fork}`;
}

/**
 * The kind that a document is opened with: its own or, for a fork, its parent's without what that asks. Throws
 * `unknown-kind` where there is none, and `document-closed` for a fork that is not open.
 */
export function kindOfDocument(
  documentId: string,
  { kinds, forks }: { kinds: Kinds; forks: ForkStore },
): Kind | Promise<Kind> {
  const fork = forkOf(documentId);
  return fork === null ? knownKind(documentId, kinds) : kindOfFork(fork, { kinds, forks });
}

async function kindOfFork(id: string, { kinds, forks }: { kinds: Kinds; forks: ForkStore }): Promise<Kind> {
  const fork = await forks.get(id);
  if (fork?.state !== "open") throw new ServerError("document-closed", `The fork "${id}" is not open.`);
  const { pattern, roots, textAt, jsonConflicts } = knownKind(fork.parent, kinds);
  const base = Y.decodeStateVector(Buffer.from(fork.base.stateVector, "base64"));
  const forkedFrom = new Set(base.keys());
  return { pattern, roots, textAt, jsonConflicts, judge: null, initial: null, forkedFrom };
}

function knownKind(documentId: string, kinds: Kinds): Kind {
  const kind = kinds.of(documentId);
  if (kind === null) throw new ServerError("unknown-kind", `No kind is configured for "${documentId}".`);
  return kind;
}

export function documentOf({ id }: Fork): string {
  return forkDocumentId(id);
}

/** Whether a fork is this actor's. Those for whom nobody has vouched are told apart by what they call themselves. */
export function isProposer({ user, authenticated, tenant }: Actor, { proposer }: Fork): boolean {
  return (
    proposer.user === user && proposer.authenticated === authenticated && proposer.tenant === (tenant ?? null)
  );
}

/** A fork has one record, and its parent an empty one by its id. */
const recordKey = "record";
const listed = Buffer.alloc(0);

function decode(id: string, bytes: Uint8Array): Fork {
  let record: unknown;
  try {
    record = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw new StorageError("corrupted", `the record of the fork ${id} is none`, { cause });
  }
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) throw new StorageError("corrupted", `the record of the fork ${id} is none`);
  return { ...parsed.data, id };
}
