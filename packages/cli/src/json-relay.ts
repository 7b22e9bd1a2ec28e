/** A client of the JSON dialect at a running relay, as the commands use it. */
import { createJsonClient, type EditStorage, type JsonClient } from "@verso/client/json";
import { type Command, Option } from "commander";
import { WebSocket } from "ws";
import { toName } from "./arguments.js";
import { CliError } from "./errors.js";

export interface JsonRelayFlags {
  readonly url?: string;
  readonly token?: string;
  readonly user?: string;
}

/** Milliseconds in which a relay must have let the client in. */
const patience = 10_000;

/** Adds the flags that say who acts. */
export function withUser(command: Command): Command {
  return command
    .option("--token <token>", "API token (better in env: VERSO_TOKEN)")
    .addOption(
      new Option("--user <id>", "who acts; with a token the user that it is for (env: VERSO_USER)").argParser(
        toName,
      ),
    );
}

/** Adds the flags by which a relay is found, too. */
export function withJsonRelay(command: Command): Command {
  return withUser(command.option("--url <url>", "address of the running relay (env: VERSO_URL)"));
}

/** A client that is not connected yet. Throws a `CliError` when the address is none. */
export function createRelayClient(
  { url, token, user }: JsonRelayFlags,
  { storage, environment = process.env }: { storage?: EditStorage; environment?: NodeJS.ProcessEnv } = {},
): Promise<JsonClient> {
  return createJsonClient({
    url: toSocketUrl(url ?? environment.VERSO_URL ?? "http://localhost:8080"),
    token: token ?? environment.VERSO_TOKEN ?? "",
    userId: user ?? (environment.VERSO_USER || "operator"),
    webSocket: WebSocket,
    connect: false,
    ...(storage && { storage }),
  });
}

/** Connects. Throws a `CliError` `denied` or `relay-unreachable` when that does not come about. */
export async function goOnline(client: JsonClient): Promise<void> {
  const ends: (() => void)[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new CliError("relay-unreachable", `No relay has answered within ${patience / 1000} seconds.`));
      }, patience);
      ends.push(
        () => clearTimeout(timer),
        client.on("status", status => {
          if (status === "online") resolve();
        }),
        client.on("retry", () => reject(new CliError("relay-unreachable", "No relay answers there."))),
        client.on("error", ({ code, message }) => {
          reject(new CliError(code === "denied" ? "denied" : "relay-unreachable", message));
        }),
      );
      client.connect();
    });
  } finally {
    for (const end of ends) end();
  }
}

/** The address of a relay, or that of its JSON dialect. */
export function toSocketUrl(text: string): string {
  const isKnown = /^(https?|wss?):\/\//i.test(text) && URL.canParse(text);
  if (!isKnown) throw new CliError("bad-request", `"${text}" is no URL of a relay.`);
  const url = new URL(text);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (!url.pathname.endsWith("/ws")) url.pathname = `${url.pathname.replace(/\/+$/, "")}/ws`;
  return url.href;
}
