import { describe, expect, it } from "vitest";
import { documentIdFromPath } from "./index.js";

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
