/** What is wrong with a page for those who use it by keyboard or screen reader, or see it badly, as axe-core finds it. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** The faults of the page as it is now that axe calls serious or critical: which rule, where, and what to do about it. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // What a page may load does not bind what is evaluated in it from without.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(findFaults);
}

/** Runs in the browser. */
async function findFaults(): Promise<string[]> {
  const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => {
        const [, ...details] = (failureSummary ?? "").split("\n").map(line => line.trim());
        return `${id} at ${target.join(" ")}: ${help}. ${details.join("; ")}`;
      }),
    );
}
