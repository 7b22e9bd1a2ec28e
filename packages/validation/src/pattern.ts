/**
 * Pointer patterns: JSON pointers (RFC 6901) in which the segment `*` stands for any one member or element.
 *
 * A set of patterns is one tree, so that finding what concerns a path costs the path and not the patterns.
 */
import { type Json, type Path, parsePointer } from "@verso/bridge";

/** The segments of a pattern, unescaped. */
export type Pattern = readonly string[];

const any = "*";

/** Throws a `BridgeError` with the code `invalid-pointer`. */
export function parsePattern(text: string): Pattern {
  return parsePointer(text);
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  values: T[];
}

export interface Match<T> {
  readonly path: Path;
  readonly value: T;
}

export class PatternTree<T> {
  readonly #root: Node<T> = { children: new Map(), values: [] };
  #empty = true;

  add(pattern: Pattern, value: T): void {
    let node = this.#root;
    for (const segment of pattern) {
      let child = node.children.get(segment);
      if (child === undefined) {
        child = { children: new Map(), values: [] };
        node.children.set(segment, child);
      }
      node = child;
    }
    node.values.push(value);
    this.#empty = false;
  }

  get empty(): boolean {
    return this.#empty;
  }

  /** What stands at the path itself; of two patterns the more literal one first. */
  at(path: Path): T[] {
    return this.#empty ? [] : this.#reached(path).flatMap(({ values }) => values);
  }

  /** What stands at the path or above it: the longest patterns first, of equally long ones the more literal first. */
  atOrAbove(path: Path): T[] {
    if (this.#empty) return [];
    const levels: Node<T>[][] = [];
    let nodes = [this.#root];
    for (let depth = 0; nodes.length > 0; depth++) {
      levels.push(nodes);
      if (depth === path.length) break;
      nodes = next(nodes, path[depth]!);
    }
    const found: T[] = [];
    while (levels.length > 0) for (const { values } of levels.pop()!) found.push(...values);
    return found;
  }

  /** What stands below the path, for every place where the value at the path has something. */
  below(path: Path, value: Json | undefined): Match<T>[] {
    const found: Match<T>[] = [];
    if (!this.#empty) {
      for (const node of this.#reached(path)) visitBelow(node, { path, value, found });
    }
    return found;
  }

  /** Whether anything stands at the path, or may stand below it. */
  leadsFrom(path: Path): boolean {
    return !this.#empty && this.#reached(path).length > 0;
  }

  #reached(path: Path): Node<T>[] {
    let nodes = [this.#root];
    for (const segment of path) {
      nodes = next(nodes, segment);
      if (nodes.length === 0) break;
    }
    return nodes;
  }
}

/** One segment further; a plain loop, since every edit comes through here for each of its segments. */
function next<T>(nodes: readonly Node<T>[], segment: string | number): Node<T>[] {
  const reached: Node<T>[] = [];
  const name = String(segment);
  for (const { children } of nodes) {
    const literal = children.get(name);
    if (literal !== undefined) reached.push(literal);
    const wild = name === any ? undefined : children.get(any);
    if (wild !== undefined) reached.push(wild);
  }
  return reached;
}

function visitBelow<T>(
  { children }: Node<T>,
  { path, value, found }: { path: Path; value: Json | undefined; found: Match<T>[] },
): void {
  if (value === null || typeof value !== "object") return;
  for (const [segment, child] of children) {
    for (const [key, member] of membersOf(value, segment)) {
      const memberPath = [...path, key];
      for (const held of child.values) found.push({ path: memberPath, value: held });
      visitBelow(child, { path: memberPath, value: member, found });
    }
  }
}

function membersOf(value: object, segment: string): (readonly [string | number, Json])[] {
  if (Array.isArray(value)) {
    const elements = value as readonly Json[];
    if (segment === any) return elements.map((element, index) => [index, element]);
    const index = Number(segment);
    return Object.hasOwn(elements, segment) && Number.isInteger(index) ? [[index, elements[index]!]] : [];
  }
  const members = value as Readonly<Record<string, Json>>;
  if (segment === any) return Object.entries(members);
  return Object.hasOwn(members, segment) ? [[segment, members[segment]!]] : [];
}
