/** Compares what the documentation quotes with the file that it is quoted from. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

/** What is wrong with code that claims to stand at `place`, which is `path` or `path#region`; or `null`. */
export function quoteFault(code, place) {
  const [path, region] = place.split("#");
  if (!statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) return `there is no file ${path}`;
  const lines = readFileSync(join(root, path), "utf8").split("\n");
  const quote = plain(code.split("\n"));
  if (quote === "") return "nothing is quoted";
  if (region !== undefined) {
    const inside = regionOf(lines, region);
    if (inside === null) return `${path} has no region "${region}" that ends`;
    return plain(inside) === quote ? null : `the region "${region}" of ${path} reads\n${plain(inside)}`;
  }
  const length = quote.split("\n").length;
  const stands = lines.some((_, i) => plain(lines.slice(i, i + length)) === quote);
  return stands ? null : `this does not stand in ${path}`;
}

/** The lines between the comments, whatever kind of comment the language has. */
function regionOf(lines, name) {
  const isMark = (line, mark) => line.replace(/^\W*(?=#)|[^\w]*$/g, "") === mark;
  const begin = lines.findIndex(line => isMark(line, `#region ${name}`));
  const end = lines.findIndex((line, i) => i > begin && isMark(line, "#endregion"));
  return begin === -1 || end === -1 ? null : lines.slice(begin + 1, end);
}

/** Without the indentation that all lines share, and without empty lines around them. */
function plain(lines) {
  const depths = lines.filter(line => line.trim() !== "").map(line => line.search(/\S/));
  const depth = Math.min(...depths);
  return lines
    .map(line => line.slice(depth).trimEnd())
    .join("\n")
    .replace(/^\n+|\n+$/g, "");
}
