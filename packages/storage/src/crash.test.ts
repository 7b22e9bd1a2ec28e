/** A process that writes is killed, at every step and at random moments, and what it leaves is looked at. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLevelBackend } from "./backends/level.js";
import type { Line } from "./crash.test.writer.js";
import { openLedger } from "./ledger.js";
import { createRandom } from "./random.js";
import { verifyLedger } from "./verify.js";
import type { VerifyIssue } from "./verify-issue.js";

const SEED = Number(process.env.VERSO_SEED ?? 41);
/** How many times a process is killed under load. */
const KILLS = Math.max(6, Math.floor(Number(process.env.VERSO_CASES ?? 1000) / 200));

const writer = fileURLToPath(new URL("../dist/crash.test.writer.js", import.meta.url));
const root = await mkdtemp(join(tmpdir(), "verso-crash-"));
let folders = 0;
afterAll(() => rm(root, { recursive: true, force: true }));

beforeAll(() => {
  if (!existsSync(writer)) throw new Error("the package is not built: run `npm run build` first");
});

test("killed at every step of its appends, it has lost nothing it acknowledged, doubled nothing and left no gap", async () => {
  let points = Number.POSITIVE_INFINITY;
  for (let point = 0; point <= points; point++) {
    const directory = join(root, String(++folders));
    const lines = await runToEnd("steps", directory, point);
    const last = lines.at(-1);
    // It runs to its end at first, to count the steps, and again should there be fewer this time.
    if (last?.type === "points") points = Math.min(points, last.points);
    await expectSound(directory, lines, `killed at step ${point} of ${points}`);
    await rm(directory, { recursive: true });
  }
  expect(points).toBeGreaterThan(40);
});

test("killed again and again under load, it has lost nothing it acknowledged, doubled nothing and left no gap", async () => {
  const random = createRandom(SEED);
  const directory = join(root, String(++folders));
  const lines: Line[] = [];
  for (let run = 0; run < KILLS; run++) {
    const enough = 1 + random.int(400);
    let acknowledged = 0;
    const child = start("load", directory, run);
    // Killed once it has said so much, which is at another moment each time.
    const said = await linesOf(child, line => {
      if (line.type === "acknowledged") acknowledged += 1;
      if (acknowledged >= enough) child.kill("SIGKILL");
    });
    expect(acknowledged).toBeGreaterThanOrEqual(enough);
    lines.push(...said);
    await expectSound(directory, lines, `seed ${SEED}, run ${run}, after ${enough} acknowledgements`);
  }
});

/** What the child said that it did and what is there must agree. */
async function expectSound(directory: string, lines: readonly Line[], said: string): Promise<void> {
  await expectVerified(directory, said);
  await using ledger = await openLedger({ open: () => openLevelBackend(directory) });
  const tried = new Map<string, Set<string>>();
  const acknowledged = new Map<string, Map<string, number>>();
  for (const line of lines) {
    if (line.type === "tries")
      tried.set(line.document, (tried.get(line.document) ?? new Set()).add(line.text));
    if (line.type !== "acknowledged") continue;
    acknowledged.set(
      line.document,
      (acknowledged.get(line.document) ?? new Map()).set(line.text, line.sequence),
    );
  }
  for (const [document, texts] of tried) {
    const { log } = await ledger.open(document);
    const found = new Map<string, number>();
    let next = 1;
    for await (const { sequence, notes } of ledger.read(document)) {
      const text = notes.issues[0]!.code;
      expect(sequence, `no gap, ${said}`).toBe(next++);
      expect(found.has(text), `nothing doubled, ${said}`).toBe(false);
      expect(texts.has(text), `nothing made up, ${said}`).toBe(true);
      expect(await ledger.findByDedupe(document, text), said).toBe(sequence);
      found.set(text, sequence);
    }
    expect(log.head?.sequence ?? 0, said).toBe(found.size);
    for (const [text, sequence] of acknowledged.get(document) ?? []) {
      expect(found.get(text), `acknowledged and there, ${said}`).toBe(sequence);
    }
    // Whoever sends again what he has no answer for doubles nothing.
    const resent = [...texts].slice(-20);
    const answers = await log.append(
      resent.map(text => ({
        actor: { user: "writer" },
        kind: "update",
        notes: { issues: [{ pointer: "/", code: text, message: "", severity: "info" }] },
        dedupe: text,
      })),
    );
    for (const [index, { duplicate, sequence }] of answers.entries()) {
      expect(duplicate, said).toBe(found.has(resent[index]!));
      if (duplicate) expect(sequence, said).toBe(found.get(resent[index]!));
    }
  }
}

async function expectVerified(directory: string, said: string): Promise<void> {
  await using backend = await openLevelBackend(directory);
  const issues: VerifyIssue[] = [];
  await verifyLedger(backend, { onIssue: issue => void issues.push(issue) });
  // The pieces of a snapshot that was under way are no harm.
  expect(
    issues.filter(({ code, severity }) => code !== "orphaned-data" || severity !== "low"),
    said,
  ).toEqual([]);
}

function start(mode: string, directory: string, argument: number): ChildProcess {
  return spawn(process.execPath, [writer, mode, directory, String(argument)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function runToEnd(mode: string, directory: string, argument: number): Promise<Line[]> {
  return linesOf(start(mode, directory, argument), () => undefined);
}

/** Everything the child said by the time it is gone. */
async function linesOf(child: ChildProcess, each: (line: Line) => void): Promise<Line[]> {
  const lines: Line[] = [];
  let rest = "";
  const gone = new Promise<void>((resolve, reject) => {
    child.on("close", (code, signal) => {
      if (code === 0 || signal === "SIGKILL") resolve();
      else reject(new Error(`the writer ended with ${code ?? signal}`));
    });
    child.on("error", reject);
  });
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const line: Line = JSON.parse(part);
      lines.push(line);
      each(line);
    }
  });
  await gone;
  return lines;
}
