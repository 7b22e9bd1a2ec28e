/**
 * Runs the code that stands in the READMEs and in docs/, so that none of it is ever wrong.
 *
 *     ts      type-checked like all our code, then run; it must end by itself, and asserts what it claims
 *     tsx     the same, with JSX for React
 *     svelte  a component: compiled for the browser and for the server without a warning, and rendered there
 *     sh      run by bash in an empty folder below the repository's, so that `npx` finds its commands. Commands of the
 *             repository itself (npm start, npm test …) are what CI runs on a fresh clone, and here they must only exist
 *     py      run by Python 3, with its standard library
 *     json    must parse
 *     text    is not run
 *
 * A block of any language may instead quote a file, which is tested elsewhere: "```html apps/studio/index.html" must
 * stand in that file line by line, indentation apart, and "```ts apps/board-svelte/src/kind.ts#board" must be all that
 * stands there between the comments `#region board` and `#endregion`.
 *
 * No other kind of block is allowed: what is not run is not written. A block that needs a program which is not on this
 * machine (`curl`, `python3`) is left out, and that is said.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { compilePrograms, runProgram } from "./docs-programs.mjs";
import { quoteFault } from "./docs-quotes.mjs";
import { finish } from "./finish.mjs";
import { fail, root } from "./run.mjs";

const work = join(root, "node_modules", ".cache", "docs");

/** All pages, or those that are named. */
export async function checkDocs(named = pages()) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const blocks = named.flatMap(blocksOf);
  const faults = await compilePrograms(
    work,
    blocks.filter(({ quoted }) => quoted === null),
  );
  const left = [];
  for (const block of blocks) {
    const lacking = needs(block).find(program => !isInstalled(program));
    if (lacking !== undefined) {
      left.push(`${block.page}:${block.line}: left out, there is no ${lacking} here`);
      continue;
    }
    const fault = await check(block);
    if (fault !== null) faults.push(`${block.page}:${block.line}: ${fault}`);
  }
  if (faults.length > 0) throw new Error(`Code in the documentation does not hold:\n${faults.join("\n")}`);
  // What a check leaves out it has to say: this is the report of a command.
  for (const line of left) console.log(line);
  // The report, too.
  console.log(
    `${blocks.length - left.length} blocks of code in ${new Set(blocks.map(block => block.page)).size} pages hold.`,
  );
}

function pages() {
  const found = readdirSync(root).filter(name => name.endsWith(".md"));
  for (const folder of ["docs", "packages", "apps"]) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = relative(root, join(entry.parentPath, entry.name));
      if (entry.isFile() && path.endsWith(".md") && !/(^|\/)(node_modules|dist|peers)\//.test(path))
        found.push(path);
    }
  }
  return found.sort();
}

function blocksOf(page) {
  const blocks = [];
  let open = null;
  for (const [index, text] of readFileSync(join(root, page), "utf8").split("\n").entries()) {
    const fence = /^\s*```(\S*)\s*(.*)/.exec(text);
    if (fence === null) open?.lines.push(text);
    else if (open === null) {
      const [, language, quoted] = fence;
      open = { page, line: index + 1, language, quoted: quoted || null, lines: [] };
    } else {
      blocks.push({ ...open, name: `${page.replace(/\W/g, "-")}-${open.line}`, code: open.lines.join("\n") });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: the block does not end`);
  return blocks;
}

function needs({ language, quoted, code }) {
  if (quoted !== null) return [];
  if (language === "py") return ["python3"];
  return language === "sh" && /^\s*(until )?curl\b|\$\(curl\b/m.test(code) ? ["curl"] : [];
}

function isInstalled(program) {
  return process.env.PATH.split(delimiter).some(folder => existsSync(join(folder, program)));
}

/** What is wrong with the block, or `null`. */
async function check({ language, quoted, name, code }) {
  if (quoted !== null) return quoteFault(code, quoted);
  const folder = mkdtempSync(join(work, "run-"));
  try {
    switch (language) {
      case "text":
        return null;
      case "json":
        JSON.parse(code);
        return null;
      case "ts":
      case "tsx":
      case "svelte":
        return await runProgram(work, name, folder);
      case "sh": {
        const lines = code.split("\n").filter(line => line.trim() !== "");
        if (lines.every(isOwnCommand)) return null;
        return await finish("bash", ["-euo", "pipefail", "-c", code], folder);
      }
      case "py":
        return await finish("python3", ["-c", code], folder);
      default:
        return `a block of "${language}" is not run by anything`;
    }
  } catch (error) {
    return error.message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isOwnCommand(line) {
  const script = /^npm (?:run )?([\w:-]+)( --.*)?$/.exec(line.replace(/\s+#.*$/, "").trim())?.[1];
  if (script === undefined) return false;
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (!Object.hasOwn(scripts, script)) throw new Error(`there is no npm script "${script}"`);
  return true;
}

if (import.meta.filename === process.argv[1]) {
  const named = process.argv.slice(2);
  await checkDocs(named.length > 0 ? named : undefined).catch(error => fail(error.message));
}
