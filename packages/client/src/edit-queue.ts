/**
 * The edits that are not answered yet: kept before they are sent, sent in their order, let go when they are answered.
 *
 * Of each document one edit is on its way at a time, the eldest; documents do not wait for each other. An edit that was
 * on its way when the connection was lost is sent again under its own id, which the relay knows by then or does not.
 *
 * An edit says which version it was made on. When the one before it is done, it was made on what that has become: if
 * nothing else has changed meanwhile, that is its new base. Otherwise it keeps its base, by which the relay finds what it
 * is in conflict with; unless it stands on the edit before, which that base does not have. Then it is moved (rebase.ts).
 */
import type { JsonServerMessage } from "@verso/protocol";
import { type Cancel, type Clock, retryDelay } from "./clock.js";
import { documentOf, type EditMessage, onto, type StoredEdit, wholePatch } from "./edit.js";
import type { EditStorage } from "./edit-storage.js";
import { ClientError } from "./errors.js";
import { refused } from "./expect.js";
import type { Patch } from "./json-patch.js";
import { overlap, pass } from "./rebase.js";

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
  /** Keeps an edit and sends it when it is its turn. Rejects with `storage-failed` when it is not kept. */
  add(edit: Omit<StoredEdit, "order">): Promise<EditOutcome>;
  /** The connection is there: sends the eldest edit of each document. */
  resume(): void;
  /** The connection is lost, and with it the answers to what was on its way. */
  pause(): void;
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
  /** The patches of the commits behind `since` and before `until`, from the whole document, by their sequences. */
  readonly changesBetween: (
    documentId: string,
    range: { readonly since: number; readonly until: number },
  ) => Promise<readonly { readonly sequence: number; readonly patch: Patch }[]>;
  /** Told when the frame of the answer is read. The edit is not in `edits` any more. */
  readonly onOutcome: (edit: StoredEdit, outcome: EditOutcome, answer: JsonServerMessage) => void;
  readonly onChange: () => void;
  readonly onError: (error: ClientError) => void;
}

