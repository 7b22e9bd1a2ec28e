/**
 * The list items of a type under an overlay: an array's elements, an element's children.
 *
 * Elements keep their identity wherever they stay; what takes the place of others is one deletion and one insertion.
 */
import { buildItems, type ItemPlan, planElement, planPlain } from "./build.js";
import { compareLists } from "./difference.js";
import { canonicalText, isArray, type Json, jsonEqual } from "./json.js";
import { elementIndex, insertionIndex, JsonDraft } from "./json-patch.js";
import { type Context, JsonNode, Node } from "./overlay-node.js";
import { projectValues, type TypeKind } from "./read.js";
import {
  cutAfter,
  cutItem,
  deleteItem,
  findItem,
  firstItem,
  type Item,
  now,
  type SharedType,
  type Transaction,
} from "./yjs.js";

/**
 * What stands in the list, in order: elements of the document that nobody has looked at, any number of them; or one that
 * somebody has, or that is new.
 */
type Run =
  | { readonly node: null; readonly from: number; readonly to: number }
  | { readonly node: Node; readonly origin: number | null };

/** The elements of one item of the document, from the first of them. */
interface Stretch {
  readonly from: number;
  readonly client: number;
  readonly clock: number;
}

/** What takes the place of the document's elements from `from` to `to`. */
interface Gap {
  readonly from: number;
  readonly to: number;
  readonly plans: readonly ItemPlan[];
}

export class ListNode extends Node {
  readonly #context: Context;
  readonly #type: SharedType;
  readonly #kind: TypeKind;
  readonly #path: readonly string[];
  /** The ids of the document's elements: few, where one client has written many in a row. */
  readonly #stretches: Stretch[] = [];
  readonly #size: number;
  #length: number;
  #runs: Run[];
  readonly #gaps: Gap[] = [];
  /** The last item that was looked at, as all its elements: one that many were pushed with has very many. */
  #projected: { readonly item: Item; readonly values: readonly Json[] } | null = null;

  constructor(context: Context, type: SharedType, kind: TypeKind, path: readonly string[]) {
    super();
    this.#context = context;
    this.#type = type;
    this.#kind = kind;
    this.#path = path;
    let size = 0;
    for (let item = firstItem(type); item !== null; item = item.right) {
      if (item.deleted || !item.countable) continue;
      this.#stretches.push({ from: size, client: item.id.client, clock: item.id.clock });
      size += item.length;
    }
    this.#size = size;
    this.#length = size;
    this.#runs = size === 0 ? [] : [{ node: null, from: 0, to: size }];
  }

