/**
 * What was done to a document, and taking one's own back.
 *
 * The relay remembers: it knows after a reload, and on another device, what a user did last, and takes it back by the ids of
 * what it inserted and deleted, whatever others have written since. Without a connection there is Yjs's `UndoManager`,
 * which knows what this session did to this replica, and nothing before. What it takes back is to the relay an edit like
 * any other: after one has undone offline, the relay's own undo takes that back first.
 */
import type { ChangePage, HistoryEditResult, Problem } from "@verso/protocol";
import * as Y from "yjs";
import type { ClientOptions } from "./client.js";
import type { Replica } from "./document.js";
import { ClientError } from "./errors.js";

/**
 * What became of `undo` or `redo`. `relay`: a commit, which says what has not come back, for it was overwritten or what
 * held it is gone; the document shows it when it arrives here. `local`: done here, without a connection. `nothing`: there
 * was nothing to take back. `refused`: the document's kind does not allow what it would come back to.
 */
export type UndoOutcome =
  | ({ readonly type: "relay"; readonly sequence: number } & Pick<HistoryEditResult, "undoes" | "unrestored">)
  | { readonly type: "local" }
  | { readonly type: "nothing" }
  | { readonly type: "refused"; readonly issues: NonNullable<Problem["issues"]> };

export interface HistoryRange {
  /** Behind this commit. @default 0 */
  readonly since?: number;
  /** @default the relay's */
  readonly limit?: number;
}

export interface History {
  undo(): Promise<UndoOutcome>;
  redo(): Promise<UndoOutcome>;
  /** Commits of anybody, the oldest first, with patches both ways. Needs a connection. */
  changes(range?: HistoryRange): Promise<ChangePage>;
  close(): void;
}

export interface HistoryOptions {
  /** Of the relay, as the client has it. */
  readonly url: string | URL;
  readonly token?: ClientOptions["token"];
  /** The name of an anonymous user. */
  readonly user?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** Edits that follow one another at most that closely are one step, here and at the relay. */
const pause = 500;

export function createHistory(
  replica: Pick<Replica, "documentId" | "doc" | "status" | "hasUnsyncedChanges" | "syncNow">,
  { url, token, user, fetch = globalThis.fetch }: HistoryOptions,
): History {
  // Whatever editors give as origin, it is an edit of this user when it was made here.
  const manager = new Y.UndoManager(replica.doc, {
    captureTimeout: pause,
    captureTransaction: ({ local }) => local,
    trackedOrigins: new Everything(),
  });

  return {
    undo: () => step("undo"),
    redo: () => step("redo"),
    async changes({ since, limit } = {}) {
      const query = new URLSearchParams();
      if (since !== undefined) query.set("since", String(since));
      if (limit !== undefined) query.set("limit", String(limit));
      return (await ask("changes", query)) as ChangePage;
    },
    close: () => manager.destroy(),
  };

  async function step(action: "undo" | "redo"): Promise<UndoOutcome> {
    if (replica.status.connection !== "connected") {
      return { type: manager[action]() === null ? "nothing" : "local" };
    }
    // The relay can only take back what it has.
    if (replica.hasUnsyncedChanges) await replica.syncNow();
    const body = action === "undo" ? { within: pause } : {};
    const answer = await ask(action, new URLSearchParams(), body);
    if ("code" in answer) return { type: "refused", issues: answer.issues ?? [] };
    const { sequence, undoes, unrestored } = answer as HistoryEditResult;
    if (sequence === null) return { type: "nothing" };
    // What the relay has taken back is not to be taken back once more here.
    manager.clear();
    return { type: "relay", sequence, undoes, unrestored };
  }

  async function ask(
    path: "undo" | "redo" | "changes",
    query: URLSearchParams,
    body?: object,
  ): Promise<ChangePage | HistoryEditResult | Problem> {
    const given = (typeof token === "function" ? await token() : token) ?? null;
    if (given === null && user !== undefined) query.set("name", user);
    const base = String(url)
      .replace(/^ws/, "http")
      .replace(/\/?(sync\/?)?$/, "/");
    const request = new URL(`api/documents/${encodeURIComponent(replica.documentId)}/${path}`, base);
    for (const [name, value] of query) request.searchParams.set(name, value);
    const response = await fetch(request, {
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(given !== null && { authorization: `Bearer ${given}` }),
      },
    }).catch((cause: unknown) => {
      throw new ClientError("offline", "The relay cannot be reached.", { cause });
    });
    const answer = (await response.json().catch(() => null)) as
      | ChangePage
      | HistoryEditResult
      | Problem
      | null;
    if (answer === null)
      throw new ClientError("protocol", `What answers with ${response.status} is no relay.`);
    if (response.ok || ("code" in answer && answer.code === "edit-refused")) return answer;
    const { code, detail } = answer as Problem;
    throw new ClientError("refused", detail, { relayCode: code });
  }
}

class Everything extends Set<unknown> {
  override has(): boolean {
    return true;
  }
}
