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

/** An element of a list: of the document, with its position there, or new. */
interface Slot {
  readonly origin: number | null;
  /** `null` until it is looked at. */
  node: Node | null;
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
  /** The ids of the document's elements. */
  readonly #units: { readonly client: number; readonly clock: number }[] = [];
  #slots: Slot[] = [];
  readonly #gaps: Gap[] = [];

  constructor(context: Context, type: SharedType, kind: TypeKind, path: readonly string[]) {
    super();
    this.#context = context;
    this.#type = type;
    this.#kind = kind;
    this.#path = path;
    for (let item = firstItem(type); item !== null; item = item.right) {
      if (item.deleted || !item.countable) continue;
      for (let i = 0; i < item.length; i++) {
        this.#slots.push({ origin: this.#units.length, node: null });
        this.#units.push({ client: item.id.client, clock: item.id.clock + i });
      }
    }
  }

  json(): Json {
    return this.#slots.map(slot => this.#slotJson(slot));
  }

  override child(token: string): Node {
    return this.#load(this.#slots[elementIndex(this.#slots.length, token)]!);
  }

  override add(token: string, value: Json): void {
    const index = insertionIndex(this.#slots.length, token);
    planElement(this.#kind, value, [...this.#path, String(index)], this.#context);
    this.#slots.splice(index, 0, newSlot(value));
  }

  override replace(token: string, value: Json): void {
    const index = elementIndex(this.#slots.length, token);
    planElement(this.#kind, value, [...this.#path, token], this.#context);
    this.#slots[index] = this.#replaced(this.#slots[index]!, value, this.#context.merge);
  }

  override remove(token: string): void {
    this.#slots.splice(elementIndex(this.#slots.length, token), 1);
  }

  override take(value: Json, merge: boolean): boolean {
    if (!merge || !isArray(value)) return false;
    const before = this.#slots.map(slot => canonicalText(this.#slotJson(slot)));
    const slots: Slot[] = [];
    let from = 0;
    for (const step of compareLists(before, value.map(canonicalText))) {
      if ("kept" in step) {
        for (let i = 0; i < step.kept; i++) slots.push(this.#slots[from++]!);
        continue;
      }
      for (let i = 0; i < step.inserted; i++) {
        const element = value[slots.length]!;
        slots.push(
          i < step.removed ? this.#replaced(this.#slots[from + i]!, element, merge) : newSlot(element),
        );
      }
      from += step.removed;
    }
    this.#slots = slots;
    return true;
  }

  override plan(): void {
    let from = 0;
    let fresh: JsonNode[] = [];
    this.#slots.forEach((slot, index) => {
      const { origin, node } = slot;
      if (node instanceof JsonNode && !node.isUntouched) {
        fresh.push(node);
        return;
      }
      node?.plan();
      this.#planGap(from, origin!, fresh, index);
      from = origin! + 1;
      fresh = [];
    });
    this.#planGap(from, this.#units.length, fresh, this.#slots.length);
  }

  override write(transaction: Transaction): void {
    for (const { node } of this.#slots) node?.write(transaction);
    for (const { from, to, plans } of this.#gaps) {
      const before = this.#units[from - 1];
      const left = before === undefined ? null : cutAfter(transaction, before.client, before.clock);
      for (let i = from; i < to; i++) {
        const { client, clock } = this.#units[i]!;
        const item = findItem(transaction.doc, client, clock)!;
        let length = 1;
        while (i + 1 < to && holds(item, this.#units[i + 1]!)) {
          length++;
          i++;
        }
        deleteItem(transaction, cutItem(transaction, item, clock, length));
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

  #replaced(slot: Slot, value: Json, merge: boolean): Slot {
    if (jsonEqual(this.#slotJson(slot), value) || this.#load(slot).take(value, merge)) return slot;
    return newSlot(value);
  }

  #slotJson({ origin, node }: Slot): Json {
    return node === null ? this.#originalJson(origin!) : node.json();
  }

  #originalJson(origin: number): Json {
    const { client, clock } = this.#units[origin]!;
    const item = findItem(this.#context.doc, client, clock)!;
    return projectValues(item, now)[clock - item.id.clock]!;
  }

  #load(slot: Slot): Node {
    if (slot.node === null) {
      const { client, clock } = this.#units[slot.origin!]!;
      const item = findItem(this.#context.doc, client, clock)!;
      const index = clock - item.id.clock;
      const path = [...this.#path, String(slot.origin)];
      slot.node = this.#context.nodeOf(item, () => projectValues(item, now)[index]!, path);
    }
    return slot.node;
  }
}

function newSlot(value: Json): Slot {
  return { origin: null, node: new JsonNode(new JsonDraft(value), { isCell: false }) };
}

function holds({ id, length }: Item, unit: { readonly client: number; readonly clock: number }): boolean {
  return unit.client === id.client && unit.clock >= id.clock && unit.clock < id.clock + length;
}
