/** A patch as a line that a person reads, and as the JSON that a program reads. */

import { type ForeignOperation, type OperationPart, readOperation, toPointer } from "@verso/bridge";
import type { ChangeEvent } from "@verso/protocol";
import { element, spoken } from "./element.js";

export interface PatchLine {
  readonly direction: "forward" | "reverse";
  /** The document as a whole for a `create` and back from a `delete`; `null` the other way. */
  readonly patch: ChangeEvent["forward_patch"];
}

const mostOperations = 4;
const longestText = 240;

/** A patch in a few words. What is too long for them is cut, and says so. */
export function patchLine({ direction, patch }: PatchLine): HTMLElement {
  const line = element("span", { class: `patch patch-${direction}` });
  const arrow = element(
    "span",
    { class: "patch-arrow", "aria-hidden": true },
    direction === "forward" ? "→" : "←",
  );
  const body = element("span", { class: "patch-body" });
  line.append(arrow, spoken(direction === "forward" ? "Forward: " : "Reverse: "), body);
  const operations = patch === null ? null : operationsOf(patch);
  if (operations === null) body.append(remark("no patch"));
  else if (operations.length === 0) body.append(remark("nothing changes"));
  else {
    for (const operation of operations.slice(0, mostOperations)) body.append(operationView(operation));
    const more = operations.length - mostOperations;
    if (more > 0) body.append(remark(more === 1 ? "and one operation more" : `and ${more} operations more`));
  }
  return line;
}

/** A patch that is a whole document adds its roots. */
function operationsOf(patch: NonNullable<PatchLine["patch"]>): readonly ForeignOperation[] {
  if (Array.isArray(patch)) return patch;
  return Object.entries(patch.content).map(([name, value]) => ({
    op: "add",
    path: toPointer([name]),
    value,
  }));
}

export function patchJson({ direction, patch }: PatchLine): HTMLElement {
  const title = direction === "forward" ? "Forward patch" : "Reverse patch";
  return element(
    "figure",
    { class: "patch-json" },
    element("figcaption", {}, title),
    // It scrolls, so it must be reached by the keyboard.
    element("pre", { tabindex: 0, role: "group", "aria-label": `${title} as JSON` }, jsonOf(patch)),
  );
}

function jsonOf(patch: PatchLine["patch"]): string {
  if (patch === null || !Array.isArray(patch)) return JSON.stringify(patch, null, 2);
  const lines = patch.map(operation => `  ${spacedJson(operation)}`).join(",\n");
  return lines === "" ? "[]" : `[\n${lines}\n]`;
}

/** In one line, with room to break it between members. */
function spacedJson(operation: ForeignOperation): string {
  // Line breaks inside of strings are escaped: these stand between members.
  return JSON.stringify(operation, null, 1).replace(/\n */g, " ");
}

function operationView(operation: ForeignOperation): HTMLElement {
  const { place, parts } = readOperation(operation);
  return element(
    "span",
    { class: "operation" },
    ...parts.flatMap(part => [partView(part), " "]),
    element("span", { class: "operation-place" }, place),
  );
}

function partView({ kind, text }: OperationPart): HTMLElement {
  const shown = excerpt(text);
  switch (kind) {
    case "inserted":
      return element("ins", {}, spoken("inserted "), shown);
    case "deleted":
      return element("del", {}, spoken("deleted "), shown);
    case "note":
      return remark(shown);
  }
}

/** The text, cut where it is long; spaces and line breaks, which many commits are about, can be seen. */
function excerpt(text: string): string {
  const cut =
    text.length <= longestText ? text : `${text.slice(0, longestText)}… (${text.length} characters)`;
  const breaks = cut.replaceAll("\n", "↵\n").replace(/\n$/, "");
  return breaks.replace(/^ +| +$/gm, spaces => "␣".repeat(spaces.length));
}

function remark(text: string): HTMLElement {
  return element("span", { class: "remark" }, text);
}
