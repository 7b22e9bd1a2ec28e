/**
 * Collecting the operations of a change: what is equal before and after gives none, and edits that meet become one.
 */
import type { Change, Operation } from "./change.js";
import { commonPrefix, commonSuffix, type Delta } from "./delta.js";
import { type Json, jsonEqual } from "./json.js";
import type { Path } from "./pointer.js";
import type { RootKind } from "./read.js";

/** What stands in one place before and after. */
interface Replacement<T> {
  readonly path: Path;
  /** Where it begins, in the state that the operations so far lead to. */
  readonly index: number;
  readonly before: T;
  readonly after: T;
}

/** An edit of a list or text that is still growing. */
type OpenEdit = { type: string; path: Path; index: number; values: Json[]; text: string };

export class ChangeBuilder {
  readonly #operations: Operation[] = [];
  /** What comes before the values of the last edit of a list, the nearest first: arrays grow at their end only. */
  #front: Json[] = [];

  get change(): Change {
    this.#closeEdit();
    return this.#operations;
  }

  /** A member; `undefined` where there is none. */
  set(
    path: Path,
    key: string | number,
    { before, after }: { before: Json | undefined; after: Json | undefined },
  ): void {
    if (before !== undefined && after !== undefined && jsonEqual(before, after)) return;
    this.#push({ type: "set", path, key, before, after });
  }

  /** A root becomes visible. */
  appear(name: string, kind: RootKind, after: Json): void {
    this.#push({ type: "set", path: [], key: name, before: undefined, after, kind });
  }

  /** Elements of a list. */
  replaceValues({ path, index, before, after }: Replacement<Json[]>): void {
    const max = Math.min(before.length, after.length);
    let first = 0;
    while (first < max && jsonEqual(before[first]!, after[first]!)) first++;
    let last = 0;
    while (last < max - first && jsonEqual(before.at(-1 - last)!, after.at(-1 - last)!)) last++;
    this.#editList("delete", path, index + first, before.slice(first, before.length - last));
    this.#editList("insert", path, index + first, after.slice(first, after.length - last));
  }

  /** A piece of a plain text. */
  replaceText({ path, index, before, after }: Replacement<string>): void {
    const first = commonPrefix(before, after);
    const last = commonSuffix(before.slice(first), after.slice(first));
    this.#editText("textDelete", path, index + first, before.slice(first, before.length - last));
    this.#editText("textInsert", path, index + first, after.slice(first, after.length - last));
  }

  /** A formatted text. */
  changeText(path: Path, { delta, inverse }: { delta: Delta; inverse: Delta }): void {
    this.#push({ type: "delta", path, delta, inverse });
  }

  /** A plain text, by a delta without attributes and its inverse. */
  changePlainText(path: Path, { delta, inverse }: { delta: Delta; inverse: Delta }): void {
    let index = 0;
    for (let i = 0, k = 0; i < delta.length || k < inverse.length; ) {
      const kept = delta[i];
      if (kept !== undefined && "retain" in kept) {
        index += kept.retain;
        i++;
        k++;
        continue;
      }
      // Both have an insert for what one inserts and a delete for what the other does.
      const after = insertedText(delta[i]);
      const before = insertedText(inverse[k]);
      const steps = (after === "" ? 0 : 1) + (before === "" ? 0 : 1);
      i += steps;
      k += steps;
      this.replaceText({ path, index, before, after });
      index += after.length;
    }
  }

  #editList(type: "insert" | "delete", path: Path, index: number, values: Json[]): void {
    if (values.length === 0) return;
    const last = this.#openEdit(type, path);
    const length = last === null ? 0 : last.values.length + this.#front.length;
    if (last !== null && index === last.index + (type === "insert" ? length : 0)) {
      for (const value of values) last.values.push(value);
    } else if (last !== null && index === last.index - (type === "insert" ? 0 : values.length)) {
      for (let i = values.length - 1; i >= 0; i--) this.#front.push(values[i]!);
      last.index = index;
    } else {
      this.#push({ type, path, index, values });
    }
  }

  #editText(type: "textInsert" | "textDelete", path: Path, index: number, text: string): void {
    if (text === "") return;
    const last = this.#openEdit(type, path);
    if (last !== null && index === last.index + (type === "textInsert" ? last.text.length : 0)) {
      last.text += text;
    } else if (last !== null && index === last.index - (type === "textInsert" ? 0 : text.length)) {
      last.text = text + last.text;
      last.index = index;
    } else {
      this.#push({ type, path, index, text });
    }
  }

  #push(operation: Operation): void {
    this.#closeEdit();
    this.#operations.push(operation);
  }

  #closeEdit(): void {
    if (this.#front.length === 0) return;
    const last = this.#operations[this.#operations.length - 1] as OpenEdit;
    last.values = [...this.#front.reverse(), ...last.values];
    this.#front = [];
  }

  /** Where old tombstones lie between two gaps, their edits meet at one position. */
  #openEdit(type: string, path: Path): OpenEdit | null {
    const last = this.#operations[this.#operations.length - 1] as OpenEdit | undefined;
    return last !== undefined && last.type === type && last.path === path ? last : null;
  }
}

function insertedText(operation: Delta[number] | undefined): string {
  return operation !== undefined && "insert" in operation ? (operation.insert as string) : "";
}
