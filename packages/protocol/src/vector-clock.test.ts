import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import {
  clockOfStateVector,
  compareClocks,
  mergeClocks,
  type VectorClock,
  vectorClock,
} from "./vector-clock.js";

const clocks = fc
  .dictionary(fc.nat(5).map(String), fc.nat(3), { maxKeys: 6 })
  .map((clock): VectorClock => clock);

describe("a vector clock", () => {
  it("is read from what is sent, and nothing else is", () => {
    expect(vectorClock.parse({ "16": 3, "4294967295": 0 })).toEqual({ "16": 3, "4294967295": 0 });
    for (const wrong of [
      null,
      [],
      "a",
      { a: 1 },
      { "-1": 1 },
      { "01": 1 },
      { "1": -1 },
      { "1": 0.5 },
      { "1": "2" },
    ]) {
      expect(vectorClock.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
    }
    // A name that every object has is no client.
    expect(compareClocks({}, JSON.parse('{"7":1}') as VectorClock)).toBe("before");
  });

  it("has the same JSON for the same state vector, whatever the order of its clients", () => {
    const [one, other] = [
      new Map([
        [9_000_000_000, 1],
        [7, 2],
        [3, 0],
      ]),
      new Map([
        [7, 2],
        [9_000_000_000, 1],
      ]),
    ];
    expect(JSON.stringify(clockOfStateVector(one))).toBe('{"7":2,"9000000000":1}');
    expect(JSON.stringify(clockOfStateVector(other))).toBe('{"7":2,"9000000000":1}');
  });

  it("orders partially: as sets of units do, of which it has so many of each client", () => {
    const unitsOf = (clock: VectorClock) =>
      new Set(
        Object.entries(clock).flatMap(([client, units]) =>
          Array.from({ length: units }, (_, unit) => `${client}:${unit}`),
        ),
      );
    fc.assert(
      fc.property(clocks, clocks, (one, other) => {
        const [a, b] = [unitsOf(one), unitsOf(other)];
        const within = [...a].every(unit => b.has(unit));
        const around = [...b].every(unit => a.has(unit));
        const expected = within ? (around ? "equal" : "before") : around ? "after" : "concurrent";
        expect(compareClocks(one, other)).toBe(expected);
        expect(unitsOf(mergeClocks(one, other))).toEqual(new Set([...a, ...b]));
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) },
    );
  });

  it("merges to the least that has seen both, in whatever order", () => {
    fc.assert(
      fc.property(clocks, clocks, clocks, (one, two, three) => {
        const merged = mergeClocks(one, two);
        expect(["equal", "before"]).toContain(compareClocks(one, merged));
        expect(JSON.stringify(mergeClocks(two, one))).toBe(JSON.stringify(merged));
        expect(mergeClocks(merged, three)).toEqual(mergeClocks(one, mergeClocks(two, three)));
        expect(compareClocks(mergeClocks(one, one), one)).toBe("equal");
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) },
    );
  });

  it("tells of random histories whether one replica has heard of all that another was written", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(3)), { maxLength: 40 }), steps => {
        const docs = [101, 102, 103].map(clientID => {
          const doc = new Y.Doc();
          doc.clientID = clientID;
          return doc;
        });
        /** The letters that each replica has seen, by a name of their own. */
        const seen = docs.map(() => new Set<number>());
        for (const [step, [who, what]] of steps.entries()) {
          const doc = docs[who]!;
          if (what === 3) {
            doc.getText("t").insert(0, "x");
            seen[who]!.add(step);
          } else if (what !== who) {
            Y.applyUpdate(doc, Y.encodeStateAsUpdate(docs[what]!));
            for (const letter of seen[what]!) seen[who]!.add(letter);
          }
        }
        const clockOf = (doc: Y.Doc) => clockOfStateVector(Y.decodeStateVector(Y.encodeStateVector(doc)));
        for (const [i, one] of docs.entries()) {
          for (const [j, other] of docs.entries()) {
            const within = [...seen[i]!].every(letter => seen[j]!.has(letter));
            const around = [...seen[j]!].every(letter => seen[i]!.has(letter));
            const expected = within ? (around ? "equal" : "before") : around ? "after" : "concurrent";
            expect(compareClocks(clockOf(one), clockOf(other))).toBe(expected);
          }
        }
      }),
      { numRuns: Number(process.env.VERSO_CASES ?? 1000) },
    );
  });
});
