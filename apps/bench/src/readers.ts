/** The cheap readers (`readers.c`): compiled where a C compiler is, driven over a pipe. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { cpuSecondsOf, loadCpu } from "./machine.js";
import { type Address, greetingFrames, keepAliveFrame } from "./wire.js";

export interface ReaderStatistics {
  /** Marks seen, by all readers together. */
  readonly delivered: number;
  /** Latency in milliseconds; 0 when nothing was delivered. */
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
  readonly reads: number;
  readonly upgraded: number;
  readonly joined: number;
  readonly closed: number;
}

export interface Readers {
  statistics(): Promise<ReaderStatistics>;
  /** Starts all figures but those of connections anew. */
  reset(): void;
  /** Processor seconds since the start. */
  cpuSeconds(): number;
  close(): Promise<void>;
}

export interface ReadersOptions {
  readonly count: number;
  /** Size in bytes of the message that completes a join: the step 2. @default 1 */
  readonly joinSize?: number;
}

const source = fileURLToPath(new URL("../src/readers.c", import.meta.url));
let program: string | null = null;

/** Whether this machine has a C compiler. */
export function hasCompiler(): boolean {
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Connects readers to a document; does not wait until they have joined. */
export function startReaders(address: Address, { count, joinSize = 1 }: ReadersOptions): Readers {
  program ??= compile();
  const { port, path, dialect } = address;
  const args = [
    ...[String(port), path, String(count)],
    greetingFrames(address).toString("hex") || "-",
    keepAliveFrame(address).toString("hex") || "-",
    String(dialect === "raw" ? 0 : joinSize),
  ];
  const child = spawn("taskset", ["-c", loadCpu, program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting: { resolve: (statistics: ReaderStatistics) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", line => waiting.shift()?.resolve(JSON.parse(line)));
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const gone = once(child, "exit").then(() => {
    process.off("exit", killAtExit);
    for (const { reject } of waiting.splice(0)) reject(new Error("The readers ended before their time."));
  });
  // A write to readers that are gone fails here; whoever waits for their figures hears of it above.
  child.stdin.on("error", () => {});

  return {
    statistics: () =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null) reject(new Error("The readers have ended."));
        waiting.push({ resolve, reject });
        child.stdin.write("s");
      }),
    reset: () => void child.stdin.write("r"),
    cpuSeconds: () => cpuSecondsOf(child.pid!),
    async close() {
      child.stdin.end();
      await gone;
    },
  };
}

/** Resolves when so many have joined. */
export async function whenJoined(readers: Readers, count: number): Promise<void> {
  const begin = performance.now();
  for (;;) {
    const { joined, closed } = await readers.statistics();
    if (joined >= count) return;
    if (closed > 0) throw new Error(`The server closed ${closed} of ${count} readers while they joined.`);
    if (performance.now() - begin > 120_000)
      throw new Error(`${joined} of ${count} readers joined in 120 s.`);
    await sleep(20);
  }
}

function compile(): string {
  const binary = join(process.env.BENCH_TMP ?? tmpdir(), `verso-bench-readers-${process.pid}`);
  execFileSync("cc", ["-O2", "-Wall", "-o", binary, source], { stdio: "inherit" });
  process.once("exit", () => rmSync(binary));
  return binary;
}
