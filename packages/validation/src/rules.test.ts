import type { Json, Path } from "@verso/bridge";
import { describe, expect, it } from "vitest";
import type { Actor } from "./actor.js";
import type { RuleDocument } from "./reading.js";
import { createRules, type Rule, rule } from "./rules.js";
import { between, createRandom, forEachSeed, type Random } from "./testing.js";

const actor: Actor = { user: "ann", session: "s1", roles: ["clerk"] };

const order = {
  status: "draft",
  total: 30,
  lines: [
    { sku: "a", amount: 10 },
    { sku: "b", amount: 20 },
  ],
  notes: { "a/b": "x", c: "y" },
};

function documentOf(json: Json): RuleDocument & { readonly asked: Path[] } {
  const asked: Path[] = [];
  return {
    asked,
    value(path) {
      asked.push(path);
      let value: Json | undefined = json;
      for (const segment of path) {
        if (value === undefined || value === null || typeof value !== "object") return undefined;
        value = Object.hasOwn(value, segment) ? (value as Record<string, Json>)[segment] : undefined;
      }
      return value;
    },
  };
}

function judge(rules: readonly Rule[], touched: readonly Path[], json: Json = order) {
  return createRules(rules, { clock: () => 0 }).check(touched, documentOf(json), { actor });
}

const sum = rule({
  name: "total-is-sum",
  reads: ["/total", "/lines/*/amount"],
  check([total, amounts]) {
    const expected = amounts.reduce((all, { value }) => all + Number(value), 0);
    return total === expected || `The lines are ${expected} together.`;
  },
});

describe("a rule", () => {
  it("says nothing while it holds", () => {
    expect(judge([sum], [["total"]])).toEqual([]);
  });

  it("reports a message at the first place that it reads, with its name in the code", () => {
    expect(judge([sum], [["total"]], { ...order, total: 31 })).toEqual([
      {
        pointer: "/total",
        code: "rule.total-is-sum",
        message: "The lines are 30 together.",
        rule: "total-is-sum",
        severity: "error",
      },
    ]);
  });

  it("reports violations where it finds them, of its own severity or theirs", () => {
    const small = rule({
      name: "small",
      reads: ["/lines/*/amount"],
      severity: "info",
      check: ([amounts]) =>
        amounts.map(({ pointer }, i) => ({
          pointer,
          message: "Much.",
          ...(i === 0 ? { severity: "warning" } : {}),
        })),
    });
    expect(judge([small], [["lines"]])).toMatchObject([
      { pointer: "/lines/0/amount", severity: "warning" },
      { pointer: "/lines/1/amount", severity: "info" },
    ]);
  });

  it("may just say no", () => {
    const never = rule({ name: "never", reads: ["/lines/*"], check: () => false });
    expect(judge([never], [["lines"]])).toMatchObject([{ pointer: "/lines", code: "rule.never" }]);
  });

  it("knows who is acting", () => {
    const clerks = rule({
      name: "no-clerks",
      reads: ["/status"],
      check: (_, context) => !context.actor.roles.includes("clerk"),
    });
    expect(judge([clerks], [["status"]])).toHaveLength(1);
  });

  it("reports no more than 100 of its violations", () => {
    const all = rule({
      name: "all",
      reads: ["/list/*"],
      check: ([found]) => found.map(({ pointer }) => ({ pointer, message: "One." })),
    });
    expect(judge([all], [["list"]], { list: Array.from({ length: 200 }, () => 0) })).toHaveLength(100);
  });
});

