/**
 * A relay for tests of the client: documents of plain JSON, sockets whose frames are delivered when the test says so, and
 * a clock that stands still. It keeps to the dialect, and merges as well as moving places can.
 */
import {
  type ConflictStrategy,
  type JsonClientMessage,
  type JsonServerMessage,
  jsonServerMessage,
  parseJsonMessage,
} from "@verso/protocol";
import type { Cancel, Clock } from "./clock.js";
import type { WebSocketLike } from "./connection.js";
import { fromContent, wholePatch } from "./edit.js";
import { toExplicit } from "./explicit-patch.js";
import {
  applyPatch,
  isList,
  isObject,
  type Json,
  type JsonObject,
  type Patch,
  type PlainPatch,
  toPointer,
  toWire,
  toWireObject,
} from "./json-patch.js";
import { overlap, pass } from "./rebase.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;
type Request<Type extends JsonClientMessage["type"]> = Extract<JsonClientMessage, { type: Type }>;

interface FakeDocument {
  json: { title: string | null; content: JsonObject };
  isDeleted: boolean;
  readonly first: { title: string | null; content: JsonObject };
  readonly commits: { readonly patch: PlainPatch; readonly user: string }[];
}

export interface FakeRelay {
  readonly webSocket: new (url: string) => WebSocketLike;
  readonly clock: Clock & { advance(milliseconds: number): void };
  readonly documents: Map<string, FakeDocument>;
  /** Every request that was delivered, in order. */
  readonly requests: JsonClientMessage[];
  /** Whether sockets open. */
  isUp: boolean;
  /** Whether an edit stands above what it is merged with: it comes behind what was inserted at its place. */
  stands: () => boolean;
  /** What is answered instead of doing it. */
  intercept: ((message: JsonClientMessage) => object | null) | null;
  /** Delivers all frames, and those that they cause, until nothing moves. */
  flush(): Promise<void>;
  /** Delivers what clients have sent, and not yet the answers. */
  flushRequests(): Promise<void>;
  /** Every connection is lost, with what was under way in both directions. */
  cut(code?: number): void;
  create(id: string, content: JsonObject, title?: string): void;
  /** An edit of somebody else. */
  edit(id: string, patch: Patch): void;
}

