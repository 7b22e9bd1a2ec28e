/** The suite of bindings for Svelte: once by states, once by stores. */
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { type BindingDriver, bindingSuite, type Mounted, type View } from "@verso/client/testing";
import { type Component, flushSync, hydrate, mount, unmount } from "svelte";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, describe, inject, test } from "vitest";
import BindingStates from "./BindingStates.svelte";
import BindingStores from "./BindingStores.svelte";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the relay is that `binding-relay.ts` of apps/relay has started. */
    relay: string;
  }
}

type Page = Component<{ view: View; documentId: string }>;

/** Compiles for servers, which those who run the tests in a page do not. */
let server: ViteDevServer;

beforeAll(async () => {
  server = await createServer({
    configFile: false,
    root: join(import.meta.dirname, ".."),
    plugins: [svelte({ configFile: false })],
    server: { middlewareMode: true, hmr: false, watch: null },
    appType: "custom",
    logLevel: "warn",
  });
});
afterAll(() => server.close());

const runner = { describe, test };
const relay = inject("relay");

bindingSuite({ name: "Svelte, by states", driver: driverOf(BindingStates, "BindingStates"), relay, runner });
bindingSuite({ name: "Svelte, by stores", driver: driverOf(BindingStores, "BindingStores"), relay, runner });

function driverOf(page: Page, name: string): BindingDriver {
  return {
    mount: (view, element) => shown(mount, page, view, element),
    hydrate: (view, element) => shown(hydrate, page, view, element),
    async renderOnServer(view) {
      const { render } = await server.ssrLoadModule("svelte/server");
      const module = await server.ssrLoadModule(`/src/${name}.svelte`);
      return render(module.default, { props: { view, documentId: view.documentId } }).body;
    },
  };
}

function shown(show: typeof mount | typeof hydrate, page: Page, view: View, target: HTMLElement): Mounted {
  let documentId = $state(view.documentId);
  const mounted = show(page, {
    target,
    props: {
      view,
      get documentId() {
        return documentId;
      },
    },
  });
  flushSync();
  return {
    show(another) {
      documentId = another;
    },
    unmount: () => void unmount(mounted),
  };
}
