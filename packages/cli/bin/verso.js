#!/usr/bin/env node
// Checked in, so that `npx verso` exists before anything is built; the command itself is compiled.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/main.js", import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  console.error('The verso command is not built yet. Run "npm run build" first.');
  process.exitCode = 1;
}
