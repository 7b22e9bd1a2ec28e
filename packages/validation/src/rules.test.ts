import type { Json, Path } from "@verso/bridge";
import { describe, expect, it } from "vitest";
import type { Actor } from "./actor.js";
import { createRules, type Rule, type RuleDocument, rule } from "./rules.js";
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
        if (Array.isArray(value)) throw new Error(`${segment} is not the name of a member.`);
        value = Object.hasOwn(value, segment) ? (value as Record<string, Json>)[segment] : undefined;
      }
      return value;
    },
  };
}

function judge(rules: readonly Rule[], touched: readonly Path[], json: Json = order) {
  return createRules(rules).check(touched, documentOf(json), { actor });
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

  it("is asked for only when the rule is due, once for all rules, and by names", () => {
    const document = documentOf(order);
    const rules = createRules([
      sum,
      { ...sum, name: "again" },
      rule({ name: "second", reads: ["/lines/1/sku"], check: () => true }),
    ]);
    rules.check([["status"]], document, { actor });
    expect(document.asked).toEqual([]);
    rules.check([["total"]], document, { actor });
    expect(document.asked).toEqual([["total"], ["lines"]]);
    rules.check([["lines", 1]], document, { actor });
    expect(document.asked.slice(2)).toEqual([["total"], ["lines"], ["lines"]]);
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
        now += 21;
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
