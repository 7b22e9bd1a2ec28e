/**
 * Where an item goes, and what may go there.
 */
import type * as Y from "yjs";
import { depthOf, type SharedType, type TypeKind } from "./document.js";
import { ANY, BINARY, DELETED, EMBED, FORMAT, JSON_VALUES, STRING, SUBDOCUMENT, TYPE } from "./update.js";

/** The kind of a parent, as far as it is anyone's business: `any` is a root that nobody declared or need declare. */
export type Kind = TypeKind | "any" | "undeclared";

/** A type that an update creates: by a struct of its own, or a root by its name. */
export class NewType {
  constructor(
    readonly kind: Kind,
    /** How many types it is inside of; a root is in none. */
    readonly depth: number,
  ) {}
}

export type Parent = SharedType | NewType;

export interface Place {
  readonly parent: Parent;
  /** Its key; `null` for an element of the list. */
  readonly key: string | null;
  /** The last stored item to its left. */
  readonly left: Y.Item | null;
}

/** Whether a method of Yjs can put such content into such a type: under a key, or into its list. */
export function canHold(kind: TypeKind, keyed: boolean, content: number): boolean {
  const { list, entries } = holdable[kind];
  return (((keyed ? entries : list) >> content) & 1) === 1;
}

/** `typeMapSet` and `typeListInsertGenericsAfter` in AbstractType.js; `ContentJSON` is from their older versions. */
const values = bits(DELETED, JSON_VALUES, BINARY, TYPE, ANY, SUBDOCUMENT);
/** `insertText` and `insertAttributes` in YText.js. */
const rich = bits(DELETED, STRING, EMBED, FORMAT, TYPE);
/** What is gone may have been anything. */
const nothing = bits(DELETED);

const holdable: Readonly<Record<TypeKind, { readonly list: number; readonly entries: number }>> = {
  array: { list: values, entries: nothing },
  map: { list: nothing, entries: values },
  text: { list: rich, entries: values },
  element: { list: values, entries: values },
  fragment: { list: values, entries: nothing },
};

export function isKind(name: string): name is TypeKind {
  return Object.hasOwn(holdable, name);
}

function bits(...contents: number[]): number {
  return contents.reduce((sum, content) => sum | (1 << content), 0);
}

/** By the numbers of `typeRefs` in ContentType.js: array, map, text, XML element, fragment, hook and text. */
const kindsByRef: readonly TypeKind[] = ["array", "map", "text", "element", "fragment", "map", "text"];

/** The kind of the type that a struct holds. */
export function kindByRef(typeRef: number): TypeKind {
  return kindsByRef[typeRef]!;
}

/** The depth of what is inside of this type; exact up to the limit. */
export function depthIn(parent: Parent, limit: number): number {
  return 1 + (parent instanceof NewType ? parent.depth : depthOf(parent, limit));
}
