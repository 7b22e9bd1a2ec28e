/**
 * Edits of a sequence (a list, a text, a formatted text) as runs from its beginning to its end: what is kept, inserted
 * and deleted. The rest, after the last run, is kept.
 *
 * The same four things can be done with every such edit, whatever the sequence holds: to make one edit of two that follow
 * one another, to take it back, to apply it, and to carry two edits of one sequence over each other.
 */

/** A run of a sequence; what is deleted is what stands there before the edit. */
export type Run<C, E> =
  /** `edit` is what happens inside of each of the elements. */
  | { readonly type: "keep"; readonly length: number; readonly edit: E | null }
  | { readonly type: "insert" | "delete"; readonly content: C };

export type Runs<C, E> = readonly Run<C, E>[];

/** What a kind of sequence is made of: stretches `C` of its elements, and edits `E` of elements that stay. */
export interface Elements<C, E> {
  lengthOf(content: C): number;
  slice(content: C, from: number, to: number): C;
  concat(contents: readonly C[]): C;
  /** The content after the edit of each of its elements. */
  apply(edit: E, content: C): C;
  /** One edit for two that follow one another; `null` when nothing is left of them. */
  compose(first: E, second: E): E | null;
  invert(edit: E): E;
  /**
   * On which side of what was deleted an insertion in that place stands: positions alone do not tell, and to others who
   * inserted there it makes a difference.
   */
  readonly insertsGo: "before-deleted" | "after-deleted";
}

/** Where an element is: in the sequence before both edits, and after theirs; `null` if it is not there any more. */
export interface Meeting {
  readonly base: number;
  readonly head: number | null;
}

/** What becomes of edits inside of elements when two edits of a sequence are carried over each other. */
export interface Meetings<E> {
  /** Both have an edit inside; what each is after the other. */
  both(
    edits: { readonly yours: E; readonly theirs: E },
    at: Meeting,
  ): { readonly yours: E | null; readonly theirs: E | null };
  /** An edit is lost, because the other side has deleted the element. */
  lost(edit: E, whose: "yours" | "theirs", at: Meeting): void;
}

/** One edit that does what two do that follow one another. */
export function composeRuns<C, E>(
  first: Runs<C, E>,
  second: Runs<C, E>,
  elements: Elements<C, E>,
): Runs<C, E> {
  const left = new Reader(first, elements);
  const right = new Reader(second, elements);
  const result = new Writer<C, E>();
  while (!left.isDone || !right.isDone) {
    const inserts = right.type === "insert";
    if (left.type === "delete" && !(inserts && elements.insertsGo === "before-deleted")) {
      result.change("delete", left.takeContent(left.length));
    } else if (inserts) {
      result.change("insert", right.takeContent(right.length));
    } else {
      const length = Math.min(left.length, right.length);
      if (left.type === "insert") {
        const content = left.takeContent(length);
        if (right.type === "delete") right.takeContent(length);
        else {
          const edit = right.takeEdit(length);
          result.change("insert", edit === null ? content : elements.apply(edit, content));
        }
      } else {
        const edit = left.takeEdit(length);
        if (right.type === "delete") {
          const content = right.takeContent(length);
          const before = edit === null ? content : elements.apply(elements.invert(edit), content);
          result.change("delete", before);
        } else {
          const next = right.takeEdit(length);
          result.keep(length, edit === null || next === null ? (edit ?? next) : elements.compose(edit, next));
        }
      }
    }
  }
  return result.runs;
}

/** The edit that takes this one back. */
export function invertRuns<C, E>(runs: Runs<C, E>, elements: Elements<C, E>): Runs<C, E> {
  return runs.map(run =>
    run.type === "keep"
      ? { ...run, edit: run.edit === null ? null : elements.invert(run.edit) }
      : { ...run, type: run.type === "insert" ? "delete" : "insert" },
  );
}

/** The sequence after the edit. What is longer than the sequence keeps what is there. */
export function applyRuns<C, E>(runs: Runs<C, E>, content: C, elements: Elements<C, E>): C {
  const result: C[] = [];
  let index = 0;
  for (const run of runs) {
    if (run.type === "keep") {
      const kept = elements.slice(content, index, index + run.length);
      result.push(run.edit === null ? kept : elements.apply(run.edit, kept));
      index += run.length;
    } else if (run.type === "insert") result.push(run.content);
    else index += elements.lengthOf(run.content);
  }
  result.push(elements.slice(content, index, elements.lengthOf(content)));
  return elements.concat(result);
}

/**
 * What each of two edits of one sequence is after the other. Insertions in one place stand in the order in which
 * `wins` comes last; what either has deleted is deleted.
 */
