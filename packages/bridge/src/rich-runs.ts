/**
 * Edits of a formatted text as runs, and the pair of deltas that a change holds of them.
 *
 * A delta does not say what it deletes, nor which attributes it replaces, but its inverse does; so the two together are
 * the runs, and the runs give the two.
 */
import type { AttributeChange } from "./attributes.js";
import {
  appendInsert,
  appendRetain,
  applyDelta,
  type Delta,
  type DeltaDocument,
  type DeltaInsert,
  type DeltaOperation,
  documentLength,
  dropIdleEnd,
  sliceDocument,
} from "./delta.js";
import { BridgeError } from "./errors.js";
import { type Json, type JsonObject, jsonEqual, setMember } from "./json.js";
import { type Elements, eachRun, type Run, type Runs } from "./runs.js";

/** A delta and the one that takes it back. */
export interface DeltaPair {
  readonly delta: Delta;
  readonly inverse: Delta;
}

export type RichRuns = Runs<DeltaDocument, AttributeChange>;

export const richElements: Elements<DeltaDocument, AttributeChange> = {
  lengthOf: documentLength,
  slice: sliceDocument,
  concat(documents) {
    const result: DeltaInsert[] = [];
    for (const document of documents) {
      for (const { insert, attributes } of document) appendInsert(result, insert, attributes);
    }
    return result;
  },
  apply: ({ forward }, document) =>
    applyDelta(document, [{ retain: documentLength(document), attributes: forward }]),
  compose: (first, second) =>
    selectAttributes(
      { ...second.forward, ...first.forward },
      key => attributeOf(key, second.forward, first.forward),
      key => attributeOf(key, first.inverse, second.inverse),
    ),
  invert: ({ forward, inverse }) => ({ forward: inverse, inverse: forward }),
  insertsGo: "after-deleted",
};

/**
 * What the attributes that each side gives the same characters are after the other's: of an attribute that both give,
 * that of the one that wins.
 */
export function transformAttributes(
  { yours, theirs }: { readonly yours: AttributeChange; readonly theirs: AttributeChange },
  wins: "yours" | "theirs",
): { readonly yours: AttributeChange | null; readonly theirs: AttributeChange | null } {
  return {
    yours: attributesAfter(yours, theirs, wins === "yours"),
    theirs: attributesAfter(theirs, yours, wins === "theirs"),
  };
}

/** Throws `change-mismatch` if the two are not the inverse of each other. */
export function richRunsOf({ delta, inverse }: DeltaPair): RichRuns {
  const runs: Run<DeltaDocument, AttributeChange>[] = [];
  const old = new OldContent(inverse);
  for (const operation of delta) {
    if ("insert" in operation) runs.push({ type: "insert", content: applyDelta([], [operation]) });
    else if ("delete" in operation) {
      for (let rest = operation.delete; rest > 0; ) {
        const content = old.takeRemoved(rest);
        runs.push({ type: "delete", content });
        rest -= documentLength(content);
      }
    } else {
      const forward = operation.attributes;
      for (let rest = operation.retain; rest > 0; ) {
        const { length, attributes } = old.takeKept(rest);
        const edit =
          forward === undefined
            ? null
            : selectAttributes(
                forward,
                key => forward[key]!,
                key => attributeOf(key, attributes),
              );
        runs.push({ type: "keep", length, edit });
        rest -= length;
      }
    }
  }
  return runs;
}

/** The runs of a delta whose inverse is not known, by the text it is made for. Throws what `applyDelta` throws. */
export function richRunsOn(document: DeltaDocument, delta: Delta): RichRuns {
  applyDelta(document, delta);
  const runs: Run<DeltaDocument, AttributeChange>[] = [];
  let index = 0;
  for (const operation of delta) {
    if ("insert" in operation) {
      runs.push({ type: "insert", content: applyDelta([], [operation]) });
      continue;
    }
    const length = "delete" in operation ? operation.delete : operation.retain;
    const content = sliceDocument(document, index, index + length);
    index += length;
    if ("delete" in operation) runs.push({ type: "delete", content });
    else if (operation.attributes === undefined) runs.push({ type: "keep", length, edit: null });
    else {
      const forward = operation.attributes;
      for (const insert of content) {
        const edit = selectAttributes(
          forward,
          key => forward[key]!,
          key => attributeOf(key, insert.attributes),
        );
        runs.push({ type: "keep", length: documentLength([insert]), edit });
      }
    }
  }
  return runs;
}

