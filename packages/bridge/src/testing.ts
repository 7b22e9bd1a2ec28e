/**
 * For test suites, of this package and of those that build on it: random documents and edits from a seed, and a watcher
 * that checks every patch of a document.
 *
 * Needs no test runner. What goes wrong is an `Error` that names the seed.
 *
 * Long, because the edits must reach every type and every form that there is.
 */
import * as prng from "lib0/prng";
import * as Y from "yjs";
import { type Change, decodeChange, encodeChange } from "./change.js";
import { splitsSurrogatePair } from "./delta.js";
import { decodeInverse, encodeInverse } from "./invert.js";
import { cloneJson, type Json, type JsonObject, jsonEqual, type MutableJsonObject } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import { observePatches, type PatchObserver, type PatchSpan } from "./observe.js";
import { forwardPatch, type Patch, type Rfc6902Operation, reversePatch } from "./patch.js";
import { type Roots, read } from "./read.js";
import { applyChange } from "./replay.js";
import {
  type Content,
  contentKind,
  firstItem,
  insertItem,
  newContent,
  type SharedType,
  setEntry,
  textOf,
  typeOf,
} from "./yjs.js";

/** Draws from a seed: the same seed, the same draws. */
export interface Random {
  /** From 0 to below `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

export function createRandom(seed: number): Random {
  const generator = prng.create(seed);
  return {
    below: limit => prng.int53(generator, 0, limit - 1),
    chance: probability => prng.real53(generator) < probability,
    pick: choices => choices[prng.int53(generator, 0, choices.length - 1)]!,
  };
}

/** Runs a case for each of many seeds: `VERSO_CASES` of them (1,000 by default) from `VERSO_SEED` (0) onwards. */
export function forEachSeed(
  run: (seed: number) => void,
  { usually = 1000 }: { usually?: number } = {},
): void {
  const first = Number(process.env.VERSO_SEED ?? 0);
  const cases = Number(process.env.VERSO_CASES ?? usually);
  for (let seed = first; seed < first + cases; seed++) {
    try {
      run(seed);
    } catch (cause) {
      throw new Error(`Seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

/** An applier of patches to be checked against, such as a library's. It may change what it is given. */
export interface Applier {
  readonly name: string;
  readonly dialect: "extended" | "rfc6902";
  readonly apply: (json: Json, patch: readonly unknown[]) => unknown;
}

export interface PatchWatch {
  readonly observer: PatchObserver;
  /** The document's JSON after the last span. */
  readonly json: JsonObject;
  /** How many spans were checked. */
  readonly spans: number;
  close(): void;
}

/**
 * Checks every span of a document: each form of its patches leads from the JSON before to the JSON after and back, and
 * what is stored of it survives its encoding. `read` is trusted here; it has tests of its own.
 */
export function watchPatches(
  doc: Y.Doc,
  {
    roots = {},
    appliers = [],
    onSpan = () => {},
  }: {
    readonly roots?: Roots;
    readonly appliers?: readonly Applier[];
    readonly onSpan?: (span: PatchSpan) => void;
  } = {},
): PatchWatch {
  let spans = 0;
  const observer = observePatches(doc, { roots }, span => {
    const after = read(doc, observer.roots);
    checkSpan(span, json, after, appliers);
    json = after;
    spans++;
    onSpan(span);
  });
  let json = read(doc, observer.roots);
  return {
    observer,
    get json() {
      return json;
    },
    get spans() {
      return spans;
    },
    close: () => observer.close(),
  };
}

export interface EditOptions {
  /** Formats, embeds and attributes in texts. */
  readonly richText?: boolean;
  /** Structs that no method of Yjs would write: they contradict the kind of their parent. */
  readonly contradictions?: boolean;
}

/** Makes one random edit somewhere in the roots that the document has. Best called inside a transaction. */
export function editRandomly(doc: Y.Doc, random: Random, options: EditOptions = {}): void {
  const type = random.pick(typesOf(doc));
  if (options.contradictions === true && random.chance(0.06)) contradict(doc, type, random);
  else if (type instanceof Y.Map) editMap(type, random);
  else if (type instanceof Y.Array) editArray(type, random);
  else if (type instanceof Y.Text) editText(type, random, options);
  else if (type instanceof Y.XmlFragment) editXml(type, random);
  else contradict(doc, type, random);
}

export interface Simulation extends EditOptions {
  readonly seed: number;
  readonly steps: number;
  readonly gc?: boolean;
  /** The roots of everybody; those that are undeclared are known to the clients only. */
  readonly roots: Roots;
  readonly undeclared?: Roots;
  /** Begin with long sequences of many structs. */
  readonly crowded?: boolean;
  /** Called for the server and the first client, before anything happens. */
  readonly watch: (doc: Y.Doc, roots: Roots) => void;
}

/**
 * A server and three clients who edit one document: at once, merged, late, out of order, undoing and redoing, with
 * observers that begin transactions inside others. Returns the server's document, which need not have heard everything.
 */
export function simulate({
  seed,
  steps,
  gc = true,
  roots,
  undeclared = {},
  crowded = false,
  watch,
  ...options
}: Simulation): Y.Doc {
  const random = createRandom(seed);
  const open = (clientId: number, known: Roots) => {
    const doc = new Y.Doc({ gc, guid: `simulated ${clientId}` });
    doc.clientID = clientId;
    openRoots(doc, known);
    return doc;
  };
  const server = open(500, roots);
  const clients = [1, 900, 400].map(id => open(id, { ...roots, ...undeclared }));
  const first = clients[0]!;
  if (crowded) crowd([server, ...clients], Object.keys(roots), random);
  watch(server, roots);
  watch(first, roots);
  const undo = new Y.UndoManager(
    Object.keys(roots).map(name => first.share.get(name)!),
    { captureTimeout: 0 },
  );
  const outboxes = clients.map((doc): Uint8Array[] => {
    const outbox: Uint8Array[] = [];
    doc.on("update", (update, origin) => {
      if (origin !== "server") outbox.push(update);
    });
    return outbox;
  });
  let nestedEdits = 0;
  for (const doc of [server, first]) {
    for (const observer of ["first", "second"]) {
      for (const name of Object.keys(roots)) {
        doc.share.get(name)!.observeDeep(() => {
          if (nestedEdits === 0 || !random.chance(observer === "first" ? 0.4 : 0.2)) return;
          nestedEdits--;
          doc.transact(() => {
            for (let n = 1 + random.below(2); n > 0; n--) editRandomly(doc, random, options);
          });
        });
      }
    }
  }
  for (let step = 0; step < steps; step++) {
    const at = random.below(clients.length);
    const client = clients[at]!;
    const outbox = outboxes[at]!;
    nestedEdits = random.chance(0.15) ? 2 : 0;
    const what = random.below(100);
    if (what < 60) {
      client.transact(() => {
        for (let n = 1 + random.below(5); n > 0; n--) editRandomly(client, random, options);
      });
    } else if (what < 80) {
      deliver(server, outbox.splice(0, 1 + random.below(outbox.length + 1)), random);
    } else if (what < 93) {
      Y.applyUpdate(client, Y.encodeStateAsUpdate(server, Y.encodeStateVector(client)), "server");
    } else if (random.chance(0.7)) undo.undo();
    else undo.redo();
  }
  nestedEdits = 0;
  return server;
}

/** Gives each root the class of its kind, as an application does. */
export function openRoots(doc: Y.Doc, roots: Roots): void {
  for (const [name, kind] of Object.entries(roots)) {
    switch (kind) {
      case "map":
        doc.getMap(name);
        break;
      case "array":
        doc.getArray(name);
        break;
      case "text":
      case "richText":
        doc.getText(name);
        break;
      case "xmlText":
        doc.get(name, Y.XmlText);
        break;
      case "xmlElement":
        doc.getXmlElement(name);
        break;
      case "xmlFragment":
        doc.getXmlFragment(name);
        break;
    }
  }
}

/** Two clients put single units everywhere; then all documents are brought up to date. */
function crowd(docs: readonly Y.Doc[], names: readonly string[], random: Random): void {
  const [a, b] = [docs[1]!, docs[2]!];
  for (let round = 0; round < 8; round++) {
    for (const doc of [a, b]) doc.transact(() => putUnits(doc, names, random));
    exchange(a, b);
  }
  for (const doc of docs) Y.applyUpdate(doc, Y.encodeStateAsUpdate(a), "server");
}

function putUnits(doc: Y.Doc, names: readonly string[], random: Random): void {
  for (const name of names) {
    const type = doc.share.get(name);
    for (let n = 0; n < 4; n++) {
      if (type instanceof Y.Text) type.insert(random.below(type.length + 1), "abc"[n % 3]!);
      else if (type instanceof Y.Array) type.insert(random.below(type.length + 1), [n]);
      else if (type instanceof Y.XmlFragment)
        type.insert(random.below(type.length + 1), [new Y.XmlText("t")]);
    }
  }
}

function exchange(a: Y.Doc, b: Y.Doc): void {
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b, Y.encodeStateVector(a)), "server");
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a, Y.encodeStateVector(b)), "server");
}

function deliver(server: Y.Doc, updates: Uint8Array[], random: Random): void {
  if (updates.length === 0) return;
  if (random.chance(0.4)) updates.sort(() => (random.chance(0.5) ? 1 : -1));
  if (random.chance(0.5)) Y.applyUpdate(server, Y.mergeUpdates(updates));
  else for (const update of updates) Y.applyUpdate(server, update);
}

function checkSpan(
  span: PatchSpan,
  before: JsonObject,
  after: JsonObject,
  appliers: readonly Applier[],
): void {
  const change = checkEncodings(span);
  const forward = wire(forwardPatch(change));
  const reverse = wire(reversePatch(change));
  expectJson("forward", applyPatchToJson(before, forward), after, change);
  expectJson("reverse", applyPatchToJson(after, reverse), before, change);
  expectJson("replayed forward", replayed(before, change, "forward"), after, change);
  expectJson("replayed reverse", replayed(after, change, "reverse"), before, change);
  const rfc6902 = appliers.length > 0 ? wire(span.rfc6902()) : { forward: [], reverse: [] };
  for (const { name, dialect, apply } of appliers) {
    const patches: { forward: Patch; reverse: readonly unknown[] } =
      dialect === "rfc6902" ? rfc6902 : { forward, reverse };
    if (dialect === "extended" && patches.forward.some(({ op }) => op === "delta")) continue;
    // Appliers may keep parts of what they are given, and change them.
    expectJson(`forward by ${name}`, apply(cloneJson(before), wire(patches.forward)) as Json, after, change);
    expectJson(`reverse by ${name}`, apply(cloneJson(after), wire(patches.reverse)) as Json, before, change);
  }
}

/** What is stored of a span survives its encoding; the change as it was stored. */
function checkEncodings(span: PatchSpan): Change {
  const bytes = encodeChange(span.change);
  const decoded = decodeChange(bytes);
  expectBytes("change", encodeChange(decoded), bytes);
  const inverse = encodeInverse(span.inverse());
  expectBytes("inverse record", encodeInverse(decodeInverse(inverse)), inverse);
  return decoded;
}

function replayed(json: JsonObject, change: Change, direction: "forward" | "reverse"): Json {
  const copy = cloneJson(json) as MutableJsonObject;
  applyChange(copy, change, direction);
  return copy;
}

function wire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function expectJson(what: string, actual: Json, expected: Json, change: Change): void {
  if (jsonEqual(actual, expected)) return;
  throw new Error(
    [
      `The patch ${what} is wrong.`,
      `change:   ${JSON.stringify(change)}`,
      `actual:   ${JSON.stringify(actual)}`,
      `expected: ${JSON.stringify(expected)}`,
    ].join("\n"),
  );
}

function expectBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  const isEqual = actual.length === expected.length && actual.every((byte, i) => byte === expected[i]);
  if (!isEqual)
    throw new Error(`The encoding of a ${what} does not survive decoding: ${expected} became ${actual}.`);
}

const KEYS = ["a", "b", "c", "x/y", "m~n", "", "$y", "$$y", "0", " ", "é"];
const BASIC_WORDS = ["a", "bc", "def", "é", "漢", "ghij", " ", "zz", "\n"];
const WORDS = [...BASIC_WORDS, "😀", "x😀y"];

/** Every shared type of a document that is alive, roots first. */
function typesOf(doc: Y.Doc): SharedType[] {
  const types: SharedType[] = [];
  const visit = (type: SharedType) => {
    types.push(type);
    for (let item = firstItem(type); item !== null; item = item.right) {
      if (!item.deleted && contentKind(item) === "type") visit(typeOf(item));
    }
    for (const item of type._map.values()) {
      if (!item.deleted && contentKind(item) === "type") visit(typeOf(item));
    }
  };
  for (const root of doc.share.values()) visit(root);
  return types;
}

function editMap(map: Y.Map<unknown>, random: Random): void {
  const key = random.pick(KEYS);
  if (random.chance(0.25)) map.delete(key);
  else map.set(key, randomValue(random, 0));
}

function editArray(array: Y.Array<unknown>, random: Random): void {
  if (array.length > 0 && random.chance(0.4)) {
    const index = random.below(array.length);
    array.delete(index, Math.min(1 + random.below(3), array.length - index));
  } else {
    const elements = Array.from({ length: 1 + random.below(3) }, () => randomElement(random, 1));
    array.insert(random.below(array.length + 1), elements);
  }
}

function editText(
  text: Y.Text,
  random: Random,
  { richText = false, contradictions = false }: EditOptions,
): void {
  const units = unitsOf(text);
  const what = random.below(100);
  const from = wholeCharacter(units, random.below(units.length + 1));
  const to = wholeCharacter(units, Math.min(units.length, from + 1 + random.below(3)));
  if (what < 30 && to > from) text.delete(from, to - from);
  else if (what < 45 && to > from && richText) {
    text.format(
      from,
      to - from,
      random.pick<Record<string, unknown>>([{ bold: true }, { bold: null }, { $y: 1 }]),
    );
  } else if (what < 52 && richText) {
    const embed = random.pick([() => ({ image: 1 }), () => new Y.Map([["e", 1]]), () => new Y.Text("in")]);
    text.insertEmbed(from, embed());
  } else if (what < 56 && richText) {
    if (random.chance(0.6)) text.setAttribute("align", random.pick(WORDS));
    else text.removeAttribute("align");
  } else {
    // Where contents do not fit, Yjs counts otherwise than it deletes, and would split surrogate pairs.
    text.insert(from, random.pick(contradictions ? BASIC_WORDS : WORDS));
  }
}

function editXml(xml: Y.XmlFragment, random: Random): void {
  if (xml.length > 0 && random.chance(0.3)) xml.delete(random.below(xml.length), 1);
  else if (xml instanceof Y.XmlElement && random.chance(0.4)) {
    if (random.chance(0.3)) xml.removeAttribute("id");
    else xml.setAttribute(random.pick(["id", "class"]), random.pick(WORDS));
  } else xml.insert(random.below(xml.length + 1), [randomNode(random, 0)]);
}

/** Writes a struct of any content as list item or entry, whatever the type is. */
function contradict(doc: Y.Doc, parent: SharedType, random: Random): void {
  const contents: (() => Content)[] = [
    () => newContent.string(random.pick(BASIC_WORDS)),
    () => newContent.values([random.below(9), random.pick(WORDS)]),
    () => newContent.binary(Uint8Array.of(1, 2)),
    () => newContent.embed({ image: random.below(3) }),
    () => newContent.embed("no object"),
    () => newContent.format("bold", random.chance(0.5) ? true : null),
    () => newContent.type(random.pick(["map", "array", "text", "xmlText", "xmlFragment"]), ""),
    () => newContent.type("xmlHook", "hook"),
    () => newContent.subdocument("guid", {}),
  ];
  const content = random.pick(contents)();
  doc.transact(transaction => {
    if (random.chance(0.3)) {
      setEntry(transaction, parent, random.pick(KEYS), content);
      return;
    }
    let left = null;
    for (let item = firstItem(parent); item !== null && random.chance(0.7); item = item.right) left = item;
    insertItem(transaction, parent, { left, right: left === null ? firstItem(parent) : left.right, content });
  });
}

function randomValue(random: Random, depth: number): unknown {
  switch (random.below(depth > 2 ? 9 : 16)) {
    case 0:
      return random.below(100);
    case 1:
      return random.pick(WORDS);
    case 2:
      return null;
    case 3:
      return random.chance(0.5);
    case 4:
      return { p: random.below(5), q: [1, { z: random.pick(WORDS) }] };
    case 5:
      return Uint8Array.of(1, 2, random.below(256));
    case 6:
      return random.pick([
        undefined,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        -0,
        1.5,
        10n,
        Number.NEGATIVE_INFINITY,
      ]);
    case 7:
      return [random.below(3), "l"];
    case 8:
      return { $y: "x", n: 1 };
    case 9:
    case 10: {
      const map = new Y.Map();
      for (let n = random.below(3); n > 0; n--) map.set(random.pick(KEYS), randomValue(random, depth + 1));
      return map;
    }
    case 11:
    case 12:
      return Y.Array.from(
        Array.from({ length: random.below(4) }, () => randomElement(random, depth + 1) as string),
      );
    case 13:
    case 14:
      return new Y.Text(random.pick(BASIC_WORDS));
    default:
      return new Y.Doc({ guid: `g${random.below(1000)}` });
  }
}

/** `Y.Array.insert` refuses some of what `Y.Map.set` takes. */
function randomElement(random: Random, depth: number): unknown {
  const value = randomValue(random, depth);
  return value === undefined || typeof value === "bigint" ? { inner: value } : value;
}

function randomNode(random: Random, depth: number): Y.XmlElement | Y.XmlText {
  if (random.chance(0.4)) return new Y.XmlText(random.pick(BASIC_WORDS));
  const element = new Y.XmlElement(random.pick(["p", "h1", "li"]));
  if (random.chance(0.5)) element.setAttribute(random.pick(["id", "class"]), random.pick(WORDS));
  if (depth < 2 && random.chance(0.6)) element.insert(0, [randomNode(random, depth + 1)]);
  return element;
}

function unitsOf(text: Y.Text): string {
  let units = "";
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    units += contentKind(item) === "string" ? textOf(item) : "\ufffc".repeat(item.length);
  }
  return units;
}

function wholeCharacter(units: string, position: number): number {
  return splitsSurrogatePair(units, position) ? position - 1 : position;
}

export type { Rfc6902Operation };
