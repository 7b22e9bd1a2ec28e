/** Documents of a wanted size, as applications have them, and small changes to them as another client sends them. */
import * as Y from "yjs";
import { seededRandom } from "./statistics.js";

export interface Records {
  readonly doc: Y.Doc;
  /** How many there are; they are called `record0`, `record1`, … */
  readonly count: number;
  /** The transactions that made them. */
  readonly updates: readonly Uint8Array[];
}

export const changeKinds = ["set", "text", "array"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** The root, a map with `records` in it and `order`, a list. */
export const RECORDS_ROOT = "root";

const RECORD_BYTES = 400;
const RECORDS_A_TRANSACTION = 20;

/** A document of about so many bytes of JSON. The same bytes give the same document. */
export function createRecords(bytes: number): Records {
  const random = seededRandom(3);
  const word = () => Math.floor(random() * 1e9).toString(36);
  const words = (count: number) => Array.from({ length: count }, word);
  const doc = new Y.Doc();
  doc.clientID = 77;
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  const root = doc.getMap(RECORDS_ROOT);
  const records = root.set("records", new Y.Map<unknown>());
  const order = root.set("order", new Y.Array<unknown>());
  const count = Math.max(2, Math.round(bytes / RECORD_BYTES));

  function add(index: number): void {
    const record = records.set(`record${index}`, new Y.Map<unknown>()) as Y.Map<unknown>;
    record.set("id", index);
    record.set("name", words(2).join(" "));
    record.set("done", false);
    record.set("tags", Y.Array.from(words(3)));
    record.set("body", new Y.Text(words(28).join(" ")));
    const meta = record.set("meta", new Y.Map<unknown>()) as Y.Map<unknown>;
    meta.set("at", Math.floor(random() * 1e12));
    meta.set("by", word());
    if (index % 4 === 0) order.push([{ record: `record${index}`, weight: index }]);
  }

  for (let begin = 0; begin < count; begin += RECORDS_A_TRANSACTION) {
    const end = Math.min(count, begin + RECORDS_A_TRANSACTION);
    doc.transact(() => {
      for (let index = begin; index < end; index++) add(index);
    });
  }
  return { doc, count, updates };
}

/**
 * Updates of one kind, each a transaction: a name set, a word put into a text, or a tag added at the end of a list. They
 * apply in their order to a document with the state of these records.
 */
export function createChanges({ doc, count }: Records, kind: ChangeKind, changes: number): Uint8Array[] {
  const random = seededRandom(9);
  const other = new Y.Doc();
  other.clientID = 88;
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  const updates: Uint8Array[] = [];
  other.on("update", (update: Uint8Array) => updates.push(update));
  const records = other.getMap(RECORDS_ROOT).get("records") as Y.Map<Y.Map<unknown>>;
  for (let i = 0; i < changes; i++) {
    const record = records.get(`record${Math.floor(random() * count)}`)!;
    if (kind === "set") {
      record.set("name", `renamed ${i}`);
    } else if (kind === "text") {
      const body = record.get("body") as Y.Text;
      body.insert(Math.floor(random() * body.length), "hello");
    } else {
      (record.get("tags") as Y.Array<string>).push([`tag ${i}`]);
    }
  }
  return updates;
}
