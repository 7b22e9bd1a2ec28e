/**
 * Follows the structs of an update to where Yjs would put them.
 *
 * They are taken in the order in which `integrateStructs` takes them (encoding.js): what waits for another client
 * goes onto a stack until that client has come far enough. Each is followed to the neighbours and the parent that
 * `Item.getMissing` would find, in the document or in the update itself, and to the place that `Item.integrate` would
 * search from there; or to the reason why Yjs would not find them. What is new is shown to `Admission`.
 */
import * as Y from "yjs";
import type { Admission } from "./admission.js";
import { endOf, indexOf, itemOf, parentOf, partsPair, rootOf, structsOf, typeIn } from "./document.js";
import type { Inspection, Progress } from "./inspection.js";
import { depthIn, kindByRef, NewType, type Parent, type Place } from "./place.js";
import {
  type Block,
  COLLECTED,
  DELETED,
  partsNewPair,
  SKIP,
  type Struct,
  SUBDOCUMENT,
  structIndex,
  TYPE,
} from "./update.js";

/** Where a struct that is referred to is: nowhere, in the store, followed already, still to follow, unknown. */
type Reach = "none" | "stored" | "here" | "later" | "missing";

export class Follower {
  readonly #inspection: Inspection;
  readonly #admission: Admission;
  /** The client that a struct was found to wait for. */
  #awaited: Progress | null = null;
  #newTypes: Map<Struct, NewType> | null = null;
  #newRoots: Map<string, NewType> | null = null;
  #newValues = 0;
  #subdocuments = 0;

  constructor(inspection: Inspection, admission: Admission) {
    this.#inspection = inspection;
    this.#admission = admission;
  }

  run(): void {
    const inspection = this.#inspection;
    const waiting: Progress[] = [];
    for (const client of inspection.clients) {
      let current: Progress | undefined = client;
      while (current !== undefined) {
        const struct: Struct | undefined = current.block.structs[current.next];
        if (struct !== undefined) {
          const awaited: Progress | null = this.#follow(current, struct);
          if (!inspection.goesOn) return;
          if (awaited !== null) {
            current.waits = true;
            // Yjs would keep them for ever, waiting for each other.
            if (awaited.waits) {
              inspection.reader.bar("impossible-reference", "clients wait in a circle", struct.at);
              return;
            }
            waiting.push(current);
            current = awaited;
            continue;
          }
          current.next++;
          if (waiting.length === 0) continue;
        }
        current = waiting.pop();
        if (current !== undefined) current.waits = false;
      }
    }
  }

