/** What a client judges with runs in a browser too. */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("nothing that the package imports is of Node.js", () => {
  const imported = importsOf(fileURLToPath(import.meta.resolve("@verso/validation")));
  expect(imported).toContain("yjs");
  expect([...imported].filter(isBuiltin)).toEqual([]);
});

/** The names of the packages that a built file imports, itself and by the files of this project. */
function importsOf(file: string, seen = new Set<string>(), packages = new Set<string>()): Set<string> {
  if (seen.has(file)) return packages;
  seen.add(file);
  const source = readFileSync(file, "utf8");
  expect(source).not.toMatch(/\b(?:Buffer|process|setImmediate)[.(]/);
  for (const [, name] of source.matchAll(/(?:\bfrom|\bimport\(?)\s*["']([^"']+)["']/g)) {
    if (name === undefined) continue;
    if (name.startsWith(".")) importsOf(fileURLToPath(new URL(name, `file://${file}`)), seen, packages);
    else if (name.startsWith("@verso/")) importsOf(fileURLToPath(import.meta.resolve(name)), seen, packages);
    else packages.add(name);
  }
  return packages;
}
