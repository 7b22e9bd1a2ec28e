/**
 * The nodes of an overlay: what all have in common, and those that need no shared type.
 *
 * Pointers are followed by `child`; the last node on the way is told what changes. In the end all of them plan, which
 * finds every fault, and then write.
 */
import type * as Y from "yjs";
import type { BuildOptions } from "./build.js";
import type { Delta } from "./delta.js";
import { BridgeError } from "./errors.js";
import type { Json } from "./json.js";
import { JsonDraft, notContainer } from "./json-patch.js";
import type { Item, Transaction } from "./yjs.js";

/** What the nodes of one overlay share. */
export interface Context extends BuildOptions {
  readonly doc: Y.Doc;
  /** Whether a new value goes into the shared type that is there already, where that can hold it. */
  readonly merge: boolean;
  /** The node of what an item holds; `value` gives it if that is no shared type. */
  nodeOf(item: Item, value: () => Json, path: readonly string[]): Node;
}

/** A value of the document: a shared type, one of the two collections in it, or plain JSON. */
export abstract class Node {
  abstract json(): Json;

  child(_token: string): Node {
    throw notContainer();
  }

  add(_token: string, _value: Json): void {
    throw notContainer();
  }

  replace(_token: string, _value: Json): void {
    throw notContainer();
  }

  remove(_token: string): void {
    throw notContainer();
  }

  editText(_position: number, _removed: string, _inserted: string): void {
    throw notEditable();
  }

  editDelta(_delta: Delta): void {
    throw new BridgeError("text-mismatch", "There is no formatted text here.");
  }

  /** Takes another value without being replaced; `false` if it cannot, or shall not. */
  take(_value: Json, _merge: boolean): boolean {
    return false;
  }

  plan(): void {}

  write(_transaction: Transaction): void {}
}

/** Plain JSON: a cell of the document, or a value that is not in it yet. */
export class JsonNode extends Node {
  readonly isCell: boolean;
  readonly #draft: JsonDraft;
  readonly #tokens: readonly string[];
  readonly #original: Json;

  constructor(draft: JsonDraft, { isCell, tokens = [] }: { isCell: boolean; tokens?: readonly string[] }) {
    super();
    this.isCell = isCell;
    this.#draft = draft;
    this.#tokens = tokens;
    this.#original = draft.root;
  }

  get isUntouched(): boolean {
    return this.isCell && this.#draft.root === this.#original;
  }

  json(): Json {
    return this.#draft.valueAt(this.#tokens);
  }

  override child(token: string): Node {
    const tokens = [...this.#tokens, token];
    this.#draft.valueAt(tokens);
    return new JsonNode(this.#draft, { isCell: this.isCell, tokens });
  }

  override add(token: string, value: Json): void {
    this.#draft.add([...this.#tokens, token], value);
  }

  override replace(token: string, value: Json): void {
    this.#draft.replace([...this.#tokens, token], value);
  }

  override remove(token: string): void {
    this.#draft.remove([...this.#tokens, token]);
  }

  override editText(position: number, removed: string, inserted: string): void {
    this.#draft.editText(this.#tokens, position, removed, inserted);
  }

  override editDelta(delta: Delta): void {
    this.#draft.editDelta(this.#tokens, delta);
  }
}

/** What can only be read, or replaced as a whole. */
export class FixedNode extends Node {
  readonly #json: Json;

  constructor(json: Json) {
    super();
    this.#json = json;
  }

  json(): Json {
    return this.#json;
  }

  override child(token: string): Node {
    return new FixedNode(new JsonDraft(this.#json).valueAt([token]));
  }

  override add(): void {
    throw notEditable();
  }

  override replace(): void {
    throw notEditable();
  }

  override remove(): void {
    throw notEditable();
  }
}

export function notEditable(): BridgeError {
  return new BridgeError("not-editable", "This value can only be replaced as a whole.");
}
