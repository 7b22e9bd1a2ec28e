/**
 * Honest traffic: what people produce who edit together, for tests that nothing of it is refused.
 *
 * Everything follows from a seed. The edits reach every shared type, every plain value and every way in which Yjs
 * writes: undo, redo, formats, embeds, nested types, large pastes, characters of two units (never parted), clients
 * that collect garbage and clients that do not, transactions that create what they delete again.
 */
import * as prng from "lib0/prng";
import * as Y from "yjs";

export type Random = prng.PRNG;

export function createRandom(seed: number): Random {
  return prng.create(seed);
}

/** A whole number from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return prng.int53(random, from, to);
}

export interface HonestHistory {
  /** One for each transaction, in the order in which they were made. Each needs only what is before it. */
  readonly updates: readonly Uint8Array[];
  /** What the participants have at the end: the same content for all. */
  readonly docs: readonly Y.Doc[];
}

/** People who edit one document, mostly apart, and hear of each other now and then. */
export function honestHistory({
  seed,
  clients = 3,
  edits = 40,
}: {
  readonly seed: number;
  readonly clients?: number;
  readonly edits?: number;
}): HonestHistory {
  const random = createRandom(seed);
  const updates: Uint8Array[] = [];
  const people = Array.from({ length: clients }, (_, i) =>
    createPerson(random, i, update => updates.push(update)),
  );
  for (let i = 0; i < edits; i++) {
    const person = prng.oneOf(random, people);
    if (prng.int53(random, 0, 3) === 0) hear(person, prng.oneOf(random, people));
    edit(random, person);
  }
  for (let round = 0; round < 2; round++) {
    for (const person of people) for (const other of people) hear(person, other);
  }
  for (const { undo } of people) undo.destroy();
  return { updates, docs: people.map(({ doc }) => doc) };
}

interface Person {
  readonly doc: Y.Doc;
  readonly undo: Y.UndoManager;
}

/** Marks what comes from others, so that it is not told again. */
const fromOthers = "others";

function createPerson(random: Random, index: number, emit: (update: Uint8Array) => void): Person {
  const doc = new Y.Doc({ gc: index !== 1 });
  doc.clientID = prng.int53(random, 16, 0xffffffff);
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== fromOthers) emit(update);
  });
  const roots = [doc.getMap("map"), doc.getArray("array"), doc.getText("text"), doc.getXmlFragment("xml")];
  return { doc, undo: new Y.UndoManager(roots, { captureTimeout: 0 }) };
}

function hear(person: Person, other: Person): void {
  if (person === other) return;
  const update = Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(person.doc));
  Y.applyUpdate(person.doc, update, fromOthers);
}

function edit(random: Random, { doc, undo }: Person): void {
  switch (prng.int53(random, 0, 11)) {
    case 0:
      undo.undo();
      return;
    case 1:
      undo.redo();
      return;
    case 2:
      doc.transact(() => {
        for (let i = prng.int53(random, 2, 12); i > 0; i--) editOnce(random, doc);
      });
      return;
    default:
      editOnce(random, doc);
  }
}

type Container = Y.Map<unknown> | Y.Array<unknown> | Y.Text | Y.XmlElement | Y.XmlFragment;

/** One edit somewhere in the document. */
export function editOnce(random: Random, doc: Y.Doc): void {
  const type = prng.oneOf(random, containers(doc));
  if (type instanceof Y.Map) editMap(random, type);
  else if (type instanceof Y.Array) editArray(random, type);
  else if (type instanceof Y.Text) editText(random, type);
  else editXml(random, type);
}

function containers(doc: Y.Doc): Container[] {
  const found: Container[] = [
    doc.getMap("map"),
    doc.getArray("array"),
    doc.getText("text"),
    doc.getXmlFragment("xml"),
  ];
  for (const type of found) {
    const inner: unknown[] = [];
    if (type instanceof Y.Map) inner.push(...type.values());
    else if (type instanceof Y.Text)
      inner.push(...type.toDelta().map((op: { insert: unknown }) => op.insert));
    else inner.push(...type.toArray());
    for (const value of inner) if (isContainer(value)) found.push(value);
  }
  return found;
}

function isContainer(value: unknown): value is Container {
  return (
    value instanceof Y.Map ||
    value instanceof Y.Array ||
    value instanceof Y.Text ||
    value instanceof Y.XmlFragment
  );
}

const keys = [
  "a",
  "b",
  "title",
  "x/y",
  "m~n",
  "",
  "$y",
  "0",
  " ",
  "é",
  "toString",
  "a name of more than 16 bytes",
];
const words = ["a", "bc", "def ", "é", "漢字", "😀", "👩‍👩‍👧", "\ufeff", "line\n", "1234567890", "\u0000"];

function word(random: Random): string {
  let text = "";
  for (let i = prng.int53(random, 1, 3); i > 0; i--) text += prng.oneOf(random, words);
  return prng.int53(random, 0, 60) === 0 ? text.repeat(500) : text;
}

function editMap(random: Random, map: Y.Map<unknown>): void {
  const key = prng.oneOf(random, keys);
  if (prng.int53(random, 0, 3) === 0) map.delete(key);
  else map.set(key, anyValue(random, 0));
}

