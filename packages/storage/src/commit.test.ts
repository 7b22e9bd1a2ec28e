import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type CommitDraft, createCommitCodec, NO_HASH, readCommit, withoutParts } from "./commit.js";
import { ByteWriter, sealed } from "./encoding.js";
import { commitKey, documentKey } from "./keys.js";
import { encodeNotes } from "./notes.js";

const document = "invoice/42";
const key = commitKey(documentKey(document), 3);
const context = {
  previous: Buffer.alloc(32, 9),
  epoch: 2,
  sequence: 3,
  time: 1_763_700_000_000,
  feedSequence: 77,
};
const draft: CommitDraft = {
  actor: { user: "ada", session: "s1", tenant: "t" },
  kind: "undo",
  update: Buffer.from("update"),
  change: Buffer.from("change"),
  inverse: Buffer.from("inverse"),
  notes: { undoes: [2] },
};
const place = { document, sequence: 3 };
const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

test("a commit comes back", () => {
  const { value, hash, hex } = createCommitCodec(document).encode(key, draft, context);
  const { commit } = readCommit([key, value], place);
  expect(commit).toEqual({
    sequence: 3,
    revision: `3-${hex.slice(0, 12)}`,
    hash,
    epoch: 2,
    time: context.time,
    actor: draft.actor,
    kind: "undo",
    feedSequence: 77,
    update: Buffer.from("update"),
    change: Buffer.from("change"),
    inverse: Buffer.from("inverse"),
    notes: { issues: [], undoes: [2], dependsOn: [] },
  });
});

test("parts that were not given are empty", () => {
  const { value } = createCommitCodec(document).encode(
    key,
    { actor: { user: "ada" }, kind: "update" },
    context,
  );
  const { commit } = readCommit([key, value], place);
  expect([commit.update, commit.change, commit.inverse].map(part => part?.length)).toEqual([0, 0, 0]);
  expect(commit.actor).toEqual({ user: "ada", session: undefined, tenant: undefined });
  expect(commit.notes).toEqual({ issues: [], undoes: [], dependsOn: [] });
});

test("the hash is what the format says, computed by hand", () => {
  const { hash } = createCommitCodec(document).encode(key, draft, context);
  const actor = Buffer.from("0103616461" + "02027331" + "030174", "hex");
  const header = Buffer.concat([
    Buffer.of(2, 3, actor.length),
    actor,
    new ByteWriter().varuint(context.time).take(),
    Buffer.of(4),
  ]);
  const expected = sha256(
    Buffer.of(1),
    context.previous,
    Buffer.of(document.length),
    Buffer.from(document),
    Buffer.of(header.length),
    header,
    sha256(Buffer.from("update")),
    sha256(Buffer.from("change")),
    sha256(Buffer.from("inverse")),
    sha256(encodeNotes({ undoes: [2] })),
  );
  expect(hash.toString("hex")).toBe(expected.toString("hex"));
});

test("the hash differs with everything that it covers, and with nothing else", () => {
  const codec = createCommitCodec(document);
  const hashes = [
    codec.encode(key, draft, context),
    codec.encode(key, draft, { ...context, previous: NO_HASH }),
    codec.encode(key, draft, { ...context, epoch: 3 }),
    codec.encode(key, draft, { ...context, sequence: 4 }),
    codec.encode(key, draft, { ...context, time: context.time + 1 }),
    codec.encode(key, { ...draft, kind: "redo" }, context),
    codec.encode(key, { ...draft, actor: { user: "adas", session: "1", tenant: "t" } }, context),
    codec.encode(key, { ...draft, actor: { user: "ada", session: "s1" } }, context),
    codec.encode(key, { ...draft, update: Buffer.from("updatechange"), change: Buffer.alloc(0) }, context),
    codec.encode(key, { ...draft, update: Buffer.from("change"), change: Buffer.from("update") }, context),
    codec.encode(key, { ...draft, inverse: Buffer.from("inversf") }, context),
    codec.encode(key, { ...draft, notes: { dependsOn: [2] } }, context),
    createCommitCodec("invoice/43").encode(key, draft, context),
  ].map(({ hex }) => hex);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(codec.encode(key, draft, { ...context, feedSequence: 1 }).hex).toBe(hashes[0]);
});

