/**
 * Patches past one another: where the places of one are once the other has been made.
 *
 * Made for edits that wait. The relay merges an edit into what has changed since the version it was made on, but an edit
 * that was made on top of another of the same queue is made on a version that the relay never had. Once the first is
 * done, the second is moved past what others have done meanwhile, to the version that the first has become.
 *
 * Only places move: indexes in lists, positions in texts. Which pointers lead through lists cannot be seen in a patch, so
 * it is said from outside.
 *
 * Source: Nichols, Curtis, Dixon and Lamping, High-Latency, Low-Bandwidth Windowing in the Jupiter Collaboration System,
 * 1995, for how two lists of operations pass one another.
 */
import { type Patch, type PatchOperation, parsePointer, toPointer } from "./json-patch.js";

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
 * behind. `null` where something of `ours` is in an element that `theirs` have removed, or where it would take too long.
 */
export function pass(
  ours: Patch,
  theirs: Patch,
  options: RebaseOptions,
): { ours: Patch; theirs: Patch } | null {
  if (ours.length * theirs.length > mostPairs) return null;
  const passed = passAll(ours, theirs, options);
  return passed && { ours: passed[0], theirs: passed[1] };
}

const mostPairs = 100_000;

/** Whether one of the patches is in a place that the other changes, or moves. */
export function overlap(one: Patch, other: Patch, { lists }: RebaseOptions): boolean {
  const places = new Set(other.flatMap(operation => placesOf(operation, lists)));
  const above = new Set([...places].flatMap(prefixes));
  // Either a place of the one lies above one of the other, or a place of the other lies above one of its own.
  return one
    .flatMap(operation => placesOf(operation, lists))
    .some(place => above.has(place) || prefixes(place).some(prefix => places.has(prefix)));
}

function placesOf(operation: PatchOperation, lists: ReadonlySet<string>): string[] {
  const pointers = "from" in operation ? [operation.from, operation.path] : [operation.path];
  return pointers.map(pointer => {
    if (!isMoving(operation)) return pointer;
    const holder = parsePointer(pointer).slice(0, -1);
    // What comes into a list or leaves it moves all that stand behind.
    return lists.has(toPattern(holder, lists)) ? toPointer(holder) : pointer;
  });
}

function isMoving({ op }: PatchOperation): boolean {
  return op === "add" || op === "remove" || op === "move" || op === "copy";
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

type Passed = [ours: Patch, theirs: Patch] | null;

function passAll(ours: Patch, theirs: Patch, options: RebaseOptions): Passed {
  const [our, their] = [ours[0], theirs[0]];
  if (our === undefined || their === undefined) return [ours, theirs];
  if (ours.length === 1 && theirs.length === 1) return passOne(our, their, options);
  const moved: PatchOperation[] = [];
  let others = theirs;
  for (const operation of ours) {
    let mine: Patch = [operation];
    const next: PatchOperation[] = [];
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

function passOne(our: PatchOperation, their: PatchOperation, { lists }: RebaseOptions): Passed {
  const ours = behind(our, their, { lists, yields: true });
  // Theirs are only looked at for where they are: one inside what ours remove is nowhere any more.
  const theirs = behind(their, our, { lists, yields: false });
  return ours && [ours, theirs ?? []];
}

/** The operation after another; `yields` says that of two insertions at one place this one comes behind. */
function behind(
  operation: PatchOperation,
  other: PatchOperation,
  how: { readonly lists: ReadonlySet<string>; readonly yields: boolean },
): Patch | null {
  switch (other.op) {
    case "add":
    case "copy":
      return shifted(operation, { place: other.path, by: 1, ...how });
    case "remove":
      return shifted(operation, { place: other.path, by: -1, ...how });
    case "move": {
      const without = shifted(operation, { place: other.from, by: -1, ...how });
      return without && shifted(without[0]!, { place: other.path, by: 1, ...how });
    }
    case "str_ins":
    case "str_del":
      return behindText(operation, other, how);
    default:
      return [operation];
  }
}

/** The operation after an element has come or gone, or as it is when that was no element of a list. */
function shifted(
  operation: PatchOperation,
  { place, by, lists, yields }: { place: string; by: 1 | -1; lists: ReadonlySet<string>; yields: boolean },
): Patch | null {
  const tokens = parsePointer(place);
  const depth = tokens.length - 1;
  const list = toPointer(tokens.slice(0, -1));
  const at = Number(tokens.at(-1));
  // `-` is the end, behind which nothing stands.
  if (depth < 0 || !Number.isInteger(at)) return [operation];
  if (!lists.has(toPattern(tokens.slice(0, -1), lists))) return [operation];

  const move = (pointer: string, inserts: boolean): string | null => {
    if (!pointer.startsWith(`${list}/`)) return pointer;
    const path = parsePointer(pointer);
    const index = Number(path[depth]);
    if (!Number.isInteger(index)) return pointer;
    const isPlace = inserts && path.length === tokens.length;
    if (by === -1 && index === at && !isPlace) return null;
    const moves = by === 1 && !(isPlace && !yields) ? index >= at : index > at;
    return moves ? toPointer(path.with(depth, String(index + by))) : pointer;
  };

  const inserts = operation.op === "add" || operation.op === "copy" || operation.op === "move";
  const path = move(operation.path, inserts);
  if (path === null) return null;
  if (!("from" in operation)) return [{ ...operation, path }];
  const from = move(operation.from, false);
  return from === null ? null : [{ ...operation, path, from }];
}

type TextOperation = Extract<PatchOperation, { op: "str_ins" | "str_del" }>;

function behindText(
  operation: PatchOperation,
  other: TextOperation,
  { yields }: { readonly yields: boolean },
): Patch {
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
