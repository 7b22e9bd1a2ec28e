import type { Json } from "@verso/bridge";
import { describe, expect, it } from "vitest";
import { confirmed, ordered, references, requiredWhen, uniqueBy } from "./cross-field.js";
import { createRules, type Rule } from "./rules.js";
import { between, createRandom, forEachSeed } from "./testing.js";

const actor = { user: "ann", session: "s1", roles: [] };

/** Pointers at which the rule is violated. */
function faults(rule: Rule, json: { readonly [key: string]: Json }): string[] {
  const document = {
    value: (path: readonly (string | number)[]) =>
      path.reduce<Json | undefined>((value, name) => (value as typeof json | undefined)?.[name], json),
  };
  const issues = createRules([rule], { clock: () => 0 }).check([[]], document, { actor });
  expect(new Set(issues.map(({ code }) => code))).toEqual(new Set(issues.map(() => `rule.${rule.name}`)));
  return issues.map(({ pointer }) => pointer);
}

describe("confirmed", () => {
  const rule = confirmed("/email", "/again");

  it("wants the same value twice, and reports the second", () => {
    expect(faults(rule, { email: "a@b.org", again: "a@b.org" })).toEqual([]);
    expect(faults(rule, { email: "a@b.org", again: "A@b.org" })).toEqual(["/again"]);
    expect(faults(rule, { email: { user: "a" }, again: { user: "a" } })).toEqual([]);
  });

  it("wants both or neither", () => {
    expect(faults(rule, {})).toEqual([]);
    expect(faults(rule, { email: "a@b.org" })).toEqual(["/again"]);
    expect(faults(rule, { again: "a@b.org" })).toEqual(["/again"]);
    expect(faults(rule, { email: null })).toEqual(["/again"]);
  });
});

describe("ordered", () => {
  const rule = ordered("/from", "/to");

  it("compares numbers, and lets them be equal", () => {
    expect(faults(rule, { from: 1, to: 2 })).toEqual([]);
    expect(faults(rule, { from: 2, to: 2 })).toEqual([]);
    expect(faults(rule, { from: 10, to: 9 })).toEqual(["/to"]);
  });

  it("compares moments, whatever their offset, and days by their midnight in UTC", () => {
    const at = (from: string, to: string) => faults(rule, { from, to });
    expect(at("2024-12-31", "2025-01-01")).toEqual([]);
    expect(at("2025-01-01", "2024-12-31")).toEqual(["/to"]);
    expect(at("2024-05-01T12:00:00+02:00", "2024-05-01T10:30:00Z")).toEqual([]);
    expect(at("2024-05-01T12:00:00Z", "2024-05-01T12:30:00+02:00")).toEqual(["/to"]);
    expect(at("2024-05-01", "2024-05-01T00:00:00Z")).toEqual([]);
  });

  it("can be strict", () => {
    expect(faults(ordered("/from", "/to", { strict: true }), { from: 2, to: 2 })).toEqual(["/to"]);
  });

  it("waits until both are there", () => {
    for (const missing of [
      {},
      { from: 3 },
      { to: 3 },
      { from: 3, to: null },
      { from: "", to: "2024-01-01" },
    ]) {
      expect(faults(rule, missing)).toEqual([]);
    }
  });

  it("reports what has no order", () => {
    expect(faults(rule, { from: "soon", to: "2024-01-01" })).toEqual(["/from"]);
    expect(faults(rule, { from: "2024-01-01", to: true })).toEqual(["/to"]);
    expect(faults(rule, { from: 2024, to: "2024-01-01" })).toEqual(["/to"]);
  });

  it("takes each element of a list by itself", () => {
    const phases = ordered("/phases/*/start", "/phases/*/end", { name: "phases" });
    const json = { phases: [{ start: 1, end: 2 }, { start: 3 }, { end: 1 }, { start: 5, end: 4 }] };
    expect(faults(phases, json)).toEqual(["/phases/3/end"]);
  });

  it("compares each element with one place, and reports the element", () => {
    const json = { phases: [{ end: 1 }, { end: 9 }], deadline: 5, start: 3 };
    expect(faults(ordered("/phases/*/end", "/deadline"), json)).toEqual(["/phases/1/end"]);
    expect(faults(ordered("/start", "/phases/*/end"), json)).toEqual(["/phases/0/end"]);
  });

  it("is refused for elements that do not belong together", () => {
    expect(() => ordered("/a/*/start", "/b/*/end")).toThrow(TypeError);
    expect(() => ordered("/a/*/start", "/a/*/b/*")).toThrow(TypeError);
  });
});

