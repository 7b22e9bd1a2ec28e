/** How the pages are built, and how they are served while one works on them: against a relay on its usual port. */
import { defineConfig } from "vite";

const relay = "localhost:8080";

const editors = ["tiptap", "prosemirror", "codemirror", "monaco", "quill", "lexical", "textarea"];

export default defineConfig({
  base: "/editors/",
  build: {
    // What a page may load is what the relay serves: small files as data: URLs are forbidden to it.
    assetsInlineLimit: 0,
    // In kB. It is Monaco, which only its own page loads.
    chunkSizeWarningLimit: 3_000,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index", ...editors].map(page => `${page}.html`) },
  },
  resolve: {
    dedupe: ["yjs", "lib0", "y-protocols"],
    // y-monaco 0.1.6 asks for a file that Monaco 0.57 exports under another name.
    alias: { "monaco-editor/esm/vs": "monaco-editor" },
  },
  server: {
    proxy: {
      "/api": `http://${relay}`,
      "/sync": { target: `http://${relay}`, ws: true },
      "/yjs": { target: `ws://${relay}`, ws: true },
    },
  },
});
