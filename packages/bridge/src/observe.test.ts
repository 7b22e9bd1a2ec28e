import fastJsonPatch from "fast-json-patch";
import { applyPatch as applyByJsonJoy } from "json-joy/lib/json-patch/index.js";
import * as rfc6902 from "rfc6902";
import { describe, expect, it } from "vitest";
import type { Json } from "./json.js";
import type { Roots } from "./read.js";
import { type Applier, forEachSeed, simulate, watchPatches } from "./testing.js";

const roots: Roots = { m: "map", a: "array", t: "text", x: "xmlFragment" };

const appliers: Applier[] = [
  {
    name: "rfc6902",
    dialect: "rfc6902",
    apply: (json, patch) => {
      const errors = rfc6902.applyPatch(json, patch as rfc6902.Operation[]);
      expect(errors.filter(error => error !== null)).toEqual([]);
      return json;
    },
  },
  {
    name: "fast-json-patch",
    dialect: "rfc6902",
    apply: (json, patch) =>
      fastJsonPatch.applyPatch(json, patch as fastJsonPatch.Operation[], true).newDocument,
  },
  {
    name: "json-joy",
    dialect: "extended",
    apply: (json, patch) => applyByJsonJoy(json, patch as never, { mutate: true }).doc as Json,
  },
];

describe("every span of a simulated document", () => {
  const cases = [
    { name: "plain, collected", richText: false, gc: true },
    { name: "rich text, collected", richText: true, gc: true },
    { name: "rich text, not collected", richText: true, gc: false },
    {
      name: "undeclared roots",
      richText: true,
      gc: true,
      undeclared: { u: "text", v: "map", w: "array", y: "xmlFragment" } as Roots,
    },
    { name: "contradictions", richText: true, gc: true, contradictions: true },
    {
      name: "contradictions, undeclared roots",
      richText: true,
      gc: true,
      contradictions: true,
      undeclared: { u: "richText", v: "xmlText", w: "xmlElement" } as Roots,
    },
  ];
  for (const { name, ...options } of cases) {
    it(`has patches that lead there and back: ${name}`, () => {
      forEachSeed(seed => {
        simulate({
          ...options,
          seed,
          steps: 5 + (seed % 30),
          roots,
          watch: (doc, known) => watchPatches(doc, { roots: known, appliers }),
        });
      });
    });
  }
});
