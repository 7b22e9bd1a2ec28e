/** What docs/protocol.md says and what is tested are the same rules, and its tables are those of the code. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { versoClientMessages, versoServerMessages } from "@verso/protocol";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const page = readFileSync(join(root, "docs/protocol.md"), "utf8");

function testedRules(): Set<string> {
  const rules = ["packages/server/src", "packages/protocol/src"].flatMap(folder =>
    readdirSync(join(root, folder))
      .filter(name => name.endsWith(".test.ts"))
      .flatMap(name => [...readFileSync(join(root, folder, name), "utf8").matchAll(/["`](V-\d+) /g)])
      .map(([, rule = ""]) => rule),
  );
  return new Set(rules);
}

it("has a test of every rule, and a rule for every test that names one", () => {
  const written = [...page.matchAll(/^- \*\*(V-\d+)\*\* /gm)].map(([, rule = ""]) => rule);
  expect(new Set(written).size, "a number is given twice").toBe(written.length);
  expect([...testedRules()].sort()).toEqual([...written].sort());
});

it.each([
  ["Messages of a client", versoClientMessages],
  ["Messages of a relay", versoServerMessages],
])("has the table of %s as it is on the wire", (title, table) => {
  const section = page.split(/^## /m).find(text => text.startsWith(title)) ?? "";
  const rows = [...section.matchAll(/^\| (\d+) +\| `(\S+)` +\| (.*?) *\|$/gm)].map(([, ...cells]) => cells);
  const wire = Object.entries(table).map(([type, { number, fields }]) => [
    String(number),
    type,
    Object.entries(fields)
      .map(([field, kind]) => `${field} ${kind}`)
      .join(", "),
  ]);
  expect(rows).toEqual(wire);
});