describe("what a rule reads", () => {
  const read = (pointer: string, json: Json = order): unknown => {
    let reading: unknown;
    const watch = rule({
      name: "watch",
      reads: [pointer],
      check([value]) {
        reading = value;
        return true;
      },
    });
    judge([watch], [[]], json);
    return reading;
  };

  it("is the value there, or undefined", () => {
    expect(read("/lines/1/sku")).toBe("b");
    expect(read("/notes/a~1b")).toBe("x");
    expect(read("")).toBe(order);
    for (const nowhere of ["/lines/2", "/lines/01", "/lines/-1", "/notes/toString", "/status/x"]) {
      expect(read(nowhere)).toBe(undefined);
    }
  });

  it("is everything that an asterisk stands for", () => {
    expect(read("/notes/*")).toEqual([
      { pointer: "/notes/a~1b", value: "x" },
      { pointer: "/notes/c", value: "y" },
    ]);
    expect(read("/lines/*/sku")).toEqual([
      { pointer: "/lines/0/sku", value: "a" },
      { pointer: "/lines/1/sku", value: "b" },
    ]);
    expect(read("/*/*/sku", { a: [{ sku: 1 }], b: 2, c: { d: {} } })).toEqual([
      { pointer: "/a/0/sku", value: 1 },
      { pointer: "/c/d/sku", value: undefined },
    ]);
    expect(read("/*/length", { a: [1] })).toEqual([{ pointer: "/a/length", value: undefined }]);
  });

  it("has an entry for each element, also where the rest of the pointer leads nowhere", () => {
    expect(read("/lines/*/tax/rate")).toEqual([
      { pointer: "/lines/0/tax/rate", value: undefined },
      { pointer: "/lines/1/tax/rate", value: undefined },
    ]);
    expect(read("/lines/*/tags/*")).toEqual([]);
    expect(read("/status/*")).toEqual([]);
    expect(read("/note/*", { note: { $y: "text", delta: [], attrs: {} } })).toEqual([]);
  });

  it("is asked for only when the rule is due, and once for all rules", () => {
    const document = documentOf(order);
    const rules = createRules([sum, { ...sum, name: "again" }]);
    rules.check([["status"]], document, { actor });
    expect(document.asked).toEqual([]);
    rules.check([["total"]], document, { actor });
    expect(document.asked).toEqual([["total"], ["lines"]]);
  });
});

describe("a rule runs", () => {
  const ran = (reads: readonly string[], touched: readonly Path[]): number => {
    let runs = 0;
    const counting = rule({
      name: "counting",
      reads,
      check() {
        runs++;
        return true;
      },
    });
    judge([counting], touched);
    return runs;
  };

  it("when something at, above or below one of its places was touched", () => {
    for (const path of [
      ["lines", 0, "amount"],
      ["lines", 0, "amount", "cents"],
      ["lines", 7],
      ["lines"],
      [],
    ]) {
      expect(ran(["/lines/*/amount"], [path])).toBe(1);
    }
    for (const path of [["lines", 0, "sku"], ["line"], ["amount"], ["total"]]) {
      expect(ran(["/lines/*/amount"], [path])).toBe(0);
    }
  });

  it("when something above was touched that is not there any more", () => {
    expect(ran(["/gone/here"], [["gone"]])).toBe(1);
  });

  it("once, whatever was touched", () => {
    expect(ran(["/total", "/lines/*/amount"], [["total"], ["lines"], ["lines", 0], []])).toBe(1);
  });

  it("not when nothing was touched", () => {
    expect(ran([""], [])).toBe(0);
  });

  it("in the order in which rules are declared", () => {
    const named = (name: string, pointer: string) => rule({ name, reads: [pointer], check: () => false });
    const rules = [named("z", "/a"), named("y", "/b"), named("x", "/a/b")];
    expect(judge(rules, [["a"], ["b"]]).map(issue => issue.rule)).toEqual(["z", "y", "x"]);
  });

  it("for the same touched paths as a comparison of each with each says", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const patterns = Array.from({ length: between(random, 1, 6) }, () =>
        segments(random, ["a", "b", "0", "*"]),
      );
      const touched = Array.from({ length: between(random, 0, 4) }, () => segments(random, ["a", "b", 0, 1]));
      const rules = patterns.map((pattern, i) =>
        rule({ name: String(i), reads: [pointerOf(pattern)], check: () => false }),
      );
      const expected = patterns.flatMap((pattern, i) =>
        touched.some(path => isOnOneLine(pattern, path)) ? [String(i)] : [],
      );
      expect(judge(rules, touched).map(issue => issue.rule)).toEqual(expected);
    });
  });
});

