/** What an edit of the lab does, in a few words, read from nothing but its bytes. */
import { ContentAny, ContentString, decodeUpdate } from "yjs";
import { celsiusOf, celsiusWords } from "./lab-document.js";

const longestText = 24;

export function editWords(update: Uint8Array): string {
  const { structs, ds } = decodeUpdate(update);
  const words = structs.flatMap(struct => {
    if (!("content" in struct)) return [];
    if (struct.content instanceof ContentString) return [textWords(struct.content.str)];
    if (struct.content instanceof ContentAny) return struct.content.arr.map(readingWords);
    return [];
  });
  const deleted = [...ds.clients.values()].flat().reduce((sum, { len }) => sum + len, 0);
  if (deleted > 0) words.push(`${deleted} deleted`);
  return words.join(", ") || "nothing";
}

function textWords(text: string): string {
  const shown = text.length <= longestText ? text : `${text.slice(0, longestText)}…`;
  return `“${shown.replaceAll("\n", "↵")}”`;
}

function readingWords(value: unknown): string {
  const celsius = celsiusOf(value);
  return celsius === null ? JSON.stringify(value) : celsiusWords(celsius);
}
