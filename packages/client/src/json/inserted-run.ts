/**
 * What an edit has inserted into a list or a text, found at another position than it stood at: who edits in it, or inserts
 * at its edges, goes with it.
 *
 * Of two that insert at one position either may come first, and only the one who merges them knows which.
 */
import type { PlainOperation, PlainPatch } from "./json-patch.js";
import { indexIn } from "./rebase.js";

export interface InsertedRun {
  /** Pointer of the list or text. */
  readonly path: string;
  readonly from: number;
  readonly length: number;
  /** Where it is, counted without it. */
  readonly to: number;
}

/** What was inserted by the one patch, and is elsewhere by the other. */
export function movedRuns(stood: PlainPatch, committed: PlainPatch): InsertedRun[] {
  if (stood.length !== committed.length) return [];
  return stood.flatMap((operation, index): InsertedRun[] => {
    const [one, other] = [runOf(operation), runOf(committed[index]!)];
    if (one === null || other === null || one.path !== other.path || one.from === other.from) return [];
    return [{ ...one, to: other.from }];
  });
}

function runOf(operation: PlainOperation): Omit<InsertedRun, "to"> | null {
  if (operation.op === "str_ins")
    return { path: operation.path, from: operation.pos, length: operation.str.length };
  const end = operation.path.lastIndexOf("/");
  const from = Number(operation.path.slice(end + 1));
  if (operation.op !== "add" || !Number.isInteger(from)) return null;
  return { path: operation.path.slice(0, end), from, length: 1 };
}

/** The patch where the run is, and the run as the patch has left it. */
export function followRun(patch: PlainPatch, run: InsertedRun): { patch: PlainPatch; run: InsertedRun } {
  const followed: PlainOperation[] = [];
  let now = run;
  for (const operation of patch) {
    const isText = "str" in operation && operation.path === now.path;
    const moved = isText ? followInText(operation, now) : followInList(operation, now);
    followed.push(...moved.patch);
    now = moved.run;
  }
  return { patch: followed, run: now };
}

function followInText(
  operation: Extract<PlainOperation, { op: "str_ins" | "str_del" }>,
  run: InsertedRun,
): { patch: PlainPatch; run: InsertedRun } {
  const { pos, str } = operation;
  if (operation.op === "str_ins") {
    return {
      patch: [{ ...operation, pos: positionOf(pos, run) }],
      run: inserted(run, { pos, length: str.length }),
    };
  }
  // Each character has gone its way; those that are together still are deleted together, the last ones first.
  const units = str
    .split("")
    .map((unit, index) => ({ unit, index: pos + index, at: placeOf(pos + index, run) }));
  const runs: { pos: number; str: string }[] = [];
  for (const { unit, at } of units.toSorted((one, other) => one.at - other.at)) {
    const last = runs.at(-1);
    if (last !== undefined && last.pos + last.str.length === at) last.str += unit;
    else runs.push({ pos: at, str: unit });
  }
  return {
    patch: runs.toReversed().map(each => ({ ...operation, ...each })),
    run: units.toReversed().reduce((left, { index }) => deleted(left, index), run),
  };
}

function followInList(operation: PlainOperation, run: InsertedRun): { patch: PlainPatch; run: InsertedRun } {
  const { op } = operation;
  const within = indexIn(run.path, operation.path);
  if (within === null) return { patch: [operation], run };
  const { index, rest } = within;
  const isComing = rest === "" && op === "add";
  const place = isComing ? positionOf(index, run) : placeOf(index, run);
  const patch = [{ ...operation, path: `${run.path}/${place}${rest}` }];
  if (isComing) return { patch, run: inserted(run, { pos: index, length: 1 }) };
  return { patch, run: rest === "" && op === "remove" ? deleted(run, index) : run };
}

/** Where what stands at an index has gone. */
function placeOf(index: number, { from, length, to }: InsertedRun): number {
  if (index >= from && index < from + length) return to + index - from;
  const beside = index >= from ? index - length : index;
  return beside >= to ? beside + length : beside;
}

/** Where what is inserted at a position comes to be. */
function positionOf(pos: number, { from, length, to }: InsertedRun): number {
  if (isWithin(pos, { from, length })) return to + pos - from;
  const beside = pos > from ? pos - length : pos;
  return beside > to ? beside + length : beside;
}

function inserted(run: InsertedRun, { pos, length }: { pos: number; length: number }): InsertedRun {
  if (isWithin(pos, run)) return { ...run, length: run.length + length };
  const beside = pos > run.from ? pos - run.length : pos;
  return {
    ...run,
    from: pos < run.from ? run.from + length : run.from,
    to: beside <= run.to ? run.to + length : run.to,
  };
}

function deleted(run: InsertedRun, index: number): InsertedRun {
  const { from, length, to } = run;
  if (index >= from && index < from + length) return { ...run, length: length - 1 };
  const beside = index >= from ? index - length : index;
  return { ...run, from: index < from ? from - 1 : from, to: beside < to ? to - 1 : to };
}

function isWithin(pos: number, { from, length }: Pick<InsertedRun, "from" | "length">): boolean {
  return pos >= from && pos <= from + length;
}