  /** Follows one struct, or gives the client that must come first. */
  #follow(progress: Progress, struct: Struct): Progress | null {
    const { content } = struct;
    const isNew = struct.clock + struct.length > progress.known;
    let place: Place | null = null;
    if (content === SKIP) {
      if (isNew) this.#skip(progress, struct);
    } else if (content !== COLLECTED) {
      const { block } = progress;
      const origin = this.#reach(block, struct, struct.originClient, struct.originClock);
      const right = this.#reach(block, struct, struct.rightClient, struct.rightClock);
      const parent = this.#reach(block, struct, struct.parentClient, struct.parentClock);
      if (origin === "later" || right === "later" || parent === "later") return this.#awaited;
      if (origin !== "missing" && right !== "missing" && parent !== "missing") {
        place = this.#placeOf(progress, struct, origin, right, parent);
      }
    }
    progress.places.push(place);
    this.#count(struct, isNew);
    if (isNew && place !== null) this.#admission.judge(progress, struct, place);
    return null;
  }

  /** Over known ids a placeholder does no harm: it stands for what its sender had sent before. */
  #skip({ block, known }: Progress, { clock, length, at }: Struct): void {
    this.#inspection.lack(
      "skip",
      { client: block.client, from: Math.max(clock, known), to: clock + length },
      at,
    );
  }

  /** `Item.getMissing`, which looks only at other clients: what is wrong within one makes Yjs throw later. */
  #reach(block: Block, struct: Struct, client: number, clock: number): Reach {
    if (client < 0) return "none";
    const inspection = this.#inspection;
    if (client === block.client && clock >= struct.clock) {
      inspection.reader.bar("impossible-reference", "a struct refers to itself or to a later one", struct.at);
      return "missing";
    }
    const known = endOf(structsOf(inspection.doc, client));
    if (clock < known) return "stored";
    const other = inspection.progressOf(client);
    if (other === undefined || clock < other.block.from || clock >= other.block.to) {
      inspection.lack("missing-dependency", { client, from: known, to: clock + 1 }, struct.at);
      return "missing";
    }
    const next = other.block.structs[other.next];
    if (next === undefined || clock < next.clock) return "here";
    this.#awaited = other;
    return "later";
  }

  /** Where the struct goes; `null` when it would be collected at once. */
  #placeOf(progress: Progress, struct: Struct, origin: Reach, right: Reach, parent: Reach): Place | null {
    const { originClient, originClock, rightClient, rightClock } = struct;
    const atLeft =
      origin === "none" ? null : this.#neighbour(struct, origin, originClient, originClock, originClock + 1);
    const atRight =
      right === "none" ? null : this.#neighbour(struct, right, rightClient, rightClock, rightClock);
    // Next to what is collected, everything is.
    if ((origin !== "none" && atLeft === null) || (right !== "none" && atRight === null)) return null;
    const place =
      atLeft ??
      (atRight === null
        ? this.#placeIn(struct, parent)
        : { parent: atRight.parent, key: atRight.key, left: null });
    if (place === null || struct.clock + struct.length <= progress.known) return place;
    if (atLeft !== null && atRight !== null && !isSamePlace(atLeft, atRight)) {
      const detail = "between two neighbours of which each is somewhere else";
      this.#inspection.reader.bar("impossible-reference", detail, struct.at);
    }
    const { block, known } = progress;
    if (struct.clock < known) {
      const rest = this.#placeOfRest(progress, struct, place);
      this.#countSteps(struct, rest, Y.createID(block.client, known - 1), right, atRight);
      return rest;
    }
    // After a new struct nothing stored can stand between: what is stored does not refer to it.
    if (origin === "here") return place;
    const originId = origin === "none" ? null : Y.createID(originClient, originClock);
    this.#countSteps(struct, place, originId, right, atRight);
    return place;
  }

  /** Where the new part goes of a struct that is known in part: after the known part, with which it must agree. */
  #placeOfRest({ block, known }: Progress, struct: Struct, place: Place): Place {
    const { doc, reader } = this.#inspection;
    const structs = structsOf(doc, block.client)!;
    const left = itemOf(structs[structs.length - 1]!);
    if (left === null || parentOf(left) !== place.parent || left.parentSub !== place.key) {
      const detail = `client ${block.client}, clock ${known - 1} is known in another place`;
      reader.bar("conflicting-ids", detail, struct.at);
    }
    return { ...place, left };
  }

  /**
   * The place of a neighbour; `null` when it is collected. Yjs cuts it in two before the clock `cut`, even for a
   * struct that it knows already.
   */
  #neighbour(struct: Struct, reach: Reach, client: number, clock: number, cut: number): Place | null {
    const inspection = this.#inspection;
    if (reach === "here") {
      const { block, places, known } = inspection.progressOf(client)!;
      if (cut > known && partsNewPair(block, cut)) inspection.partPair(struct.at);
      return places[structIndex(block, clock)] ?? null;
    }
    const structs = structsOf(inspection.doc, client)!;
    const item = itemOf(structs[indexOf(structs, clock)]!);
    if (item === null) return null;
    const offset = cut - item.id.clock;
    if (offset > 0 && offset < item.length) {
      inspection.work.cut();
      if (partsPair(item, offset)) inspection.partPair(struct.at);
    }
    return { parent: parentOf(item), key: item.parentSub, left: item };
  }

  #placeIn(struct: Struct, reach: Reach): Place | null {
    const parent = struct.rootFrom < 0 ? this.#parent(struct, reach) : this.#root(struct);
    if (parent === null) return null;
    const key = struct.keyFrom < 0 ? null : this.#inspection.reader.decode(struct.keyFrom, struct.keyTo);
    return { parent, key, left: null };
  }

  #root(struct: Struct): Parent {
    const { doc, bounds, reader } = this.#inspection;
    const name = reader.decode(struct.rootFrom, struct.rootTo);
    const stored = rootOf(doc, name);
    if (stored !== undefined) return stored;
    this.#newRoots ??= new Map();
    let root = this.#newRoots.get(name);
    if (root === undefined) {
      root = new NewType(this.#admission.kindOfRoot(name), 0);
      this.#newRoots.set(name, root);
      if (this.#newRoots.size > bounds.roots) {
        reader.exceed("too-many-roots", `more than ${bounds.roots} new roots`, struct.rootFrom);
      }
    }
    return root;
  }

  /** The type that the struct names as its parent; `null` when that is gone, or was never a type. */
  #parent(struct: Struct, reach: Reach): Parent | null {
    const inspection = this.#inspection;
    let type: Parent | "gone" | null = null;
    if (reach === "here") {
      const { block, places } = inspection.progressOf(struct.parentClient)!;
      const index = structIndex(block, struct.parentClock);
      const holder = block.structs[index]!;
      const place = places[index] ?? null;
      if (place === null || holder.content === DELETED) type = "gone";
      else if (holder.content === TYPE) type = this.#newType(holder, place);
    } else {
      const structs = structsOf(inspection.doc, struct.parentClient)!;
      const item = itemOf(structs[indexOf(structs, struct.parentClock)]!);
      type = item === null ? "gone" : typeIn(item);
    }
    if (type === null) inspection.offend("wrong-shape", "a parent that is no shared type", struct.at);
    return type === "gone" ? null : type;
  }

  #newType(holder: Struct, place: Place): NewType {
    this.#newTypes ??= new Map();
    let type = this.#newTypes.get(holder);
    if (type === undefined) {
      const depth = depthIn(place.parent, this.#inspection.bounds.typeDepth);
      type = new NewType(kindByRef(holder.typeRef), depth);
      this.#newTypes.set(holder, type);
    }
    return type;
  }

  /** Counts what Yjs looks at one by one, from the struct's place to its right neighbour, and what it overwrites. */
  #countSteps(
    struct: Struct,
    { parent, key, left }: Place,
    origin: Y.ID | null,
    right: Reach,
    atRight: Place | null,
  ): void {
    if (parent instanceof NewType) return;
    let until = atRight?.left ?? null;
    if (right === "here") {
      // That neighbour is new: it goes right after a stored item, or before all of them.
      if (until === left) return;
      until = until?.right ?? null;
    } else if (until !== null && until === left && struct.rightClock <= struct.originClock) {
      // Both are parts of one item, in the wrong order: Yjs searches to the end.
      until = null;
    }
    const inspection = this.#inspection;
    const after = left ?? (key === null ? { list: parent } : { history: parent, key });
    inspection.work.search(inspection.doc, { after, origin, until });
    if (key !== null) inspection.work.overwrite(parent, key);
  }

  #count(struct: Struct, isNew: boolean): void {
    const inspection = this.#inspection;
    const { bounds, reader } = inspection;
    inspection.structs++;
    if (struct.content === SUBDOCUMENT && ++this.#subdocuments > bounds.subdocuments) {
      reader.exceed("too-many-subdocuments", `more than ${bounds.subdocuments} subdocuments`, struct.at);
    }
    if (!isNew) return;
    if (++inspection.newStructs > bounds.structs) {
      reader.exceed("too-many-structs", `more than ${bounds.structs} new structs`, struct.at);
    }
    this.#newValues += struct.values;
    if (this.#newValues > bounds.values) {
      const detail = `more than ${bounds.values} new arrays, objects and entries`;
      reader.exceed("too-many-values", detail, struct.at);
    }
  }
}

/** Yjs takes the left one's, until the other is collected: then who loads the document has no such struct. */
function isSamePlace(left: Place, right: Place): boolean {
  return left.parent === right.parent && left.key === right.key;
}
