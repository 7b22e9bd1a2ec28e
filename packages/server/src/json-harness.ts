/** Programs that speak the JSON dialect with a simulated relay, each behind two queues that only the test empties. */
import {
  defaultFrameLimits,
  defaultJsonMessageLimits,
  type JsonServerMessage,
  jsonServerMessage,
} from "@verso/protocol";
import { createMemoryStore } from "@verso/storage";
import { defaultLimits } from "@verso/validation";
import { type Access, defaultAccess } from "./access.js";
import { anonymous } from "./anonymous.js";
import type { Auth } from "./auth.js";
import { createDoor } from "./door.js";
import { createFollowing, type Following } from "./following.js";
import { createForkStore } from "./fork-store.js";
import { createJsonEdits } from "./json-edits.js";
import { createJsonRequests } from "./json-requests.js";
import { createJsonSession, type JsonSessionEvents } from "./json-session.js";
import { createJsonUpdates } from "./json-updates.js";
import { createKinds, type KindConfig } from "./kinds.js";
import { createVersions } from "./versions.js";
import { createInlineCell, createWorld, type World } from "./world.js";

export type Answer<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;

export interface JsonWorld {
  readonly world: World;
  /** What an operator would have heard, in order. */
  readonly heard: { readonly event: string; readonly told: unknown }[];
  /** Connects a program that has said nothing yet. */
  connect(): Program;
  /** Connects one that has authenticated. */
  enter(user: string, token?: string): Promise<Program>;
  close(): Promise<void>;
}

export interface Program {
  /** What it has read, oldest first. */
  readonly read: JsonServerMessage[];
  /** Frames that are on their way to it. */
  readonly fromRelay: readonly Uint8Array[];
  readonly closed: { readonly code: number; readonly reason: string } | null;
  /** Whether the relay reads from it at present. */
  readonly paused: boolean;
  /** Whether the relay takes large messages from it. */
  readonly trusted: boolean;
  /** While false, what the relay sends piles up in its socket buffer. */
  reading: boolean;
  /** Puts a message, or what is none, on its way. */
  send(message: unknown): void;
  /** Sends a request and lets time pass until it is answered. */
  ask<Type extends JsonServerMessage["type"]>(request: object, type: Type): Promise<Answer<Type>>;
  /** Lets everything arrive, in both directions, and some time pass. */
  flush(): Promise<void>;
  /** What it has read since this was last called. */
  news(): JsonServerMessage[];
  disconnect(): void;
}

export interface JsonWorldOptions {
  readonly documents?: Readonly<Record<string, KindConfig>>;
  readonly access?: Access;
  readonly auth?: Auth;
}

export async function createJsonWorld({
  documents = { "*": { roots: {} } },
  access = defaultAccess,
  auth = anonymous(),
}: JsonWorldOptions = {}): Promise<JsonWorld> {
  const store = createMemoryStore();
  const heard: { event: string; told: unknown }[] = [];
  const later: { following?: Following } = {};
  const world = await createWorld({
    open: store.open,
    documents,
    events: {
      appended: event => later.following?.notices.appended(event),
      erased: event => later.following?.notices.erased(event),
      failed: told => heard.push({ event: "room failed", told }),
    },
  });
  const { clock, ledger, rooms, history } = world;
  const following = createFollowing(ledger);
  later.following = following;
  const kinds = createKinds(documents);
  const kindOf = (id: string) => kinds.of(id)!;
  const compactions = createInlineCell();
  const door = createDoor({
    authenticator: await auth.open({ records: ledger.records, clock }),
    access,
    tokenInUrl: false,
    deadline: 5000,
    clock,
    exists: async id => (await ledger.head(id)) !== undefined,
    forks: createForkStore(ledger),
    onError: told => heard.push({ event: "door failed", told }),
  });
  const requests = createJsonRequests({
    ledger,
    rooms,
    kinds,
    door,
    edits: createJsonEdits({
      ledger,
      rooms,
      versions: createVersions({ ledger, compactions, kindOf }),
      kindOf,
      limits: defaultLimits,
      now: clock.now,
    }),
    history,
    documentIdBytes: defaultFrameLimits.documentIdBytes,
    now: clock.now,
  });
  const updates = createJsonUpdates(ledger);
  const hear = (event: keyof JsonSessionEvents) => (told: unknown) => void heard.push({ event, told });
  const programs: Program[] = [];

  const json: JsonWorld = {
    world,
    heard,
    connect() {
      const program = connectProgram(world, connection =>
        createJsonSession(connection, {
          requests,
          following,
          updates,
          rooms,
          identify: ({ token, name }) =>
            door.identifyBy({ token, name, isNamed: true, address: "127.0.0.1", headers: {} }),
          deadline: 5000,
          clock,
          messageLimits: { ...defaultJsonMessageLimits, length: 100_000 },
          frameLimits: defaultFrameLimits,
          events: {
            entered() {},
            denied: hear("denied"),
            identityEnded: hear("identityEnded"),
            answered: hear("answered"),
            rejected: hear("rejected"),
            failed: hear("failed"),
          },
        }),
      );
      programs.push(program);
      return program;
    },
    async enter(user, token = "") {
      const program = json.connect();
      await program.ask({ type: "authenticate", user_id: user, auth_token: token }, "auth_success");
      program.news();
      return program;
    },
    async close() {
      for (const program of programs) program.disconnect();
      await world.close();
    },
  };
  return json;
}

