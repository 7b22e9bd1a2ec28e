/**
 * Follows the commits of a document through the relay's HTTP API, without ever skipping one.
 *
 * Each reading asks for what came after the last commit it has, page by page until a page is not full. Readings do
 * not overlap: what is asked for during one is done by the next, which then begins where the first ended.
 */
import type { ChangeEvent, ChangePage } from "@verso/protocol";
import { problemOf, RelayProblem } from "./problem.js";

export type FeedState =
  | { readonly kind: "live" }
  /** The relay has no commit of the document. */
  | { readonly kind: "empty" }
  | { readonly kind: "unreachable" }
  | { readonly kind: "problem"; readonly code: string; readonly detail: string };

export interface CommitFeed {
  /** Reads what is new. Resolves when all that the relay had at this moment was handed over, or reading has failed. */
  read(): Promise<void>;
}

export interface CommitFeedOptions {
  readonly documentId: string;
  /** How many of the commits that are there at the beginning are read. @default 300 */
  readonly recent?: number;
  /** Oldest first, each once. */
  readonly onCommits: (commits: readonly ChangeEvent[]) => void;
  /** Called after every reading. */
  readonly onState: (state: FeedState) => void;
  readonly fetch?: typeof fetch;
}

const pageSize = 200;

export function createCommitFeed({
  documentId,
  recent = 300,
  onCommits,
  onState,
  fetch = globalThis.fetch.bind(globalThis),
}: CommitFeedOptions): CommitFeed {
  const url = `/api/documents/${encodeURIComponent(documentId)}`;
  /** Sequence of the last commit that was read; `null` before the first answer. */
  let since: number | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  return { read };

  function read(): Promise<void> {
    if (running === null) {
      running = readAll().finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running.then(() => {
      next = null;
      return read();
    });
    return next;
  }

  async function readAll(): Promise<void> {
    try {
      let from = since ?? Math.max(0, (await headSequence()) - recent);
      for (;;) {
        const page = await changesAfter(from);
        from = page?.next ?? 0;
        since = from;
        if (page === null) return onState({ kind: "empty" });
        if (page.changes.length > 0) onCommits(page.changes);
        if (page.changes.length < pageSize) return onState({ kind: "live" });
      }
    } catch (error) {
      if (error instanceof RelayProblem) onState({ kind: "problem", code: error.code, detail: error.detail });
      // This is what fetch throws when there is no answer.
      else if (error instanceof TypeError) onState({ kind: "unreachable" });
      else throw error;
    }
  }

  /** The sequence of the newest commit: the ETag is the revision, which begins with it. 0 where it is not known. */
  async function headSequence(): Promise<number> {
    const response = await fetch(url, { method: "HEAD" });
    const sequence = Number.parseInt(response.headers.get("ETag")?.replaceAll('"', "") ?? "", 10);
    return Number.isNaN(sequence) ? 0 : sequence;
  }

  /** `null` while the document has no commit. */
  async function changesAfter(sequence: number): Promise<ChangePage | null> {
    const response = await fetch(`${url}/changes?since=${sequence}&limit=${pageSize}&roots=true`);
    if (response.ok) return (await response.json()) as ChangePage;
    const problem = await problemOf(response);
    if (problem.code === "not-found") return null;
    throw problem;
  }
}
