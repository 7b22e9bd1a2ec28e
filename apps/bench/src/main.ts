/**
 * The benchmark: installs the peers that take part, runs the workloads in a process of its own (`run.ts`), and writes the
 * report.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { defaultTrace } from "./history.js";
import { describeMachine, loadCpu } from "./machine.js";
import { ensureNode, ensurePeer, versionsOf } from "./peers.js";
import { type Invocation, type Plan, parseInvocation, usage } from "./plan.js";
import { hasCompiler } from "./readers.js";
import { type RunFacts, renderReport } from "./report.js";
import { subjects } from "./subjects.js";
import type { Measurement, WorkloadName } from "./workload.js";

interface Record {
  readonly facts: RunFacts;
  readonly measurements: readonly Measurement[];
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let invocation: Invocation | null;
  try {
    invocation = parseInvocation(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // A command tells whoever has called it wrongly.
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
  if (invocation === null) {
    // What was asked for.
    console.log(usage);
    return 0;
  }
  const { plan, out, json, from, notes } = invocation;
  const missing = [plan.trace, from, notes].find(file => file !== undefined && !existsSync(file));
  if (missing !== undefined) {
    // Beside the report, which may go to standard output.
    console.error(`There is no file ${missing}.`);
    return 2;
  }
  const record = from === undefined ? await measure(plan, json) : readRecord(from);
  const report = renderReport({ ...record, notes: notes && readFileSync(notes, "utf8") });
  // The report is what the command is for.
  if (out === undefined) console.log(report);
  else writeFileSync(out, report);
  return record.measurements.some(({ result }) => "failure" in result) ? 1 : 0;
}

async function measure(asked: Plan, json: string | undefined): Promise<Record> {
  const plan = withoutMissing(asked);
  const node = await ensureNode();
  const peers = plan.subjects.flatMap(name => subjects[name].peer ?? []);
  for (const peer of peers) await ensurePeer(peer);

  const facts: RunFacts = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    node: output(node, ["--version"]),
    commit: commit(),
    versions: [...new Set([...peers.flatMap(versionsOf), ...ownVersions()])],
    history: historyTitle(plan.trace),
    plan,
  };
  const file = json === undefined ? null : createWriteStream(json);
  file?.write(`${JSON.stringify(facts)}\n`);

  const program = fileURLToPath(new URL("./run.js", import.meta.url));
  const child = spawn("taskset", ["-c", loadCpu, node, program, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const measurements: Measurement[] = [];
  createInterface({ input: child.stdout }).on("line", line => {
    measurements.push(JSON.parse(line) as Measurement);
    file?.write(`${line}\n`);
  });
  const [code, signal] = await once(child, "close");
  file?.end();
  if (code !== 0) throw new Error(`The run ended early (${signal ?? `exit code ${code}`}).`);
  return { facts, measurements };
}

/** The readers of W1 and W5 are written in C, and W11 is in a browser, which `npm run bench` finds. */
function withoutMissing(plan: Plan): Plan {
  const isThere = (name: WorkloadName) => {
    const lacks =
      name === "w1" || name === "w5"
        ? !hasCompiler() && "C compiler (cc)"
        : name === "w11" && process.env.CHROMIUM === undefined && "browser (CHROMIUM)";
    // Beside the report: what it does not have, it has to say.
    if (lacks) console.error(`There is no ${lacks}: ${name} is left out.`);
    return !lacks;
  };
  return { ...plan, workloads: plan.workloads.filter(isThere) };
}

function historyTitle(trace: string | undefined): string {
  const file = trace ?? defaultTrace();
  if (file !== undefined) return `\`${basename(file).replace(/\..*/, "")}\`, recorded`;
  // Beside the report: its figures are then of another history.
  console.error("There is no recorded history (--trace): one of the same size is made up.");
  return "made up";
}

function readRecord(path: string): Record {
  const [first = "", ...rest] = readFileSync(path, "utf8").trim().split("\n");
  return {
    facts: JSON.parse(first) as RunFacts,
    measurements: rest.map(line => JSON.parse(line) as Measurement),
  };
}

function commit(): string {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const isClean = output("git", ["-C", root, "status", "--porcelain"]) === "";
  return `${output("git", ["-C", root, "rev-parse", "--short=12", "HEAD"])}${isClean ? "" : " and changes to it"}`;
}

function ownVersions(): string[] {
  const require = createRequire(import.meta.url);
  return ["yjs", "ws", "y-websocket", "@hocuspocus/provider", "fast-json-patch", "rfc6902"].map(name => {
    const entry = require.resolve(name);
    const folder = entry.slice(
      0,
      entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}/`.length,
    );
    const { version } = JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as { version: string };
    return `${name} ${version}`;
  });
}

function output(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8" }).trim();
}
