import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { Scan } from "./answers.js";
import { type CraftedStruct, craftUpdate } from "./craft.js";
import { createFirewall, type FirewallOptions, type ScanOptions } from "./firewall.js";

/** A document with a text "abc" of client 5, a map "map" with a list under "list", and a firewall before it. */
function setUp(options: FirewallOptions = {}) {
  const doc = new Y.Doc();
  Y.applyUpdate(
    doc,
    craftUpdate({
      blocks: [
        { client: 5, structs: [{ string: "abc", parent: "text" }] },
        { client: 4, structs: [{ type: 0, parent: "map", key: "list" }] },
      ],
    }),
  );
  const firewall = createFirewall(doc, options);
  return {
    doc,
    scan: (update: Uint8Array, options: Partial<ScanOptions> = {}) =>
      firewall.scan(update, { fullState: false, ...options }),
    /** The answer to structs of client 9, which is new. */
    scanStructs: (...structs: CraftedStruct[]) =>
      firewall.scan(craftUpdate({ blocks: [{ client: 9, structs }] }), { fullState: false }),
  };
}

describe("what passes", () => {
  it("is described: what is new, of whom, and what it costs", () => {
    const { scan } = setUp();
    const update = craftUpdate({
      blocks: [
        { client: 9, structs: [{ string: "xyz", origin: [5, 0], right: [5, 1] }] },
        { client: 5, structs: [{ string: "abcd", parent: "text" }] },
        { client: 4, structs: [{ type: 0, parent: "map", key: "list" }] },
      ],
      deletes: [
        { client: 9, ranges: [[0, 1]] },
        { client: 5, ranges: [[1, 2]] },
      ],
    });
    expect(scan(update)).toEqual({
      type: "pass",
      news: true,
      structs: 3,
      newStructs: 2,
      newLength: 4,
      writes: [
        { client: 9, from: 0, to: 3 },
        { client: 5, from: 3, to: 4 },
      ],
      newDeletes: 2,
      work: 7,
    });
  });

  it("is no news when the document has it all, deletions included", () => {
    const { doc, scan } = setUp();
    doc.getText("text").delete(1, 1);
    expect(scan(Y.encodeStateAsUpdate(doc))).toMatchObject({
      type: "pass",
      news: false,
      newDeletes: 0,
      structs: 4,
    });
  });

  it("is news when it only deletes", () => {
    const { scan } = setUp();
    const update = craftUpdate({ deletes: [{ client: 5, ranges: [[0, 1]] }] });
    expect(scan(update)).toMatchObject({ type: "pass", news: true, newStructs: 0, newDeletes: 1 });
  });

  it("may be judged in the midst of a transaction, against what was applied so far", () => {
    const { doc, scan } = setUp();
    const first = craftUpdate({ blocks: [{ client: 9, structs: [{ string: "x", origin: [5, 2] }] }] });
    const second = craftUpdate({
      blocks: [{ client: 9, clock: 1, structs: [{ string: "y", origin: [9, 0] }] }],
    });
    const deletion = craftUpdate({ deletes: [{ client: 9, ranges: [[0, 1]] }] });
    doc.transact(() => {
      expect(scan(second).type).toBe("resync");
      for (const update of [first, second, deletion]) {
        expect(scan(update)).toMatchObject({ type: "pass", news: true });
        Y.applyUpdate(doc, update);
      }
      for (const update of [first, second, deletion]) expect(scan(update)).toMatchObject({ news: false });
    });
    expect(doc.getText("text").toString()).toBe("abcy");
  });

  it("may have clients that depend on each other, in any order", () => {
    const { doc, scan } = setUp();
    const update = craftUpdate({
      blocks: [
        {
          client: 7,
          structs: [
            { string: "1", origin: [6, 0] },
            { string: "3", origin: [6, 1] },
          ],
        },
        {
          client: 6,
          structs: [
            { string: "0", origin: [5, 2] },
            { string: "2", origin: [7, 0] },
          ],
        },
        { client: 8, structs: [{ string: "4", origin: [7, 1] }] },
      ],
    });
    expect(scan(update)).toMatchObject({ type: "pass", newStructs: 5 });
    Y.applyUpdate(doc, update);
    expect(doc.store.pendingStructs).toBeNull();
    expect(doc.getText("text").toString()).toBe("abc01234");
  });
});

