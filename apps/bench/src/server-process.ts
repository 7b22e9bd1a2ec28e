/** A subject's server as a child process: started on a CPU of its own, watched from outside, stopped or killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSecondsOf, forgetPeak, memoryOf, processTree, serverCpu } from "./machine.js";
import type { Subject } from "./subjects.js";
import type { Address } from "./wire.js";

export interface ServerProcess {
  readonly subject: Subject;
  /** Milliseconds from the start of the process until its port was open. */
  readonly startedIn: number;
  address(document: string): Address;
  /** Processor seconds since the start. */
  cpuSeconds(): number;
  residentMiB(): number;
  /** The most memory since the start or the last `forgetPeak`. */
  peakMiB(): number;
  forgetPeak(): void;
  /** Resolves when the server has done next to nothing for so long, to the milliseconds that it was busy before. */
  whenQuiet(options?: { readonly quietMs?: number; readonly patienceMs?: number }): Promise<number>;
  /** Ends it as an operator does, and waits for it to finish. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const START_MS = 60_000;
const STOP_MS = 30_000;
/** CPU of a quarter of a second below which a server counts as quiet. */
const QUIET_SECONDS = 0.02;

/** Makes an empty folder, lends it, and removes it. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(process.env.BENCH_TMP ?? tmpdir(), "verso-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    return await use(folder);
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** Starts a server on the folder, lends it, and ends it whatever happens. */
export async function withServer<T>(
  subject: Subject,
  folder: string,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await startServer(subject, folder);
  try {
    return await use(server);
  } finally {
    await server.kill();
  }
}

/** Bytes of all files under a folder. */
export function bytesOnDisk(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function startServer(subject: Subject, folder: string): Promise<ServerProcess> {
  const port = await freePort();
  const { args, env = {} } = subject.command({ port, folder });
  const began = performance.now();
  const child = spawn("taskset", ["-c", serverCpu, process.execPath, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const gone = once(child, "exit");
  const output = collectOutput(child);
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  await waitForPort(port, { child, output, title: subject.title });
  const startedIn = performance.now() - began;
  const pids = () => (child.exitCode === null && child.signalCode === null ? processTree(child.pid!) : []);

  async function kill(): Promise<void> {
    for (const pid of pids().reverse()) process.kill(pid, "SIGKILL");
    await gone;
    process.off("exit", killAtExit);
  }

  const server: ServerProcess = {
    subject,
    startedIn,
    address: document => ({
      dialect: subject.dialect,
      port,
      path: subject.path.replace("{document}", document),
      document,
    }),
    cpuSeconds: () => pids().reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    residentMiB: () => pids().reduce((sum, pid) => sum + memoryOf(pid, "VmRSS"), 0),
    peakMiB: () => pids().reduce((sum, pid) => sum + memoryOf(pid, "VmHWM"), 0),
    forgetPeak: () => pids().forEach(forgetPeak),
    async whenQuiet({ quietMs = 2000, patienceMs = 240_000 } = {}) {
      const begin = performance.now();
      let quietSince = begin;
      let used = server.cpuSeconds();
      for (;;) {
        await sleep(250);
        const now = performance.now();
        const usedNow = server.cpuSeconds();
        if (usedNow - used > QUIET_SECONDS) quietSince = now;
        used = usedNow;
        if (now - quietSince >= quietMs || now - begin >= patienceMs) return quietSince - begin;
      }
    },
    async stop() {
      child.kill("SIGTERM");
      const patience = setTimeout(kill, STOP_MS);
      await gone;
      clearTimeout(patience);
      await kill();
    },
    kill,
  };
  return server;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}

/** The beginning of what the server says, for the message when it does not start. */
function collectOutput(child: ChildProcess): () => string {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      if (output.length < 2000) output += text;
    });
  }
  return () => output.trim();
}

async function waitForPort(
  port: number,
  { child, output, title }: { child: ChildProcess; output: () => string; title: string },
): Promise<void> {
  const begin = performance.now();
  while (!(await isOpen(port))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() - begin > START_MS) {
      child.kill("SIGKILL");
      throw new Error(
        `${title} ${ended ? "ended at its start" : "does not listen"}: ${output() || "no output"}`,
      );
    }
    await sleep(10);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
