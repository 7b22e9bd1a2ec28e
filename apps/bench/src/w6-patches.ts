/**
 * W6: the forward and the reverse JSON patch of one small change that comes from elsewhere, against the same transaction
 * with an observer that does nothing.
 *
 * Each method gets fresh documents whenever its changes run out, so that the size stays; making them is not timed. The
 * first patches of each method are applied to the JSON before and after: a method whose patches do not lead from one to
 * the other fails.
 */
import { isDeepStrictEqual } from "node:util";
import {
  applyPatchToJson,
  forwardPatch,
  type Json,
  observePatches,
  type Patch,
  reversePatch,
} from "@verso/bridge";
import fastJsonPatch from "fast-json-patch";
import { createPatch } from "rfc6902";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import { TEXT } from "./load.js";
import {
  type ChangeKind,
  changeKinds,
  createChanges,
  createRecords,
  RECORDS_ROOT,
  type Records,
} from "./records.js";
import { median, seededRandom } from "./statistics.js";
import { historyOf } from "./w3-cold-load.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

interface Patches {
  readonly forward: Patch;
  readonly reverse: Patch;
}

/** Watches a document; what it returns is called after each transaction and gives the patches, if the method makes any. */
type Method = (doc: Y.Doc, root: string) => () => Patches | null;

const methods = {
  bare: {
    title: "transaction, observer that does nothing",
    watch(doc, root) {
      rootType(doc, root).observeDeep(() => {});
      return () => null;
    },
  },
  verso: {
    title: "@verso/bridge, patches rendered",
    watch(doc, root) {
      let patches: Patches | null = null;
      observePatches(doc, { roots: { [root]: root === TEXT ? "text" : "map" } }, ({ change }) => {
        patches = { forward: forwardPatch(change), reverse: reversePatch(change) };
      });
      return () => patches;
    },
  },
  "verso-change": {
    title: "@verso/bridge, the change alone",
    watch(doc, root) {
      observePatches(doc, { roots: { [root]: root === TEXT ? "text" : "map" } }, () => {});
      return () => null;
    },
  },
  "fast-json-patch": {
    title: "toJSON, fast-json-patch both ways",
    watch: comparing((before, after) => fastJsonPatch.compare(before, after) as Patch),
  },
  rfc6902: {
    title: "toJSON, rfc6902 both ways",
    watch: comparing((before, after) => createPatch(before, after) as Patch),
  },
  "to-json": {
    title: "toJSON alone, no patch",
    watch(doc, root) {
      return () => {
        rootType(doc, root).toJSON();
        return null;
      };
    },
  },
} satisfies Record<string, { readonly title: string; readonly watch: Method }>;

type MethodName = keyof typeof methods;

/** What a naive way does: the JSON of the whole document after each change, compared with the one before. */
function comparing(compare: (before: object, after: object) => Patch): Method {
  return (doc, root) => {
    const toJson = () => ({ [root]: rootType(doc, root).toJSON() });
    let before = toJson();
    return () => {
      const after = toJson();
      const patches = { forward: compare(before, after), reverse: compare(after, before) };
      before = after;
      return patches;
    };
  };
}

interface Size {
  readonly name: string;
  readonly bytes: number;
}

export const sizes: readonly Size[] = [
  { name: "1 KB", bytes: 1000 },
  { name: "85 KB", bytes: 100_000 },
  { name: "8.7 MB", bytes: 10_000_000 },
];
const BUDGET_MS = { full: 600, quick: 150 };
const MOST_CHANGES = 20_000;
const FEWEST_CHANGES = 5;
const LONG_TEXT_CHANGES = { full: 600, quick: 200 };
const CHECKED_CHANGES = 3;

const longText = { figure: "long-text", title: "long text" };

export const patches: Workload = {
  name: "w6",
  title: "Forward and reverse patch of one small change",
  participants: Object.entries(methods).map(([name, { title }]) => ({ name, title })),
  tables: [
    {
      name: "patches",
      title: "Microseconds a change",
      about:
        "A change sets a name, puts a word into a text, or adds a tag at the end of a list, in documents of this size as JSON. The long text is the one of W3 at its end, a word put in anywhere. Times include the transaction itself. A method that runs out of stack is shown as failed.",
      columns: [
        ...sizes.flatMap(({ name }) =>
          changeKinds.map(kind => ({ figure: `${kind} ${name}`, title: `${name} ${kind}` })),
        ),
        longText,
      ].map(column => ({ ...column, show: microseconds, base: "bare" })),
    },
  ],
  async measure(participant, settings) {
    const { watch } = methods[participant as MethodName];
    return [{ table: "patches", figures: measureMethod(watch, settings) }] satisfies Row[];
  },
};

