/**
 * Runs the code that stands in the READMEs and in docs/, so that none of it is ever wrong.
 *
 *     ts    type-checked like all our code, then run; it must end by itself, and asserts what it claims
 *     sh    run by bash in an empty folder below the repository's, so that `npx` finds its commands. Commands of the
 *           repository itself (npm start, npm test …) are what CI runs on a fresh clone, and here they must only exist
 *     py    run by Python 3, with its standard library
 *     json  must parse
 *     text  is not run
 *
 * No other kind of block is allowed: what is not run is not written. A block that needs a program which is not on this
 * machine (`curl`, `python3`) is left out, and that is said.
 */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join, relative } from "node:path";
import { root, run } from "./run.mjs";

const work = join(root, "node_modules", ".cache", "docs");
const timeout = 60_000;

export async function checkDocs() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const blocks = pages().flatMap(blocksOf);
  const faults = [];
  const left = [];
  const programs = blocks.filter(({ language }) => language === "ts");
  await compile(programs);
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
  for (const line of left) console.log(line);
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
    const fence = /^\s*```(\S*)/.exec(text);
    if (fence === null) open?.lines.push(text);
    else if (open === null) open = { page, line: index + 1, language: fence[1], lines: [] };
    else {
      blocks.push({ ...open, name: `${page.replace(/\W/g, "-")}-${open.line}`, code: open.lines.join("\n") });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: the block does not end`);
  return blocks;
}

async function compile(programs) {
  if (programs.length === 0) return;
  for (const { name, code } of programs) writeFileSync(join(work, `${name}.ts`), `${code}\nexport {};\n`);
  writeFileSync(join(work, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(work, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: {
        types: ["node"],
        lib: ["ES2023", "DOM"],
        declaration: false,
        sourceMap: false,
        declarationMap: false,
      },
    }),
  );
  await run("tsc", ["-p", work]);
}

function needs({ language, code }) {
  if (language === "py") return ["python3"];
  return language === "sh" && /^\s*(until )?curl\b|\$\(curl\b/m.test(code) ? ["curl"] : [];
}

function isInstalled(program) {
  return process.env.PATH.split(delimiter).some(folder => existsSync(join(folder, program)));
}

/** What is wrong with the block, or `null`. */
async function check({ language, name, code }) {
  const folder = mkdtempSync(join(work, "run-"));
  try {
    switch (language) {
      case "text":
        return null;
      case "json":
        JSON.parse(code);
        return null;
      case "ts":
        return await finish(process.execPath, [join(work, `${name}.js`)], folder);
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

/** Runs to the end; what it started in the background is ended with it. */
function finish(command, args, cwd) {
  return new Promise(resolve => {
    const bin = join(root, "node_modules", ".bin");
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", text => (output += text));
    const timer = setTimeout(() => {
      output += `\n(did not end within ${timeout / 1000} seconds)`;
      process.kill(-child.pid, "SIGKILL");
    }, timeout);
    child.on("exit", code => {
      clearTimeout(timer);
      try {
        process.kill(-child.pid, "SIGTERM");
      } catch (error) {
        if (error.code !== "ESRCH") throw error;
      }
      resolve(code === 0 ? null : `ended with ${code}:\n${output.trim()}`);
    });
  });
}
