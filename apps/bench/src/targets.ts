/** The figures to reach, and by how much they are missed. */
import { count, digits, ratio } from "./format.js";
import type { WorkloadName } from "./workload.js";

export interface Target {
  readonly what: string;
  readonly workload: WorkloadName;
  readonly table: string;
  readonly figure: string;
  /** Whose figure it is. @default Verso's */
  readonly of?: string;
  /** With whom Verso's figure is compared: divided by theirs, or less theirs. Alone if absent. */
  readonly against?: { readonly participant: string; readonly as: "ratio" | "difference" };
  readonly bound: "at least" | "at most";
  readonly limit: number;
  readonly unit: string;
}

export interface Outcome {
  readonly target: Target;
  /** As compared; undefined when it was not measured. */
  readonly value: number | undefined;
  /** By how much of the limit it is missed; 0 when it is reached. Of a limit of 0, how many too many. */
  readonly missedBy: number;
}

/** Median figure of a participant in a table of a workload; undefined when there is none, `NaN` when it failed. */
export type Lookup = (
  place: Pick<Target, "workload" | "table" | "figure">,
  participant: string,
) => number | undefined;

const verso = "verso";
const toHocuspocus = { participant: "hocuspocus", as: "ratio" } as const;
const toPlain = { participant: "plain-relay", as: "ratio" } as const;
const toBridge = { participant: "bridge", as: "ratio" } as const;
const toBare = { participant: "bare", as: "ratio" } as const;

export const targets: readonly Target[] = [
  {
    what: "fan-out, peak against Hocuspocus",
    ...{ workload: "w1", table: "peak-standard", figure: "edits" },
    ...{ against: toHocuspocus, bound: "at least", limit: 1.6, unit: "x" },
  },
  ...[1.5, 2].flatMap((factor): Target[] => [
    {
      what: `goodput at ${factor} times the peak, of the peak`,
      ...{ workload: "w1", table: "overload", figure: `goodput${factor}` },
      ...{ bound: "at least", limit: 0.9, unit: "" },
    },
    {
      what: `edits not delivered after ${factor} times the peak`,
      ...{ workload: "w1", table: "overload", figure: `undelivered${factor}` },
      ...{ bound: "at most", limit: 0, unit: "" },
    },
    {
      what: `p99 in the second after ${factor} times the peak`,
      ...{ workload: "w1", table: "overload", figure: `p99After${factor}` },
      ...{ bound: "at most", limit: 200, unit: " ms" },
    },
  ]),
  {
    what: "CPU a delivery at 300 edits/s against the plain relay",
    ...{ workload: "w1", table: "fixed", figure: "cpu300" },
    ...{ against: toPlain, bound: "at most", limit: 0.9, unit: "x" },
  },
  {
    what: "CPU a delivery at 40 edits/s against the plain relay",
    ...{ workload: "w1", table: "fixed", figure: "cpu40" },
    ...{ against: toPlain, bound: "at most", limit: 1.1, unit: "x" },
  },
  {
    what: "p50 at 300 edits/s above the plain relay's",
    ...{ workload: "w1", table: "fixed", figure: "p50At300" },
    against: { participant: "plain-relay", as: "difference" },
    ...{ bound: "at most", limit: 5, unit: " ms" },
  },
  {
    what: "2,000 documents: CPU",
    ...{ workload: "w2", table: "many", figure: "cpu" },
    ...{ bound: "at most", limit: 0.35, unit: "" },
  },
  {
    what: "2,000 documents: memory a document",
    ...{ workload: "w2", table: "many", figure: "kib" },
    ...{ bound: "at most", limit: 90, unit: " KiB" },
  },
  {
    what: "intake of a long history, edits/s",
    ...{ workload: "w3", table: "intake", figure: "editsPerSecond" },
    ...{ bound: "at least", limit: 60_000, unit: "" },
  },
  {
    what: "first join after kill -9, at the wire",
    ...{ workload: "w3", table: "join", figure: "afterKill" },
    ...{ bound: "at most", limit: 20, unit: " ms" },
  },
  {
    what: "first join after a stop, at the wire",
    ...{ workload: "w3", table: "join", figure: "afterStop" },
    ...{ bound: "at most", limit: 20, unit: " ms" },
  },
  {
    what: "rejoin, at the wire",
    ...{ workload: "w3", table: "join", figure: "rejoin" },
    ...{ bound: "at most", limit: 5, unit: " ms" },
  },
  ...[500, 12_000].map(
    (rate): Target => ({
      what: `edits lost by kill -9 at ${count(rate)} edits/s`,
      ...{ workload: "w4", table: `kill-${rate}`, figure: "relayedLost" },
      ...{ bound: "at most", limit: 0, unit: "" },
    }),
  ),
  {
    what: "1,000 clients join 785 kB",
    ...{ workload: "w5", table: "storm", figure: "all" },
    ...{ bound: "at most", limit: 1.3, unit: " s" },
  },
  {
    what: "1,000 clients join 785 kB: more memory",
    ...{ workload: "w5", table: "storm", figure: "moreMiB" },
    ...{ bound: "at most", limit: 60, unit: " MiB" },
  },
  ...["1 KB", "85 KB", "8.7 MB"].flatMap(size =>
    ["set", "text", "array"].map(kind => patchTarget(`${kind} ${size}`, `patches, ${size} ${kind}`)),
  ),
  patchTarget("long-text", "patches, long text"),
  {
    what: "fan-out with rules, peak against Hocuspocus",
    ...{ workload: "w1", table: "peak-standard", figure: "edits", of: "verso-rules" },
    ...{ against: toHocuspocus, bound: "at least", limit: 1.25, unit: "x" },
  },
  {
    what: "intake of a long history with rules, edits/s",
    ...{ workload: "w3", table: "intake", figure: "editsPerSecond", of: "verso-rules" },
    ...{ bound: "at least", limit: 30_000, unit: "" },
  },
  ...["1 KB", "85 KB", "8.7 MB"].flatMap(size =>
    ["set", "text", "array"].map(kind => gateTarget(`${kind} ${size}`, `gate, ${size} ${kind}`)),
  ),
  gateTarget("long-text", "gate, long text"),
  ...(
    [
      ["firewall", "firewall, a small update", 4],
      ["field", "schema, a field", 1_000],
      ["entity", "schema, an entity", 10_000],
      ["suspicion", "suspicions in 100,000 characters", 5_000],
    ] as const
  ).map(
    ([figure, what, limit]): Target => ({
      what,
      ...{ workload: "w7", table: "checks", figure },
      ...{ bound: "at most", limit, unit: " µs" },
    }),
  ),
  ...(
    [
      ["at", "a version of a long history, median", 50],
      ["atLongest", "a version of a long history, longest of 100", 50],
      ["undo", "an undo", 5],
    ] as const
  ).map(
    ([figure, what, limit]): Target => ({
      what,
      ...{ workload: "w8", table: "back", figure, of: "verso-rules" },
      ...{ bound: "at most", limit, unit: " ms" },
    }),
  ),
  {
    what: "bytes on disk an edit, less than a snapshot an edit",
    ...{ workload: "w8", table: "bytes", figure: "saved", of: "verso-rules" },
    ...{ bound: "at least", limit: 90, unit: " %" },
  },
  ...(["merge", "latest-wins", "reject", "manual"] as const).map(
    (strategy): Target => ({
      what: `a conflict of programs, ${strategy}, median`,
      ...{ workload: "w9", table: "conflict", figure: strategy, of: "ws" },
      ...{ bound: "at most", limit: 10, unit: " ms" },
    }),
  ),
];

