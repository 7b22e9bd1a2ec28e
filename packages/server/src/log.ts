/** The relay's log: lines of JSON for machines, readable lines for a person at a terminal. */
import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config.js";

export function createLogger({ logLevel }: Pick<Config, "logLevel">): Logger {
  const options = { level: logLevel, base: null };
  if (!process.stdout.isTTY) return pino(options);
  return pino(
    options,
    pretty({ ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss", singleLine: true, sync: true }),
  );
}
