/**
 * Makes updates up, for fuzzers: well-formed bytes that mean anything.
 *
 * References go to ids that the document has, that the update brings itself, or that nobody has; items go where
 * their content does not belong; clients depend on each other. Spoilt bytes rarely get as far as that.
 */
import * as prng from "lib0/prng";
import * as Y from "yjs";
import { type CraftedStruct, type CraftedUpdate, craftUpdate, type Id } from "./craft.js";
import type { Random } from "./honest.js";

export function arbitraryUpdate(random: Random, doc: Y.Doc): Uint8Array {
  const state = Y.decodeStateVector(Y.encodeStateVector(doc));
  const clients = [...state.keys(), 101, 102, 103].sort(() => prng.real53(random) - 0.5);
  /** What will be known of each client: true ends most of the time, so that most references can be resolved. */
  const ends = new Map(state);
  const blocks: { client: number; clock: number; structs: CraftedStruct[] }[] = [];
  for (const client of clients.slice(0, prng.int53(random, 0, 3))) {
    const known = state.get(client) ?? 0;
    const clock = Math.max(0, known - (chance(random, 4) ? prng.int53(random, 0, 5) : 0));
    const structs: CraftedStruct[] = [];
    let end = clock;
    for (let i = prng.int53(random, 1, 5); i > 0; i--) {
      const struct = arbitraryStruct(random, [client, end], ends);
      structs.push(struct);
      end += lengthOf(struct);
    }
    ends.set(client, Math.max(known, end));
    blocks.push({ client, clock: chance(random, 40) ? clock + 1 : clock, structs });
  }
  if (chance(random, 2)) blocks.reverse();
  const update: CraftedUpdate = { blocks, deletes: arbitraryDeletes(random, ends) };
  return craftUpdate(update);
}

function chance(random: Random, oneIn: number): boolean {
  return prng.int53(random, 1, oneIn) === 1;
}

function arbitraryId(random: Random, [client, clock]: Id, ends: ReadonlyMap<number, number>): Id {
  if (clock > 0 && chance(random, 2)) return [client, prng.int53(random, Math.max(0, clock - 4), clock - 1)];
  const known = [...ends].filter(([other, end]) => end > 0 && other !== client);
  if (known.length === 0 || chance(random, 60))
    return [prng.int53(random, 100, 103), prng.int53(random, 0, 8)];
  const [other, end] = prng.oneOf(random, known);
  return [other, prng.int53(random, 0, end - 1 + (chance(random, 20) ? 2 : 0))];
}

function arbitraryStruct(random: Random, id: Id, ends: ReadonlyMap<number, number>): CraftedStruct {
  const content = arbitraryContent(random);
  const origin = chance(random, 2) ? arbitraryId(random, id, ends) : undefined;
  const right = chance(random, 3) ? arbitraryId(random, id, ends) : undefined;
  const inRoot = prng.int53(random, 0, 3) > 0;
  const parent = inRoot
    ? prng.oneOf(random, ["map", "array", "text", "xml", "other"])
    : arbitraryId(random, id, ends);
  const key = chance(random, 2) ? { key: prng.oneOf(random, ["a", "b", "title"]) } : {};
  return { ...content, ...(origin ? { origin } : {}), ...(right ? { right } : {}), parent, ...key };
}

function arbitraryContent(random: Random): CraftedStruct {
  switch (prng.int53(random, 0, 11)) {
    case 0:
      return { collected: prng.int53(random, 1, 3) };
    case 1:
      return { deleted: prng.int53(random, 1, 3) };
    case 2:
      return { json: [1, undefined, { a: [] }].slice(0, prng.int53(random, 1, 3)) };
    case 3:
      return { binary: new Uint8Array([1, 2]) };
    case 4:
      return { embed: { image: "x" } };
    case 5:
      return { format: [prng.oneOf(random, ["bold", "color"]), prng.oneOf(random, [true, null])] };
    case 6:
    case 7: {
      const type = prng.int53(random, 0, 6);
      return type === 3 || type === 5 ? { type, name: "p" } : { type };
    }
    case 8:
      return { any: [1, { b: 2 }, "c"].slice(0, prng.int53(random, 1, 3)) };
    case 9:
      return chance(random, 10) ? { subdocument: "guid" } : { any: [null] };
    default:
      return { string: prng.oneOf(random, ["a", "bc", "😀", "x😀y😀z", "é"]) };
  }
}

function lengthOf(struct: CraftedStruct): number {
  if ("collected" in struct) return struct.collected;
  if ("deleted" in struct) return struct.deleted;
  if ("json" in struct) return struct.json.length;
  if ("any" in struct) return struct.any.length;
  return "string" in struct ? struct.string.length : 1;
}

function arbitraryDeletes(
  random: Random,
  ends: ReadonlyMap<number, number>,
): NonNullable<CraftedUpdate["deletes"]> {
  const deletes: { client: number; ranges: [number, number][] }[] = [];
  for (const [client, end] of ends) {
    if (end === 0 || !chance(random, 3)) continue;
    const ranges: [number, number][] = [];
    for (let clock = prng.int53(random, 0, end - 1); clock < end; clock += prng.int53(random, 1, 6)) {
      const length = prng.int53(random, 1, Math.min(4, end - clock + (chance(random, 30) ? 1 : 0)));
      ranges.push([clock, length]);
      clock += length;
    }
    if (ranges.length > 0) deletes.push({ client, ranges });
  }
  return deletes;
}