/** Compares what was measured with what is to be reached. */
export function judge(target: Target, lookup: Lookup): Outcome {
  const value = compared(target, lookup);
  if (value === undefined) return { target, value, missedBy: 0 };
  const { bound, limit } = target;
  const missing = bound === "at least" ? limit - value : value - limit;
  if (Number.isNaN(missing)) return { target, value, missedBy: Number.POSITIVE_INFINITY };
  return { target, value, missedBy: Math.max(0, limit === 0 ? missing : missing / limit) };
}

/** The outcome's cells: what, Verso, to reach, and whether. */
export function describe({ target, value, missedBy }: Outcome): readonly [string, string, string, string] {
  const { what, bound, limit, unit } = target;
  const show = (number: number) => (unit === "x" ? ratio(number) : `${withComma(number)}${unit}`);
  const reach = `${bound} ${show(limit)}`;
  if (value === undefined) return [what, "–", reach, "not measured"];
  if (Number.isNaN(value)) return [what, "failed", reach, "missed"];
  return [what, show(value), reach, missedBy === 0 ? "reached" : `missed by ${shortfall(missedBy, limit)}`];
}

function patchTarget(figure: string, what: string): Target {
  return {
    what,
    ...{ workload: "w6", table: "patches", figure },
    ...{ against: toBare, bound: "at most", limit: 2, unit: "x" },
  };
}

function gateTarget(figure: string, what: string): Target {
  return {
    what,
    ...{ workload: "w7", table: "gate", figure },
    ...{ against: toBridge, bound: "at most", limit: 1.5, unit: "x" },
  };
}

function compared({ against, of = verso, ...place }: Target, lookup: Lookup): number | undefined {
  const ours = lookup(place, of);
  if (ours === undefined || against === undefined) return ours;
  const theirs = lookup(place, against.participant);
  if (theirs === undefined) return undefined;
  return against.as === "ratio" ? ours / theirs : ours - theirs;
}

function shortfall(missedBy: number, limit: number): string {
  if (limit === 0) return count(missedBy);
  return missedBy < 0.01 ? "less than 1 %" : `${Math.round(missedBy * 100)} %`;
}

function withComma(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : digits(value);
}
