/** A document that is plain JSON, for tests: tells how much of it was read. */
import type { Json, Path } from "@verso/bridge";
import type { DocumentReader } from "./touch.js";

export interface JsonReader extends DocumentReader {
  /** The values that were read, by their pointers, each with the length of its JSON text. */
  readonly reads: readonly { readonly path: Path; readonly size: number }[];
}

export function createJsonReader(json: Json): JsonReader {
  const reads: { path: Path; size: number }[] = [];
  return {
    reads,
    value(path) {
      const value = at(json, path);
      reads.push({ path, size: JSON.stringify(value)?.length ?? 0 });
      return value;
    },
    textLength(path) {
      const text = at(json, path);
      return typeof text === "string" ? text.length : undefined;
    },
    listLength(path) {
      const list = at(json, path);
      return Array.isArray(list) ? list.length : undefined;
    },
  };
}

function at(json: Json, path: Path): Json | undefined {
  let value: Json | undefined = json;
  for (const segment of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Readonly<Record<string | number, Json>>)[segment];
  }
  return value;
}
