/** Compiles the programs and components that stand in the documentation, and runs what has become of them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { finish } from "./finish.mjs";
import { root, run } from "./run.mjs";

const compilerOptions = {
  types: ["node"],
  lib: ["ES2023", "DOM", "DOM.Iterable"],
  jsx: "react-jsx",
  declaration: false,
  sourceMap: false,
  declarationMap: false,
};

/** Writes `<name>.js` for each block that is a program or a component. Resolves to what is wrong with components. */
export async function compilePrograms(work, blocks) {
  writeFileSync(join(work, "package.json"), '{ "type": "module" }');
  const typed = blocks.filter(({ language }) => language === "ts" || language === "tsx");
  for (const { name, language, code } of typed)
    writeFileSync(join(work, `${name}.${language}`), `${code}\nexport {};\n`);
  // What a block declares of a package holds in the whole program: such a block is one by itself.
  const alone = typed.filter(({ code }) => /^declare (module|global)\b/m.test(code));
  const together = typed.filter(block => !alone.includes(block));
  for (const [i, program] of [together, ...alone.map(block => [block])].entries())
    await typeCheck(work, `program-${i}`, program);
  return blocks
    .filter(({ language }) => language === "svelte")
    .flatMap(block => compileComponent(work, block).map(fault => `${block.page}:${block.line}: ${fault}`));
}

/** What is wrong with the program or component as it runs in the folder, or `null`. */
export function runProgram(work, name, folder) {
  return finish(process.execPath, [join(work, `${name}.js`)], folder);
}

async function typeCheck(work, project, blocks) {
  if (blocks.length === 0) return;
  const file = join(work, `${project}.json`);
  const files = blocks.map(({ name, language }) => `${name}.${language}`);
  const extended = join(root, "tsconfig.base.json");
  writeFileSync(file, JSON.stringify({ extends: extended, compilerOptions, files }));
  await run("tsc", ["-p", file]);
}

/** `<name>.js` renders the component, and ends whatever the component has begun, which on a server goes on. */
function compileComponent(work, { name, code }) {
  const folder = join(work, name);
  mkdirSync(folder);
  // The compiler that our package for Svelte is tested with.
  const { compile } = createRequire(join(root, "packages", "svelte", "package.json"))("svelte/compiler");
  const faults = [];
  for (const generate of ["client", "server"]) {
    try {
      const { js, warnings } = compile(code, { generate, filename: `${name}.svelte` });
      writeFileSync(join(folder, `${generate}.js`), js.code);
      faults.push(...warnings.map(String));
    } catch (error) {
      faults.push(String(error));
    }
  }
  const render = `
    import { render } from "svelte/server";
    import Component from "./${name}/server.js";
    await render(Component);
    process.exit();`;
  writeFileSync(join(work, `${name}.js`), render);
  return [...new Set(faults)];
}
