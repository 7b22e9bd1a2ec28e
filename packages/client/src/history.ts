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
import type { Replica } from "./document.js";
import { ClientError } from "./errors.js";
import { addressAt, askToken, type TokenSource } from "./relay-access.js";

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
  /** Writes what the document was after a commit, as one more commit. Needs a connection. */
  restore(sequence: number): Promise<UndoOutcome>;
  /** Commits of anybody, the oldest first, with patches both ways. Needs a connection. */
  changes(range?: HistoryRange): Promise<ChangePage>;
  close(): void;
}

export interface HistoryOptions {
  /** Of the relay, as the client has it. */
  readonly url: string | URL;
  readonly token?: TokenSource;
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
    undo: () => step("undo", { within: pause }),
    redo: () => step("redo", {}),
    restore: sequence => byRelay("restore", { sequence }),
    // What the relay answers to each path is as its protocol has it.
    changes: async (range = {}) => (await ask("changes", { query: range })) as ChangePage,
    close: () => manager.destroy(),
  };

  async function step(action: "undo" | "redo", body: object): Promise<UndoOutcome> {
    if (replica.status.connection !== "connected") {
      return { type: manager[action]() === null ? "nothing" : "local" };
    }
    return byRelay(action, body);
  }

  async function byRelay(action: string, body: object): Promise<UndoOutcome> {
    // The relay can only take back what it has.
    if (replica.hasUnsyncedChanges) await replica.syncNow();
    const answer = (await ask(action, { body })) as HistoryEditResult | Problem;
    if ("code" in answer) return { type: "refused", issues: answer.issues ?? [] };
    const { sequence, undoes, unrestored } = answer;
    if (sequence === null) return { type: "nothing" };
    // What the relay has taken back is not to be taken back once more here.
    manager.clear();
    return { type: "relay", sequence, undoes, unrestored };
  }

  /** The relay's answer, or the problem `edit-refused`. */
  async function ask(
    path: string,
    { query = {}, body }: { query?: object; body?: object },
  ): Promise<unknown> {
    const given = await askToken(token);
    const address = addressAt(url, `api/documents/${encodeURIComponent(replica.documentId)}/${path}`);
    const parameters = { ...query, ...(given === null && { name: user }) };
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) address.searchParams.set(name, String(value));
    }
    const response = await fetch(address, {
      ...(body && { method: "POST", body: JSON.stringify(body) }),
      headers: {
        ...(body && { "content-type": "application/json" }),
        ...(given !== null && { authorization: `Bearer ${given}` }),
      },
    }).catch((cause: unknown) => {
      throw new ClientError("offline", "The relay cannot be reached.", { cause });
    });
    const answer: Partial<Problem> | null = await response.json().catch(() => null);
    if (answer === null)
      throw new ClientError("protocol", `What answers with ${response.status} is no relay.`);
    if (response.ok || answer.code === "edit-refused") return answer;
    throw new ClientError("refused", String(answer.detail), { relayCode: String(answer.code) });
  }
}

class Everything extends Set<unknown> {
  override has(): boolean {
    return true;
  }
}