export function createFakeRelay({ strategy = "merge" }: { strategy?: ConflictStrategy } = {}): FakeRelay {
  const documents = new Map<string, FakeDocument>();
  const requests: JsonClientMessage[] = [];
  const answered = new Map<string, object>();
  let sockets: FakeSocket[] = [];

  class FakeSocket implements WebSocketLike {
    onopen: WebSocketLike["onopen"] = null;
    onmessage: WebSocketLike["onmessage"] = null;
    onclose: WebSocketLike["onclose"] = null;
    onerror: WebSocketLike["onerror"] = null;
    toRelay: string[] = [];
    toClient: (() => void)[] = [];
    user: string | null = null;
    readonly subscribed = new Set<string>();

    constructor() {
      sockets.push(this);
      this.toClient.push(() => (relay.isUp ? this.#call(this.onopen, {}) : this.end(1006)));
    }

    send(data: string): void {
      this.toRelay.push(data);
    }

    close(): void {
      sockets = sockets.filter(socket => socket !== this);
    }

    tell(message: object): void {
      // What the fake says is what a relay may say.
      const text = JSON.stringify(jsonServerMessage.parse(message));
      this.toClient.push(() => this.#call(this.onmessage, { data: text }));
    }

    end(code: number): void {
      this.close();
      this.#call(this.onclose, { code });
    }

    #call(listener: ((event: never) => void) | null, event: object): void {
      listener?.(event as never);
    }
  }

  const relay: FakeRelay = {
    webSocket: FakeSocket,
    clock: createClock(),
    documents,
    requests,
    isUp: true,
    stands: () => true,
    intercept: null,

    async flush() {
      for (let moved = true; moved; ) {
        await settled();
        moved = false;
        for (const socket of sockets) {
          for (const data of socket.toRelay.splice(0)) receive(socket, data);
          for (const deliver of socket.toClient.splice(0)) deliver();
          moved = true;
        }
        await settled();
        moved &&= sockets.some(({ toRelay, toClient }) => toRelay.length + toClient.length > 0);
      }
    },

    async flushRequests() {
      await settled();
      for (const socket of sockets) for (const data of socket.toRelay.splice(0)) receive(socket, data);
    },

    cut(code = 1006) {
      for (const socket of sockets) socket.end(code);
    },

    create(id, content, title) {
      const json = { title: title ?? null, content };
      documents.set(id, { json, first: json, isDeleted: false, commits: [] });
      commit(id, { patch: [], user: "somebody" });
    },

    edit(id, patch) {
      const { json } = documents.get(id)!;
      tellAll(
        commit(id, { patch: toExplicit({ ...json }, fromContent(patch)).patch, user: "somebody" }),
        null,
      );
    },
  };
  return relay;

  function receive(socket: FakeSocket, data: string): void {
    const parsed = parseJsonMessage(data);
    if (!parsed.ok) throw new Error(`${parsed.detail} ${data}`);
    const { message } = parsed;
    requests.push(message);
    const instead = relay.intercept?.(message);
    const answer = instead ?? answerTo(socket, message);
    socket.tell({ ...answer, id: message.id });
    if (message.type === "subscribe" && message.since !== undefined) {
      const { commits } = documents.get(message.document_id)!;
      for (let at = message.since; at < commits.length; at++)
        socket.tell(updateOf(message.document_id, at + 1));
    }
  }

  function answerTo(socket: FakeSocket, message: JsonClientMessage): object {
    switch (message.type) {
      case "authenticate":
        socket.user = message.user_id;
        return { type: "auth_success", session_id: "s1" };
      case "ping":
        return { type: "pong" };
      case "create_document":
      case "update_document":
      case "delete_document": {
        const known = message.edit_id === undefined ? undefined : answered.get(message.edit_id);
        if (known !== undefined) return known;
        const answer = edit(socket, message);
        if (message.edit_id !== undefined) answered.set(message.edit_id, answer);
        return answer;
      }
      case "list_documents":
        return { type: "documents", documents: [], next: null };
      case "unsubscribe":
        socket.subscribed.delete(message.document_id);
        return { type: "unsubscribed", document_id: message.document_id };
      case "presence": {
        const users = message.state === null ? [] : [{ client_id: 1, state: message.state }];
        return { type: "presence", document_id: message.document_id, users };
      }
      case "subscribe":
      case "get_document": {
        const { document_id } = message;
        if (message.type === "subscribe") socket.subscribed.add(document_id);
        const document = documents.get(document_id);
        if (document === undefined) return error("document-unknown");
        if (document.isDeleted) return error("deleted");
        if (message.type === "get_document") return { ...versionOf(document_id), type: "document" };
        const { document: json, ...version } = versionOf(document_id);
        return { ...version, type: "subscribed", ...(message.since === undefined && { document: json }) };
      }
      case "changes_since":
        return changesSince(message);
      case "undo": {
        const id = message.document_id!;
        const { user } = documents.get(id)!.commits.at(-1)!;
        if (user !== socket.user) return updateOf(id, documents.get(id)!.commits.length, []);
        const update = commit(id, { patch: [{ op: "add", path: "/content/undone", value: true }], user });
        tellAll(update, socket);
        return update;
      }
      default:
        return error("bad-request");
    }
  }

  function edit(
    socket: FakeSocket,
    message: Request<"create_document" | "update_document" | "delete_document">,
  ): object {
    if (message.type === "create_document") {
      const { id, title, content } = message.document;
      if (documents.has(id)) return error("document-exists");
      relay.create(id, content as JsonObject, title);
      return { type: "document_created", document_id: id, revision_id: "1-r", sequence: 1 };
    }
    if (message.type === "delete_document") {
      const { commits } = documents.get(message.document_id)!;
      documents.get(message.document_id)!.isDeleted = true;
      const sequence = commits.push({ patch: [], user: socket.user! });
      const { document_id } = message;
      return { type: "document_deleted", document_id, revision_id: `${sequence}-r`, sequence, user_id: "me" };
    }
    const { document_id: id, revision_id, patch, target, strategy: asked = strategy } = message.patch;
    const { json, first, commits } = documents.get(id)!;
    const since = revision_id === undefined ? commits.length : Number.parseInt(revision_id, 10);
    const base = commits.slice(0, since).reduce((past: Json, each) => applyPatch(past, each.patch), first);
    const theirs = commits.slice(since).flatMap(each => each.patch);
    const lists = new Set([...listsIn({ ...json }), ...listsIn(base)]);
    let ours: PlainPatch;
    try {
      ours = toExplicit(base, wholePatch({ patch, target })).patch;
    } catch {
      // Whatever it is that does not fit, a relay says only that.
      return error("patch-invalid");
    }
    if (asked === "reject" && overlap(ours, theirs, { lists })) return conflict(id, { ours, theirs });
    // Where one removes what the other is in, there is no choice.
    const yielded = relay.stands() ? null : pass(theirs, ours, { lists });
    const merged = yielded?.theirs ?? pass(ours, theirs, { lists })?.ours ?? [];
    const explicit = toExplicit({ ...json }, merged).patch;
    // What is merged into nothing makes no commit.
    if (explicit.length === 0) return updateOf(id, commits.length, []);
    const update = commit(id, { patch: explicit, user: socket.user! });
    tellAll(update, socket);
    return update;
  }

  function commit(
    id: string,
    { patch, user }: { patch: PlainPatch; user: string },
  ): Message<"document_updated"> {
    const document = documents.get(id)!;
    document.json = applyPatch({ ...document.json }, patch) as never;
    document.commits.push({ patch, user });
    return updateOf(id, document.commits.length);
  }

  function updateOf(id: string, sequence: number, instead?: PlainPatch): Message<"document_updated"> {
    const { patch, user } = documents.get(id)!.commits[sequence - 1]!;
    return {
      type: "document_updated",
      document_id: id,
      revision_id: `${sequence}-r`,
      sequence,
      vector_clock: {},
      user_id: user,
      patch: toWire(instead ?? patch),
      target: "document",
    };
  }

  function versionOf(id: string) {
    const { json, commits } = documents.get(id)!;
    const document = { id, title: json.title, content: toWireObject(json.content) };
    const sequence = commits.length;
    return { document_id: id, revision_id: `${sequence}-r`, sequence, vector_clock: {}, document };
  }

  function changesSince({ document_id: id, sequence: since, limit = 2 }: Request<"changes_since">): object {
    const { commits } = documents.get(id!)!;
    const changes = commits.slice(since, since + limit).map(({ user }, index) => {
      const { patch, target, ...update } = updateOf(id!, since + index + 1);
      const at = { event_type: "update", kind: "update", user_id: user, created_at: "2026-01-01T00:00:00Z" };
      return { ...update, ...at, target, forward_patch: patch, reverse_patch: [] };
    });
    return { type: "changes_since", changes, next: Math.min(commits.length, since + limit) };
  }

  function conflict(id: string, { ours, theirs }: { ours: PlainPatch; theirs: PlainPatch }): object {
    const { document, document_id, ...at } = versionOf(id);
    return {
      type: "conflict",
      ...{ document_id, conflict_id: null, strategy: "reject", pointers: ours.map(({ path }) => path) },
      ...{
        yours: toWire(ours),
        theirs: toWire(theirs),
        vector_clocks: { yours: {}, theirs: {} },
        commits: [],
      },
      document: { ...at, title: document.title, content: document.content },
    };
  }

  function tellAll(update: Message<"document_updated">, author: FakeSocket | null): void {
    for (const socket of sockets) {
      if (socket !== author && socket.subscribed.has(update.document_id)) socket.tell(update);
    }
  }
}

function error(code: string): object {
  return { type: "error", code, message: `It cannot be done: ${code}.` };
}

/** The patterns of all lists in a document. */
function listsIn(json: Json, pattern = ""): string[] {
  if (isList(json)) return [pattern, ...json.flatMap(value => listsIn(value, `${pattern}/*`))];
  if (!isObject(json)) return [];
  return Object.entries(json).flatMap(([key, value]) => listsIn(value, pattern + toPointer([key])));
}

/** What promises still have to do is done when the event loop has gone round. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

function createClock(): FakeRelay["clock"] {
  let now = 0;
  let planned: { readonly at: number; readonly run: () => void }[] = [];
  return {
    after(milliseconds, run): Cancel {
      const entry = { at: now + milliseconds, run };
      planned.push(entry);
      return () => {
        planned = planned.filter(each => each !== entry);
      };
    },
    advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const next = planned.filter(({ at }) => at <= end).toSorted((one, other) => one.at - other.at)[0];
        if (next === undefined) break;
        planned = planned.filter(each => each !== next);
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
}
