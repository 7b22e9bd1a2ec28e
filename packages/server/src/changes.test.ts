/** Commits as change events, in the terms of how the document is shown. */
import { type Change, encodeChange, type Roots } from "@verso/bridge";
import type { Commit, CommitKind } from "@verso/storage";
import { describe, expect, it } from "vitest";
import { toChangeEvent, toRejection } from "./changes.js";

const roots: Roots = { document: "map", other: "array" };
const document = { id: "d", title: "T", content: { a: 1 } };
const begun: Change = [
  { type: "set", path: [], key: "document", before: undefined, after: document, kind: "map" },
  { type: "insert", path: ["other"], index: 0, values: [1] },
];

function commit(kind: CommitKind, change: Change | undefined, ...pointers: string[]): Commit {
  return {
    sequence: 2,
    revision: "2-0123456789ab",
    hash: new Uint8Array(32),
    epoch: 1,
    time: 0,
    actor: { user: "ann" },
    kind,
    feedSequence: 9,
    update: new Uint8Array(),
    change: change === undefined ? undefined : encodeChange(change),
    inverse: new Uint8Array(),
    notes: {
      undoes: [],
      dependsOn: [],
      issues: pointers.map(pointer => ({
        pointer,
        code: "c",
        message: "m",
        severity: "error",
        rule: undefined,
      })),
      ...(kind === "refused" ? { refusedUpdate: new Uint8Array(32) } : {}),
    },
  };
}

describe("a commit", () => {
  it("that begins a document is the whole of it", () => {
    expect(toChangeEvent("d", commit("create", begun), { roots })).toEqual({
      sequence: 2,
      document_id: "d",
      event_type: "create",
      kind: "create",
      revision_id: "2-0123456789ab",
      user_id: "ann",
      forward_patch: document,
      reverse_patch: null,
      created_at: "1970-01-01T00:00:00.000Z",
    });
    const all = toChangeEvent("d", commit("create", begun), { roots, all: true });
    expect(all.forward_patch).toEqual({ id: "d", title: null, content: { document, other: [1] } });
  });

  it("that ends a document is the whole of it, back", () => {
    const ended: Change = [
      { type: "set", path: ["document"], key: "id", before: "d", after: undefined },
      { type: "set", path: ["document"], key: "title", before: "T", after: undefined },
      { type: "set", path: ["document"], key: "content", before: { a: 1 }, after: undefined },
    ];
    expect(toChangeEvent("d", commit("delete", ended), { roots })).toMatchObject({
      event_type: "delete",
      forward_patch: null,
      reverse_patch: document,
    });
  });

  it("of the content has pointers from there, and from the whole when there is more", () => {
    const set = (path: string[], key: string): Change => [
      { type: "set", path, key, before: "x", after: "y" },
    ];
    const inContent = toChangeEvent("d", commit("update", set(["document", "content"], "a")), { roots });
    expect(inContent).toMatchObject({
      forward_patch: [{ op: "replace", path: "/a", value: "y" }],
      reverse_patch: [{ op: "replace", path: "/a", value: "x" }],
    });
    expect(inContent).not.toHaveProperty("target");
    expect(toChangeEvent("d", commit("update", set(["document"], "title")), { roots })).toMatchObject({
      target: "document",
      forward_patch: [{ op: "replace", path: "/title", value: "y" }],
      reverse_patch: [{ op: "replace", path: "/title", value: "x" }],
    });
    expect(
      toChangeEvent("d", commit("update", set(["document"], "title")), { roots, all: true }),
    ).toMatchObject({
      forward_patch: [{ op: "replace", path: "/document/title", value: "y" }],
    });
    const elsewhere: Change = [{ type: "insert", path: ["other"], index: 0, values: [1] }];
    expect(toChangeEvent("d", commit("update", elsewhere), { roots })).toMatchObject({ forward_patch: [] });
  });

  it("whose change is no longer kept has no patches", () => {
    for (const kind of ["create", "update", "delete"] as const) {
      const event = toChangeEvent("d", commit(kind, undefined), { roots });
      expect([event.forward_patch, event.reverse_patch]).toEqual([null, null]);
    }
  });

  it("that was refused has issues with pointers of the same kind, in the rejection as well", () => {
    const refused = commit("refused", [], "/document/content/a", "/document/title");
    for (const told of [toChangeEvent("d", refused, { roots }), toRejection("d", refused, { roots })]) {
      expect(told).toMatchObject({
        target: "document",
        issues: [{ pointer: "/content/a" }, { pointer: "/title" }],
      });
    }
    expect(toRejection("d", refused, { roots, all: true })).toMatchObject({
      issues: [{ pointer: "/document/content/a" }, { pointer: "/document/title" }],
    });
    const inContent = toRejection("d", commit("refused", [], "/document/content/a"), { roots });
    expect(inContent).toMatchObject({ issues: [{ pointer: "/a" }] });
    expect(inContent).not.toHaveProperty("target");
  });
});
