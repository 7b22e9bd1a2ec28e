import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { type CraftedContent, type CraftedStruct, craftUpdate, type Id } from "./craft.js";
import { createFirewall } from "./firewall.js";

/** The work of structs of client 9, or of a deletion, in a document that holds these structs of client 3. */
function work(
  before: readonly CraftedStruct[],
  then: readonly CraftedStruct[] | readonly [from: number, length: number],
) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, craftUpdate({ blocks: [{ client: 3, structs: before }] }));
  const update =
    typeof then[0] === "number"
      ? craftUpdate({ deletes: [{ client: 3, ranges: [then as [number, number]] }] })
      : craftUpdate({ blocks: [{ client: 9, structs: then as CraftedStruct[] }] });
  const answer = createFirewall(doc).scan(update, { fullState: false });
  expect(answer.type).toBe("pass");
  return answer.type === "pass" ? answer.work : -1;
}

/** Structs of client 3, each to the right of the last. */
const chain = (contents: readonly CraftedContent[], parent: string | Id = "text"): CraftedStruct[] =>
  contents.map((content, i) => ({ ...content, ...(i === 0 ? { parent } : { origin: [3, i - 1] }) }));
const characters = (count: number): CraftedContent[] =>
  Array.from({ length: count }, (_, i) => (i % 2 === 0 ? { string: "x" } : { embed: {} }));
const formats = (count: number): CraftedContent[] =>
  Array.from({ length: count }, (_, i) => ({ format: [`key ${i}`, true] }));

const text = chain([{ string: "some text" }]);
const mixed = chain(characters(100));

it("of an edit is one for each struct and each deleted range, and one for each cut", () => {
  expect(work(text, [{ string: "x", origin: [3, 8] }])).toBe(1);
  expect(work(text, [{ string: "x", origin: [3, 2], right: [3, 3] }])).toBe(3);
  expect(work(text, [0, 9])).toBe(1);
  expect(work(text, [2, 3])).toBe(3);
});

describe("of a search", () => {
  it("is every stored item between the neighbours", () => {
    expect(work(mixed, [{ string: "x", origin: [3, 10], right: [3, 11] }])).toBe(1);
    expect(work(mixed, [{ string: "x", origin: [3, 10], right: [3, 15] }])).toBe(5);
    expect(work(mixed, [{ string: "x", origin: [3, 10] }])).toBe(1 + 89);
    expect(work(mixed, [{ string: "x", right: [3, 60] }])).toBe(1 + 60);
    expect(work(mixed, [{ string: "x", parent: "text" }])).toBe(1 + 100);
  });

  it("ends at an item whose own origin is before the new one's", () => {
    const doc = new Y.Doc();
    // Two write at the end of what both have; neither sees what the other writes.
    const typed = (client: number): CraftedStruct[] =>
      characters(40).map((content, i) => ({ ...content, origin: i === 0 ? [3, 5] : [client, i - 1] }));
    for (const [client, structs] of [
      [3, chain([{ string: "shared" }])],
      [8, typed(8)],
      [9, typed(9)],
    ] as const) {
      Y.applyUpdate(doc, craftUpdate({ blocks: [{ client, structs }] }));
    }
    const next = craftUpdate({
      blocks: [{ client: 8, clock: 40, structs: [{ string: "x", origin: [8, 39] }] }],
    });
    expect(createFirewall(doc).scan(next, { fullState: false })).toMatchObject({ type: "pass", work: 2 });
  });

  it("goes to the end when the neighbours are in the wrong order", () => {
    expect(work(mixed, [{ string: "x", origin: [3, 50], right: [3, 10] }])).toBe(1 + 49);
    expect(
      work([...text, ...chain(characters(50)).slice(1)], [{ string: "x", origin: [3, 5], right: [3, 2] }]),
    ).toBeGreaterThan(3);
  });

  it("is made once for a run, whose other structs follow the first", () => {
    const run = (right: Id): CraftedStruct[] => [
      { string: "1", origin: [3, 10], right },
      { string: "2", origin: [9, 0], right },
      { string: "3", origin: [9, 1], right: [9, 0] },
    ];
    expect(work(mixed, run([3, 11]))).toBe(3);
    expect(work(mixed, run([3, 31]))).toBe(3 + 20);
  });

  it("is made for each struct that stands beside a new one in a new place", () => {
    expect(
      work(mixed, [
        { string: "1", right: [3, 0] },
        { string: "2", right: [9, 0] },
      ]),
    ).toBe(2);
    expect(
      work(mixed, [
        { string: "1", origin: [3, 10], right: [3, 11] },
        { string: "2", right: [9, 0] },
      ]),
    ).toBe(2 + 11);
  });

  it("of a key is its history, there and back", () => {
    const doc = new Y.Doc();
    const clients = Array.from({ length: 10 }, (_, i) => 30 - i);
    for (const [i, client] of clients.entries()) {
      const place = i === 0 ? { parent: "map", key: "key" } : { origin: [clients[i - 1]!, 0] as const };
      Y.applyUpdate(doc, craftUpdate({ blocks: [{ client, structs: [{ any: [i], ...place }] }] }));
    }
    const set = (place: Partial<CraftedStruct>) => {
      const update = craftUpdate({ blocks: [{ client: 9, structs: [{ any: ["next"], ...place }] }] });
      return createFirewall(doc).scan(update, { fullState: false });
    };
    expect(set({ origin: [21, 0] })).toMatchObject({ work: 1 });
    expect(set({ parent: "map", key: "other" })).toMatchObject({ work: 1 });
    expect(set({ parent: "map", key: "key" })).toMatchObject({ work: 1 + 9 + 10 });
  });

  it("is counted to 10,000", () => {
    expect(work(chain(characters(12_000)), [{ string: "x", parent: "text" }])).toBe(10_000);
  });
});