export function transformRuns<C, E>(
  { yours, theirs, wins }: { yours: Runs<C, E>; theirs: Runs<C, E>; wins: "yours" | "theirs" },
  elements: Elements<C, E>,
  meetings: Meetings<E>,
): { readonly yours: Runs<C, E>; readonly theirs: Runs<C, E> } {
  const left = new Reader(yours, elements);
  const right = new Reader(theirs, elements);
  const results = { yours: new Writer<C, E>(), theirs: new Writer<C, E>() };
  let base = 0;
  let head = 0;
  while (!left.isDone || !right.isDone) {
    if (left.type === "insert" && (right.type !== "insert" || wins === "theirs")) {
      const { length } = left;
      results.yours.change("insert", left.takeContent(length));
      results.theirs.keep(length, null);
      continue;
    }
    if (right.type === "insert") {
      const { length } = right;
      results.theirs.change("insert", right.takeContent(length));
      results.yours.keep(length, null);
      head += length;
      continue;
    }
    const length = Math.min(left.length, right.length);
    if (left.type === "delete" && right.type === "delete") {
      left.takeContent(length);
      right.takeContent(length);
    } else if (left.type === "delete") {
      const content = left.takeContent(length);
      const edit = right.takeEdit(length);
      if (edit !== null) meetings.lost(edit, "theirs", { base, head });
      results.yours.change("delete", edit === null ? content : elements.apply(edit, content));
      head += length;
    } else if (right.type === "delete") {
      const content = right.takeContent(length);
      const edit = left.takeEdit(length);
      if (edit !== null) meetings.lost(edit, "yours", { base, head: null });
      results.theirs.change("delete", edit === null ? content : elements.apply(edit, content));
    } else {
      const [mine, other] = [left.takeEdit(length), right.takeEdit(length)];
      const after =
        mine === null || other === null
          ? { yours: mine, theirs: other }
          : meetings.both({ yours: mine, theirs: other }, { base, head });
      results.yours.keep(length, after.yours);
      results.theirs.keep(length, after.theirs);
      head += length;
    }
    base += length;
  }
  return { yours: results.yours.runs, theirs: results.theirs.runs };
}

/**
 * The runs with neighbours of one type joined, and where each begins: in the sequence as all runs before it leave it,
 * which is where it is after the whole edit.
 */
export function eachRun<C, E>(
  runs: Runs<C, E>,
  elements: Elements<C, E>,
  visit: (run: Run<C, E>, index: number) => void,
): void {
  let index = 0;
  for (let i = 0; i < runs.length; ) {
    const run = runs[i]!;
    if (run.type === "keep") {
      visit(run, index);
      index += run.length;
      i++;
      continue;
    }
    const { type } = run;
    const contents: C[] = [];
    for (let next: Run<C, E> | undefined = run; next !== undefined; next = runs[++i]) {
      if (next.type === "keep" || next.type !== type) break;
      contents.push(next.content);
    }
    const content = elements.concat(contents);
    visit({ type, content }, index);
    if (type === "insert") index += elements.lengthOf(content);
  }
}

/** Reads runs in pieces of any length. */
class Reader<C, E> {
  /** Of the run that is read; after the last one, all is kept. */
  type: Run<C, E>["type"] = "keep";
  /** What is left of that run. */
  length = Number.POSITIVE_INFINITY;
  isDone = false;
  readonly #runs: Runs<C, E>;
  readonly #elements: Elements<C, E>;
  #at = -1;
  #offset = 0;

  constructor(runs: Runs<C, E>, elements: Elements<C, E>) {
    this.#runs = runs;
    this.#elements = elements;
    this.#begin();
  }

  /** Goes on within a run that is kept. */
  takeEdit(length: number): E | null {
    const run = this.#runs[this.#at];
    this.#advance(length);
    return run?.type === "keep" ? run.edit : null;
  }

  /** Goes on within a run that is inserted or deleted. */
  takeContent(length: number): C {
    const run = this.#runs[this.#at];
    if (run === undefined || run.type === "keep") throw new TypeError("A run that is kept has no content.");
    const from = this.#offset;
    const isWhole = from === 0 && length === this.length;
    this.#advance(length);
    return isWhole ? run.content : this.#elements.slice(run.content, from, from + length);
  }

  #advance(length: number): void {
    if (length === this.length) this.#begin();
    else {
      this.#offset += length;
      this.length -= length;
    }
  }

  /** Goes on to the next run. */
  #begin(): void {
    const run = this.#runs[++this.#at];
    this.#offset = 0;
    this.isDone = run === undefined;
    this.type = run?.type ?? "keep";
    if (run === undefined) this.length = Number.POSITIVE_INFINITY;
    else this.length = run.type === "keep" ? run.length : this.#elements.lengthOf(run.content);
  }
}

class Writer<C, E> {
  readonly #runs: Run<C, E>[] = [];

  /** Without what only keeps at the end. */
  get runs(): Runs<C, E> {
    const last = this.#runs[this.#runs.length - 1];
    if (last?.type === "keep" && last.edit === null) this.#runs.pop();
    return this.#runs;
  }

  keep(length: number, edit: E | null): void {
    const last = this.#runs[this.#runs.length - 1];
    if (edit === null && last?.type === "keep" && last.edit === null) {
      this.#runs[this.#runs.length - 1] = { type: "keep", length: last.length + length, edit };
    } else {
      this.#runs.push({ type: "keep", length, edit });
    }
  }

  change(type: "insert" | "delete", content: C): void {
    this.#runs.push({ type, content });
  }
}
