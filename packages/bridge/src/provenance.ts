/**
 * Which ids hold a value, and its parts: the way from a JSON Pointer to whoever wrote what is there.
 *
 * A value has the id of the unit that holds it, and roots have none. The parts of a map or of attributes are keys; those
 * of a list, of children or of a text are runs of units, among which embeds count as one and formats not at all. What is
 * inside of a plain value, of a text's delta or of a mixed type has no ids of its own: it was written with the whole.
 */
import type * as Y from "yjs";
import type { IdRange } from "./invert.js";
import { escapeKey } from "./json.js";
import type { Path } from "./pointer.js";
import {
  itemsAreChildren,
  keysAreAttributes,
  nestedKind,
  type Roots,
  readPath,
  showsContradiction,
  stepInto,
  type TypeKind,
} from "./read.js";
import { contentKind, eachListItem, type Item, keysOf, now, type SharedType, typeOf } from "./yjs.js";

/** The ids of a value. */
export interface Provenance {
  /** The one unit that holds it; `null` for the document and its roots. */
  readonly ids: IdRange | null;
  /** In the order of the document; none for what has no ids inside. */
  readonly parts: readonly ProvenancePart[];
}

export type ProvenancePart =
  /** A member of an object, or an attribute; `null` for a root. */
  | { readonly type: "member"; readonly path: Path; readonly ids: IdRange | null }
  /** Elements or UTF-16 units and embeds of the list or text at the path, from `index` onwards. */
  | { readonly type: "range"; readonly path: Path; readonly index: number; readonly ids: IdRange };

/**
 * The ids of what is at a path, or `undefined` where there is nothing. Costs the lengths of the lists and texts on the
 * way, and the number of parts.
 */
export function provenanceOf(doc: Y.Doc, roots: Roots, path: Path): Provenance | undefined {
  const [name, ...below] = path;
  if (name === undefined) return { ids: null, parts: Object.keys(roots).map(rootPart) };
  const root = typeof name === "string" && Object.hasOwn(roots, name) ? doc.share.get(name) : undefined;
  let ids: IdRange | null = null;
  if (root === undefined) return ofWhole();

  let type: SharedType = root;
  let kind: TypeKind = roots[name]!;
  let place: Path = [name];
  for (let rest: Path = below; rest.length > 0; ) {
    const step = showsContradiction(type, kind, now) ? null : stepInto(type, kind, rest);
    if (step === null) return ofWhole(rest.length === 1 ? partsBelow(type, kind, [...place, ...rest]) : []);
    ids = idsOf(step.item, step.offset, 1);
    if (contentKind(step.item) !== "type") return ofWhole();
    place = [...place, ...rest.slice(0, rest.length - step.rest.length)];
    rest = step.rest;
    type = typeOf(step.item);
    kind = nestedKind(type);
  }
  return { ids, parts: partsOf(type, kind, place) };

  /** Of something within what has these ids. */
  function ofWhole(parts: Provenance["parts"] = []): Provenance | undefined {
    return readPath(doc, roots, path) === undefined ? undefined : { ids, parts };
  }
}

/** The attributes or the children of a type, which have a place of their own. */
function partsBelow(type: SharedType, kind: TypeKind, place: Path): ProvenancePart[] {
  const parts = partsOf(type, kind, place.slice(0, -1));
  return parts.filter(({ path }) => path[place.length - 1] === place[place.length - 1]);
}

function partsOf(type: SharedType, kind: TypeKind, path: Path): ProvenancePart[] {
  const parts: ProvenancePart[] = [];
  const isMixed = showsContradiction(type, kind, now);
  if (!isMixed) {
    const keysPath = keysAreAttributes(kind) ? [...path, "attrs"] : path;
    for (const key of keysOf(type)) {
      const item = now.entry(type, key);
      if (item === null) continue;
      parts.push({
        type: "member",
        path: [...keysPath, escapeKey(key)],
        ids: idsOf(item, item.length - 1, 1),
      });
    }
  }
  const itemsPath = !isMixed && itemsAreChildren(kind) ? [...path, "children"] : path;
  eachListItem(type, (item, index) => {
    if (item.deleted || !item.countable) return;
    parts.push({ type: "range", path: itemsPath, index, ids: idsOf(item, 0, item.length) });
  });
  return parts;
}

function rootPart(name: string): ProvenancePart {
  return { type: "member", path: [name], ids: null };
}

function idsOf({ id }: Item, offset: number, length: number): IdRange {
  return { client: id.client, clock: id.clock + offset, length };
}
