import { describe, expect, it } from "vitest";
import { checkDocumentId, documentIdFromPath, forkDocumentId, forkOf } from "./index.js";

describe("a document id in a URL", () => {
  it.each([
    ["notes", "notes"],
    ["invoice/42", "invoice/42"],
    ["invoice%2F42", "invoice/42"],
    ["caf%C3%A9", "café"],
    ["100%25", "100%"],
    ["%2525", "%25"],
    ["a%20b", "a b"],
    ["..a/b..", "..a/b.."],
  ])("%s is the document %s", (path, id) => {
    expect(documentIdFromPath(path)).toEqual({ ok: true, id });
  });

  it.each([
    ["nothing", ""],
    ["a bad escape", "a%zz"],
    ["an escape that is no UTF-8", "%ff"],
    ["a dot segment", "a/./b"],
    ["a way out", "../secrets"],
    ["an encoded way out", "%2e%2e/secrets"],
    ["an encoded slash before a way out", "a%2f..%2fb"],
    ["a backslash", "a%5c..%5cb"],
    ["an empty segment", "a//b"],
    ["a slash at the end", "a/"],
    ["a slash at the beginning", "/etc/passwd"],
    ["a zero byte", "a%00b"],
    ["a line break", "a%0Ab"],
    ["513 bytes", "x".repeat(513)],
    ["fewer characters but more bytes", "é".repeat(257)],
  ])("%s is refused", (_, path) => {
    expect(documentIdFromPath(path)).toMatchObject({ ok: false });
  });
});

describe("the document of a fork", () => {
  const id = forkDocumentId("0mf2k3j1a-0123456789abcdef01234567");

  it("has a path, by which it is known for what it is", () => {
    expect(documentIdFromPath(id)).toEqual({ ok: true, id });
    expect(documentIdFromPath(encodeURIComponent(id))).toEqual({ ok: true, id });
    expect(forkOf(id)).toBe("0mf2k3j1a-0123456789abcdef01234567");
    expect(forkOf("invoice/42")).toBe(null);
  });

  it.each(["~fork", "~fork/notes", "~fork/a-1/b", "~fork/A-1", "%7Efork/notes"])(
    "is none at %s, and nobody else's either",
    path => {
      expect(documentIdFromPath(path)).toMatchObject({ ok: false });
    },
  );

  it("is nothing that a client may choose, and names that look like it are", () => {
    expect(checkDocumentId(id)).toMatchObject({ ok: false });
    expect(checkDocumentId("~forks/a-1")).toEqual({ ok: true, id: "~forks/a-1" });
    expect(checkDocumentId("a/~fork/b-1")).toEqual({ ok: true, id: "a/~fork/b-1" });
  });
});