describe("a resync", () => {
  it("says all ids that are missing, one range per client", () => {
    const { scan } = setUp();
    const update = craftUpdate({
      blocks: [
        {
          client: 9,
          clock: 2,
          structs: [
            { string: "x", origin: [5, 7] },
            { string: "y", origin: [5, 4] },
          ],
        },
        { client: 4, clock: 1, structs: [{ skip: 2 }, { string: "z", right: [8, 0] }] },
      ],
      deletes: [
        {
          client: 7,
          ranges: [
            [1, 1],
            [4, 1],
          ],
        },
      ],
    });
    expect(scan(update)).toEqual({
      type: "resync",
      code: "gap",
      offset: 1,
      detail: "client 9, clocks 0 to 1",
      missing: [
        { client: 9, from: 0, to: 2 },
        { client: 5, from: 3, to: 8 },
        { client: 4, from: 1, to: 3 },
        { client: 8, from: 0, to: 1 },
        { client: 7, from: 1, to: 5 },
      ],
    });
  });

  it("names at most a hundred clients", () => {
    const { scan } = setUp();
    const deletes = Array.from({ length: 300 }, (_, i) => ({ client: 100 + i, ranges: [[0, 1]] as const }));
    const answer = scan(craftUpdate({ deletes }));
    expect(answer).toMatchObject({ type: "resync", code: "unknown-delete" });
    expect(answer.type === "resync" && answer.missing.length).toBe(100);
  });

  it("is for new structs of ids that the sender may not write, never for known ones", () => {
    const asked: number[] = [];
    const mayWrite = (client: number) => {
      asked.push(client);
      return client === 9;
    };
    const { doc, scan: scanFrom } = setUp();
    const scan = (update: Uint8Array) => scanFrom(update, { mayWrite });
    expect(scan(Y.encodeStateAsUpdate(doc)).type).toBe("pass");
    expect(asked).toEqual([]);
    const foreign = craftUpdate({
      blocks: [{ client: 5, clock: 3, structs: [{ string: "x", origin: [5, 2] }] }],
    });
    expect(scan(foreign)).toMatchObject({
      type: "resync",
      code: "foreign-client",
      missing: [{ client: 5, from: 3, to: 4 }],
    });
    const own = craftUpdate({ blocks: [{ client: 9, structs: [{ string: "x", origin: [5, 2] }] }] });
    expect(scan(own).type).toBe("pass");
    expect(asked).toEqual([5, 9]);
  });
});

describe("of several answers the hardest is given", () => {
  const undeclared: CraftedStruct = { any: [1], parent: "__proto__" };
  const early: CraftedStruct = { any: [1], origin: [77, 0] };
  const deep: CraftedStruct = { any: [[[[]]]], parent: "list" };
  const limits = { valueDepth: 2 };

  it("resync before compensate: what cannot be applied cannot be taken back", () => {
    expect(setUp().scanStructs(undeclared, early).type).toBe("resync");
    expect(setUp().scanStructs(early, undeclared).type).toBe("resync");
  });

  it("too large before resync", () => {
    expect(setUp({ limits }).scanStructs(early, deep).type).toBe("too-large");
  });

  it("barred before resync and compensate", () => {
    const update = craftUpdate({ blocks: [{ client: 9, structs: [undeclared, early] }] });
    expect(setUp().scan(Uint8Array.of(...update, 0))).toMatchObject({
      type: "barred",
      code: "trailing-bytes",
    });
  });
});

