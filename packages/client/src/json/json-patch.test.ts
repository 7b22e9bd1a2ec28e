import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { applyPatch, type Json, type Patch } from "./json-patch.js";

interface Case {
  readonly comment?: string;
  readonly doc: Json;
  readonly patch: Patch;
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

const require = createRequire(import.meta.url);
/** About patches that are malformed: those of this client are typed, and the relay refuses them. */
const malformed = /^(null|missing|Unrecognized op|JSON Pointer should start|.*missing.*(path|value|from))/i;

const suites: [string, Case[]][] = [
  ["tests.json", require("json-patch-test-suite/tests.json")],
  ["spec_tests.json", require("json-patch-test-suite/spec_tests.json")],
];

describe.each(suites)("the public conformance tests, %s", (_, cases) => {
  const enabled = cases.filter(({ doc, disabled }) => doc !== undefined && disabled !== true);

  for (const { doc, patch, expected, error, comment } of enabled) {
    if (malformed.test(comment ?? "") || malformed.test(error ?? "")) continue;
    it(comment ?? error ?? JSON.stringify(patch), () => {
      const before = structuredClone(doc);
      if (error !== undefined) expect(() => applyPatch(doc, patch)).toThrow();
      else expect(applyPatch(doc, patch)).toEqual(expected ?? doc);
      expect(doc).toEqual(before);
    });
  }
});

describe("a patch", () => {
  it("edits texts at a position, and only where what it deletes is there", () => {
    const insert: Patch = [{ op: "str_ins", path: "/t", pos: 1, str: "é" }];
    const erase: Patch = [{ op: "str_del", path: "/t", pos: 1, str: "b" }];
    expect(applyPatch({ t: "ab" }, insert)).toEqual({ t: "aéb" });
    expect(applyPatch({ t: "ab" }, erase)).toEqual({ t: "a" });
    expect(() => applyPatch({ t: "ac" }, erase)).toThrow("Other text");
    expect(() => applyPatch({ t: "" }, insert)).toThrow("not as long");
    expect(() => applyPatch({ t: 1 }, insert)).toThrow("no text");
    expect(() => applyPatch({ t: "" }, [{ op: "delta", path: "/t", delta: [] }])).toThrow("not run here");
  });

  it("says at which pointer it did not fit, and has changed nothing", () => {
    const json = { list: [1] };
    const patch: Patch = [
      { op: "add", path: "/list/-", value: 2 },
      { op: "remove", path: "/list/2" },
    ];
    expect(() => applyPatch(json, patch)).toThrow(
      expect.objectContaining({ code: "patch-invalid", pointer: "/list/2" }),
    );
    expect(json).toEqual({ list: [1] });
  });

  it("never reaches a prototype", () => {
    const after = applyPatch({}, [{ op: "add", path: "/__proto__", value: { admin: true } }]) as object;
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype);
    expect(() => applyPatch({}, [{ op: "replace", path: "/constructor/name", value: "x" }])).toThrow("no");
  });
});