function editArray(random: Random, array: Y.Array<unknown>): void {
  if (array.length > 0 && prng.int53(random, 0, 4) < 2) {
    const at = prng.int53(random, 0, array.length - 1);
    array.delete(at, Math.min(prng.int53(random, 1, 3), array.length - at));
    return;
  }
  const values = Array.from({ length: prng.int53(random, 1, 3) }, () => elementValue(random));
  array.insert(prng.int53(random, 0, array.length), values);
}

function editText(random: Random, text: Y.Text): void {
  const stops = characterStops(text);
  const first = prng.int53(random, 0, stops.length - 1);
  const last = Math.min(first + prng.int53(random, 1, 4), stops.length - 1);
  const at = stops[first]!;
  const length = stops[last]! - at;
  switch (prng.int53(random, 0, 9)) {
    case 0:
    case 1:
    case 2:
      if (length > 0) text.delete(at, length);
      return;
    case 3:
      if (length > 0) text.format(at, length, prng.oneOf(random, formats));
      return;
    case 4:
      text.insertEmbed(at, prng.int53(random, 0, 1) === 0 ? { image: word(random) } : new Y.Map([["e", 1]]));
      return;
    case 5:
      text.setAttribute(prng.oneOf(random, keys), word(random));
      return;
    case 6:
      text.insert(at, word(random), { ...prng.oneOf(random, formats) });
      return;
    default:
      text.insert(at, word(random));
  }
}

const formats: Record<string, unknown>[] = [
  { bold: true },
  { bold: null },
  { link: { href: 'https://example.org/?q="😀"', nested: [{ deep: true }] } },
  { color: "#123456", bold: true },
  { "comment--1f2e": {} },
];

/** Where a cursor may stand in a text. */
function characterStops(text: Y.Text): number[] {
  const stops = [0];
  let at = 0;
  for (const { insert } of text.toDelta() as { insert: unknown }[]) {
    const characters = typeof insert === "string" ? [...insert] : [" "];
    for (const character of characters) {
      at += character.length;
      stops.push(at);
    }
  }
  return stops;
}

function editXml(random: Random, xml: Y.XmlFragment): void {
  const choice = prng.int53(random, 0, 9);
  if (choice < 3 && xml.length > 0) {
    xml.delete(prng.int53(random, 0, xml.length - 1), 1);
  } else if (choice < 6 && xml instanceof Y.XmlElement) {
    const name = prng.oneOf(random, ["id", "class", "level"]);
    if (choice === 3) xml.removeAttribute(name);
    else xml.setAttribute(name, word(random));
  } else {
    xml.insert(prng.int53(random, 0, xml.length), [xmlNode(random, 0)]);
  }
}

function xmlNode(random: Random, depth: number): Y.XmlElement | Y.XmlText {
  if (prng.int53(random, 0, 9) < 4) return new Y.XmlText(word(random));
  const element = new Y.XmlElement(prng.oneOf(random, ["paragraph", "li", "heading"]));
  if (prng.int53(random, 0, 1) === 0) element.setAttribute("id", word(random));
  if (depth < 3 && prng.int53(random, 0, 2) > 0) element.insert(0, [xmlNode(random, depth + 1)]);
  return element;
}

function anyValue(random: Random, depth: number): unknown {
  switch (prng.int53(random, 0, depth > 2 ? 8 : 14)) {
    case 0:
      return prng.int53(random, -1e6, 1e6);
    case 1:
      return word(random);
    case 2:
      return null;
    case 3:
      return prng.bool(random);
    case 4:
      return { p: prng.real53(random), q: [1, { z: word(random) }], r: {}, s: [] };
    case 5:
      return prng.uint8Array(random, prng.int53(random, 0, 20));
    case 6:
      return prng.oneOf(random, [
        undefined,
        Number.NaN,
        -0,
        1.5,
        10n,
        Number.NEGATIVE_INFINITY,
        2 ** 40,
        -(2 ** 31),
      ]);
    case 7:
      return [prng.int53(random, 0, 9), "l", [[[]]]];
    case 8:
      return { bytes: new Uint8Array([1, 2]), "a key": undefined };
    case 9:
    case 10: {
      const map = new Y.Map<unknown>();
      for (let i = prng.int53(random, 0, 3); i > 0; i--)
        map.set(prng.oneOf(random, keys), anyValue(random, depth + 1));
      return map;
    }
    case 11:
    case 12: {
      const array = new Y.Array<unknown>();
      array.push(Array.from({ length: prng.int53(random, 0, 3) }, () => elementValue(random, depth + 1)));
      return array;
    }
    case 13:
      return prng.bool(random) ? new Y.Text(word(random)) : new Y.XmlHook("hook");
    default:
      return xmlNode(random, depth);
  }
}

/** `Y.Array` does not take what JSON has no form for. */
function elementValue(random: Random, depth = 1): unknown {
  const value = anyValue(random, depth);
  return value === undefined || typeof value === "bigint" ? { inner: value } : value;
}
