import { describe, expect, it } from "vitest";
import { type ForeignOperation, readOperation } from "./operation-text.js";

function read(operation: ForeignOperation): string {
  const marks = { inserted: "+", deleted: "-", note: "" };
  const { place, parts } = readOperation(operation);
  return [place, ...parts.map(({ kind, text }) => marks[kind] + text)].join(" ");
}

describe("what a person reads of an operation", () => {
  it("text comes and goes at a position", () => {
    expect(read({ op: "str_ins", path: "/content", pos: 5, str: " world" })).toBe("/content:5 + world");
    expect(read({ op: "str_del", path: "/content", pos: 0, str: "h\n" })).toBe("/content:0 -h\n");
  });

  it("values are JSON, so that a number is not mistaken for a text", () => {
    expect(read({ op: "add", path: "/lines/0", value: { total: 5 } })).toBe('/lines/0 +{"total":5}');
    expect(read({ op: "add", path: "/total", value: "5" })).toBe('/total +"5"');
    expect(read({ op: "replace", path: "/total", value: null })).toBe("/total becomes +null");
  });

  it("what RFC 6902 only names is named", () => {
    expect(read({ op: "remove", path: "/total" })).toBe("/total removed");
    expect(read({ op: "move", path: "/a", from: "/b" })).toBe("/a moved from /b");
    expect(read({ op: "copy", path: "/a", from: "/b" })).toBe("/a copied from /b");
  });

  it("a delta shows what comes, how much goes and how much is formatted, and nothing of what stays", () => {
    const delta = [
      { retain: 3 },
      { insert: "new" },
      { delete: 1 },
      { retain: 2, attributes: { bold: true } },
      { insert: { image: "a.png" } },
    ];
    expect(read({ op: "delta", path: "/content", delta, inverse: [] })).toBe(
      '/content +"new" -1 character 2 characters formatted +{"image":"a.png"}',
    );
  });

  it("an operation of a later protocol is at least named", () => {
    expect(read({ op: "increment", path: "/total", by: 1 })).toBe("/total increment");
  });
});
