/** The relay's log: lines of JSON for machines, readable lines for a person at a terminal. */
import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "./config.js";

/** On standard output, or where that is for something else on standard error. */
export function createLogger(
  { logLevel }: Pick<Config, "logLevel">,
  { to = process.stdout }: { readonly to?: typeof process.stdout | typeof process.stderr } = {},
): Logger {
  const options = { level: logLevel, base: null };
  const destination = to.fd;
  if (!to.isTTY) return pino(options, pino.destination(destination));
  return pino(
    options,
    pretty({
      ignore: "pid,hostname",
      translateTime: "SYS:HH:MM:ss",
      singleLine: true,
      sync: true,
      destination,
    }),
  );
}
