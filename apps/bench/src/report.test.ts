import { expect, test } from "vitest";
import { medians, type RunFacts, renderReport } from "./report.js";
import type { Measurement } from "./workload.js";

const facts: RunFacts = {
  ...{ date: "2030-01-02", machine: "2 x Abacus", node: "v24.0.0", commit: "abc", history: "made up" },
  versions: ["yjs 13.6.33"],
  plan: { workloads: ["w4", "w6"], subjects: ["verso"], quick: false, rounds: 3 },
};

function patches(participant: string, round: number, us: number | null): Measurement {
  const result = [{ table: "patches", figures: { "set 1 KB": us } }];
  return { workload: "w6", participant, round, foreign: round / 10, result };
}

test("the figure of a table is the median over the rounds, its ratio that of the medians", () => {
  const measurements = [
    ...[5, 4, 6].map((us, round) => patches("bare", round, us)),
    ...[30, 7.5, 8].map((us, round) => patches("verso", round, us)),
  ];
  const report = renderReport({ facts, measurements });
  expect(report).toContain("| transaction, observer that does nothing | 5 | – |");
  expect(report).toContain("| @verso/bridge, patches rendered | 8 (1.6x) | – |");
  expect(report).toContain("| patches, 1 KB set | 1.6x | at most 2x | reached |");
  expect(report).toContain("Others used 0.10 processors of the machine meanwhile, 0.20 at most.");
});

test("a round that failed does not count, a figure that failed once has failed", () => {
  const failure = {
    workload: "w6",
    participant: "verso",
    round: 1,
    foreign: 0,
    result: { failure: "no | space" },
  } as const;
  const report = renderReport({
    facts,
    measurements: [patches("verso", 0, 9), failure, patches("rfc6902", 0, null)],
  });
  expect(report).toContain("| @verso/bridge, patches rendered | 9 | – |");
  expect(report).toContain("| toJSON, rfc6902 both ways | failed | – |");
  expect(report).toContain("- @verso/bridge, patches rendered failed in round 2: no | space");

  const lookup = medians([patches("bare", 0, 3), patches("bare", 1, null)]);
  expect(lookup({ workload: "w6", table: "patches", figure: "set 1 KB" }, "bare")).toBeNaN();
  expect(lookup({ workload: "w6", table: "patches", figure: "text 1 KB" }, "bare")).toBeUndefined();
});

test("every row of a table has as many cells as its head", () => {
  const report = renderReport({ facts, measurements: [patches("bare", 0, 4)], notes: "Why: because." });
  expect(report).toContain("\n\nWhy: because.\n\n");
  for (const table of report.split("\n\n").filter(part => part.startsWith("|"))) {
    const widths = table.split("\n").map(line => line.split(" | ").length);
    expect(new Set(widths).size, table).toBe(1);
  }
});

test("figures to reach are those of the workloads that ran", () => {
  const report = renderReport({ facts, measurements: [] });
  expect(report).toContain("edits lost by kill -9");
  expect(report).not.toContain("fan-out");
  expect(report).toContain("Date: 2030-01-02; Verso at commit abc");
});
