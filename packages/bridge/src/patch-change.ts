/**
 * A patch of plain JSON as the change it makes: with what it replaces and removes, which a patch does not say.
 *
 * It is the change that `applyPatch` would make in a document of such JSON, as far as JSON alone tells: an element of a
 * list is replaced by deleting it and inserting another, a `move` is a removal and an addition of an equal value, and what
 * is inside of the delta of a formatted text has no place of its own. A `test` is run and leaves nothing.
 */
import type { Change, Operation } from "./change.js";
import { type Delta, parseDeltaDocument } from "./delta.js";
import { compareTexts } from "./difference.js";
import { BridgeError } from "./errors.js";
import { cloneJson, isArray, isObject, type Json, type JsonObject, jsonEqual } from "./json.js";
import { JsonDraft, type PatchTarget, runPatch } from "./json-patch.js";
import type { Dialect, Patch } from "./patch.js";
import type { Path } from "./pointer.js";
import { valueAt } from "./read.js";
import { deltaPairOf, richRunsOn } from "./rich-runs.js";

export interface ChangeOfPatchOptions {
  /** @default "extended" */
  readonly dialect?: Dialect;
  /**
   * Whether the string at these reference tokens is a text, so that a string that replaces it is written by the least
   * edits. Other strings are values like any other.
   *
   * @default the strings that are roots
   */
  readonly textAt?: (path: readonly string[]) => boolean;
}

/**
 * The change that a patch makes in the JSON of a document, and the JSON after it; the argument stays as it is.
 *
 * Throws what `applyPatchToJson` throws, and `fixed-root` where the whole would no longer be an object.
 */
export function changeOfPatch(
  json: JsonObject,
  patch: Patch,
  { dialect = "extended", textAt = isRoot }: ChangeOfPatchOptions = {},
): { readonly change: Change; readonly after: JsonObject } {
  const recording = new Recording(json, textAt);
  runPatch(recording, patch, dialect);
  return { change: recording.change, after: recording.root };
}

function isRoot(path: readonly string[]): boolean {
  return path.length === 1;
}

class Recording implements PatchTarget {
  readonly change: Operation[] = [];
  readonly #draft: JsonDraft;
  readonly #textAt: (path: readonly string[]) => boolean;

  constructor(json: JsonObject, textAt: (path: readonly string[]) => boolean) {
    this.#draft = new JsonDraft(json);
    this.#textAt = textAt;
  }

  get root(): JsonObject {
    const { root } = this.#draft;
    if (!isObject(root)) throw new BridgeError("fixed-root", "The whole document stays an object.");
    return root;
  }

  valueAt(tokens: readonly string[]): Json {
    return this.#draft.valueAt(tokens);
  }

  add(tokens: readonly string[], value: Json): void {
    this.#record(tokens, draft => draft.add(tokens, value));
  }

  remove(tokens: readonly string[]): void {
    this.#record(tokens, draft => draft.remove(tokens));
  }

  replace(tokens: readonly string[], value: Json): void {
    this.#record(tokens, draft => draft.replace(tokens, value));
  }

