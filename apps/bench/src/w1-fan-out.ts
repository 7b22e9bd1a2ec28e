/**
 * W1: one document, 200 clients, ten of whom write.
 *
 * - The peak: a ramp of steps, each a warm-up and a measurement, until the edits of a step come late or not at all. A
 *   second ramp on a fresh server then closes in with smaller steps, so that one bad moment of the machine, or a server
 *   that does not recover, does not decide.
 * - Fixed rates, where there is little or nothing to merge: what a delivery costs.
 * - Overload: 1.5 and 2 times the peak for two seconds on a fresh server, then silence until all is delivered, then a
 *   quarter of the peak.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  CLIENTS,
  DELIVERIES,
  FIRST_RATE,
  READERS,
  type Room,
  type Step,
  WRITERS,
  withRoom,
} from "./fan-room.js";
import { count, digits } from "./format.js";
import type { LoadKind } from "./load.js";
import { type Subject, subjectNames, subjectOf, subjects } from "./subjects.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

const LATENCY_LIMIT_MS = 200;
const DELIVERED_LIMIT = 0.93;
const HIGHEST_RATE = 300_000;
const OVERLOADS = [1.5, 2];
const DRAIN_MS = 10_000;

interface Pace {
  readonly warmUpMs: number;
  readonly stepMs: number;
  readonly coarse: number;
  /** Growth of the steps of the second ramp; none, no second ramp. */
  readonly fine: number | null;
  readonly fixedMs: number;
  readonly overloadMs: number;
}

const full: Pace = {
  warmUpMs: 700,
  stepMs: 1500,
  coarse: 1.5,
  fine: 1.15,
  fixedMs: 5000,
  overloadMs: 2000,
};
const quick: Pace = { warmUpMs: 300, stepMs: 700, coarse: 2, fine: null, fixedMs: 2000, overloadMs: 1000 };

interface Peak {
  readonly best: Step;
  /** Whether the load, not the server, could do no more. */
  readonly loadBound: boolean;
}

const atPeak = (value: number, row: Figures) => `${count(value)}${row.loadBound === 1 ? "+" : ""}`;
const cpu = { title: "server CPU", show: digits };
const milliseconds = (title: string) => ({ title, show: digits });

export const fanOut: Workload = {
  name: "w1",
  title: `Fan-out: one document, ${CLIENTS} clients, ${WRITERS} of whom write`,
  participants: subjectNames.map(name => subjects[name]),
  tables: [
    peakTable("standard", "every writer a Yjs document, every edit a message of its own"),
    peakTable("cheap", "updates written by hand, those of one millisecond in one piece"),
    {
      name: "fixed",
      title: "At 40 and at 300 edits a second",
      about:
        "CPU is the server's, in seconds for a million deliveries. At 40 edits a second there is nothing to merge.",
      columns: [
        { figure: "cpu40", title: "CPU at 40/s", show: digits, base: "plain-relay" },
        { figure: "cpu300", title: "CPU at 300/s", show: digits, base: "plain-relay" },
        { figure: "p50At300", ...milliseconds("p50 at 300/s, ms") },
        { figure: "p99At300", ...milliseconds("p99 at 300/s, ms") },
      ],
    },
    {
      name: "overload",
      title: "Overload",
      about: `For two seconds ${OVERLOADS.join(" and ")} times the subject's own peak under the cheap load. Goodput is what was delivered meanwhile, as a share of the peak; offered is what the load managed to send. Then nothing is sent until all is delivered, for ${DRAIN_MS / 1000} s at most; p99 is that of the second after, at a quarter of the peak.`,
      qualifiers: OVERLOADS.map(factor => `offered${factor}`),
      columns: OVERLOADS.flatMap(factor => [
        {
          figure: `goodput${factor}`,
          title: `goodput at ${factor}x`,
          show: (value, row) => `${digits(value)} (offered ${digits(row[`offered${factor}`] ?? 0)}x)`,
        },
        { figure: `drained${factor}`, title: "drained after, s", show: digits },
        { figure: `undelivered${factor}`, title: "edits not delivered", show: count },
        { figure: `p99After${factor}`, title: "p99 then, ms", show: digits },
      ]),
    },
  ],
  measure,
};