function microseconds(value: number): string {
  return value >= 1000 ? count(value) : digits(value);
}

function measureMethod(watch: Method, settings: Settings): Figures {
  const budgetMs = settings.quick ? BUDGET_MS.quick : BUDGET_MS.full;
  const figures: Record<string, number | null> = {};
  for (const { name, bytes } of settings.quick ? sizes.slice(0, 2) : sizes) {
    const records = recordsOf(bytes);
    const state = Y.encodeStateAsUpdate(records.doc);
    for (const kind of changeKinds) {
      const updates = changesOf(bytes, kind);
      figures[`${kind} ${name}`] = time(watch, { state, updates, root: RECORDS_ROOT, budgetMs });
    }
  }
  figures[longText.figure] = time(watch, { ...longTextOf(settings), root: TEXT, budgetMs });
  return figures;
}

interface Work {
  readonly state: Uint8Array;
  readonly updates: readonly Uint8Array[];
  readonly root: string;
  readonly budgetMs: number;
}

/** Median microseconds of one change; null where a method runs out of stack, as recursive ones do on long lists. */
function time(watch: Method, work: Work): number | null {
  try {
    check(watch, work);
    return timeChanges(watch, work);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Of the first quarter, in which code gets compiled, nothing counts. */
function timeChanges(watch: Method, { state, updates, root, budgetMs }: Work): number {
  const times: number[] = [];
  let spent = 0;
  while ((spent < budgetMs && times.length < MOST_CHANGES) || times.length < FEWEST_CHANGES) {
    const { doc, look } = watched(watch, state, root);
    for (const update of updates) {
      const begin = performance.now();
      Y.applyUpdate(doc, update);
      look();
      const taken = performance.now() - begin;
      times.push(taken);
      spent += taken;
      if (spent >= budgetMs && times.length >= FEWEST_CHANGES) break;
    }
  }
  return median(times.slice(times.length >> 2)) * 1000;
}

function check(watch: Method, { state, updates, root }: Work): void {
  const { doc, look } = watched(watch, state, root);
  for (const update of updates.slice(0, CHECKED_CHANGES)) {
    const before: Json = { [root]: rootType(doc, root).toJSON() as Json };
    Y.applyUpdate(doc, update);
    const after: Json = { [root]: rootType(doc, root).toJSON() as Json };
    const patches = look();
    if (patches === null) return;
    const isRight =
      isDeepStrictEqual(applyPatchToJson(before, patches.forward), after) &&
      isDeepStrictEqual(applyPatchToJson(after, patches.reverse), before);
    if (!isRight) throw new Error("A patch does not lead from one state to the other.");
  }
}

function watched(watch: Method, state: Uint8Array, root: string) {
  const doc = new Y.Doc();
  rootType(doc, root);
  Y.applyUpdate(doc, state);
  return { doc, look: watch(doc, root) };
}

function rootType(doc: Y.Doc, root: string): Y.Map<unknown> | Y.Text {
  return root === TEXT ? doc.getText(root) : doc.getMap(root);
}

const records = new Map<number, Records>();
const changes = new Map<string, Uint8Array[]>();
let longTextWork: Pick<Work, "state" | "updates"> | null = null;

/** Documents and changes are the same for all methods and rounds, and some take long to make. */
export function recordsOf(bytes: number): Records {
  const known = records.get(bytes) ?? createRecords(bytes);
  records.set(bytes, known);
  return known;
}

/** Few changes for each record, so that a document keeps its size. */
export function changesOf(bytes: number, kind: ChangeKind): readonly Uint8Array[] {
  const document = recordsOf(bytes);
  const known =
    changes.get(`${bytes} ${kind}`) ??
    createChanges(document, kind, Math.min(3000, Math.max(40, 4 * document.count)));
  changes.set(`${bytes} ${kind}`, known);
  return known;
}

/** A word put in anywhere, at the end of a long history. */
export function longTextOf(settings: Settings): Pick<Work, "state" | "updates"> {
  if (longTextWork !== null) return longTextWork;
  const state = Y.encodeStateAsUpdate(historyOf(settings).doc);
  const other = new Y.Doc();
  other.clientID = 88;
  Y.applyUpdate(other, state);
  const updates: Uint8Array[] = [];
  other.on("update", (update: Uint8Array) => updates.push(update));
  const text = other.getText(TEXT);
  const random = seededRandom(4);
  const many = settings.quick ? LONG_TEXT_CHANGES.quick : LONG_TEXT_CHANGES.full;
  for (let i = 0; i < many; i++) text.insert(Math.floor(random() * text.length), "hello");
  longTextWork = { state, updates };
  return longTextWork;
}
