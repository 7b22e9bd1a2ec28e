import fastJsonPatch from "fast-json-patch";
import { applyPatch as applyByJsonJoy } from "json-joy/lib/json-patch/index.js";
import * as rfc6902 from "rfc6902";
import { describe, expect, it } from "vitest";
import type { Json } from "./json.js";
import type { Roots } from "./read.js";
import { type Applier, forEachSeed, type Simulation, simulate, watchPatches } from "./testing.js";

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

describe("every span of a simulated document has patches that lead there and back", () => {
  const suites: {
    name: string;
    options: (seed: number) => Omit<Simulation, "seed" | "steps" | "roots" | "watch">;
  }[] = [
    {
      name: "with and without rich text, collected or not, short and long",
      options: seed => ({ richText: seed % 3 > 0, gc: seed % 3 < 2, crowded: seed % 5 === 0 }),
    },
    {
      name: "with roots that nobody declared",
      options: seed => ({
        richText: true,
        undeclared:
          seed % 2 === 0
            ? { u: "text", v: "map", w: "array", y: "xmlFragment" }
            : { u: "richText", v: "xmlText", w: "xmlElement" },
      }),
    },
    {
      name: "with structs that contradict the kind of their parent",
      options: seed => ({
        contradictions: true,
        richText: seed % 3 > 0,
        gc: seed % 2 === 0,
        crowded: seed % 5 === 0,
        undeclared: seed % 4 === 0 ? { u: "richText", v: "xmlText", w: "xmlElement" } : {},
      }),
    },
  ];
  for (const { name, options } of suites) {
    it(name, () => {
      forEachSeed(seed => {
        simulate({
          ...options(seed),
          seed,
          steps: 5 + (seed % 30),
          roots,
          watch: (doc, known) => watchPatches(doc, { roots: known, appliers }),
        });
      });
    });
  }
});
