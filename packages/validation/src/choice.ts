/** Which parts of a transaction an issue is about, by their places. */
import { cutPart, type SpanPart } from "@verso/bridge";

export interface Choice {
  readonly whole: SpanPart;
  /** As much of it as the issue is about. */
  readonly cut: SpanPart;
}

/**
 * The parts at or below a place; without any, the nearest part that holds the place; without one, those that the rule
 * reads, which may complain of a field because another was changed; at last those that share most of the path.
 */
export function choose(
  parts: readonly SpanPart[],
  place: readonly string[],
  read: readonly (readonly string[])[],
): Choice[] {
  const below = parts.filter(({ path, units }) => startsWith(path, place) || isUnit(path, units, place));
  if (below.length > 0) return below.map(part => cutTo(part, place));

  const above = parts.filter(({ path, units }) =>
    units === null ? startsWith(place, path) : holds(path, units, place),
  );
  if (above.length > 0) {
    const depth = Math.max(...above.map(({ path }) => path.length));
    return above.filter(({ path }) => path.length === depth).map(part => cutTo(part, place));
  }

  const seen = parts.filter(({ path }) => read.some(pattern => leadsTo(pattern, path)));
  if (seen.length > 0) return seen.map(part => ({ whole: part, cut: part }));

  const shared = parts.map(({ path }) => sharedLength(path, place));
  const most = Math.max(0, ...shared);
  return parts.filter((_, i) => shared[i] === most && most > 0).map(part => ({ whole: part, cut: part }));
}

/** Whether a pattern and a path are the same as far as both go. */
function leadsTo(pattern: readonly string[], path: Segments): boolean {
  return path.every(
    (segment, i) => i >= pattern.length || pattern[i] === "*" || pattern[i] === String(segment),
  );
}

type Segments = readonly (string | number)[];

function startsWith(path: Segments, start: Segments): boolean {
  return start.length <= path.length && sharedLength(path, start) === start.length;
}

function sharedLength(a: Segments, b: Segments): number {
  let length = 0;
  while (length < a.length && length < b.length && String(a[length]) === String(b[length])) length++;
  return length;
}

/** Whether the place is one of the part's list elements. */
function isUnit(path: Segments, units: SpanPart["units"], place: readonly string[]): boolean {
  return units !== null && place.length === path.length + 1 && holds(path, units, place);
}

function holds(path: Segments, units: NonNullable<SpanPart["units"]>, place: readonly string[]): boolean {
  if (place.length <= path.length || !startsWith(place, path)) return false;
  const index = Number(place[path.length]);
  return index >= units.index && index < units.index + units.length;
}

function cutTo(part: SpanPart, place: readonly string[]): Choice {
  const { path, units } = part;
  if (units === null || !holds(path, units, place)) return { whole: part, cut: part };
  return { whole: part, cut: cutPart(part, Number(place[path.length]), 1) };
}
