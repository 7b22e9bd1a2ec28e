/**
 * The process that is killed in `folder-persistence.test.ts`: `node folder-persistence.test.writer.js FOLDER` types into a
 * document of that folder, settles some of it and compacts, until it is killed.
 *
 * Each line that it prints is in the pipe, and so with its reader, before the next thing is done.
 */
import { writeSync } from "node:fs";
import * as Y from "yjs";
import { folderPersistence } from "./folder-persistence.js";

/** What it says that it has done. */
export type Line =
  | { readonly type: "added"; readonly clientSequence: number; readonly word: string }
  | { readonly type: "settles"; readonly clientSequence: number };

const [folder = ""] = process.argv.slice(2);
const store = folderPersistence(folder).open("document");
const doc = new Y.Doc();
const { updates } = await store.load();
for (const update of updates) Y.applyUpdate(doc, update);

for (let round = 0; ; round++) {
  const words = Array.from({ length: 1 + (round % 4) }, (_, at) => `${process.pid}-${round}-${at}`);
  const numbers = await Promise.all(words.map(word => store.add({ madeAt: round, update: write(word) })));
  for (const [at, clientSequence] of numbers.entries())
    say({ type: "added", clientSequence, word: words[at]! });
  if (round % 3 === 2) {
    for (const clientSequence of numbers) say({ type: "settles", clientSequence });
    await store.settle(numbers);
  }
  if (round % 20 === 19) await store.compact(Y.encodeStateAsUpdate(doc));
}

function write(word: string): Uint8Array {
  const before = Y.encodeStateVector(doc);
  doc.getArray("words").push([word]);
  return Y.encodeStateAsUpdate(doc, before);
}

function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
