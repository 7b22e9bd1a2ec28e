/**
 * The edits that are not answered yet: kept before they are sent, sent in their order, let go when they are answered.
 *
 * Of each document one edit is on its way at a time, the eldest; documents do not wait for each other. An edit that was
 * on its way when the connection was lost is sent again under its own id, which the relay knows by then or does not.
 *
 * An edit says which version it was made on, by which the relay finds what it is in conflict with. One that stands on an
 * edit before it was made on a version that the relay never had: once that is done, it is sent for the version that it
 * has been brought to (edit-chain.ts). To know that, an edit that is done is let go when all that was committed before it
 * is known here, be it told or asked for.
 */
import type { JsonServerMessage } from "@verso/protocol";
import { type Cancel, type Clock, retryDelay } from "./clock.js";
import { committedPatch, documentOf, type EditMessage, type StoredEdit, toRequest } from "./edit.js";
import { type Commit, commitFirst, type EditChain, passUnder, strand, withdrawFirst } from "./edit-chain.js";
import type { EditStorage } from "./edit-storage.js";
import { ClientError } from "./errors.js";
import { refused, unexpected } from "./expect.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;

/** What became of an edit. Only when it is `done` is it in the document. */
export type EditOutcome =
  | { readonly type: "done"; readonly sequence: number; readonly revision: string }
  /** There was nothing to do: the document is at this version. */
  | { readonly type: "unchanged"; readonly sequence: number; readonly revision: string }
  | { readonly type: "rejected"; readonly sequence: number; readonly issues: Message<"rejected">["issues"] }
  | { readonly type: "conflict"; readonly conflict: Message<"conflict"> }
  /** The relay could not do it, and will not be able to. */
  | { readonly type: "failed"; readonly error: ClientError }
  /** The client was closed before the answer. The edit is in the storage, for the next client that has it. */
  | { readonly type: "kept" };

export interface EditQueue {
  /** In the order in which they were made. */
  readonly edits: readonly StoredEdit[];
  /** Those of a document, one on top of the other, an answered one too whose commit is not known here yet. */
  chain(documentId: string): EditChain;
  /** Keeps an edit and sends it when it is its turn. Rejects with `storage-failed` when it is not kept. */
  add(edit: Omit<StoredEdit, "order">): Promise<EditOutcome>;
  /** The connection is there: sends the eldest edit of each document. */
  resume(): void;
  /** The connection is lost, and with it the answers to what was on its way. */
  pause(): void;
  /** A commit of a document is known, and all before it. */
  pass(documentId: string, commit: Commit): void;
  /** Resolves when the document's edits stand on this version, or a later one. Rejects when the client is closed. */
  bringTo(documentId: string, sequence: number): Promise<void>;
  /** Resolves when nothing of the document waits any more. */
  whenIdle(documentId: string): Promise<void>;
  /** Ends when all edits are kept, and tells those who wait for answers that there will be none. */
  close(): Promise<void>;
}

export interface EditQueueOptions {
  readonly storage: EditStorage;
  /** What the storage has kept. */
  readonly kept: readonly StoredEdit[];
  readonly clock: Clock;
  readonly random: () => number;
  /** Sends an edit; the answer is given when its frame is read, before anything that comes after it. */
  readonly send: (message: EditMessage, answered: (answer: JsonServerMessage) => void) => void;
  /** The commits behind `since` up to `until`. */
  readonly commitsBetween: (
    documentId: string,
    range: { readonly since: number; readonly until: number },
  ) => Promise<readonly Commit[]>;
  /** Told when the frame of the answer is read. The edit is not in `edits` any more. */
  readonly onOutcome: (edit: StoredEdit, outcome: EditOutcome, answer: JsonServerMessage | null) => void;
  /** Commits that were asked for, since one of these edits waits for them. */
  readonly onCommits: (documentId: string, commits: readonly Commit[]) => void;
  readonly onChange: () => void;
  readonly onError: (error: ClientError) => void;
}

/** The eldest edit of a document, answered, as long as what was committed before that is not known here. */
interface Answered {
  readonly edit: StoredEdit;
  readonly outcome: EditOutcome;
}