describe("a shape is wrong", () => {
  const offence = { type: "compensate", code: "wrong-shape" };
  const kinds = { array: 0, map: 1, text: 2, element: 3, fragment: 4, hook: 5, xmlText: 6 } as const;
  const contents: Record<string, CraftedStruct> = {
    any: { any: [1] },
    json: { json: [1] },
    binary: { binary: new Uint8Array(1) },
    type: { type: 1 },
    string: { string: "x" },
    embed: { embed: {} },
    format: { format: ["bold", true] },
    deleted: { deleted: 1 },
  };
  /** What Yjs's own methods can put into a list, and under a key. */
  const list: Record<keyof typeof kinds, string> = {
    array: "any json binary type deleted",
    map: "deleted",
    text: "string embed format type deleted",
    element: "any json binary type deleted",
    fragment: "any json binary type deleted",
    hook: "deleted",
    xmlText: "string embed format type deleted",
  };
  const keyed: Record<keyof typeof kinds, string> = {
    array: "deleted",
    map: "any json binary type deleted",
    text: "any json binary type deleted",
    element: "any json binary type deleted",
    fragment: "deleted",
    hook: "any json binary type deleted",
    xmlText: "any json binary type deleted",
  };

  it.each(Object.keys(kinds) as (keyof typeof kinds)[])(
    "in a %s, unless Yjs's own methods can give it",
    kind => {
      const parent: CraftedStruct = {
        type: kinds[kind],
        parent: "map",
        key: "key",
        ...([3, 5].includes(kinds[kind]) ? { name: "p" } : {}),
      };
      for (const [name, content] of Object.entries(contents)) {
        for (const [allowed, key] of [
          [list, undefined],
          [keyed, "key"],
        ] as const) {
          const child = { ...content, parent: [9, 0] as const, ...(key === undefined ? {} : { key }) };
          const expected = allowed[kind].split(" ").includes(name) ? { type: "pass" } : offence;
          expect([kind, name, key, setUp().scanStructs(parent, child)]).toMatchObject([
            kind,
            name,
            key,
            expected,
          ]);

          // The same when the parent was there before.
          const { doc, scan } = setUp();
          Y.applyUpdate(doc, craftUpdate({ blocks: [{ client: 9, structs: [parent] }] }));
          const update = craftUpdate({ blocks: [{ client: 8, structs: [child] }] });
          expect([kind, name, key, scan(update)]).toMatchObject([kind, name, key, expected]);
        }
      }
    },
  );

  it("in a declared root, by its declaration", () => {
    const roots = { text: "text", map: "map", list: "array", xml: "fragment" } as const;
    const scanStructs = (...structs: CraftedStruct[]) => setUp({ roots }).scanStructs(...structs);
    expect(scanStructs({ any: [1], parent: "list" })).toMatchObject({ type: "pass" });
    expect(scanStructs({ any: [1], parent: "map", key: "key" })).toMatchObject({ type: "pass" });
    expect(scanStructs({ string: "x", origin: [5, 2] })).toMatchObject({ type: "pass" });
    expect(scanStructs({ type: 3, name: "p", parent: "xml" })).toMatchObject({ type: "pass" });
    expect(scanStructs({ any: [1], parent: "map" })).toMatchObject(offence);
    expect(scanStructs({ any: [1], parent: "text" })).toMatchObject(offence);
    expect(scanStructs({ any: [1], origin: [5, 2] })).toMatchObject(offence);
    expect(scanStructs({ string: "x", parent: "list" })).toMatchObject(offence);
    expect(scanStructs({ any: ["x"], parent: "xml", key: "class" })).toMatchObject(offence);
  });

  it("in no root that nobody declared: its kind is for the reader to decide", () => {
    for (const content of Object.values(contents)) {
      expect(setUp().scanStructs({ ...content, parent: "text" })).toMatchObject({ type: "pass" });
      expect(setUp().scanStructs({ ...content, parent: "text", key: "key" })).toMatchObject({ type: "pass" });
    }
  });

  it("when what is named as a parent is no type", () => {
    expect(setUp().scanStructs({ any: [1], parent: [5, 1] })).toMatchObject(offence);
    expect(setUp().scanStructs({ any: [1], parent: "list" }, { any: [1], parent: [9, 0] })).toMatchObject(
      offence,
    );
  });

  it("not in a parent that was deleted, or that is collected with the struct", () => {
    const { doc, scanStructs } = setUp();
    doc.getMap("map").delete("list");
    expect(scanStructs({ string: "x", parent: [4, 0] })).toMatchObject({ type: "pass" });
    expect(scanStructs({ collected: 2 }, { any: [1], parent: [9, 0] })).toMatchObject({ type: "pass" });
  });

  it("not a second time, when the offender sends again what was taken back", () => {
    const { doc, scan } = setUp();
    const update = craftUpdate({ blocks: [{ client: 9, structs: [{ string: "x", parent: [4, 0] }] }] });
    expect(scan(update)).toMatchObject(offence);
    doc.transact(transaction => {
      Y.applyUpdate(doc, update);
      for (const struct of doc.store.clients.get(9)!) struct.delete(transaction);
    });
    expect(scan(update)).toMatchObject({ type: "pass", news: false });
  });
});

