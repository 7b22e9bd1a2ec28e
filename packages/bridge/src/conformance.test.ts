import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { cloneJson, type Json, type JsonObject, type MutableJsonObject } from "./json.js";
import { applyPatchToJson } from "./json-patch.js";
import type { Patch } from "./patch.js";
import { changeOfPatch } from "./patch-change.js";
import { read } from "./read.js";
import { applyChange } from "./replay.js";
import { watchPatches } from "./testing.js";
import { applyPatch, write } from "./write.js";

/** A case of json-patch/json-patch-tests. */
interface Case {
  readonly comment?: string;
  readonly doc: Json;
  readonly patch: Patch;
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

const require = createRequire(import.meta.url);
const newer = new URL("../../../../shared/data/json-patch-tests/", import.meta.url);
const suites: Record<string, Case[]> = {
  "tests.json, from npm": require("json-patch-test-suite/tests.json"),
  "spec_tests.json, from npm": require("json-patch-test-suite/spec_tests.json"),
};
for (const file of ["tests.json", "spec_tests.json"]) {
  if (existsSync(new URL(file, newer))) {
    suites[`${file}, newer`] = JSON.parse(readFileSync(new URL(file, newer), "utf8"));
  }
}

if (!existsSync(newer)) it.skip("the newer vectors: ../shared/data/json-patch-tests is not there", () => {});

for (const [suite, cases] of Object.entries(suites)) {
  const enabled = cases.filter(({ doc, disabled }) => doc !== undefined && disabled !== true);

  describe(`${suite}, on plain JSON`, () => {
    for (const { doc, patch, expected, error, comment } of enabled) {
      it(comment ?? error ?? JSON.stringify(patch), () => {
        const before = structuredClone(doc);
        if (error !== undefined) expect(() => applyPatchToJson(doc, patch)).toThrow();
        else expect(applyPatchToJson(doc, patch)).toEqual(expected ?? doc);
        expect(doc).toEqual(before);
      });
    }
  });

  describe(`${suite}, as a change`, () => {
    for (const { doc, patch, expected, error, comment } of enabled) {
      it(comment ?? error ?? JSON.stringify(patch), () => {
        const json: JsonObject = { m: { doc } };
        const record = () => changeOfPatch(json, patch.map(moved));
        if (error !== undefined) expect(record).toThrow();
        else {
          const { change, after } = record();
          expect(after).toEqual({ m: { doc: expected ?? doc } });
          const replayed = cloneJson(json) as MutableJsonObject;
          applyChange(replayed, change, "forward");
          expect(replayed).toEqual(after);
          applyChange(replayed, change, "reverse");
          expect(replayed).toEqual(json);
        }
      });
    }
  });

  for (const merge of [false, true]) {
    describe(`${suite}, on a Y.Doc${merge ? ", merging" : ""}`, () => {
      for (const { doc: json, patch, expected, error, comment } of enabled) {
        it(comment ?? error ?? JSON.stringify(patch), () => {
          const doc = new Y.Doc();
          write(doc, { m: { doc: json } }, { roots: { m: "map" } });
          const before = Y.encodeStateAsUpdate(doc);
          const watch = watchPatches(doc, { roots: { m: "map" } });
          const apply = () => applyPatch(doc, patch.map(moved), { roots: { m: "map" }, merge });
          if (error !== undefined) {
            expect(apply).toThrow();
            expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
          } else {
            apply();
            expect((read(doc, { m: "map" }).m as JsonObject).doc).toEqual(expected ?? json);
            expect(watch.json).toEqual(read(doc, { m: "map" }));
          }
        });
      }
    });
  }
}

/** The operation on a value that is not the whole document; what is no pointer stays none. */
function moved(operation: Patch[number]): Patch[number] {
  const move = (pointer: unknown) =>
    pointer === "" || String(pointer).startsWith("/") ? `/m/doc${pointer}` : pointer;
  const fields = { ...operation, path: move(operation.path) };
  return ("from" in operation ? { ...fields, from: move(operation.from) } : fields) as Patch[number];
}
