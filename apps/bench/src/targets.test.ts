import { expect, test } from "vitest";
import { describe, judge, type Lookup, type Target } from "./targets.js";

const target: Target = {
  what: "speed",
  ...{ workload: "w1", table: "t", figure: "f", unit: "" },
  ...{ bound: "at least", limit: 1000 },
};

function verdict(figures: Readonly<Record<string, number>>, change: Partial<Target>): string {
  const lookup: Lookup = (_place, participant) => figures[participant];
  const [, value, reach, outcome] = describe(judge({ ...target, ...change }, lookup));
  return `${value}, ${reach}: ${outcome}`;
}

test("a lower bound is missed by what is missing of it", () => {
  expect(verdict({ verso: 1000 }, {})).toBe("1,000, at least 1,000: reached");
  expect(verdict({ verso: 1234 }, {})).toBe("1,234, at least 1,000: reached");
  expect(verdict({ verso: 880 }, {})).toBe("880, at least 1,000: missed by 12 %");
});

test("an upper bound is missed by what is above it", () => {
  expect(verdict({ verso: 25 }, { bound: "at most", limit: 20, unit: " ms" })).toBe(
    "25 ms, at most 20 ms: missed by 25 %",
  );
  expect(verdict({ verso: 3 }, { bound: "at most", limit: 20 })).toBe("3, at most 20: reached");
});

test("of a bound of nothing it is said how many there were", () => {
  expect(verdict({ verso: 12 }, { bound: "at most", limit: 0 })).toBe("12, at most 0: missed by 12");
  expect(verdict({ verso: 0 }, { bound: "at most", limit: 0 })).toBe("0, at most 0: reached");
});

test("figures are compared with those of another in the same run", () => {
  const ratio = { against: { participant: "other", as: "ratio" }, limit: 1.6, unit: "x" } as const;
  expect(verdict({ verso: 40, other: 20 }, ratio)).toBe("2x, at least 1.6x: reached");
  expect(verdict({ verso: 24, other: 20 }, ratio)).toBe("1.2x, at least 1.6x: missed by 25 %");
  const difference = { against: { participant: "other", as: "difference" }, bound: "at most" } as const;
  expect(verdict({ verso: 8, other: 2 }, { ...difference, limit: 5 })).toBe("6, at most 5: missed by 20 %");
});

test("what was not measured is neither reached nor missed, what failed is missed", () => {
  expect(verdict({}, {})).toBe("–, at least 1,000: not measured");
  const ratio = { against: { participant: "other", as: "ratio" } } as const;
  expect(verdict({ verso: 4000 }, ratio)).toBe("–, at least 1,000: not measured");
  expect(verdict({ verso: Number.NaN }, {})).toBe("failed, at least 1,000: missed");
});
