/** A relay in a process of its own, for tests: started on a folder, stopped or killed, started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface RelayProcess {
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The same for WebSockets. */
  readonly webSocketUrl: string;
  /** What it has logged, a line each. */
  readonly log: readonly string[];
  readonly running: boolean;
  /** Milliseconds of processor time that its main thread has had; `null` where the system does not tell (proc(5)). */
  mainThreadTime(): number | null;
  /** Ends it in order and returns its exit code. */
  stop(): Promise<number | null>;
  /** Ends it with SIGKILL: no code of it runs any more. */
  kill(): Promise<void>;
}

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface RelayProcessOptions {
  /** A folder with a configuration file. */
  readonly folder?: string;
}

export async function startRelay(
  data: string,
  environment: Record<string, string> = {},
  { folder }: RelayProcessOptions = {},
): Promise<RelayProcess> {
  const relay = spawn(process.execPath, [main], {
    cwd: folder,
    env: { ...process.env, PORT: "0", VERSO_DATA: data, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  const url = await listening(relay, log);
  const exited = once(relay, "exit");
  const running = () => relay.exitCode === null && relay.signalCode === null;
  return {
    url,
    webSocketUrl: `${url.replace("http", "ws")}/yjs`,
    log,
    get running() {
      return running();
    },
    mainThreadTime() {
      const file = `/proc/${relay.pid}/task/${relay.pid}/schedstat`;
      return running() && existsSync(file) ? Number.parseInt(readFileSync(file, "latin1"), 10) / 1e6 : null;
    },
    async stop() {
      if (running()) relay.kill("SIGTERM");
      await exited;
      return relay.exitCode;
    },
    async kill() {
      if (running()) relay.kill("SIGKILL");
      await exited;
    },
  };
}

function listening(relay: ChildProcess, log: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [relay.stdout, relay.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", line => {
        log.push(line);
        const url = /"url":"([^"]+)"/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    }
    relay.once("exit", code => reject(new Error(`The relay ended with ${code}:\n${log.join("\n")}`)));
  });
}
