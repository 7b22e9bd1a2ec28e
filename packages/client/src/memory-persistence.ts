/** Keeps replicas for as long as the process lives: for tests, and for what need not outlast a page. */
import type { OutboxRecord, Persistence, ReplicaMeta, ReplicaStore } from "./persistence.js";

interface Kept {
  updates: Uint8Array[];
  outbox: OutboxRecord[];
  meta: ReplicaMeta | null;
  lastSequence: number;
}

/** All stores opened from one share what they keep, as the tabs of one browser do. */
export function memoryPersistence(): Persistence {
  const documents = new Map<string, Map<number, Kept>>();
  return {
    open(documentId, epoch) {
      const epochs = documents.get(documentId) ?? new Map<number, Kept>();
      documents.set(documentId, epochs);
      const current = epoch ?? Math.max(0, ...epochs.keys());
      const kept = epochs.get(current) ?? { updates: [], outbox: [], meta: null, lastSequence: 0 };
      epochs.set(current, kept);
      return openStore(kept);
    },
  };
}

function openStore(kept: Kept): ReplicaStore {
  return {
    async load() {
      return { updates: [...kept.updates], outbox: [...kept.outbox], meta: kept.meta };
    },
    async add({ madeAt, update }) {
      const clientSequence = ++kept.lastSequence;
      kept.outbox.push({ clientSequence, madeAt, update });
      kept.updates.push(update);
      return clientSequence;
    },
    async addRemote(updates, meta) {
      kept.updates.push(...updates);
      if (meta !== undefined) {
        kept.meta = { ...(kept.meta ?? { replicaId: "", epoch: 0, sequence: 0 }), ...meta };
      }
    },
    async settle(clientSequences) {
      const settled = new Set(clientSequences);
      kept.outbox = kept.outbox.filter(record => !settled.has(record.clientSequence));
    },
    async outboxSince(clientSequence) {
      return kept.outbox.filter(record => record.clientSequence > clientSequence);
    },
    async compact(state) {
      kept.updates = [state];
    },
    async clear() {
      Object.assign(kept, { updates: [], outbox: [], meta: null });
    },
    async close() {},
  };
}