describe("of a format that comes or goes", () => {
  const rich = chain([...formats(10), ...characters(1_000)]);

  it("is the walk through the text with all formats, once", () => {
    const one: CraftedStruct[] = [{ format: ["key 0", null], origin: [3, 1_009] }];
    const two: CraftedStruct[] = [...one, { format: ["key 1", null], origin: [9, 0] }];
    expect(work(rich, one)).toBe(1 + (1_010 * 10) / 100);
    expect(work(rich, two)).toBe(2 + (1_010 * 10) / 100);
    expect(work(rich, [0, 1])).toBeGreaterThan(100);
  });

  it("does not matter to who types", () => {
    expect(work(rich, [{ string: "x", origin: [3, 1_009] }])).toBe(1);
  });
});

describe("of a deletion", () => {
  it("is a tenth of a struct for each item, and for each item inside of it", () => {
    expect(work(mixed, [0, 100])).toBe(1 + 10);
    const inside = chain([{ type: 2 }], "list").concat(
      characters(100).map((content, i) => ({
        ...content,
        ...(i === 0 ? { parent: [3, 0] } : { origin: [3, i] }),
      })),
    );
    expect(work(inside, [0, 1])).toBe(1 + 10);
  });

  it("is as the square of the items in a text with formats", () => {
    const rich = chain([...characters(1_000), ...formats(1)]);
    expect(work(rich, [0, 100])).toBe(1 + 10 + 10);
    expect(work(rich, [0, 1_000])).toBe(1 + 100 + 1_002);
  });

  it("is more beside what was deleted before", () => {
    const gap = characters(1_000);
    const rich = chain([...formats(1), ...gap, { string: "x" }]);
    const doc = new Y.Doc({ gc: false });
    Y.applyUpdate(
      doc,
      craftUpdate({ blocks: [{ client: 3, structs: rich }], deletes: [{ client: 3, ranges: [[1, 1_000]] }] }),
    );
    const last = craftUpdate({ deletes: [{ client: 3, ranges: [[1_001, 1]] }] });
    expect(createFirewall(doc).scan(last, { fullState: false })).toMatchObject({ work: 1 + 10 + 2 });
  });

  it("is that of what a new value overwrites", () => {
    const doc = new Y.Doc();
    const map = new Y.Map<unknown>();
    doc.getMap("map").set("inner", map);
    for (let i = 0; i < 50; i++) map.set(`key ${i}`, i);
    const overwrite = craftUpdate({
      blocks: [{ client: 9, structs: [{ any: [1], origin: [doc.clientID, 0] }] }],
    });
    expect(createFirewall(doc).scan(overwrite, { fullState: false })).toMatchObject({ work: 1 + 5 });
  });
});
