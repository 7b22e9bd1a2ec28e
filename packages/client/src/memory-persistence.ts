/** Keeps replicas for as long as the process lives: for tests, and for what need not outlast a page. */
import type { OutboxRecord, Persistence, ReplicaMeta } from "./persistence.js";
import { NO_META, openReplicaStore, type ReplicaMedium } from "./replica-store.js";

/** All stores opened from one share what they keep, as the tabs of one browser do. */
export function memoryPersistence(): Persistence {
  const media = new Map<string, ReplicaMedium>();
  const newest = new Map<string, number>();
  return {
    open(documentId, epoch = 0) {
      const current = Math.max(1, epoch === 0 ? (newest.get(documentId) ?? 1) : epoch);
      const place = `${current} ${documentId}`;
      const note = () => newest.set(documentId, Math.max(current, newest.get(documentId) ?? 1));
      const medium = media.get(place) ?? createMedium(note);
      media.set(place, medium);
      return openReplicaStore(medium);
    },
  };
}

/** @param written called before everything that keeps something */
function createMedium(written: () => void): ReplicaMedium {
  const updates = new Map<number, Uint8Array>();
  const records = new Map<number, OutboxRecord>();
  let meta: ReplicaMeta | null = null;
  let lastUpdate = 0;
  let lastRecord = 0;

  return {
    async updates() {
      return { updates: [...updates.values()], last: lastUpdate };
    },
    async addUpdates(added) {
      written();
      return added.map(addUpdate);
    },
    async replaceUpdates(isHeld, state) {
      written();
      for (const number of updates.keys()) if (isHeld(number)) updates.delete(number);
      return addUpdate(state);
    },
    async recordsSince(clientSequence) {
      return [...records.values()].filter(record => record.clientSequence > clientSequence);
    },
    async records(clientSequences) {
      return clientSequences.flatMap(clientSequence => records.get(clientSequence) ?? []);
    },
    async addRecords(drafts) {
      written();
      return drafts.map(draft => {
        const clientSequence = ++lastRecord;
        records.set(clientSequence, { ...draft, clientSequence });
        return clientSequence;
      });
    },
    async removeRecords(clientSequences) {
      for (const clientSequence of clientSequences) records.delete(clientSequence);
    },
    async meta() {
      return meta;
    },
    async setMeta(changed) {
      written();
      meta = { ...(meta ?? NO_META), ...changed };
    },
    async clear() {
      updates.clear();
      records.clear();
      meta = null;
    },
    async close() {},
  };

  function addUpdate(update: Uint8Array): number {
    const number = ++lastUpdate;
    updates.set(number, update);
    return number;
  }
}
