/**
 * Patches past one another: where the places of one are once the other has been made.
 *
 * Made for edits that wait, one on top of the other. What others commit meanwhile passes under them; and when one of them
 * is refused, those on top of it pass its undoing.
 *
 * Only places move: indexes in lists, positions in texts. Where both set the same, ours stands. What is inside of a value
 * that the other removes, or puts another in place of, is nowhere any more. Which pointers lead through lists cannot be
 * seen in a patch, so it is said from outside.
 *
 * Source: Nichols, Curtis, Dixon and Lamping, High-Latency, Low-Bandwidth Windowing in the Jupiter Collaboration System,
 * 1995, for how two lists of operations pass one another.
 */
import { type PlainOperation, type PlainPatch, parsePointer, toPointer } from "./json-patch.js";

export interface RebaseOptions {
  /** Pointers of the values that are lists, as `toPattern` gives them. */
  readonly lists: ReadonlySet<string>;
}

/** A pointer that holds for all elements of the lists it leads through: `*` stands for each index. */
export function toPattern(tokens: readonly string[], lists: ReadonlySet<string>): string {
  return tokens.reduce((pattern, token) => pattern + (lists.has(pattern) ? "/*" : toPointer([token])), "");
}

/**
 * `ours` as it is after `theirs`, and `theirs` as they are after `ours`; where both insert at one place, `ours` come
 * behind. `null` where something of `ours` is in what `theirs` have removed, or where it would take too long.
 */
export function pass(
  ours: PlainPatch,
  theirs: PlainPatch,
  options: RebaseOptions,
): { ours: PlainPatch; theirs: PlainPatch } | null {
  if (ours.length * theirs.length > mostPairs) return null;
  const passed = passAll(ours, theirs, options);
  return passed && { ours: passed[0], theirs: passed[1] };
}

const mostPairs = 100_000;

/** Whether one of the patches is in a place that the other changes, or moves. */
export function overlap(one: PlainPatch, other: PlainPatch, { lists }: RebaseOptions): boolean {
  const places = new Set(other.map(operation => placeOf(operation, lists)));
  const above = new Set([...places].flatMap(prefixes));
  // Either a place of the one lies above one of the other, or a place of the other lies above one of its own.
  return one
    .map(operation => placeOf(operation, lists))
    .some(place => above.has(place) || prefixes(place).some(prefix => places.has(prefix)));
}

function placeOf({ op, path }: PlainOperation, lists: ReadonlySet<string>): string {
  // What comes into a list or leaves it moves all that stand behind.
  const element = op === "add" || op === "remove" ? elementAt(path, lists) : null;
  return element === null ? path : element.list;
}

/** A pointer and all above it. */
function prefixes(pointer: string): string[] {
  const found = [pointer];
  for (let end = pointer.lastIndexOf("/"); end >= 0; end = pointer.lastIndexOf("/", end - 1)) {
    found.push(pointer.slice(0, end));
    if (end === 0) break;
  }
  return found;
}

type Passed = [ours: PlainPatch, theirs: PlainPatch] | null;

function passAll(ours: PlainPatch, theirs: PlainPatch, options: RebaseOptions): Passed {
  const [our, their] = [ours[0], theirs[0]];
  if (our === undefined || their === undefined) return [ours, theirs];
  if (ours.length === 1 && theirs.length === 1) return passOne(our, their, options);
  const moved: PlainOperation[] = [];
  let others = theirs;
  for (const operation of ours) {
    let mine: PlainPatch = [operation];
    const next: PlainOperation[] = [];
    for (const other of others) {
      const passed = passAll(mine, [other], options);
      if (passed === null) return null;
      mine = passed[0];
      next.push(...passed[1]);
    }
    moved.push(...mine);
    others = next;
  }
  return [moved, others];
}

function passOne(our: PlainOperation, their: PlainOperation, { lists }: RebaseOptions): Passed {
  const ours = behind(our, their, { lists, yields: true });
  // Theirs are only looked at for where they are: one inside what ours remove is nowhere any more.
  const theirs = behind(their, our, { lists, yields: false });
  return ours && [ours, theirs ?? []];
}

interface How {
  readonly lists: ReadonlySet<string>;
  /** Of two that meet at one place, this one comes behind, and its value stands. */
  readonly yields: boolean;
}

