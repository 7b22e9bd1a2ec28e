/** How the page is built, and how it is served while one works on it: against a relay on its usual port. */
import { defineConfig } from "vite";

const relay = "localhost:8080";

export default defineConfig({
  build: {
    // What the page may load is what the relay serves: small fonts as data: URLs are forbidden to it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { input: ["index.html", "texts.html", "order.html", "lab.html"] },
  },
  resolve: { dedupe: ["yjs", "lib0", "y-protocols"] },
  server: {
    proxy: {
      "/api": `http://${relay}`,
      "/sync": { target: `http://${relay}`, ws: true },
      "/yjs": { target: `ws://${relay}`, ws: true },
    },
  },
});
