/** Why the relay has taken something back, or remarked on it, in words. */
import type { ChangeEvent } from "@verso/protocol";
import { element } from "./element.js";

/** One reason of the relay's. */
export type Issue = NonNullable<ChangeEvent["issues"]>[number];

/** What happened, why, and which rule says so. */
export function issueWords({ severity, message, code, rule }: Issue): (Node | string)[] {
  const name = rule ?? ruleNames[code] ?? code;
  return [
    element("strong", {}, severity === "error" ? "Taken back. " : "Remarked. "),
    `${message} `,
    element("code", {}, name),
  ];
}

/** Codes whose rule has a name of its own in a configuration. */
const ruleNames: Readonly<Record<string, string>> = { conflict: "server-wins" };
