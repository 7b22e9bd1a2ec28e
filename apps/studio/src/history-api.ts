/** The history of a document over the relay's HTTP API: reading it, and taking back what was done. */
import type {
  Blame,
  ChangeEvent,
  ChangePage,
  Difference,
  DocumentContent,
  HistoryEditResult,
} from "@verso/protocol";
import type { Issue } from "./issue-words.js";
import { problemOf, RelayProblem, troubleOf } from "./problem.js";

export type Unrestored = HistoryEditResult["unrestored"][number];

/** What became of taking something back. */
export type Outcome =
  | { readonly kind: "done"; readonly sequence: number; readonly unrestored: readonly Unrestored[] }
  /** There was nothing to take back, or nothing of it can be any more. */
  | { readonly kind: "nothing"; readonly unrestored: readonly Unrestored[] }
  /** The document's kind does not allow it. */
  | { readonly kind: "refused"; readonly issues: readonly Issue[] }
  | { readonly kind: "failed"; readonly detail: string };

/** Readings throw a `RelayProblem`, or what `fetch` throws. */
export interface HistoryApi {
  version(sequence: number, signal: AbortSignal): Promise<DocumentContent>;
  difference(
    versions: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<Difference>;
  /** The commits from one sequence to another, as far as there are any. */
  commits(range: { readonly from: number; readonly to: number }, signal: AbortSignal): Promise<ChangeEvent[]>;
  blame(place: { readonly pointer: string; readonly at: number }, signal: AbortSignal): Promise<Blame>;
  /** Takes back the latest step of the user; what he types without a pause is one. */
  undo(user: string): Promise<Outcome>;
  redo(user: string): Promise<Outcome>;
  /** Takes back one commit of anybody. */
  revert(user: string, sequence: number): Promise<Outcome>;
  /** Writes the content of a version as a new edit. */
  restore(user: string, sequence: number): Promise<Outcome>;
}

/** Most that the relay gives in one answer. */
export const longestPage = 1000;

/** How long one stops, in milliseconds, before what one types is another step; as in most editors. */
const pause = 500;

export function createHistoryApi(documentId: string): HistoryApi {
  const url = `/api/documents/${encodeURIComponent(documentId)}`;
  return {
    version: (sequence, signal) => read(`?at=${sequence}&roots=true`, signal),
    difference: ({ from, to }, signal) => read(`/diff?from=${from}&to=${to}`, signal),
    async commits({ from, to }, signal) {
      const { changes } = await read<ChangePage>(
        `/changes?since=${from - 1}&limit=${to - from + 1}&roots=true`,
        signal,
      );
      return changes;
    },
    blame: ({ pointer, at }, signal) =>
      read(`/blame?pointer=${encodeURIComponent(pointer)}&at=${at}`, signal),
    undo: user => edit("undo", { user, body: { within: pause } }),
    redo: user => edit("redo", { user, body: {} }),
    revert: (user, sequence) => edit("revert", { user, body: { sequence } }),
    restore: (user, sequence) => edit("restore", { user, body: { sequence } }),
  };

  /** The relay's word is taken for the shape of its answers. */
  async function read<T>(path: string, signal: AbortSignal): Promise<T> {
    const response = await fetch(url + path, { signal });
    if (!response.ok) throw await problemOf(response);
    return (await response.json()) as T;
  }

  async function edit(
    action: "undo" | "redo" | "revert" | "restore",
    { user, body }: { readonly user: string; readonly body: object },
  ): Promise<Outcome> {
    try {
      const response = await fetch(`${url}/${action}?name=${encodeURIComponent(user)}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw await problemOf(response);
      const { sequence, unrestored } = (await response.json()) as HistoryEditResult;
      return sequence === null ? { kind: "nothing", unrestored } : { kind: "done", sequence, unrestored };
    } catch (error) {
      if (error instanceof RelayProblem && error.code === "edit-refused") {
        return { kind: "refused", issues: error.issues };
      }
      // Nobody has ever written to the document.
      if (error instanceof RelayProblem && error.code === "not-found")
        return { kind: "nothing", unrestored: [] };
      return { kind: "failed", detail: troubleOf(error) };
    }
  }
}