  editText(tokens: readonly string[], position: number, removed: string, inserted: string): void {
    const { path, leaf } = this.#resolve(tokens);
    const edit = (draft: JsonDraft) => draft.editText(tokens, position, removed, inserted);
    if (leaf !== null) {
      this.#recordLeaf(leaf, edit);
      return;
    }
    edit(this.#draft);
    this.#pushText(path, position, { removed, inserted });
  }

  editDelta(tokens: readonly string[], delta: Delta): void {
    const { path, leaf } = this.#resolve(tokens);
    const edit = (draft: JsonDraft) => draft.editDelta(tokens, delta);
    const content = this.#draft.valueAt([...tokens, "delta"]);
    const document = parseDeltaDocument(content);
    // A delta and its inverse lead back to the normal form of a text only.
    if (leaf !== null || !jsonEqual(content, document)) {
      this.#recordLeaf(leaf ?? [...path, "delta"], edit);
      return;
    }
    edit(this.#draft);
    const pair = deltaPairOf(richRunsOn(document, delta));
    if (pair !== null) this.change.push({ type: "delta", path, ...pair });
  }

  #record(tokens: readonly string[], edit: (draft: JsonDraft) => void): void {
    const { path, leaf } = this.#resolve(tokens);
    const container = path.length === 0 ? undefined : valueAt(this.#draft.root, path.slice(0, -1));
    if (leaf !== null) this.#recordLeaf(leaf, edit);
    else if (path.length === 0) this.#recordRoot(edit);
    else if (container !== undefined && isArray(container)) this.#recordList(path, container.length, edit);
    else this.#recordMember(path, edit);
  }

  #recordRoot(edit: (draft: JsonDraft) => void): void {
    const before = this.root;
    edit(this.#draft);
    const after = this.root;
    for (const key of Object.keys(before)) this.#pushMember([key], before[key], valueAt(after, [key]));
    for (const key of Object.keys(after)) {
      if (!Object.hasOwn(before, key)) this.#pushMember([key], undefined, after[key]);
    }
  }

  /** What is edited inside of a value that counts as one. */
  #recordLeaf(path: Path, edit: (draft: JsonDraft) => void): void {
    // Copies: the draft goes on changing in place what it has once copied itself.
    const before = cloneJson(valueAt(this.#draft.root, path)!);
    edit(this.#draft);
    this.#pushMember(path, before, cloneJson(valueAt(this.#draft.root, path)!));
  }

  #recordMember(path: Path, edit: (draft: JsonDraft) => void): void {
    const before = valueAt(this.#draft.root, path);
    edit(this.#draft);
    this.#pushMember(path, before, valueAt(this.#draft.root, path));
  }

  #recordList(path: Path, length: number, edit: (draft: JsonDraft) => void): void {
    const list = path.slice(0, -1);
    const before = valueAt(this.#draft.root, path);
    edit(this.#draft);
    const lengthAfter = (valueAt(this.#draft.root, list) as readonly Json[]).length;
    const last = path[path.length - 1]!;
    const index = last === "-" ? length : Number(last);
    const after = valueAt(this.#draft.root, [...list, index]);
    const isReplaced = lengthAfter === length;
    if (isReplaced && jsonEqual(before!, after!)) return;
    if (lengthAfter <= length) this.change.push({ type: "delete", path: list, index, values: [before!] });
    if (lengthAfter >= length) this.change.push({ type: "insert", path: list, index, values: [after!] });
  }

  #pushMember(path: Path, before: Json | undefined, after: Json | undefined): void {
    if (before === after || (before !== undefined && after !== undefined && jsonEqual(before, after))) return;
    if (typeof before === "string" && typeof after === "string" && this.#textAt(path.map(String))) {
      this.#pushTexts(path, before, after);
    } else {
      this.change.push({
        type: "set",
        path: path.slice(0, -1),
        key: path[path.length - 1]!,
        before,
        after,
      });
    }
  }

  #pushTexts(path: Path, before: string, after: string): void {
    let [from, to] = [0, 0];
    for (const step of compareTexts(before, after)) {
      if ("retain" in step) {
        from += step.retain;
        to += step.retain;
      } else if ("delete" in step) {
        this.#pushText(path, to, { removed: before.slice(from, from + step.delete), inserted: "" });
        from += step.delete;
      } else {
        const inserted = step.insert as string;
        this.#pushText(path, to, { removed: "", inserted });
        to += inserted.length;
      }
    }
  }

  #pushText(
    path: Path,
    index: number,
    { removed, inserted }: { readonly removed: string; readonly inserted: string },
  ): void {
    if (removed !== "") this.change.push({ type: "textDelete", path, index, text: removed });
    if (inserted !== "") this.change.push({ type: "textInsert", path, index, text: inserted });
  }

  /**
   * The path of what tokens point to, whether it is there or not; and if that is inside of the delta of a formatted text,
   * the path of the delta.
   */
  #resolve(tokens: readonly string[]): { readonly path: Path; readonly leaf: Path | null } {
    const path: (string | number)[] = [];
    let leaf: Path | null = null;
    let value: Json | undefined = this.#draft.root;
    for (const [i, token] of tokens.entries()) {
      const isList = value !== undefined && isArray(value);
      const isDelta = isTextForm(value) && token === "delta";
      path.push(isList && token !== "-" ? Number(token) : token);
      if (isDelta && leaf === null && i < tokens.length - 1) leaf = [...path];
      value = valueAt(value, [token]);
    }
    return { path, leaf };
  }
}

function isTextForm(json: Json | undefined): boolean {
  return isObject(json) && (json.$y === "text" || json.$y === "xtext" || json.$y === "mixed");
}
