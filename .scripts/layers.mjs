/**
 * Checks that imports between packages point one way: each package may use those that its line names, and no other;
 * its tests may also use what stands beneath those.
 * What a package imports without declaring it is found by the linter; this looks at what is declared.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

const bottom = ["bridge", "protocol", "storage"];
const judging = [...bottom, "validation"];
const allowed = {
  bridge: [],
  protocol: [],
  storage: [],
  validation: ["bridge"],
  server: judging,
  client: judging,
  react: ["client"],
  svelte: ["client"],
  cli: ["server", "client", ...bottom],
};

export function checkLayers() {
  const faults = [];
  for (const name of readdirSync(join(root, "packages"))) {
    const file = join(root, "packages", name, "package.json");
    if (!existsSync(file)) continue;
    const {
      dependencies = {},
      devDependencies = {},
      peerDependencies = {},
    } = JSON.parse(readFileSync(file, "utf8"));
    if (allowed[name] === undefined) faults.push(`packages/${name} stands in no layer`);
    check(name, { ...dependencies, ...peerDependencies }, allowed[name] ?? []);
    check(name, devDependencies, beneath(name));
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));

  function check(name, dependencies, usable) {
    for (const dependency of Object.keys(dependencies)) {
      const [scope, used] = dependency.split("/");
      if (scope !== "@verso" || usable.includes(used)) continue;
      faults.push(`@verso/${name} may not use ${dependency}`);
    }
  }
}

function beneath(name) {
  const direct = allowed[name] ?? [];
  return [...direct, ...direct.flatMap(beneath)];
}