function peakTable(kind: LoadKind, what: string): Workload["tables"][number] {
  return {
    name: `peak-${kind}`,
    title: `The highest rate with p99 <= ${LATENCY_LIMIT_MS} ms, ${kind} load`,
    about: `Load: ${what}. Deliveries are edits times ${DELIVERIES}. A "+" says that the load could do no more; the server perhaps could.`,
    qualifiers: ["loadBound"],
    columns: [
      { figure: "edits", title: "edits/s", show: atPeak, base: "hocuspocus" },
      { figure: "deliveries", title: "deliveries/s", show: count },
      { figure: "p50", ...milliseconds("p50, ms") },
      { figure: "p99", ...milliseconds("p99, ms") },
      { figure: "serverCpu", ...cpu },
      { figure: "loadCpu", title: "load CPU", show: digits },
      { figure: "bytesPerEdit", title: "bytes an edit and receiver", show: digits },
    ],
  };
}

async function measure(participant: string, settings: Settings): Promise<readonly Row[]> {
  const subject = subjectOf(participant);
  const pace = settings.quick ? quick : full;
  const standard = await findPeak(subject, "standard", pace);
  const cheap = await findPeak(subject, "cheap", pace);
  return [
    { table: "peak-standard", figures: peakFigures(standard) },
    { table: "peak-cheap", figures: peakFigures(cheap) },
    { table: "fixed", figures: await measureFixedRates(subject, pace) },
    { table: "overload", figures: await measureOverload(subject, cheap.best.rate, pace) },
  ];
}

function peakFigures({ best, loadBound }: Peak): Figures {
  const { rate, p50, p99, serverCpu, loadCpu, bytesPerEdit } = best;
  const edits = rate * best.delivered;
  return {
    ...{ edits, deliveries: edits * DELIVERIES, loadBound: loadBound ? 1 : 0 },
    ...{ p50, p99, serverCpu, loadCpu, bytesPerEdit },
  };
}

async function findPeak(subject: Subject, kind: LoadKind, pace: Pace): Promise<Peak> {
  const fromBelow = () =>
    withRoom(subject, kind, room => ramp(room, { from: FIRST_RATE, factor: pace.coarse, pace }));
  const coarse = (await fromBelow()) ?? (await fromBelow());
  if (coarse === null) throw new Error(`Even ${FIRST_RATE} edits a second came late.`);
  const { fine } = pace;
  if (fine === null) return coarse;
  const closer = await withRoom(subject, kind, async room => {
    await room.warmUpTo(coarse.best.rate / fine);
    return ramp(room, { from: coarse.best.rate * fine, factor: fine, pace });
  });
  return closer ?? coarse;
}

/** Raises the rate until a step fails; null if the first one does. */
async function ramp(
  room: Room,
  { from, factor, pace }: { readonly from: number; readonly factor: number; readonly pace: Pace },
): Promise<Peak | null> {
  let best: Step | null = null;
  for (let rate = from; rate < HIGHEST_RATE; rate *= factor) {
    const step = await room.step(rate, { warmUpMs: pace.warmUpMs, milliseconds: pace.stepMs });
    if (step.p99 > LATENCY_LIMIT_MS || step.delivered < DELIVERED_LIMIT) {
      return best && { best, loadBound: step.loadCpu > 0.95 };
    }
    best = step;
  }
  return best && { best, loadBound: true };
}

async function measureFixedRates(subject: Subject, { fixedMs }: Pace): Promise<Figures> {
  return withRoom(subject, "standard", async room => {
    const options = { warmUpMs: fixedMs / 2, milliseconds: fixedMs };
    const at40 = await room.step(40, options);
    const at300 = await room.step(300, options);
    return {
      ...{ cpu40: at40.cpuPerMillion, cpu300: at300.cpuPerMillion },
      ...{ p50At300: at300.p50, p99At300: at300.p99 },
    };
  });
}

async function measureOverload(subject: Subject, peak: number, { overloadMs }: Pace): Promise<Figures> {
  const figures: Record<string, number | null> = {};
  for (const factor of OVERLOADS) {
    await withRoom(subject, "cheap", async room => {
      await room.warmUpTo(peak);
      const over = await room.drive(peak * factor, overloadMs);
      const silence = performance.now();
      const wanted = over.sent * READERS;
      let { delivered } = over.statistics;
      figures[`offered${factor}`] = over.sent / ((peak * overloadMs) / 1000);
      figures[`goodput${factor}`] = delivered / ((peak * READERS * overloadMs) / 1000);
      while (delivered < wanted && performance.now() - silence < DRAIN_MS) {
        await sleep(50);
        delivered = (await room.readers.statistics()).delivered;
      }
      figures[`undelivered${factor}`] = Math.max(0, wanted - delivered) / READERS;
      figures[`drained${factor}`] = null;
      figures[`p99After${factor}`] = null;
      if (delivered < wanted) return;
      figures[`drained${factor}`] = (performance.now() - silence) / 1000;
      const { statistics } = await room.drive(peak / 4, 1000);
      figures[`p99After${factor}`] = statistics.p99;
    });
  }
  return figures;
}