/** `null` where nothing is changed. */
export function deltaPairOf(runs: RichRuns): DeltaPair | null {
  const delta: DeltaOperation[] = [];
  const inverse: DeltaOperation[] = [];
  eachRun(runs, richElements, run => {
    if (run.type === "keep") {
      appendRetain(delta, run.length, run.edit?.forward);
      appendRetain(inverse, run.length, run.edit?.inverse);
    } else {
      const [there, back] = run.type === "insert" ? [delta, inverse] : [inverse, delta];
      for (const insert of run.content) there.push(insert);
      back.push({ delete: documentLength(run.content) });
    }
  });
  dropIdleEnd(delta);
  dropIdleEnd(inverse);
  return delta.length === 0 ? null : { delta, inverse };
}

/** What an inverse says of the text before the edit, from its beginning to its end. */
class OldContent {
  readonly #inverse: Delta;
  #at = 0;
  #offset = 0;

  constructor(inverse: Delta) {
    // What it deletes is what the edit has inserted, and was not there.
    this.#inverse = inverse.filter(operation => !("delete" in operation));
  }

  /** At most so many characters, all with the same attributes. */
  takeRemoved(max: number): DeltaDocument {
    const operation = this.#inverse[this.#at];
    if (operation === undefined || !("insert" in operation)) throw mismatch();
    const document = applyDelta([], [operation]);
    const from = this.#offset;
    const length = this.#take(documentLength(document), max);
    return sliceDocument(document, from, from + length);
  }

  /** At most so many characters, and the attributes that they get back. */
  takeKept(max: number): { readonly length: number; readonly attributes: JsonObject | undefined } {
    const operation = this.#inverse[this.#at];
    if (operation === undefined) return { length: max, attributes: undefined };
    if (!("retain" in operation)) throw mismatch();
    return { length: this.#take(operation.retain, max), attributes: operation.attributes };
  }

  #take(whole: number, max: number): number {
    const length = Math.min(max, whole - this.#offset);
    this.#offset += length;
    if (this.#offset === whole) {
      this.#at++;
      this.#offset = 0;
    }
    return length;
  }
}

function attributesAfter(
  change: AttributeChange,
  other: AttributeChange,
  wins: boolean,
): AttributeChange | null {
  const keys: { [key: string]: Json } = {};
  for (const key of Object.keys(change.forward)) {
    if (wins || !Object.hasOwn(other.forward, key)) setMember(keys, key, null);
  }
  return selectAttributes(
    keys,
    key => change.forward[key]!,
    key => attributeOf(key, other.forward, change.inverse),
  );
}

/** The attributes of these names that differ before and after; `null` if none does. */
function selectAttributes(
  names: JsonObject,
  after: (key: string) => Json,
  before: (key: string) => Json,
): AttributeChange | null {
  const forward: { [key: string]: Json } = {};
  const inverse: { [key: string]: Json } = {};
  for (const key of Object.keys(names)) {
    if (jsonEqual(after(key), before(key))) continue;
    setMember(forward, key, after(key));
    setMember(inverse, key, before(key));
  }
  return Object.keys(forward).length === 0 ? null : { forward, inverse };
}

/** The attribute in the first that has it; `null` where none has. */
function attributeOf(key: string, ...sources: readonly (JsonObject | undefined)[]): Json {
  for (const source of sources) if (source !== undefined && Object.hasOwn(source, key)) return source[key]!;
  return null;
}

function mismatch(): BridgeError {
  return new BridgeError("change-mismatch", "A delta and its inverse do not fit each other.");
}
