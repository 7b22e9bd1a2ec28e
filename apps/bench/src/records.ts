/** Documents of a wanted size, as applications have them, and small changes to them as another client sends them. */
import * as Y from "yjs";
import { seededRandom } from "./statistics.js";

export interface Records {
  readonly doc: Y.Doc;
  /** How many there are; they are called `record0`, `record1`, … */
  readonly count: number;
}

export const changeKinds = ["set", "text", "array"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** The root, a map with `records` in it and `order`, a list. */
export const RECORDS_ROOT = "root";

const RECORD_BYTES = 400;

/** A document of about so many bytes of JSON. The same bytes give the same document. */
export function createRecords(bytes: number): Records {
  const random = seededRandom(3);
  const word = () => Math.floor(random() * 1e9).toString(36);
  const words = (count: number) => Array.from({ length: count }, word);
  const doc = new Y.Doc();
  doc.clientID = 77;
  const count = Math.max(2, Math.round(bytes / RECORD_BYTES));
  doc.transact(() => {
    const records = doc.getMap(RECORDS_ROOT).set("records", new Y.Map<unknown>());
    const order = doc.getMap(RECORDS_ROOT).set("order", new Y.Array<unknown>());
    for (let i = 0; i < count; i++) {
      const record = records.set(`record${i}`, new Y.Map<unknown>()) as Y.Map<unknown>;
      record.set("id", i);
      record.set("name", words(2).join(" "));
      record.set("done", false);
      record.set("tags", Y.Array.from(words(3)));
      record.set("body", new Y.Text(words(28).join(" ")));
      record.set(
        "meta",
        new Y.Map<unknown>([["at", Math.floor(random() * 1e12)] as const, ["by", word()] as const]),
      );
      if (i % 4 === 0) order.push([{ record: `record${i}`, weight: i }]);
    }
  });
  return { doc, count };
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
