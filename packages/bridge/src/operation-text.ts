/**
 * Operations of a patch as a person reads them: where, and what comes and goes there.
 *
 * The operations are those of either dialect, see `patch.ts`. They may come from elsewhere, and be of a later version.
 */

/** An operation of a patch that nobody has checked. */
export type ForeignOperation = Readonly<Record<string, unknown>> & {
  readonly op: string;
  readonly path: string;
};

/** A piece of what happens; a note is in words, all else is content. */
export interface OperationPart {
  readonly kind: "inserted" | "deleted" | "note";
  readonly text: string;
}

export interface OperationText {
  /** JSON Pointer, and behind it the position in a text where there is one. */
  readonly place: string;
  readonly parts: readonly OperationPart[];
}

export function readOperation(operation: ForeignOperation): OperationText {
  const { op, path } = operation;
  switch (op) {
    case "str_ins":
      return { place: `${path}:${operation.pos}`, parts: [inserted(String(operation.str))] };
    case "str_del":
      return { place: `${path}:${operation.pos}`, parts: [deleted(String(operation.str))] };
    case "delta":
      return { place: path, parts: readDelta(operation.delta) };
    case "add":
      return { place: path, parts: [inserted(valueText(operation.value))] };
    case "replace":
      return { place: path, parts: [note("becomes"), inserted(valueText(operation.value))] };
    case "remove":
      return { place: path, parts: [note("removed")] };
    case "move":
    case "copy":
      return { place: path, parts: [note(`${op === "move" ? "moved" : "copied"} from ${operation.from}`)] };
    default:
      return { place: path, parts: [note(op)] };
  }
}

/** A change to formatted text: a Quill delta, in which what is kept has no text. */
function readDelta(delta: unknown): OperationPart[] {
  if (!Array.isArray(delta)) return [];
  return delta.flatMap((step: DeltaStep) => {
    if (step.insert !== undefined) return [inserted(valueText(step.insert))];
    if (step.delete !== undefined) return [deleted(characters(step.delete))];
    return step.attributes === undefined ? [] : [note(`${characters(step.retain ?? 0)} formatted`)];
  });
}

interface DeltaStep {
  readonly insert?: unknown;
  readonly delete?: number;
  readonly retain?: number;
  readonly attributes?: object;
}

function characters(count: number): string {
  return count === 1 ? "1 character" : `${count} characters`;
}

/** In quotes where it is a string, so that `"5"` and `5` are two. */
function valueText(value: unknown): string {
  return JSON.stringify(value);
}

function inserted(text: string): OperationPart {
  return { kind: "inserted", text };
}

function deleted(text: string): OperationPart {
  return { kind: "deleted", text };
}

function note(text: string): OperationPart {
  return { kind: "note", text };
}
