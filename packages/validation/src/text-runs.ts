/**
 * Which of the runs that a transaction wrote into one plain text an issue is about: found by halving, and judging the
 * text as it would be had only this half been written.
 */
import type { Json, Path, SpanPart } from "@verso/bridge";
import type { Case, Judge } from "./judge.js";
import type { Issue } from "./verdict.js";

/** What finding out may cost in one transaction. What cannot be told apart for that is guilty together. */
export interface Effort {
  left: number;
}

export function createEffort(): Effort {
  return { left: 1_000_000 };
}

/** What it costs to judge a text, beside its length. */
const costOfJudging = 10_000;

/** What was inserted and deleted at one position, in the order of the text. */
type Run = readonly SpanPart[];

/**
 * The parts without those runs of the text at the place that have nothing to do with the issue. Where none alone is at
 * fault, the longest is taken for the one that is too much. All of them, where nothing can be told.
 */
export function withoutInnocentRuns(
  parts: readonly SpanPart[],
  {
    issue,
    place,
    transaction,
    judge,
    effort,
  }: { issue: Issue; place: Path; transaction: Case; judge: Judge; effort: Effort },
): readonly SpanPart[] {
  const { document } = transaction;
  const written = parts.filter(({ path, units }) => units !== null && isSame(path, place));
  const change = transaction.change.filter(
    ({ type, path }) => (type === "textInsert" || type === "textDelete") && isSame(path, place),
  );
  const now = written.length > 1 && change.length > 0 ? document.value(place) : null;
  // What somebody may do does not depend on what the text is.
  if (typeof now !== "string" || issue.code === "permission-denied") return parts;

  const text = now;
  const guilty = new Set(guiltyOf(runsOf(written)).flat());
  const innocent = new Set(written.filter(part => !guilty.has(part)));
  return parts.filter(part => !innocent.has(part));

  function guiltyOf(runs: readonly Run[]): readonly Run[] {
    effort.left -= runs.length === 1 ? 0 : 2 * (costOfJudging + text.length);
    if (runs.length === 1 || effort.left < 0) return runs;
    const middle = runs.length >> 1;
    const guilty = [runs.slice(0, middle), runs.slice(middle)].filter(isGuilty);
    return guilty.length === 0 ? [longestOf(runs)] : guilty.flatMap(guiltyOf);
  }

  function isGuilty(runs: readonly Run[]): boolean {
    const half = textWith(new Set(runs.flat()), { now: text, written });
    const alone = { ...transaction, change, document: withText(document, place, half) };
    return judge.judge(alone).some(({ code, pointer }) => code === issue.code && pointer === issue.pointer);
  }
}

/** What was inserted in the place of something is one run with its deletion. */
function runsOf(written: readonly SpanPart[]): Run[] {
  const runs: SpanPart[][] = [];
  let end = -1;
  for (const part of written) {
    const { index, length } = part.units!;
    if (index === end) runs.at(-1)!.push(part);
    else runs.push([part]);
    end = index + length;
  }
  return runs;
}

/** The text as it would be had only these parts been written. */
function textWith(
  kept: ReadonlySet<SpanPart>,
  { now, written }: { now: string; written: readonly SpanPart[] },
): string {
  let text = "";
  let at = 0;
  for (const part of written) {
    const { index, length } = part.units!;
    text += now.slice(at, index);
    at = index + length;
    text += kept.has(part) ? now.slice(index, at) : deletedText(part);
  }
  return text + now.slice(at);
}

function deletedText({ record }: SpanPart): string {
  return record.deleted.map(({ content }) => (content.type === "string" ? content.text : "")).join("");
}

function longestOf(runs: readonly Run[]): Run {
  const lengthOf = (run: Run) => run.reduce((sum, { units }) => sum + units!.length, 0);
  return runs.reduce((longest, run) => (lengthOf(run) > lengthOf(longest) ? run : longest));
}

/** The document, with another text in one place; what is read from above it is as it is. */
function withText(document: Case["document"], place: Path, text: string): Case["document"] {
  return {
    ...document,
    value: (path): Json | undefined => (isSame(path, place) ? text : document.value(path)),
    textLength: path => (isSame(path, place) ? text.length : document.textLength(path)),
  };
}

function isSame(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((segment, i) => String(segment) === String(b[i]));
}
