/**
 * What has become of the edits of one device: each is made, kept, sent, and answered.
 *
 * It knows nothing but what can be seen from outside the client: what it has stored, and what has passed over the wire.
 */
import type { OutboxRecord } from "@verso/client";
import type { VersoClientMessage, VersoIssue, VersoServerMessage } from "@verso/protocol";

export type Fate =
  /** Not kept on the device yet. */
  | { readonly kind: "storing" }
  /** For a connection, and on the device when that keeps anything. */
  | { readonly kind: "waiting" }
  | { readonly kind: "sent" }
  | { readonly kind: "acknowledged"; readonly sequence: number }
  | {
      readonly kind: "rejected";
      readonly sequence: number;
      readonly verdict: "refused" | "repaired";
      readonly issues: readonly VersoIssue[];
    }
  /** Another tab of the device has had the answer. */
  | { readonly kind: "answered" };

export type FateKind = Fate["kind"];

export interface Edit {
  /** `null` until it is kept. */
  readonly clientSequence: number | null;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly update: Uint8Array;
  readonly fate: Fate;
}

export type Draft = Pick<OutboxRecord, "madeAt" | "update">;

export interface EditLog {
  /** In the order in which they became known. */
  readonly edits: Iterable<Edit>;
  /** How many have this fate. */
  count(kind: FateKind): number;
  /** One was made on this page. */
  made(draft: Draft): void;
  /** The device keeps one, or does not: then it has no number before it is sent. */
  stored(draft: Draft, clientSequence: number | null): void;
  /** What the device keeps, from `after` on: those that are gone from it were answered. */
  kept(records: readonly OutboxRecord[], options: { readonly after: number }): void;
  said(message: VersoClientMessage): void;
  heard(message: VersoServerMessage): void;
  /** What was sent and not answered will be sent again. */
  disconnected(): void;
  subscribe(listener: () => void): void;
}

export interface EditLogOptions {
  /** How many are remembered. @default 10,000 */
  readonly most?: number;
}

type Entry = { -readonly [Key in keyof Edit]: Edit[Key] };

export function createEditLog({ most = 10_000 }: EditLogOptions = {}): EditLog {
  const entries = new Set<Entry>();
  const byClientSequence = new Map<number, Entry>();
  const counts = new Map<FateKind, number>();
  const unnamed = new Set<Entry>();
  const sent = new Set<Entry>();
  const listeners = new Set<() => void>();

  return {
    edits: entries,
    count: kind => counts.get(kind) ?? 0,
    made({ madeAt, update }) {
      unnamed.add(add({ clientSequence: null, madeAt, update, fate: { kind: "storing" } }));
      changed();
    },
    stored(draft, clientSequence) {
      const entry =
        byClientSequence.get(clientSequence ?? 0) ??
        find(draft.update) ??
        add({ ...draft, clientSequence, fate: { kind: "storing" } });
      if (clientSequence !== null) name(entry, clientSequence);
      if (entry.fate.kind === "storing") become(entry, { kind: "waiting" });
      changed();
    },
    kept(records, { after }) {
      const there = new Set(records.map(({ clientSequence }) => clientSequence));
      for (const [clientSequence, entry] of byClientSequence) {
        if (clientSequence > after && !there.has(clientSequence) && entry.fate.kind === "waiting") {
          become(entry, { kind: "answered" });
        }
      }
      for (const record of records) {
        const { clientSequence, update } = record;
        if (byClientSequence.has(clientSequence)) continue;
        const entry = find(update);
        if (entry === undefined) add({ ...record, fate: { kind: "waiting" } });
        else {
          name(entry, clientSequence);
          become(entry, { kind: "waiting" });
        }
      }
      changed();
    },
    said(message) {
      if (message.type !== "push") return;
      const { clientSequence, madeAt, update } = message;
      const entry =
        byClientSequence.get(clientSequence) ??
        find(update) ??
        add({ clientSequence, madeAt, update, fate: { kind: "waiting" } });
      name(entry, clientSequence);
      become(entry, { kind: "sent" });
      changed();
    },
    heard(message) {
      if (message.type !== "acknowledged" && message.type !== "rejected") return;
      const entry = byClientSequence.get(message.clientSequence);
      if (entry === undefined) return;
      const { sequence } = message;
      if (message.type === "acknowledged") become(entry, { kind: "acknowledged", sequence });
      else {
        const { verdict, issues } = message;
        become(entry, { kind: "rejected", sequence, verdict, issues });
      }
      changed();
    },
    disconnected() {
      for (const entry of sent) become(entry, { kind: "waiting" });
      changed();
    },
    subscribe(listener) {
      listeners.add(listener);
    },
  };

  function add(entry: Entry): Entry {
    entries.add(entry);
    if (entry.clientSequence !== null) byClientSequence.set(entry.clientSequence, entry);
    tally(entry.fate.kind, 1);
    forgetOldest();
    return entry;
  }

  function name(entry: Entry, clientSequence: number): void {
    entry.clientSequence = clientSequence;
    byClientSequence.set(clientSequence, entry);
    unnamed.delete(entry);
  }

  function become(entry: Entry, fate: Fate): void {
    tally(entry.fate.kind, -1);
    tally(fate.kind, 1);
    entry.fate = fate;
    if (fate.kind === "sent") sent.add(entry);
    else sent.delete(entry);
  }

  function tally(kind: FateKind, by: number): void {
    counts.set(kind, (counts.get(kind) ?? 0) + by);
  }

  /** One without a number, by what it does. They are kept and sent in their order: it is the first, as a rule. */
  function find(update: Uint8Array): Entry | undefined {
    for (const entry of unnamed) if (isSame(entry.update, update)) return entry;
    return undefined;
  }

  function forgetOldest(): void {
    for (const entry of entries) {
      if (entries.size <= most) return;
      entries.delete(entry);
      unnamed.delete(entry);
      sent.delete(entry);
      tally(entry.fate.kind, -1);
      if (entry.clientSequence !== null) byClientSequence.delete(entry.clientSequence);
    }
  }

  function changed(): void {
    for (const listener of listeners) listener();
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