test("a commit follows from the one before and from no other, with any of its parts dropped", () => {
  const codec = createCommitCodec(document);
  const { value } = codec.encode(key, draft, context);
  for (const drop of [[], ["update"], ["change", "inverse"], ["update", "change", "inverse"]] as const) {
    const left = withoutParts([key, value], place, drop) ?? value;
    const { commit, record } = readCommit([key, left], place);
    for (const part of ["update", "change", "inverse"] as const) {
      expect(commit[part] === undefined).toBe(drop.some(name => name === part));
    }
    expect(commit.notes.undoes).toEqual([2]);
    expect(codec.follows(record, context.previous)).toBe(true);
    expect(codec.follows(record, NO_HASH)).toBe(false);
    expect(createCommitCodec("invoice/43").follows(record, context.previous)).toBe(false);
  }
});

test("notes come back as they were, client ids in order", () => {
  const codec = createCommitCodec(document);
  const notes = {
    issues: [{ pointer: "/a", code: "c", message: "m", rule: "r", severity: "warning" as const }],
    undoes: [1],
    dependsOn: [2, 5],
    refusedUpdate: Buffer.alloc(32, 7),
    reversion: Buffer.from("ids"),
    leases: [4_294_967_295, 16],
  };
  const { value } = codec.encode(key, { ...draft, notes }, context);
  const { commit } = readCommit([key, value], place);
  expect(commit.notes).toEqual({ ...notes, leases: [16, 4_294_967_295] });
});

test("what is gone or never was cannot be dropped again", () => {
  const codec = createCommitCodec(document);
  const { value } = codec.encode(
    key,
    { actor: draft.actor, kind: "update", update: Buffer.from("u") },
    context,
  );
  const left = withoutParts([key, value], place, ["update", "change"])!;
  expect(withoutParts([key, left], place, ["update", "change", "inverse"])).toBeUndefined();
});

test("what a later version adds, to the header or behind the parts, is skipped, kept and covered", () => {
  const codec = createCommitCodec(document);
  const { record } = readCommit([key, codec.encode(key, draft, context).value], place);
  const later = new ByteWriter().varuint(50).text("later").take();
  const header = Buffer.concat([record.header, later]);
  const parts = new ByteWriter();
  for (const { bytes } of record.parts) parts.block(bytes);
  const build = (hash: Buffer) =>
    sealed(
      key,
      new ByteWriter()
        .block(header)
        .raw(hash)
        .varuint(5)
        .byte(0b01010101)
        .raw(parts.view())
        .raw(later)
        .take(),
    );
  const { commit, record: read } = readCommit([key, build(record.hash)], place);
  expect(commit).toMatchObject({ sequence: 3, kind: "undo", feedSequence: 5 });
  expect(codec.follows(read, context.previous)).toBe(false);
  const dropped = withoutParts([key, build(record.hash)], place, ["change"])!;
  expect(readCommit([key, dropped], place).record.rest).toEqual(later);
  expect(readCommit([key, dropped], place).record.header).toEqual(header);
});

test("large parts and long ids fit", () => {
  const long = "é".repeat(2_000);
  const codec = createCommitCodec(long);
  const longKey = commitKey(documentKey(long), 3);
  const large = Buffer.alloc(3_000_000, 5);
  const actor = { user: "u".repeat(5_000) };
  const { value } = codec.encode(longKey, { actor, kind: "create", update: large }, context);
  const { commit, record } = readCommit([longKey, value], place);
  expect(large.equals(commit.update!)).toBe(true);
  expect(commit.actor.user).toHaveLength(5_000);
  expect(codec.follows(record, context.previous)).toBe(true);
});

test("a record that is another commit's, or of a kind there is not, is corrupted", () => {
  const { value } = createCommitCodec(document).encode(key, draft, context);
  expect(() => readCommit([key, value], { document, sequence: 4 })).toThrow(
    expect.objectContaining({ code: "corrupted", document, sequence: 4 }),
  );
  const strange = Buffer.from(value.subarray(0, -4));
  const kindAt = strange.indexOf(4, 20);
  strange[kindAt] = 99;
  expect(() => readCommit([key, sealed(key, strange)], place)).toThrow("its kind is unknown");
});

test("a kind or an actor that there is not is a mistake of the program", () => {
  const codec = createCommitCodec(document);
  expect(() => codec.encode(key, { ...draft, kind: "rename" as never }, context)).toThrow(TypeError);
  expect(() => codec.encode(key, { ...draft, actor: {} as never }, context)).toThrow(TypeError);
});