function segments<T>(random: Random, choices: readonly T[]): T[] {
  return Array.from(
    { length: between(random, 0, 4) },
    () => choices[between(random, 0, choices.length - 1)]!,
  );
}

function pointerOf(pattern: readonly (string | number)[]): string {
  return pattern.map(segment => `/${segment}`).join("");
}

function isOnOneLine(pattern: readonly (string | number)[], path: Path): boolean {
  return pattern.every((segment, i) => i >= path.length || segment === "*" || segment === String(path[i]));
}

describe("a rule that judges element by element", () => {
  const seen = (reads: readonly string[], touched: readonly Path[], json: Json = order): unknown[] => {
    let readings: unknown[] = [];
    const watch = rule({
      name: "watch",
      reads,
      elementwise: true,
      check(read) {
        readings = [...read];
        return true;
      },
    });
    judge([watch], touched, json);
    return readings;
  };

  it("gets what was touched and no more, the same elements for each of its pointers", () => {
    expect(seen(["/lines/*/sku", "/lines/*/amount"], [["lines", 1, "amount"]])).toEqual([
      [{ pointer: "/lines/1/sku", value: "b" }],
      [{ pointer: "/lines/1/amount", value: 20 }],
    ]);
    expect(seen(["/lines/*/sku"], [["lines", 1, "amount"]])).toEqual([]);
    expect(seen(["/lines/*"], [["lines", 1, "amount"], ["total"], ["lines", 1]])).toEqual([
      [{ pointer: "/lines/1", value: order.lines[1] }],
    ]);
  });

  it("gets all elements when what holds them was touched, or a place that they share", () => {
    const all = order.lines.map(({ sku }, i) => ({ pointer: `/lines/${i}/sku`, value: sku }));
    expect(seen(["/lines/*/sku"], [["lines", 1], ["lines"]])).toEqual([all]);
    expect(seen(["/lines/*/sku"], [[]])).toEqual([all]);
    expect(seen(["/lines/*/sku", "/total"], [["total"]])).toEqual([all, 30]);
    expect(seen(["/lines/*/sku", "/total"], [["lines", 0]])).toEqual([all.slice(0, 1), 30]);
  });

  it("gets nothing of what is not there any more", () => {
    expect(seen(["/notes/*/x", "/notes/*"], [["notes", "gone"]])).toEqual([[], []]);
    expect(seen(["/lines/*/tax"], [["lines", 0, "tax"]])).toEqual([
      [{ pointer: "/lines/0/tax", value: undefined }],
    ]);
  });

  it("reads no more of the document than that", () => {
    const document = documentOf(order);
    const each = rule({ name: "each", reads: ["/lines/*/sku"], elementwise: true, check: () => true });
    createRules([each]).check([["lines", 1, "sku"]], document, { actor });
    expect(document.asked).toEqual([["lines", 1, "sku"]]);
  });

  it("finds at what was touched just what it would find among all", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const json = arbitrary(random, 4);
      const pattern = [
        ...segments(random, ["a", "b", "0", "*"]),
        "*",
        ...segments(random, ["a", "0"]).slice(0, 1),
      ];
      const touched = Array.from({ length: between(random, 1, 4) }, () => segments(random, ["a", "b", 0, 1]));
      const [reads, length] = [[pointerOf(pattern)], pattern.lastIndexOf("*") + 1];
      const all = seen(reads, touched.length > 0 ? [[]] : [], json)[0] as readonly {
        readonly pointer: string;
      }[];
      const elements = touched
        .filter(path => isOnOneLine(pattern, path))
        .map(path => `${pointerOf(path.slice(0, length))}/`);
      const expected = all.filter(({ pointer }) =>
        elements.some(element => `${pointer}/`.startsWith(element)),
      );
      const found = (seen(reads, touched, json)[0] ?? []) as typeof all;
      const byPointer = (a: { readonly pointer: string }, b: typeof a) => (a.pointer < b.pointer ? -1 : 1);
      expect(found.toSorted(byPointer)).toEqual(expected.toSorted(byPointer));
    });
  });
});