describe("requiredWhen", () => {
  const paid = requiredWhen("/paidAt", { "/status": "paid", "/total": total => Number(total) > 0 });

  it("wants something there when all conditions hold", () => {
    expect(faults(paid, { status: "paid", total: 1 })).toEqual(["/paidAt"]);
    expect(faults(paid, { status: "paid", total: 1, paidAt: null })).toEqual(["/paidAt"]);
    expect(faults(paid, { status: "paid", total: 1, paidAt: "" })).toEqual(["/paidAt"]);
    expect(faults(paid, { status: "paid", total: 1, paidAt: "2024-01-01" })).toEqual([]);
    expect(faults(paid, { status: "paid", total: 1, paidAt: false })).toEqual([]);
  });

  it("wants nothing when one does not", () => {
    for (const json of [{}, { status: "draft", total: 1 }, { status: "paid", total: 0 }]) {
      expect(faults(paid, json)).toEqual([]);
    }
  });

  it("takes each element by itself, with conditions of its own and common ones", () => {
    const reason = requiredWhen("/lines/*/reason", {
      "/lines/*/discount": d => Number(d) > 0,
      "/final": true,
    });
    const lines = [{ discount: 1 }, { discount: 0 }, { discount: 2, reason: "loyal" }, {}];
    expect(faults(reason, { lines, final: true })).toEqual(["/lines/0/reason"]);
    expect(faults(reason, { lines, final: false })).toEqual([]);
  });

  it("is refused where one place depends on many", () => {
    expect(() => requiredWhen("/reason", { "/lines/*/discount": 1 })).toThrow(TypeError);
  });
});

describe("uniqueBy", () => {
  it("reports the second and every further one", () => {
    const lines = [{ sku: "a" }, { sku: "b" }, { sku: "a" }, { sku: "a" }];
    expect(faults(uniqueBy("/lines", "sku"), { lines })).toEqual(["/lines/2/sku", "/lines/3/sku"]);
  });

  it("tells texts from numbers, and does not look at what is missing or has parts", () => {
    const lines = [
      { sku: 1 },
      { sku: "1" },
      {},
      {},
      { sku: null },
      { sku: null },
      { sku: [1] },
      { sku: [1] },
    ];
    expect(faults(uniqueBy("/lines", "sku"), { lines })).toEqual([]);
  });

  it("looks at members of maps as well, and takes any key", () => {
    const users = { ann: { "e/mail": "x" }, bob: { "e/mail": "x" } };
    expect(faults(uniqueBy("/users", "e/mail"), { users })).toEqual(["/users/bob/e~1mail"]);
  });

  it("looks within each of several lists", () => {
    const sections = [{ lines: [{ id: 1 }] }, { lines: [{ id: 1 }, { id: 2 }, { id: 1 }] }];
    expect(faults(uniqueBy("/sections/*/lines", "id"), { sections })).toEqual(["/sections/1/lines/2/id"]);
  });

  it("leaves a list without doubles when what it reports is taken out", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const lines = Array.from({ length: between(random, 0, 20) }, () => ({ id: between(random, 0, 8) }));
      const reported = new Set(faults(uniqueBy("/lines", "id"), { lines }));
      const left = lines.filter((_, i) => !reported.has(`/lines/${i}/id`)).map(({ id }) => id);
      expect(left).toEqual([...new Set(lines.map(({ id }) => id))]);
    });
  });
});

describe("references", () => {
  const rule = references("/lines/*/customer", "/customers");
  const customers = { c1: {}, 7: {} };

  it("wants each value to be a key of the map", () => {
    const lines = [{ customer: "c1" }, { customer: "c2" }, { customer: 7 }, { customer: "toString" }];
    expect(faults(rule, { lines, customers })).toEqual(["/lines/1/customer", "/lines/3/customer"]);
  });

  it("reports what refers to a removed key, or to a map that is not there", () => {
    const lines = [{ customer: "c1" }];
    expect(faults(rule, { lines, customers: {} })).toEqual(["/lines/0/customer"]);
    expect(faults(rule, { lines })).toEqual(["/lines/0/customer"]);
    expect(faults(rule, { lines, customers: ["c1"] })).toEqual(["/lines/0/customer"]);
  });

  it("wants nothing of what refers to nothing, and no other kind of value", () => {
    const lines = [{}, { customer: null }, { customer: true }, { customer: { id: "c1" } }];
    expect(faults(rule, { lines, customers })).toEqual(["/lines/2/customer", "/lines/3/customer"]);
  });

  it("works for one place", () => {
    expect(faults(references("/owner", "/customers"), { owner: "c9", customers })).toEqual(["/owner"]);
    expect(() => references("/owner", "/customers/*")).toThrow(TypeError);
  });
});

it("each has a name and a severity of one's choosing", () => {
  const rules = [
    confirmed("/a", "/b", { name: "n", severity: "info" }),
    ordered("/a", "/b", { name: "n", severity: "info" }),
    requiredWhen("/a", { "/b": 1 }, { name: "n", severity: "info" }),
    uniqueBy("/a", "b", { name: "n", severity: "info" }),
    references("/a", "/b", { name: "n", severity: "info" }),
  ];
  for (const rule of rules) expect(rule).toMatchObject({ name: "n", severity: "info" });
  expect(rules.map(({ reads }) => reads)).toEqual([
    ["/a", "/b"],
    ["/a", "/b"],
    ["/a", "/b"],
    ["/a/*/b"],
    ["/a", "/b"],
  ]);
});