export function createEditQueue({ storage, kept, clock, random, ...options }: EditQueueOptions): EditQueue {
  const { send, changesBetween, onOutcome, onChange, onError } = options;
  let edits: readonly StoredEdit[] = kept.toSorted((one, other) => one.order - other.order);
  let order = (edits.at(-1)?.order ?? 0) + 1;
  let isOnline = false;
  /** Documents whose eldest edit is on its way, or waits to be tried again. */
  const busy = new Set<string>();
  /** Documents whose edits are being moved behind one that is done. */
  const moving = new Set<string>();
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
      return edits;
    },

    async add(made) {
      const edit = { ...made, order: order++ };
      const { edit_id: id } = edit.message;
      edits = [...edits, edit];
      const kept = (async () => storage.put(edit))();
      unkept.set(id, kept);
      onChange();
      try {
        await kept;
      } catch (cause) {
        unkept.delete(id);
        edits = edits.filter(each => each.message.edit_id !== id);
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
      for (const documentId of new Set(edits.map(documentOf))) sendNext(documentId);
    },

    pause() {
      isOnline = false;
      for (const cancel of retries) cancel();
      retries.clear();
      busy.clear();
    },

    whenIdle(documentId) {
      if (!edits.some(edit => documentOf(edit) === documentId)) return Promise.resolve();
      return new Promise(resolve => idle.push({ documentId, resolve }));
    },

    async close() {
      await Promise.allSettled(unkept.values());
      for (const { resolve } of waiting.values()) resolve({ type: "kept" });
    },
  };

  function sendNext(documentId: string): void {
    const edit = edits.find(each => documentOf(each) === documentId);
    if (edit === undefined || !isOnline || unkept.has(edit.message.edit_id)) return;
    if (busy.has(documentId) || moving.has(documentId)) return;
    busy.add(documentId);
    const sentOver = connection;
    send(edit.message, answer => {
      if (sentOver === connection && isOnline) answered(edit, answer);
    });
  }

  function answered(edit: StoredEdit, answer: JsonServerMessage): void {
    if (answer.type === "error" && answer.code === "unavailable") return retry(documentOf(edit));
    attempt = 0;
    const documentId = documentOf(edit);
    const outcome = toOutcome(answer);
    edits = edits.filter(each => each !== edit);
    busy.delete(documentId);
    moving.add(documentId);
    onOutcome(edit, outcome, answer);
    onChange();
    void settle(edit, outcome).then(() => {
      moving.delete(documentId);
      sendNext(documentId);
      waiting.get(edit.message.edit_id)?.resolve(outcome);
      waiting.delete(edit.message.edit_id);
      wake();
    });
  }

  function retry(documentId: string): void {
    const cancel = clock.after(retryDelay(attempt++, random), () => {
      retries.delete(cancel);
      busy.delete(documentId);
      sendNext(documentId);
    });
    retries.add(cancel);
  }

  /**
   * Those that wait behind it are kept with their new bases before it is let go: after a crash in between it is sent
   * again, is answered as it was, and they are found where they are to be.
   */
  async function settle(edit: StoredEdit, outcome: EditOutcome): Promise<void> {
    try {
      if (outcome.type === "done") {
        for (const later of edits.filter(each => documentOf(each) === documentOf(edit))) {
          await keep(later, await moved(later, { behind: edit, done: outcome }));
        }
      }
      await storage.remove(edit.message.edit_id);
    } catch (cause) {
      // Nothing is let go, so the next client with this storage finds it as it was.
      if (cause instanceof ClientError && cause.code === "closed") return;
      onError(new ClientError("storage-failed", "The queue could not be kept.", { cause }));
    }
  }

  async function keep(edit: StoredEdit, instead: StoredEdit): Promise<void> {
    if (instead === edit) return;
    edits = edits.map(each => (each === edit ? instead : each));
    await storage.put(instead);
  }

  /** The edit, once one that it was made behind is done. */
  async function moved(
    edit: StoredEdit,
    { behind, done }: { behind: StoredEdit; done: { sequence: number; revision: string } },
  ): Promise<StoredEdit> {
    const { message, base } = edit;
    if (message.type !== "update_document") return edit;
    const here = { revision: done.revision, sequence: done.sequence };
    // Made behind the edit that creates the document, or on a version that is younger already.
    if (base === null) return behind.message.type === "create_document" ? onto(edit, here) : edit;
    if (base.sequence >= done.sequence) return edit;
    const known = new Set([...edit.seen, done.sequence]);
    const others =
      done.sequence === base.sequence + known.size
        ? []
        : await changed(documentOf(edit), { since: base.sequence, until: done.sequence });
    // No longer kept: it stays on the version that it was made on.
    if (others === null) return { ...edit, seen: [...known] };
    const theirs = others.filter(({ sequence }) => !known.has(sequence)).flatMap(({ patch }) => patch);
    if (theirs.length === 0) return onto(edit, here);
    const lists = new Set([...edit.lists, ...behind.lists]);
    const before = wholePatch(behind.message);
    const own = wholePatch(message);
    if (!overlap(own, before, { lists })) return { ...edit, seen: [...known] };
    const passed = pass(before, theirs, { lists });
    const last = passed && pass(own, passed.theirs, { lists });
    return last === null ? { ...edit, seen: [...known] } : onto(edit, here, last.ours);
  }

  /** What others have changed, asked for until it is answered; `null` when the relay does not know any more. */
  async function changed(
    documentId: string,
    range: { readonly since: number; readonly until: number },
  ): Promise<Awaited<ReturnType<typeof changesBetween>> | null> {
    for (let tries = 0; ; tries++) {
      try {
        return await changesBetween(documentId, range);
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
      if (edits.some(edit => documentOf(edit) === waiter.documentId)) idle.push(waiter);
      else waiter.resolve();
    }
  }
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
    default: {
      const detail = `The relay answers to an edit by ${JSON.stringify(answer.type)}.`;
      return { type: "failed", error: new ClientError("protocol", detail) };
    }
  }
}
