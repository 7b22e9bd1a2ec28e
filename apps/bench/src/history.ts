/**
 * A long editing history, one Yjs update an edit: a recorded one (the format of editing-traces' sequential traces), or
 * one made up in the likeness of the paper that the recorded one is of.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import * as Y from "yjs";
import { TEXT } from "./load.js";
import { seededRandom } from "./statistics.js";

export interface History {
  /** For people: which, or that it is made up. */
  readonly title: string;
  readonly updates: readonly Uint8Array[];
  /** The document at its end. */
  readonly doc: Y.Doc;
  readonly text: string;
}

/** `[position, characters deleted, text inserted]`; positions count code points. */
type Edit = readonly [number, number, string];

interface Trace {
  readonly startContent: string;
  readonly endContent: string;
  readonly txns: readonly { readonly patches: readonly Edit[] }[];
}

const MADE_UP_EDITS = 259_778;
const CLIENT = 42;

/** The recorded history that lies beside a checkout of this repository, if it does. */
export function defaultTrace(): string | undefined {
  const beside = new URL("../../../../shared/data/traces/automerge-paper.json.gz", import.meta.url);
  const path = fileURLToPath(beside);
  return existsSync(path) ? path : undefined;
}

/** Reads a trace or makes a history up; with a limit only its first edits. Throws when a replay ends elsewhere. */
export function loadHistory(
  trace: string | undefined,
  { limit = Number.POSITIVE_INFINITY }: { readonly limit?: number } = {},
): History {
  if (trace === undefined) return replay("a made-up history", madeUpEdits(Math.min(limit, MADE_UP_EDITS)));
  const { startContent, endContent, txns } = JSON.parse(gunzipSync(readFileSync(trace)).toString()) as Trace;
  const start: Edit[] = startContent === "" ? [] : [[0, 0, startContent]];
  const edits = [...start, ...txns.flatMap(({ patches }) => patches)];
  const history = replay(basename(trace).replace(/\..*/, ""), edits.slice(0, limit));
  if (edits.length <= limit && history.text !== endContent) {
    throw new Error(`The replay of ${trace} does not end in its recorded text.`);
  }
  return history;
}

function replay(title: string, edits: Iterable<Edit>): History {
  const doc = new Y.Doc();
  doc.clientID = CLIENT;
  const text = doc.getText(TEXT);
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const [position, deleted, inserted] of edits) {
    doc.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== "") text.insert(position, inserted);
    });
  }
  return { title, updates, doc, text: text.toString() };
}

/** Typing in runs, a third of it taken back, with jumps: in the end as long and as fragmented as a paper. */
function* madeUpEdits(count: number): Generator<Edit> {
  const random = seededRandom(11);
  let length = 0;
  let cursor = 0;
  for (let made = 0; made < count; ) {
    if (random() < 0.2) cursor = Math.floor(random() * (length + 1));
    const isDeleting = random() < 0.3;
    for (let run = 1 + Math.floor(random() * 40); run > 0 && made < count; run--) {
      if (isDeleting && cursor === 0) break;
      if (isDeleting) {
        cursor--;
        length--;
        yield [cursor, 1, ""];
      } else {
        yield [cursor, 0, "etaoin shrdlu"[Math.floor(random() * 13)]!];
        cursor++;
        length++;
      }
      made++;
    }
  }
}