describe("roots", () => {
  it("that are not declared are an offence when some are, also for who adds to one that is there", () => {
    const { scanStructs } = setUp({ roots: { map: "map" } });
    const offence = { type: "compensate", code: "undeclared-root" };
    expect(scanStructs({ any: [1], parent: "other" })).toMatchObject(offence);
    expect(scanStructs({ string: "x", origin: [5, 2] })).toMatchObject(offence);
    expect(scanStructs({ any: [1], parent: "map", key: "key" })).toMatchObject({ type: "pass" });
  });

  it("of a name that JavaScript gives to every object are roots like others", () => {
    expect(setUp().scanStructs({ any: [1], parent: "toString" })).toMatchObject({ type: "pass" });
    const { scanStructs } = setUp({ roots: { map: "map" } });
    expect(scanStructs({ any: [1], parent: "toString" })).toMatchObject({ code: "undeclared-root" });
  });

  it("must have a kind", () => {
    const roots = JSON.parse('{"map":"list"}');
    expect(() => createFirewall(new Y.Doc(), { roots })).toThrow(
      new TypeError("roots.map: there is no kind list"),
    );
  });
});

describe("a character of two units is parted", () => {
  const offence = { type: "compensate", code: "split-surrogate-pair" };

  it("by an origin or a right neighbour between its halves, stored or new", () => {
    const { doc, scanStructs } = setUp();
    Y.applyUpdate(
      doc,
      craftUpdate({ blocks: [{ client: 6, structs: [{ string: "a😀b", parent: "text" }] }] }),
    );
    expect(scanStructs({ string: "x", origin: [6, 1] })).toMatchObject(offence);
    expect(scanStructs({ string: "x", right: [6, 2] })).toMatchObject(offence);
    for (const clock of [0, 2, 3]) {
      expect(scanStructs({ string: "x", origin: [6, clock] })).toMatchObject({ type: "pass" });
    }
    const text: CraftedStruct = { string: "é漢😀", parent: "text" };
    expect(scanStructs(text, { string: "x", origin: [9, 2] })).toMatchObject(offence);
    expect(scanStructs(text, { string: "x", right: [9, 3] })).toMatchObject(offence);
    for (const clock of [0, 1, 3]) {
      expect(scanStructs(text, { string: "x", origin: [9, clock] })).toMatchObject({ type: "pass" });
    }
  });

  it("by a deletion that begins or ends between its halves, stored or new, if it is not deleted yet", () => {
    const { doc, scan } = setUp();
    const structs: CraftedStruct[] = [{ string: "a😀b", parent: "text" }];
    const deletion = (from: number, to: number) =>
      craftUpdate({ deletes: [{ client: 6, ranges: [[from, to - from]] }] });
    const withText = (from: number, to: number) =>
      craftUpdate({
        blocks: [{ client: 6, structs }],
        deletes: [{ client: 6, ranges: [[from, to - from]] }],
      });

    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [2, 4],
    ] as const)
      expect(scan(withText(from, to))).toMatchObject(offence);
    for (const [from, to] of [
      [1, 3],
      [0, 4],
      [3, 4],
    ] as const) {
      expect(scan(withText(from, to))).toMatchObject({ type: "pass" });
    }
    Y.applyUpdate(doc, craftUpdate({ blocks: [{ client: 6, structs }] }));
    for (const [from, to] of [
      [0, 2],
      [2, 3],
      [2, 4],
    ] as const)
      expect(scan(deletion(from, to))).toMatchObject(offence);
    for (const [from, to] of [
      [1, 3],
      [0, 4],
      [3, 4],
    ] as const) {
      expect(scan(deletion(from, to))).toMatchObject({ type: "pass" });
    }
    Y.applyUpdate(doc, deletion(1, 3));
    expect(scan(deletion(2, 3))).toMatchObject({ type: "pass", news: false });
  });
});

