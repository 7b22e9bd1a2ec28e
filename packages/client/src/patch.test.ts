import { applyPatchToJson, BridgeError, type Json, type Patch } from "@verso/bridge";
import { createRandom, forEachSeed } from "@verso/bridge/testing";
import specification from "json-patch-test-suite/spec_tests.json" with { type: "json" };
import suite from "json-patch-test-suite/tests.json" with { type: "json" };
import { describe, expect, it } from "vitest";
import { runRecipe } from "./draft.js";
import { runPatch } from "./patch.js";

interface Case {
  comment?: string;
  disabled?: boolean;
  doc?: unknown;
  patch?: unknown;
  expected?: unknown;
  error?: string;
}

describe("a patch", () => {
  const cases = [...(suite as Case[]), ...(specification as Case[])].filter(
    ({ disabled, patch, doc }) => disabled !== true && patch !== undefined && isObject(doc),
  );

  it.each(cases)("$comment $error, as the common suite says ($#)", ({ doc, patch, expected, error }) => {
    const run = () => patched(doc as Json, patch as Patch);
    if (error !== undefined || !isObject(expected ?? doc)) expect(run).toThrow(BridgeError);
    else expect(run()).toEqual(expected ?? doc);
  });

  it("does what the bridge's does, and fails where that fails, with its code, operation and pointer", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const json = { a: { b: [1, { c: "text" }, []], "~/": null }, list: ["x", ["y"]], "": 0 };
      const places = [
        "/a",
        "/a/b",
        "/a/b/0",
        "/a/b/1/c",
        "/a/b/-",
        "/a/b/9",
        "/a/~0~1",
        "/list/1/0",
        "/list/01",
        "/",
        "/no/way",
        "/a/constructor",
        "/list/0/x",
        "~",
      ];
      const operation = () => ({
        op: random.pick(["add", "replace", "remove", "test", "copy", "move", "str_ins", "str_del", "none"]),
        path: random.pick(places),
        from: random.pick(places),
        value: random.pick<Json | undefined>([1, "text", { n: [] }, undefined]),
        pos: random.pick([0, 2, 9, -1, 1.5]),
        str: random.pick<unknown>(["te", "x", 1]),
      });
      const patch = Array.from({ length: 1 + random.below(3) }, operation) as unknown[] as Patch;
      expect(outcome(() => patched(json, patch))).toEqual(outcome(() => applyPatchToJson(json, patch)));
    });
  });
});

function patched(json: Json, patch: Patch): Json {
  return runRecipe(json, draft => runPatch(draft, patch)).json;
}

function outcome(run: () => Json): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { code: error.code, operation: error.operation, pointer: error.pointer };
  }
}

function isObject(json: unknown): boolean {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