  json(): Json {
    return [...this.#elements()].map(element => this.#jsonOf(element));
  }

  override child(token: string): Node {
    return this.#load(elementIndex(this.#length, token)).node;
  }

  override add(token: string, value: Json): void {
    const index = insertionIndex(this.#length, token);
    planElement(this.#kind, value, [...this.#path, String(index)], this.#context);
    this.#runs.splice(this.#splitAt(index), 0, newElement(value));
    this.#length++;
  }

  override replace(token: string, value: Json): void {
    const index = elementIndex(this.#length, token);
    planElement(this.#kind, value, [...this.#path, token], this.#context);
    const { at, node } = this.#load(index);
    if (jsonEqual(node.json(), value) || node.take(value, this.#context.merge)) return;
    this.#runs[at] = newElement(value);
  }

  override remove(token: string): void {
    const index = elementIndex(this.#length, token);
    const at = this.#splitAt(index);
    this.#splitAt(index + 1);
    this.#runs.splice(at, 1);
    this.#length--;
  }

  override take(value: Json, merge: boolean): boolean {
    if (!merge || !isArray(value)) return false;
    const before = [...this.#elements()];
    const names = before.map(element => canonicalText(this.#jsonOf(element)));
    const runs: Run[] = [];
    let from = 0;
    for (const step of compareLists(names, value.map(canonicalText))) {
      if ("kept" in step) {
        runs.push(...before.slice(from, from + step.kept));
        from += step.kept;
        continue;
      }
      for (let i = 0; i < step.inserted; i++) {
        const element = value[runs.length]!;
        runs.push(i < step.removed ? this.#replaced(before[from + i]!, element, merge) : newElement(element));
      }
      from += step.removed;
    }
    this.#runs = runs;
    this.#length = runs.length;
    return true;
  }

  override plan(): void {
    let from = 0;
    let index = 0;
    let fresh: JsonNode[] = [];
    for (const run of this.#runs) {
      const { node } = run;
      if (node instanceof JsonNode && !node.isUntouched) {
        fresh.push(node);
        index++;
        continue;
      }
      node?.plan();
      const [begin, end] = run.node === null ? [run.from, run.to] : [run.origin!, run.origin! + 1];
      this.#planGap(from, begin, fresh, index);
      from = end;
      fresh = [];
      index += end - begin;
    }
    this.#planGap(from, this.#size, fresh, index);
  }

  override write(transaction: Transaction): void {
    // From here on the document is no longer what was looked at.
    this.#projected = null;
    for (const { node } of this.#runs) node?.write(transaction);
    for (const { from, to, plans } of this.#gaps) {
      const before = from === 0 ? null : this.#unit(from - 1);
      const left = before === null ? null : cutAfter(transaction, before.client, before.clock);
      for (let i = from; i < to; ) {
        const { client, clock } = this.#unit(i);
        const item = findItem(transaction.doc, client, clock)!;
        const length = Math.min(to - i, item.id.clock + item.length - clock);
        deleteItem(transaction, cutItem(transaction, item, clock, length));
        i += length;
      }
      buildItems(transaction, this.#type, left, plans);
    }
  }

  /** `index` is the one behind the new elements. */
  #planGap(from: number, to: number, fresh: readonly JsonNode[], index: number): void {
    const max = Math.min(to - from, fresh.length);
    const isSame = (origin: number, node: JsonNode) => jsonEqual(this.#originalJson(origin), node.json());
    let first = 0;
    while (first < max && isSame(from + first, fresh[first]!)) first++;
    let last = 0;
    while (last < max - first && isSame(to - 1 - last, fresh.at(-1 - last)!)) last++;
    const plans = fresh.slice(first, fresh.length - last).map((node, i) => {
      if (node.isCell) return planPlain(node.json(), this.#context);
      const position = index - fresh.length + first + i;
      return planElement(this.#kind, node.json(), [...this.#path, String(position)], this.#context);
    });
    if (plans.length > 0 || to - last > from + first) {
      this.#gaps.push({ from: from + first, to: to - last, plans });
    }
  }

  #replaced(element: Run, value: Json, merge: boolean): Run {
    const loaded = this.#loaded(element);
    const { node } = loaded;
    return jsonEqual(node.json(), value) || node.take(value, merge) ? loaded : newElement(value);
  }

  /** The elements one by one. */
  *#elements(): Generator<Run> {
    for (const run of this.#runs) {
      if (run.node !== null) yield run;
      else for (let from = run.from; from < run.to; from++) yield { node: null, from, to: from + 1 };
    }
  }

  #jsonOf(element: Run): Json {
    return element.node === null ? this.#originalJson(element.from) : element.node.json();
  }

  #originalJson(origin: number): Json {
    const { client, clock } = this.#unit(origin);
    const item = findItem(this.#context.doc, client, clock)!;
    return this.#projectedValue(item, clock - item.id.clock);
  }

  #projectedValue(item: Item, index: number): Json {
    if (this.#projected?.item !== item) this.#projected = { item, values: projectValues(item, now) };
    return this.#projected.values[index]!;
  }

  /** The element at an index, looked at, and the run that it is. */
  #load(index: number): { readonly at: number } & Extract<Run, { readonly node: Node }> {
    const at = this.#splitAt(index);
    this.#splitAt(index + 1);
    const loaded = this.#loaded(this.#runs[at]!);
    this.#runs[at] = loaded;
    return { at, ...loaded };
  }

  #loaded(element: Run): Extract<Run, { readonly node: Node }> {
    if (element.node !== null) return element;
    const origin = element.from;
    const { client, clock } = this.#unit(origin);
    const item = findItem(this.#context.doc, client, clock)!;
    const index = clock - item.id.clock;
    const path = [...this.#path, String(origin)];
    const node = this.#context.nodeOf(item, () => this.#projectedValue(item, index), path);
    return { node, origin };
  }

  /** The run that begins at an index, cut off from what is before it. */
  #splitAt(index: number): number {
    let begin = 0;
    for (let at = 0; at < this.#runs.length; at++) {
      if (begin === index) return at;
      const run = this.#runs[at]!;
      const length = run.node === null ? run.to - run.from : 1;
      if (run.node === null && index < begin + length) {
        const cut = run.from + index - begin;
        this.#runs.splice(at, 1, { ...run, to: cut }, { ...run, from: cut });
        return at + 1;
      }
      begin += length;
    }
    return this.#runs.length;
  }

  /** The id of an element of the document. */
  #unit(origin: number): { readonly client: number; readonly clock: number } {
    let low = 0;
    let high = this.#stretches.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#stretches[middle]!.from <= origin) low = middle;
      else high = middle - 1;
    }
    const { from, client, clock } = this.#stretches[low]!;
    return { client, clock: clock + origin - from };
  }
}

function newElement(value: Json): Run {
  return { origin: null, node: new JsonNode(new JsonDraft(value), { isCell: false }) };
}