describe("faults that a fuzzer found", () => {
  it("a struct whose known part is in one list and whose new part would be in another", () => {
    const { doc, scan } = setUp();
    Y.applyUpdate(doc, craftUpdate({ blocks: [{ client: 9, structs: [{ string: "x", origin: [5, 2] }] }] }));
    for (const place of [{ parent: "other" }, { parent: [4, 0] }, { parent: "text", key: "key" }] as const) {
      const update = craftUpdate({ blocks: [{ client: 9, structs: [{ string: "xy", ...place }] }] });
      expect(scan(update)).toMatchObject({ type: "barred", code: "conflicting-ids" });
    }
    const honest = craftUpdate({ blocks: [{ client: 9, structs: [{ string: "xy", origin: [5, 2] }] }] });
    expect(scan(honest)).toMatchObject({ type: "pass", newLength: 1 });
  });

  it("an entry of several values, unless all of them come deleted", () => {
    const entry = { any: [1, 2], parent: [4, 0], key: "key" } as const;
    const inMap = { ...entry, parent: "map" };
    const update = (ranges: [number, number][]) =>
      craftUpdate({
        blocks: [{ client: 9, structs: [inMap, { any: [3], origin: [9, 1] }] }],
        deletes: [{ client: 9, ranges }],
      });
    const offence = { type: "compensate", code: "wrong-shape" };
    expect(setUp().scan(update([[0, 2]]))).toMatchObject({ type: "pass" });
    expect(setUp().scan(update([[0, 3]]))).toMatchObject({ type: "pass" });
    expect(setUp().scan(update([[0, 1]]))).toMatchObject(offence);
    expect(
      setUp().scan(
        update([
          [0, 1],
          [1, 1],
        ]),
      ),
    ).toMatchObject(offence);
    expect(setUp().scan(update([[1, 2]]))).toMatchObject(offence);
    expect(setUp().scanStructs(inMap)).toMatchObject(offence);
  });
});

it("no V2 update passes that holds anything", () => {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "text");
  doc.getMap("map").set("key", [1, { a: "b" }]);
  const { scan } = setUp();
  const answer: Scan = scan(Y.encodeStateAsUpdateV2(doc));
  expect(answer.type).toBe("barred");
  expect(scan(Y.encodeStateAsUpdateV2(new Y.Doc())).type).toBe("barred");
});

it("bytes in the middle of a larger buffer are judged by themselves", () => {
  const update = craftUpdate({
    blocks: [{ client: 9, structs: [{ any: [1], parent: "map", key: "ключ и ещё кое-что" }] }],
  });
  const buffer = new Uint8Array(update.length + 20).fill(0xff);
  buffer.set(update, 7);
  expect(setUp().scan(buffer.subarray(7, 7 + update.length)).type).toBe("pass");
});