export function createEditQueue({ storage, kept, clock, random, ...options }: EditQueueOptions): EditQueue {
  const { send, commitsBetween, onOutcome, onCommits, onChange, onError } = options;
  /** Those too that are answered and not let go. */
  let all: readonly StoredEdit[] = kept.toSorted((one, other) => one.order - other.order);
  let order = (all.at(-1)?.order ?? 0) + 1;
  let isOnline = false;
  /** Documents whose eldest edit is on its way, or waits to be tried again. */
  const busy = new Set<string>();
  const answered = new Map<string, Answered>();
  /** Documents whose edits are being kept as they stand behind one that is let go. */
  const keeping = new Set<string>();
  /** Edits that are not yet kept, and so must not be sent. */
  const unkept = new Map<string, Promise<void>>();
  const waiting = new Map<string, { resolve: (outcome: EditOutcome) => void }>();
  const idle: { documentId: string; resolve: () => void }[] = [];
  const retries = new Set<Cancel>();
  /** Called once when there is a connection again. */
  const resumed: (() => void)[] = [];
  let attempt = 0;
  /** Counts connections, so that an answer of an older one is known for what it is. */
  let connection = 0;

  return {
    get edits() {
      return all.filter(edit => !isSame(answered.get(documentOf(edit))?.edit, edit));
    },
    chain: chainOf,

    async add(made) {
      const edit = { ...made, order: order++ };
      const { edit_id: id } = edit.message;
      all = [...all, edit];
      const kept = (async () => storage.put(edit))();
      unkept.set(id, kept);
      onChange();
      try {
        await kept;
      } catch (cause) {
        unkept.delete(id);
        all = all.filter(each => !isSame(each, edit));
        onChange();
        wake();
        sendNext(documentOf(edit));
        throw new ClientError("storage-failed", "The edit could not be kept.", { cause });
      }
      unkept.delete(id);
      const outcome = new Promise<EditOutcome>(resolve => waiting.set(id, { resolve }));
      sendNext(documentOf(edit));
      return outcome;
    },

    resume() {
      isOnline = true;
      connection++;
      attempt = 0;
      for (const goOn of resumed.splice(0)) goOn();
      for (const documentId of new Set(all.map(documentOf))) sendNext(documentId);
    },

    pause() {
      isOnline = false;
      for (const cancel of retries) cancel();
      retries.clear();
      busy.clear();
    },

    pass,
    bringTo,

    whenIdle(documentId) {
      if (chainOf(documentId).length === 0) return Promise.resolve();
      return new Promise(resolve => idle.push({ documentId, resolve }));
    },

    async close() {
      await Promise.allSettled(unkept.values());
      for (const { resolve } of waiting.values()) resolve({ type: "kept" });
    },
  };

  function chainOf(documentId: string): EditChain {
    return all.filter(edit => documentOf(edit) === documentId);
  }

  function replace(documentId: string, chain: EditChain): void {
    const instead = new Map(chain.map(edit => [edit.message.edit_id, edit]));
    all = all.flatMap(edit => {
      if (documentOf(edit) !== documentId) return [edit];
      return instead.get(edit.message.edit_id) ?? [];
    });
  }

  function sendNext(documentId: string): void {
    const [edit] = chainOf(documentId);
    if (edit === undefined || !isOnline || unkept.has(edit.message.edit_id)) return;
    if (busy.has(documentId) || answered.has(documentId) || keeping.has(documentId)) return;
    const request = toRequest(edit);
    if (request === null) {
      const error = new ClientError("place-lost", "What it was made in is not there any more.");
      return settle(edit, { type: "failed", error }, null);
    }
    busy.add(documentId);
    const sentOver = connection;
    send(request, answer => {
      if (sentOver === connection && isOnline) receive(edit, answer);
    });
  }

  function receive(edit: StoredEdit, answer: JsonServerMessage): void {
    const documentId = documentOf(edit);
    if (answer.type === "error" && answer.code === "unavailable") return retry(documentId);
    attempt = 0;
    busy.delete(documentId);
    settle(edit, toOutcome(answer), answer);
  }

  function retry(documentId: string): void {
    const cancel = clock.after(retryDelay(attempt++, random), () => {
      retries.delete(cancel);
      busy.delete(documentId);
      sendNext(documentId);
    });
    retries.add(cancel);
  }

  function settle(edit: StoredEdit, outcome: EditOutcome, answer: JsonServerMessage | null): void {
    const documentId = documentOf(edit);
    const settled = { edit, outcome };
    answered.set(documentId, settled);
    onOutcome(edit, outcome, answer);
    onChange();
    // Told to a document that is followed, its commit has come in its place by now.
    void finish(settled, answer).catch(error => {
      // Nothing is let go, so the next client with this storage finds it as it was.
      if (!(error instanceof ClientError) || error.code !== "closed") throw error;
    });
  }

  /** Brings the others to where the answer leaves them. */
  async function finish(settled: Answered, answer: JsonServerMessage | null): Promise<void> {
    const { edit, outcome } = settled;
    const documentId = documentOf(edit);
    const isOpen = () => answered.get(documentId) === settled;
    const here = () => chainOf(documentId).map(({ standing }) => standing.base?.sequence ?? 0);
    if (!isOpen()) return;
    if (outcome.type !== "done" && outcome.type !== "unchanged") {
      // They may have been kept on versions of different age.
      await bringTo(documentId, Math.max(...here()));
      replace(documentId, withdrawFirst(chainOf(documentId)));
      return letGo(settled);
    }
    const { sequence, revision } = outcome;
    const isDone = outcome.type === "done";
    await bringTo(documentId, isDone ? sequence - 1 : sequence);
    if (!isOpen()) return;
    const patch = isDone && answer?.type === "document_updated" ? committedPatch(answer) : [];
    const commit = { sequence, revision, patch };
    // Where others have told of it before it was answered, it is under the others already.
    const isUnder = isDone && (here()[0] ?? 0) >= sequence;
    const chain = chainOf(documentId);
    replace(documentId, isUnder ? withdrawFirst(chain) : commitFirst(chain, commit));
    return letGo(settled);
  }

  function pass(documentId: string, commit: Commit): void {
    const settled = answered.get(documentId);
    const chain = chainOf(documentId);
    if (settled?.outcome.type === "done" && settled.outcome.sequence === commit.sequence) {
      replace(documentId, commitFirst(chain, commit));
      void letGo(settled);
    } else if (chain.length > 0) replace(documentId, passUnder(chain, commit));
  }

  async function bringTo(documentId: string, until: number): Promise<void> {
    const bases = chainOf(documentId).flatMap(({ standing }) => standing.base?.sequence ?? []);
    const since = Math.min(...bases);
    if (since >= until) return;
    const commits = await ask(documentId, { since, until });
    if (commits === null) return replace(documentId, strand(chainOf(documentId), until));
    onCommits(documentId, commits);
    for (const commit of commits) pass(documentId, commit);
  }

  /**
   * The others are kept where they stand now before it is let go: after a crash in between it is sent again, is answered
   * as it was, and they are found where they are to be.
   */
  async function letGo({ edit, outcome }: Answered): Promise<void> {
    const documentId = documentOf(edit);
    const { edit_id: id } = edit.message;
    answered.delete(documentId);
    keeping.add(documentId);
    onChange();
    try {
      await Promise.all(chainOf(documentId).map(each => storage.put(each)));
      await storage.remove(id);
    } catch (cause) {
      onError(new ClientError("storage-failed", "The queue could not be kept.", { cause }));
    }
    keeping.delete(documentId);
    sendNext(documentId);
    waiting.get(id)?.resolve(outcome);
    waiting.delete(id);
    wake();
  }

  /** What was committed, asked for until it is answered; `null` when the relay does not know any more. */
  async function ask(
    documentId: string,
    range: { readonly since: number; readonly until: number },
  ): Promise<readonly Commit[] | null> {
    for (let tries = 0; ; tries++) {
      try {
        return await commitsBetween(documentId, range);
      } catch (error) {
        if (!(error instanceof ClientError) || error.code === "closed") throw error;
        if (!error.transient) return null;
        await new Promise<void>(resolve => {
          if (isOnline) clock.after(retryDelay(tries, random), resolve);
          else resumed.push(resolve);
        });
      }
    }
  }

  function wake(): void {
    for (const waiter of idle.splice(0)) {
      if (chainOf(waiter.documentId).length > 0) idle.push(waiter);
      else waiter.resolve();
    }
  }
}

function isSame(one: StoredEdit | undefined, other: StoredEdit): boolean {
  return one?.message.edit_id === other.message.edit_id;
}

/** What the answer to an edit says, of the queue or not. */
export function toOutcome(answer: JsonServerMessage): EditOutcome {
  switch (answer.type) {
    case "document_created":
    case "document_updated":
    case "document_deleted": {
      const isEmpty = answer.type === "document_updated" && answer.patch.length === 0;
      const { sequence, revision_id: revision } = answer;
      return { type: isEmpty ? "unchanged" : "done", sequence, revision };
    }
    case "rejected":
      return { type: "rejected", sequence: answer.sequence, issues: answer.issues };
    case "conflict":
      return { type: "conflict", conflict: answer };
    case "error":
      return { type: "failed", error: refused(answer) };
    default:
      return { type: "failed", error: unexpected(answer) };
  }
}
