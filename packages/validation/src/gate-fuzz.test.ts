/**
 * The firewall and the gate together, in a thread with little memory: 100,000 spoilt updates do no harm, and 20,000
 * real ones are neither refused nor asked for again.
 *
 * Numbers are for the default of VERSO_CASES, 1,000.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { beforeAll, expect, it, vi } from "vitest";
import type { Report, Task } from "./gate-fuzz.test.worker.js";

const worker = fileURLToPath(new URL("../dist/gate-fuzz.test.worker.js", import.meta.url));
const cases = Number(process.env.VERSO_CASES ?? 1000);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);
/** Milliseconds without progress after which the thread is stopped. */
const patience = 30_000;

// Half a minute each where nobody else is at work.
vi.setConfig({ testTimeout: 600_000 });

beforeAll(() => {
  if (!existsSync(worker)) throw new Error("the package is not built: run `npm run build` first");
});

it("100,000 spoilt updates: no crash, no hang, nothing pending, and a document that is still valid", async () => {
  const { updates, outcomes } = await perform({ traffic: "spoilt", seeds: cases, updatesPerSeed: 100 });
  expect(updates).toBe(100 * cases);
  expectVariety(outcomes);
});

it("5,000 updates that mean anything", async () => {
  const { updates, outcomes } = await perform({ traffic: "made up", seeds: cases, updatesPerSeed: 5 });
  expect(updates).toBe(5 * cases);
  expectVariety(outcomes);
});

it("20,000 real updates, of which all enter", async () => {
  const seeds = Math.ceil(cases / 10);
  const { updates, outcomes } = await perform({ traffic: "real", seeds, updatesPerSeed: 200 });
  expect(updates).toBeGreaterThanOrEqual(200 * seeds);
  expectAccepted(outcomes, updates);
});

const traces = new URL("../../../../shared/data/traces/", import.meta.url);

it.skipIf(!existsSync(traces))(
  "what two people once wrote together (skipped where ../shared/data/traces is not there)",
  async () => {
    const { updates, outcomes } = await perform({ traffic: "recorded", seeds: 1, updatesPerSeed: 0 });
    expect(updates).toBeGreaterThan(10_000);
    expectAccepted(outcomes, updates);
  },
);

/** Many have no news: tabs send twice, and each other's. */
function expectAccepted(outcomes: Readonly<Record<string, number>>, updates: number): void {
  expect(outcomes).not.toHaveProperty("refused");
  expect(outcomes.accepted).toBeGreaterThan(updates / 3);
}

/** A fuzzer of which nothing gets in proves nothing. */
function expectVariety(outcomes: Readonly<Record<string, number>>): void {
  for (const outcome of ["pass", "barred", "resync", "accepted", "repaired", "refused"]) {
    expect(outcomes[outcome] ?? 0, `${outcome} of ${JSON.stringify(outcomes)}`).toBeGreaterThan(cases / 50);
  }
}

async function perform(
  part: Pick<Task, "traffic" | "seeds" | "updatesPerSeed">,
): Promise<Extract<Report, { type: "done" }>> {
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const task: Task = { ...part, firstSeed, progress };
  const thread = new Worker(worker, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32 },
  });
  const where = () => `VERSO_SEED=${progress[0]}, update ${progress[1]}`;
  let seen = "";
  let watch: NodeJS.Timeout | undefined;
  try {
    const report = await new Promise<Report>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", cause => reject(new Error(`${where()}: ${cause.message}`, { cause })));
      thread.once("exit", code => reject(new Error(`${where()}: the thread ended (${code})`)));
      watch = setInterval(() => {
        if (seen === where()) reject(new Error(`${where()}: it hangs`));
        seen = where();
      }, patience);
    });
    if (report.type === "failed") expect.fail(report.message);
    return report;
  } finally {
    clearInterval(watch);
    await thread.terminate();
  }
}