/** The operation after another; `null` where what it is in is gone. */
function behind(operation: PlainOperation, other: PlainOperation, how: How): PlainPatch | null {
  const { op, path } = other;
  // Only what is in the same holder moves, or is lost.
  if (!operation.path.startsWith(path.slice(0, path.lastIndexOf("/") + 1))) return [operation];
  switch (op) {
    case "add":
    case "remove": {
      const element = elementAt(path, how.lists);
      return element === null ? behindSet(operation, other, how) : shifted(operation, { element, op }, how);
    }
    case "replace":
      return behindSet(operation, other, how);
    case "str_ins":
    case "str_del":
      return behindText(operation, other, how);
    default:
      return [operation];
  }
}

/** The operation after the value at a place, which is no element that comes or goes, has become another, or none. */
function behindSet(
  operation: PlainOperation,
  { op, path: place }: PlainOperation,
  { lists, yields }: How,
): PlainPatch | null {
  const isGone = op === "remove";
  const { path } = operation;
  if (path.startsWith(`${place}/`)) return null;
  if (path !== place) return [operation];
  switch (operation.op) {
    case "remove":
      return yields && !isGone ? [operation] : [];
    case "add":
      if (elementAt(path, lists) !== null) return [operation];
      if (!yields) return [];
      return [isGone ? operation : { ...operation, op: "replace" }];
    case "replace":
      if (!yields) return [];
      return [isGone ? { ...operation, op: "add" } : operation];
    default:
      return null;
  }
}

interface Element {
  /** Pointer of its list. */
  readonly list: string;
  readonly at: number;
}

/** The element that a pointer leads to; `null` where it leads elsewhere. */
function elementAt(pointer: string, lists: ReadonlySet<string>): Element | null {
  const end = pointer.lastIndexOf("/");
  const list = pointer.slice(0, end);
  if (end < 0 || !(lists.has(list) || lists.has(toPattern(parsePointer(list), lists)))) return null;
  const at = Number(pointer.slice(end + 1));
  // `-` is the end, behind which nothing stands.
  return { list, at: Number.isInteger(at) ? at : Number.POSITIVE_INFINITY };
}

/** The operation after an element has come or gone. */
function shifted(
  operation: PlainOperation,
  { element: { list, at }, op }: { element: Element; op: "add" | "remove" },
  { yields }: How,
): PlainPatch | null {
  const within = indexIn(list, operation.path);
  if (within === null) return [operation];
  const { index, rest } = within;
  const isPlace = rest === "" && operation.op === "add";
  // It is removed already, or is in what is.
  if (op === "remove" && index === at && !isPlace)
    return rest === "" && operation.op === "remove" ? [] : null;
  const moves = index > at || (index === at && op === "add" && (yields || !isPlace));
  if (!moves) return [operation];
  return [{ ...operation, path: `${list}/${op === "add" ? index + 1 : index - 1}${rest}` }];
}

/** Through which element of a list a pointer leads, and what of it is behind that; `null` where it leads elsewhere. */
export function indexIn(list: string, pointer: string): { index: number; rest: string } | null {
  // An index has nothing escaped in it.
  const found = pointer.startsWith(`${list}/`) && /^(\d+)(\/.*)?$/s.exec(pointer.slice(list.length + 1));
  return found ? { index: Number(found[1]), rest: found[2] ?? "" } : null;
}

type TextOperation = Extract<PlainOperation, { op: "str_ins" | "str_del" }>;

function behindText(operation: PlainOperation, other: TextOperation, { yields }: How): PlainPatch {
  if (!("str" in operation) || operation.path !== other.path) return [operation];
  const { pos, str } = operation;
  const length = other.str.length;
  if (other.op === "str_ins") {
    const isBefore = other.pos < pos || (other.pos === pos && (yields || operation.op === "str_del"));
    if (isBefore) return [{ ...operation, pos: pos + length }];
    if (operation.op === "str_ins" || other.pos >= pos + str.length) return [operation];
    // What they insert into what is deleted stays; the second half is deleted where the first has left it.
    const head = str.slice(0, other.pos - pos);
    return [
      { ...operation, str: head },
      { ...operation, pos: pos + length, str: str.slice(head.length) },
    ];
  }
  const end = other.pos + length;
  const left = (position: number) => position - Math.max(0, Math.min(position, end) - other.pos);
  if (operation.op === "str_ins") return [{ ...operation, pos: left(pos) }];
  const rest = str.slice(0, Math.max(0, other.pos - pos)) + str.slice(Math.max(0, end - pos));
  return rest === "" ? [] : [{ ...operation, pos: left(pos), str: rest }];
}