function connectProgram(
  world: World,
  open: (connection: Parameters<typeof createJsonSession>[0]) => ReturnType<typeof createJsonSession>,
): Program {
  const read: JsonServerMessage[] = [];
  const toRelay: Uint8Array[] = [];
  const fromRelay: Uint8Array[] = [];
  let handedOver = 0;
  let drained = () => {};
  let closed: Program["closed"] = null;
  let paused = false;
  let trusted = false;
  let isConnected = true;
  let ids = 0;
  let told = 0;

  const program: Program = {
    read,
    fromRelay,
    get closed() {
      return closed;
    },
    get paused() {
      return paused;
    },
    get trusted() {
      return trusted;
    },
    reading: true,
    send(message) {
      if (message instanceof Uint8Array) toRelay.push(message);
      else toRelay.push(Buffer.from(typeof message === "string" ? message : JSON.stringify(message)));
    },
    async ask(request, type) {
      const id = `ask ${++ids}`;
      program.send({ ...request, id });
      for (let waited = 0; waited < 200; waited++) {
        await program.flush();
        const answer = read.find(message => message.id === id);
        if (answer?.type === type) return answer as Answer<typeof type>;
        if (answer !== undefined) throw new Error(`answered by ${JSON.stringify(answer)}`);
        if (closed !== null) throw new Error(`closed: ${closed.reason}`);
      }
      throw new Error(`${JSON.stringify(request)} was not answered`);
    },
    async flush() {
      deliver();
      await world.pass(5);
      deliver();
    },
    news() {
      const news = read.slice(told);
      told = read.length;
      return news;
    },
    disconnect() {
      if (!isConnected) return;
      isConnected = false;
      session.onClose();
    },
  };
  const session = open({
    get backlog() {
      return fromRelay.reduce((sum, bytes) => sum + bytes.length, 0);
    },
    get bytesTaken() {
      return handedOver - this.backlog;
    },
    onDrain(listener) {
      drained = listener;
    },
    send({ messages }) {
      if (!isConnected) return;
      for (const bytes of messages) {
        fromRelay.push(bytes);
        handedOver += bytes.length;
      }
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
    },
    close(code, reason) {
      closed = { code, reason };
      isConnected = false;
    },
    trust() {
      trusted = true;
    },
  });
  return program;

  function deliver(): void {
    while (!paused && isConnected && toRelay.length > 0) session.onMessage(toRelay.shift()!);
    if (!program.reading || fromRelay.length === 0) return;
    for (const bytes of fromRelay.splice(0)) {
      read.push(jsonServerMessage.parse(JSON.parse(Buffer.from(bytes).toString())));
    }
    drained();
  }
}
