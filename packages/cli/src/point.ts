/** A version as a command line names it: `12`, `2026-03-01T12:00:00Z`, or `tag:as signed`. */
import { InvalidArgumentError } from "commander";
import type { DocumentHistory } from "./document-history.js";

/** A sequence, 0 being the empty document, or a time, or the name of a version. */
export type Point = number | Date | { readonly tag: string };

export const pointHelp = "sequence of a commit, time as 2026-03-01T12:00:00Z, or tag:NAME";

export function toPoint(text: string): Point {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (text.startsWith("tag:")) return { tag: text.slice("tag:".length) };
  const time = timeOf(text);
  if (time === null) throw new InvalidArgumentError("It is a sequence, an ISO 8601 time or tag:NAME.");
  return time;
}

/** A version that there was: the empty document is none. */
export function toVersion(text: string): Point {
  const point = toPoint(text);
  if (point === 0) throw new InvalidArgumentError("A document begins with the commit 1.");
  return point;
}

export function toTime(text: string): Date {
  const time = timeOf(text);
  if (time === null) throw new InvalidArgumentError("It is a time as 2026-03-01T12:00:00Z.");
  return time;
}

function timeOf(text: string): Date | null {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time);
}

/** The sequence that a point stands for; that of the last commit for none. */
export async function sequenceOf(history: DocumentHistory, point: Point | undefined): Promise<number> {
  if (typeof point === "number") return point;
  if (point !== undefined && "tag" in point) return await history.tagged(point.tag);
  return (await history.at(point)).sequence;
}
