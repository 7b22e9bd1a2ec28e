/** The relay as `npm start` runs it, in a process of its own, serving the page as it was built. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Relay {
  /** Where it listens, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL: no code of it runs any more. */
  kill(): Promise<void>;
}

export interface RelayOptions {
  /** The folder of its data. */
  readonly data: string;
  /** @default any that is free */
  readonly port?: string;
  /** The folder with its configuration file. @default one without */
  readonly folder?: string;
}

const main = fileURLToPath(new URL("../../relay/dist/main.js", import.meta.url));

/** Resolves when it listens. */
export async function startRelay({ data, port = "0", folder = data }: RelayOptions): Promise<Relay> {
  const relay = spawn(process.execPath, [main], {
    cwd: folder,
    env: { ...process.env, PORT: port, VERSO_DATA: data },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(relay, "exit");
  let url: string | undefined;
  for await (const line of createInterface(relay.stdout)) {
    url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  if (url === undefined) throw new Error("The relay ended before it listened.");
  // What nobody reads fills the pipe, and stops who writes into it.
  relay.stdout.resume();
  return {
    url,
    async stop() {
      relay.kill("SIGTERM");
      await exited;
    },
    async kill() {
      relay.kill("SIGKILL");
      await exited;
    },
  };
}