function arbitrary(random: Random, depth: number): Json {
  if (depth === 0 || between(random, 0, 5) === 0) return between(random, 0, 9);
  const members = Array.from({ length: between(random, 0, 3) }, () => arbitrary(random, depth - 1));
  if (between(random, 0, 1) === 0) return members;
  return Object.fromEntries(members.map((member, i) => [["a", "b", "0"][i]!, member]));
}

describe("a rule that fails", () => {
  const secret = "1234-5678";
  const throwing = rule({
    name: "throwing",
    reads: ["/lines/*/sku"],
    severity: "info",
    check() {
      throw new Error(`No card ${secret}`);
    },
  });

  it("is an error by name, without what it said; the others run", () => {
    const issues = judge([throwing, sum], [["lines"]], { ...order, total: 0 });
    expect(issues).toMatchObject([
      { pointer: "/lines", code: "rule-failed", rule: "throwing", severity: "error" },
      { code: "rule.total-is-sum" },
    ]);
    expect(JSON.stringify(issues)).not.toContain(secret);
  });

  it("tells the operator what it threw", () => {
    const heard: unknown[] = [];
    createRules([throwing], { failed: (name, cause) => heard.push([name, cause]) }).check(
      [["lines"]],
      documentOf(order),
      { actor },
    );
    expect(heard).toEqual([["throwing", new Error(`No card ${secret}`)]]);
  });

  it("fails too when it returns what is no outcome", () => {
    const outcomes: unknown[] = [null, 1, {}, [null], [{ pointer: "total", message: "No slash." }], [{}]];
    for (const outcome of outcomes) {
      const odd = rule({ name: "odd", reads: ["/total"], check: () => outcome as boolean });
      expect(judge([odd], [["total"]])).toMatchObject([{ code: "rule-failed", rule: "odd" }]);
    }
  });

  it("fails when it is asynchronous, and takes nothing down when it rejects later", async () => {
    const heard: unknown[] = [];
    const later = rule({ name: "later", reads: ["/total"], check: rejecting as () => boolean });
    const rules = createRules([later], { failed: (_, cause) => heard.push(cause) });
    expect(rules.check([["total"]], documentOf(order), { actor })).toMatchObject([{ code: "rule-failed" }]);
    await Promise.resolve();
    expect(heard).toHaveLength(2);
  });

  function rejecting(): unknown {
    return Promise.reject(new Error("later"));
  }
});

describe("a rule that is slow", () => {
  it("is a warning by name, with its own issues before it", () => {
    let now = 0;
    const slow = rule({
      name: "slow",
      reads: ["/total"],
      check() {
        now += 101;
        return false;
      },
    });
    const rules = createRules([slow, sum], { clock: () => now });
    expect(rules.check([["total"]], documentOf(order), { actor })).toMatchObject([
      { code: "rule.slow", severity: "error" },
      { pointer: "/total", code: "rule-slow", rule: "slow", severity: "warning" },
    ]);
  });

  it("is not one that takes just as long as it may", () => {
    let now = 0;
    const rules = createRules([sum], { clock: () => (now += 5), deadline: 5 });
    expect(rules.check([["total"]], documentOf(order), { actor })).toEqual([]);
  });
});

describe("a configuration", () => {
  it("can ask which rule reads which pointer", () => {
    expect(createRules([sum]).reads).toEqual([
      { rule: "total-is-sum", pointer: "/total" },
      { rule: "total-is-sum", pointer: "/lines/*/amount" },
    ]);
  });

  it("is told of a rule that cannot be", () => {
    const check = () => true;
    expect(() => rule({ name: "a b", reads: ["/a"], check })).toThrow(TypeError);
    expect(() => rule({ name: "a", reads: [], check })).toThrow(TypeError);
    expect(() => rule({ name: "a", reads: ["a"], check })).toThrow(/slash/);
  });
});
