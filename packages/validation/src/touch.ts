/** What a change touched, by paths as they are after it. */
import { type Change, type DeltaOperation, type Json, type Path, toPointer } from "@verso/bridge";

/** One thing that a change touched. */
export interface Touch {
  /** From the roots, as it is after the change. */
  readonly path: Path;
  /**
   * - `value`: what stands here is another value, or none any more.
   * - `list`: elements of a list came or went.
   * - `text`: characters of a plain text came or went, which was and is a plain text.
   * - `delta`: a formatted text changed, which was and is in its tagged form.
   */
  readonly kind: "value" | "list" | "text" | "delta";
  /** For a `list`, where the elements that came are now, in order. Unless it is given, any may have come. */
  readonly came?: readonly Span[];
  /** For a `delta`, the change itself. Unless it is given, any of the text may have changed. */
  readonly delta?: DeltaOperation["delta"];
}

/** Neighbouring elements of a list. */
export interface Span {
  readonly index: number;
  readonly count: number;
}

/** The document as it is after the change; every call costs what it reads. */
export interface DocumentReader {
  /** What stands at a path, `undefined` where there is nothing. */
  value(path: Path): Json | undefined;
  /** The UTF-16 units of a plain text, without building it; `undefined` where there is no plain text. */
  textLength(path: Path): number | undefined;
  /** The elements of a list, without building it; `undefined` where there is no list. Without it lists are built. */
  listLength?(path: Path): number | undefined;
}

/** What a change touched, each list and plain text once. */
export function touchesOf(change: Change): Touch[] {
  const touches: Touch[] = [];
  const lists = new Map<string, { path: Path; came: readonly Span[] }>();
  const texts = new Set<string>();
  for (const operation of change) {
    const { path } = operation;
    switch (operation.type) {
      case "set":
        if (typeof operation.key === "string")
          touches.push({ path: [...path, operation.key], kind: "value" });
        else
          inList(path, came => [
            ...without(came, operation.key as number, 1),
            { index: operation.key as number, count: 1 },
          ]);
        break;
      case "insert":
        inList(path, came => inserted(came, operation.index, operation.values.length));
        break;
      case "delete":
        inList(path, came => deleted(came, operation.index, operation.values.length));
        break;
      case "textInsert":
      case "textDelete": {
        const pointer = toPointer(path);
        if (!texts.has(pointer)) touches.push({ path, kind: "text" });
        texts.add(pointer);
        break;
      }
      case "delta":
        touches.push({ path, kind: "delta", delta: operation.delta });
    }
  }
  for (const { path, came } of lists.values()) {
    touches.push({ path, kind: "list", came: came.toSorted((a, b) => a.index - b.index) });
  }
  return touches;

  function inList(path: Path, edit: (came: readonly Span[]) => readonly Span[]): void {
    const pointer = toPointer(path);
    lists.set(pointer, { path, came: edit(lists.get(pointer)?.came ?? []) });
  }
}

function inserted(came: readonly Span[], index: number, count: number): Span[] {
  const moved = came.flatMap(span => {
    const before = Math.min(Math.max(index - span.index, 0), span.count);
    return [
      { index: span.index, count: before },
      { index: span.index + before + count, count: span.count - before },
    ];
  });
  return [...moved, { index, count }].filter(span => span.count > 0);
}

function deleted(came: readonly Span[], index: number, count: number): Span[] {
  return without(came, index, count).map(span =>
    span.index < index ? span : { index: span.index - count, count: span.count },
  );
}

/** The spans without what they share with `count` elements from `index` on. */
function without(came: readonly Span[], index: number, count: number): Span[] {
  return came
    .flatMap(span => {
      const end = span.index + span.count;
      const from = Math.max(span.index, index + count);
      return [
        { index: span.index, count: Math.min(end, index) - span.index },
        { index: from, count: end - from },
      ];
    })
    .filter(span => span.count > 0);
}
