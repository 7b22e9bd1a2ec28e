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

test("notes come back", () => {
  expect(decodeNotes(encodeNotes(notes))).toEqual(notes);
  expect(decodeNotes(encodeNotes({ undoes: [7, 3, 3] })).undoes).toEqual([3, 7]);
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
