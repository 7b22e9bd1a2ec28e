import * as prng from "lib0/prng";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { craftUpdate } from "./craft.js";
import { createRandom, honestHistory } from "./honest.js";
import { forEachSeed } from "./testing.js";
import { withoutClients } from "./without.js";

/** What Yjs reads in an update: structs and deletions, as text. */
function readByYjs(update: Uint8Array, known: ReadonlyMap<number, number> = new Map()) {
  const { structs, ds } = Y.decodeUpdate(update);
  const isKept = ({ id }: (typeof structs)[number]) => !known.has(id.client);
  return {
    structs: structs
      .filter(isKept)
      .map(({ id, length, constructor: { name } }) => `${id.client} ${id.clock} ${length} ${name}`),
    deletes: [...ds.clients]
      .flatMap(([client, ranges]) =>
        ranges.map(({ clock, len }) => {
          const end = Math.min(clock + len, known.get(client) ?? Number.POSITIVE_INFINITY);
          return { client, clock, end };
        }),
      )
      .filter(({ clock, end }) => clock < end)
      .map(({ client, clock, end }) => `${client} ${clock}-${end}`),
  };
}

describe("an update without some clients", () => {
  it("says the same of all others as before, and nothing else", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const { docs } = honestHistory({ seed });
        const update = Y.encodeStateAsUpdate(docs[0]!);
        const clients = [...Y.decodeStateVector(Y.encodeStateVector(docs[0]!))];
        const known = new Map(
          clients
            .filter(() => prng.bool(random))
            .map(([client, end]) => [client, prng.int53(random, 0, end)]),
        );
        expect(readByYjs(withoutClients(update, known))).toEqual(readByYjs(update, known));
      },
      { share: 0.1 },
    );
  });

  it("keeps its deletions of what is known, and not of what it left out", () => {
    const update = craftUpdate({
      blocks: [
        { client: 5, clock: 3, structs: [{ string: "abc", parent: "text" }] },
        { client: 4, structs: [{ string: "d", parent: "text" }] },
      ],
      deletes: [
        {
          client: 5,
          ranges: [
            [0, 1],
            [2, 3],
            [5, 1],
          ],
        },
      ],
    });
    expect(withoutClients(update, new Map([[5, 3]]))).toEqual(
      craftUpdate({
        blocks: [{ client: 4, structs: [{ string: "d", parent: "text" }] }],
        deletes: [
          {
            client: 5,
            ranges: [
              [0, 1],
              [2, 1],
            ],
          },
        ],
      }),
    );
  });

  it("is no matter for bytes that are no update", () => {
    expect(() => withoutClients(Uint8Array.of(1, 1), new Map())).toThrow(TypeError);
  });
});
