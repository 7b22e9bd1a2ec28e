/**
 * No regular expression of this package can be made to go back without bound by what it matches against.
 *
 * Proven by recheck, which builds the automaton of an expression and finds whether the steps of a match can grow
 * faster than the text: with a witness where they can. A guess, or no answer in time, counts as a failure.
 */
import { readdirSync, readFileSync } from "node:fs";
import { check } from "recheck";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { formatPatterns } from "./checks.js";
import { suspicionPatterns } from "./suspicion.js";

const named = [formatPatterns, ...Object.values(suspicionPatterns)].flatMap(table =>
  Object.entries<RegExp>(table),
);

describe("every pattern that has a name takes a time linear in the text", () => {
  it.each(named)("%s", async (_, pattern) => {
    expect(await growth(pattern)).toBe("linear");
  });
});

describe("so does every other regular expression in the sources", () => {
  it.each(literals())("%s %s", async (_, pattern) => {
    expect(await growth(pattern)).toBe("linear");
  });
});

describe("what is not linear is found", () => {
  it.each([
    [/^(a+)+$/, "exponential"],
    [/^(\w+\s?)*$/, "exponential"],
    [/a*b?a*$/, "3rd degree polynomial"],
    [/\s+$/, "2nd degree polynomial"],
  ])("%s", async (pattern, expected) => {
    expect(await growth(pattern)).toBe(expected);
  });
});

/** How the steps of a match grow with the length of the text. */
async function growth({ source, flags }: RegExp): Promise<string> {
  const proof = await check(source, flags, { checker: "automaton", timeout: 60_000 });
  switch (proof.status) {
    case "safe":
      return "linear";
    case "vulnerable":
      return proof.complexity.summary;
    case "unknown":
      return `unknown: ${proof.error.kind}`;
  }
}

function literals(): [file: string, pattern: RegExp][] {
  const folder = new URL(".", import.meta.url);
  const found: [string, RegExp][] = [];
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    const text = readFileSync(new URL(file, folder), "utf8");
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf("/");
        found.push([file, new RegExp(node.text.slice(1, end), node.text.slice(end + 1))]);
      }
      node.forEachChild(visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  }
  return found;
}
