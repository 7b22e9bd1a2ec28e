/** A relay for the tests of bindings, which run beside it in a page: started before them, it tells them where it is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bindingKinds } from "@verso/client/testing";
import { anonymous, checkConfig, level, listen } from "@verso/server";
import type { TestProject } from "vitest/node";

/** Called by Vitest, as the `globalSetup` of a project. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "verso-binding-"));
  const relay = await listen(
    checkConfig({
      storage: level(folder),
      port: 0,
      logLevel: "error",
      auth: anonymous({ allowName: true }),
      // jsdom's WebSockets say where their page is from.
      origins: ["*"],
      documents: bindingKinds,
    }),
  );
  provide("relay", relay.url);
  return async () => {
    await relay.close();
    await rm(folder, { recursive: true });
  };
}

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of a relay with `bindingKinds`. */
    relay: string;
  }
}
