/** Ends a relay in order when the process is told to stop. */
import type { Logger } from "pino";
import type { Relay } from "./listen.js";

/**
 * Closes the relay at the first SIGINT or SIGTERM and ends the process with 0. A second signal is from somebody who
 * will not wait: the process ends at once, with 1. What was acknowledged is durable either way.
 */
export function closeOnSignal(relay: Relay, logger: Logger): void {
  let closing = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (closing) process.exit(1);
      closing = true;
      logger.info({ signal }, "shutting down");
      relay.close().then(
        () => process.exit(0),
        error => {
          logger.error({ err: error }, "the relay did not close in order");
          process.exit(1);
        },
      );
    });
  }
}
