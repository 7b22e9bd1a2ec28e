/**
 * Writing JSON into a Yjs document: the whole of it, or a patch.
 *
 * All or nothing, by planning first: Yjs has no rollback, so every operation is run on an overlay, `test` included, and
 * nothing is written until all have passed. Then the least edits are made, in one transaction.
 */
import type * as Y from "yjs";
import type { JsonObject } from "./json.js";
import { runPatch } from "./json-patch.js";
import { Overlay } from "./overlay.js";
import type { Dialect, Patch } from "./patch.js";
import type { Roots } from "./read.js";
import { claim } from "./yjs.js";

export interface WriteOptions {
  /**
   * The kinds of the document's roots. A root that is not among them is made for its value: an object makes a map, an
   * array an array, a string a text, a tagged shared type its own kind.
   *
   * @default {}
   */
  readonly roots?: Roots;
  /**
   * Whether a new string at these reference tokens becomes a Y.Text. Other strings are plain values, objects become
   * Y.Maps and arrays Y.Arrays.
   *
   * @default never
   */
  readonly textAt?: (path: readonly string[]) => boolean;
  /**
   * How many shared types may stand in each other, where new ones are made; a root's children have depth 1.
   *
   * @default any number
   */
  readonly maxDepth?: number;
  /**
   * The origin of the transaction; without effect inside one that is already running.
   *
   * @default null
   */
  readonly origin?: unknown;
}

export interface ApplyPatchOptions extends WriteOptions {
  /** @default "extended" */
  readonly dialect?: Dialect;
  /**
   * Whether a value that replaces a shared type is written into that type, which keeps its identity and what others
   * are just doing in it, instead of into a new one. Roots and texts are always edited in place.
   *
   * @default false
   */
  readonly merge?: boolean;
}

const unlimited = Number.POSITIVE_INFINITY;

/**
 * Makes the named roots hold this JSON, as `read` gives it; other roots stay as they are.
 *
 * Throws `invalid-value` and `fixed-root`; then nothing was written.
 */
export function write(
  doc: Y.Doc,
  json: JsonObject,
  { roots = {}, textAt = () => false, maxDepth = unlimited, origin = null }: WriteOptions = {},
): void {
  const overlay = new Overlay(doc, { roots, textAt, maxDepth, merge: true, refusePrototypes: false });
  for (const name of Object.keys(json)) overlay.add([name], json[name]!);
  overlay.plan();
  doc.transact(transaction => {
    claim(transaction);
    overlay.write(transaction);
  }, origin);
}

/**
 * Applies a patch to the JSON of a document, as one transaction or as part of the running one.
 *
 * A `move` is a copy and a removal, for Yjs has no move: the value gets a new identity, and what others are doing in
 * the old one at the same time is lost. A plain object in a cell is rewritten as a whole when something in it changes.
 *
 * Throws what `applyPatchToJson` throws, and `invalid-value`, `split-surrogate`, `not-editable` and `fixed-root`; then
 * nothing was written.
 */
export function applyPatch(
  doc: Y.Doc,
  patch: Patch,
  {
    roots = {},
    textAt = () => false,
    maxDepth = unlimited,
    origin = null,
    dialect = "extended",
    merge = false,
  }: ApplyPatchOptions = {},
): void {
  const overlay = new Overlay(doc, { roots, textAt, maxDepth, merge, refusePrototypes: true });
  runPatch(overlay, patch, dialect);
  overlay.plan();
  doc.transact(transaction => {
    claim(transaction);
    overlay.write(transaction);
  }, origin);
}
