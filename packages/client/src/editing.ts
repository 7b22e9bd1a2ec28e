/**
 * Editing a document as JSON: what it is, and what a program wants it to be, as the least edits of its shared types.
 *
 * An edit is one transaction, or none: what cannot be done is found out before anything is written, and what changes
 * nothing writes nothing.
 */
import type { MutableJsonObject, Patch, Roots } from "@verso/bridge";
import type * as Y from "yjs";
import { type Recipe, runRecipe, type Snapshot } from "./draft.js";
import { createJsonView } from "./json-view.js";
import type { TextAt } from "./new-values.js";
import { runPatch } from "./patch.js";
import { planTreeEdits } from "./tree-edits.js";

export interface EditingOptions {
  /** The kinds of the roots. Others get theirs from what is in them, or from the first value that an edit gives them. */
  readonly roots?: Roots | undefined;
  /** Where new strings become texts. @default nowhere: only roots are texts */
  readonly textAt?: TextAt | undefined;
  /** How the edits are written, which are to be one transaction. @default `doc.transact` */
  readonly write?: ((edits: () => void) => void) | undefined;
}

export interface Editing<T = MutableJsonObject> {
  /** Of everything that was ever seen in the document. */
  readonly roots: Roots;
  /** Frozen; the same object until something in it changes, and so is everything in it. */
  getSnapshot(): Snapshot<T>;
  /** Calls after transactions that may have changed the snapshot. Returns what ends it. */
  subscribe(listener: () => void): () => void;
  /**
   * Makes the document what a recipe makes of a draft of its JSON.
   *
   * Throws what the recipe throws, and a `BridgeError` with a pointer for what cannot be done: `not-editable` for the
   * inside of formatted text and XML, `invalid-value`, `forbidden-key`, `fixed-root`. Then nothing was written.
   */
  change(recipe: Recipe<T>): void;
  /**
   * Makes the document what a patch makes of it: RFC 6902, `str_ins` and `str_del`.
   *
   * Throws a `BridgeError` with the index of the operation and its pointer; then nothing was written.
   */
  patch(patch: Patch): void;
  close(): void;
}

export function createEditing<T = MutableJsonObject>(
  doc: Y.Doc,
  { roots = {}, textAt = () => false, write = edits => doc.transact(edits) }: EditingOptions = {},
): Editing<T> {
  const view = createJsonView(doc, { roots });
  return {
    roots: view.roots,
    // What the schema promises is not checked here: it is the relay that sees to it.
    getSnapshot: () => view.getSnapshot() as Snapshot<T>,
    subscribe: view.subscribe,
    change,
    patch: patch => change(draft => runPatch(draft, patch)),
    close: view.close,
  };

  function change(recipe: (draft: never) => unknown): void {
    const before = view.getSnapshot();
    const after = runRecipe(before, recipe);
    const edits = planTreeEdits(doc, { ...after, before, roots: view.roots, textAt });
    if (edits.length === 0) return;
    write(() => {
      for (const run of edits) run();
    });
  }
}
