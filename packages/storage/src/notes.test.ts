import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteWriter, DecodeError } from "./encoding.js";
import { type CommitNotes, decodeNotes, encodeNotes, NO_NOTES } from "./notes.js";

const notes: CommitNotes = {
  issues: [
    {
      pointer: "/invoice/total",
      code: "too-small",
      message: "must be ≥ 0",
      rule: "total",
      severity: "error",
    },
    { pointer: "", code: "spam", message: "", rule: undefined, severity: "warning" },
    { pointer: "/a", code: "hint", message: "x", rule: undefined, severity: "info" },
  ],
  undoes: [3, 7, 2 ** 40],
  dependsOn: [1],
};

const anyIssue = fc.record({
  pointer: fc.string({ unit: "grapheme" }),
  code: fc.string({ unit: "grapheme" }),
  message: fc.string({ unit: "grapheme" }),
  rule: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
  severity: fc.constantFrom("info" as const, "warning" as const, "error" as const),
});
const anySequences = fc.uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));

test("notes come back, sequences in ascending order", () => {
  expect(decodeNotes(encodeNotes(notes))).toEqual(notes);
  expect(decodeNotes(encodeNotes({ undoes: [7, 3, 3] })).undoes).toEqual([3, 7]);
  fc.assert(
    fc.property(fc.array(anyIssue), anySequences, anySequences, (issues, undoes, dependsOn) => {
      const ascending = (sequences: number[]) => [...sequences].sort((a, b) => a - b);
      expect(decodeNotes(encodeNotes({ issues, undoes, dependsOn }))).toEqual({
        issues,
        undoes: ascending(undoes),
        dependsOn: ascending(dependsOn),
      });
    }),
    { numRuns: Number(process.env.VERSO_CASES ?? 1000), seed: Number(process.env.VERSO_SEED ?? 3) },
  );
});

test("the fork that was merged, and who decided so, come back", () => {
  const merged = { fork: "a-1", user: "eva", tenant: "élan" };
  expect(decodeNotes(encodeNotes({ ...notes, merged }))).toEqual({ ...notes, merged });
  expect(decodeNotes(encodeNotes({ merged: { fork: "b-2", user: "" } })).merged).toEqual({
    fork: "b-2",
    user: "",
    tenant: undefined,
  });
});

test("the hash of a refused update and what was taken back come back", () => {
  const taken = { refusedUpdate: Buffer.alloc(32, 7), reversion: Buffer.of(1, 2, 3) };
  expect(decodeNotes(encodeNotes({ ...notes, ...taken }))).toEqual({ ...notes, ...taken });
});

test("no notes are no bytes", () => {
  expect(encodeNotes({})).toHaveLength(0);
  expect(encodeNotes(NO_NOTES)).toHaveLength(0);
  expect(decodeNotes(new Uint8Array(0))).toBe(NO_NOTES);
});

test("what a later version adds is skipped", () => {
  const issue = new ByteWriter()
    .varuint(2)
    .text("code")
    .varuint(5)
    .block(Buffer.of(1))
    .varuint(77)
    .text("later")
    .take();
  const bytes = new ByteWriter()
    .varuint(99)
    .text("later")
    .varuint(1)
    .block(issue)
    .varuint(3)
    .block(Buffer.of(4))
    .take();
  expect(decodeNotes(bytes)).toMatchObject({
    issues: [{ code: "code", severity: "info" }],
    undoes: [],
    dependsOn: [4],
  });
});

test("nonsense is refused, on both ways", () => {
  expect(() => decodeNotes(Buffer.of(1, 9))).toThrow(DecodeError);
  expect(() =>
    decodeNotes(
      new ByteWriter()
        .varuint(1)
        .block(Buffer.of(5, 1, 9))
        .take(),
    ),
  ).toThrow(DecodeError);
  expect(() => encodeNotes({ undoes: [0] })).toThrow(TypeError);
  expect(() => encodeNotes({ issues: [{ ...notes.issues[0]!, severity: "fatal" as never }] })).toThrow(
    TypeError,
  );
});
