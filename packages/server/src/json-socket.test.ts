/** The JSON dialect on real sockets, beside stock Yjs clients of the same documents. */
import { type JsonServerMessage, jsonServerMessage } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import * as Y from "yjs";
import { arrival, createRelayHarness, type Guest, type RelayHarness } from "./relay-harness.js";

let relay: RelayHarness;
beforeEach(async () => {
  relay = createRelayHarness();
});
afterEach(() => relay.dispose());

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;

/** A program on a socket of its own. */
interface Program {
  readonly guest: Guest;
  readonly read: JsonServerMessage[];
  send(message: string | Buffer | object): void;
  ask<Type extends JsonServerMessage["type"]>(request: object, type: Type): Promise<Message<Type>>;
  /** Resolves with the first message that is looked for, read already or not. */
  hear<Type extends JsonServerMessage["type"]>(
    type: Type,
    is?: (message: Message<Type>) => boolean,
  ): Promise<Message<Type>>;
}

async function connect(): Promise<Program> {
  const guest = relay.connect("/ws");
  await guest.opened;
  return speak(guest, guest.socket);
}

function speak(guest: Guest, socket: WebSocket): Program {
  const read: JsonServerMessage[] = [];
  let waiting: (() => void)[] = [];
  let ids = 0;
  const wake = () => {
    for (const look of waiting.splice(0)) look();
  };
  socket.on("message", (data, isBinary) => {
    if (isBinary) throw new Error("The relay has sent bytes.");
    read.push(jsonServerMessage.parse(JSON.parse(String(data))));
    wake();
  });
  socket.on("close", wake);
  const find = async (is: (message: JsonServerMessage) => boolean): Promise<JsonServerMessage> => {
    for (;;) {
      const found = read.find(is);
      if (found !== undefined) return found;
      if (socket.readyState >= socket.CLOSING) throw new Error(`closed: ${JSON.stringify(read.at(-1))}`);
      await new Promise<void>(resolve => {
        waiting = [...waiting, resolve];
      });
    }
  };
  const program: Program = {
    guest,
    read,
    send: message =>
      socket.send(
        typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      ),
    async ask(request, type) {
      const id = ++ids;
      program.send({ ...request, id });
      const answer = await find(message => message.id === id);
      if (answer.type !== type) throw new Error(`answered by ${JSON.stringify(answer)}`);
      return answer as Message<typeof type>;
    },
    hear: async (type, is = () => true) =>
      (await find(
        message => message.type === type && message.id === undefined && is(message as Message<typeof type>),
      )) as Message<typeof type>,
  };
  return program;
}

async function enter(user_id: string, auth_token = ""): Promise<Program> {
  const program = await connect();
  await program.ask({ type: "authenticate", user_id, auth_token }, "auth_success");
  return program;
}

const create = (program: Program, id: string, content: object) =>
  program.ask({ type: "create_document", document: { id, title: "A plan", content } }, "document_created");
const patch = (program: Program, id: string, operations: object[], more: object = {}) =>
  program.ask(
    { type: "update_document", patch: { document_id: id, patch: operations, ...more } },
    "document_updated",
  );

describe("a program and a Yjs client", () => {
  it.each([
    ["plain", false],
    ["compressed", true],
  ])("see each other's edits at once, %s", async (_name, deflate) => {
    await relay.start({ deflate });
    const ann = await enter("ann");
    await create(ann, "plan", { text: "hello", tags: ["a"] });
    await ann.ask({ type: "subscribe", document_id: "plan" }, "subscribed");
    const { doc } = await relay.open("plan");
    const root = doc.getMap("document");
    const content = root.get("content") as Y.Map<unknown>;
    expect(root.toJSON()).toEqual({ id: "plan", title: "A plan", content: { text: "hello", tags: ["a"] } });

    content.set("text", "hello you");
    expect(await ann.hear("document_updated")).toMatchObject({
      sequence: 2,
      patch: [{ op: "replace", path: "/text", value: "hello you" }],
    });
    await patch(ann, "plan", [{ op: "add", path: "/tags/-", value: "b" }]);
    await arrival(doc, () => (content.get("tags") as Y.Array<string>).length === 2);
    expect(content.toJSON()).toEqual({ text: "hello you", tags: ["a", "b"] });
  });

  it("write into one shared text, letter by letter", async () => {
    await relay.start({ documents: { "*": { texts: ["/document/content/text"] } } });
    const ann = await enter("ann");
    await create(ann, "plan", { text: "ac" });
    const { doc } = await relay.open("plan");
    const text = (doc.getMap("document").get("content") as Y.Map<unknown>).get("text") as Y.Text;
    expect(text).toBeInstanceOf(Y.Text);
    await ann.ask({ type: "subscribe", document_id: "plan" }, "subscribed");
    await patch(ann, "plan", [{ op: "str_ins", path: "/text", pos: 1, str: "b" }]);
    await arrival(doc, () => text.toString() === "abc");
    text.insert(3, "d");
    expect(await ann.hear("document_updated")).toMatchObject({
      patch: [{ op: "str_ins", path: "/text", pos: 3, str: "d" }],
    });
    await patch(ann, "plan", [{ op: "str_del", path: "/text", pos: 0, str: "a" }]);
    await arrival(doc, () => text.toString() === "bcd");
  });

  it("at odds where the value in force stands: the program is told what that is", async () => {
    await relay.start({
      documents: { "*": { jsonConflicts: "server-wins" } },
    });
    const ann = await enter("ann");
    const { revision_id } = await create(ann, "plan", { status: "draft" });
    await ann.ask({ type: "subscribe", document_id: "plan" }, "subscribed");
    const { doc } = await relay.open("plan");
    const content = doc.getMap("document").get("content") as Y.Map<unknown>;
    content.set("status", "sent");
    await ann.hear("document_updated");
    const update = {
      document_id: "plan",
      revision_id,
      patch: [{ op: "replace", path: "/status", value: "x" }],
    };
    expect(await ann.ask({ type: "update_document", patch: update }, "conflict")).toMatchObject({
      strategy: "server-wins",
      pointers: ["/status"],
      document: { content: { status: "sent" } },
    });
    await patch(ann, "plan", update.patch, { revision_id, strategy: "latest-wins" });
    await arrival(doc, () => content.get("status") === "x");
  });

  it("at odds at a path where the server wins: neither overwrites what it has not seen", async () => {
    const conflicts = { "/document/content/status": "server-wins" } as const;
    await relay.start({ documents: { "*": { roots: { document: "map" }, conflicts } } });
    const ann = await enter("ann");
    const { revision_id } = await create(ann, "plan", { status: "draft" });
    const { doc, provider } = await relay.open("plan");
    const content = doc.getMap("document").get("content") as Y.Map<unknown>;
    provider.disconnect();
    content.set("status", "sent");
    await patch(ann, "plan", [{ op: "replace", path: "/status", value: "paid" }]);
    provider.connect();
    await arrival(doc, () => content.get("status") === "paid");
    const update = {
      document_id: "plan",
      revision_id,
      patch: [{ op: "replace", path: "/status", value: "x" }],
    };
    const rejected = await ann.ask({ type: "update_document", patch: update }, "rejected");
    expect(rejected).toMatchObject({ document_id: "plan", issues: [{ pointer: "/status" }] });
    const got = await ann.ask({ type: "get_document", document_id: "plan" }, "document");
    expect(got.document.content).toEqual({ status: "paid" });
  });

  it("are both told when the document is deleted, and come back to it", async () => {
    await relay.start();
    const [ann, bob] = [await enter("ann"), await enter("bob")];
    await create(ann, "plan", { n: 1 });
    await bob.ask({ type: "subscribe", document_id: "plan" }, "subscribed");
    const { provider } = await relay.open("plan");
    const closed = new Promise<number>(resolve =>
      provider.on("connection-close", event => event !== null && resolve(event.code)),
    );
    await ann.ask({ type: "delete_document", document_id: "plan" }, "document_deleted");
    expect(await closed).toBe(4404);
    expect(await bob.hear("document_deleted")).toMatchObject({ sequence: 2, user_id: "ann" });
    await ann.ask({ type: "restore", document_id: "plan", target_sequence: 1 }, "document_updated");
    expect(await bob.hear("document_updated")).toMatchObject({ sequence: 3, kind: "restore" });
    const { doc } = await relay.open("plan");
    expect(doc.getMap("document").toJSON()).toMatchObject({ content: { n: 1 } });
  });

  it("see each other present", async () => {
    await relay.start();
    const ann = await enter("ann");
    await create(ann, "plan", {});
    await ann.ask({ type: "subscribe", document_id: "plan" }, "subscribed");
    const { provider } = await relay.open("plan");
    provider.awareness.setLocalState({ name: "Zoe" });
    const isZoe = ({ state }: { state: unknown }) => JSON.stringify(state) === '{"name":"Zoe"}';
    const { users } = await ann.hear("presence", told => told.users.some(isZoe));
    expect(users).toMatchObject([{ client_id: provider.doc.clientID, user_id: "anonymous" }]);
    const seen = (name: string) =>
      new Promise<void>(resolve => {
        const look = () => {
          const names = [...provider.awareness.getStates().values()].map(state => state.name);
          if (names.includes(name)) resolve();
        };
        provider.awareness.on("change", look);
        look();
      });
    await ann.ask({ type: "presence", document_id: "plan", state: { name: "Ann" } }, "presence");
    await seen("Ann");
    const gone = new Promise<void>(resolve =>
      provider.awareness.on(
        "change",
        ({ removed }: { removed: number[] }) => removed.length > 0 && resolve(),
      ),
    );
    ann.guest.socket.close();
    await gone;
  });
});

describe("a connection", () => {
  it("is let in with a token in its first message, and its user is whose the token is", async () => {
    const token = await relay.createToken({ user: "ann" });
    await relay.start({ auth: "tokens" });
    const ann = await enter("ann", token);
    await create(ann, "plan", {});
    for (const [user, shown, code, close] of [
      ["bob", token, "forbidden", 4403],
      ["ann", `${token}x`, "token-invalid", 4401],
      ["ann", "", "token-missing", 4401],
    ] as const) {
      const program = await connect();
      program.send({ type: "authenticate", user_id: user, auth_token: shown });
      expect(await program.hear("auth_error")).toMatchObject({ code });
      expect(await program.guest.closed).toMatchObject({ code: close });
    }
    expect(relay.log).toContain("a connection was turned away");
    expect(relay.log).not.toContain(token.slice(token.indexOf(".") + 1));
  });

  it("ends when its token is revoked", async () => {
    const [root, token] = [
      await relay.createToken({ user: "root", roles: ["admin"] }),
      await relay.createToken({ user: "ann" }),
    ];
    await relay.start({ auth: "tokens" });
    const ann = await enter("ann", token);
    const { tokens } = (await (await relay.get("/api/admin/tokens", root)).json()) as {
      tokens: { id: string; user: string }[];
    };
    const { id } = tokens.find(({ user }) => user === "ann")!;
    await relay.send("DELETE", `/api/admin/tokens/${id}`, { token: root });
    expect(await ann.hear("auth_error")).toMatchObject({ code: "token-revoked" });
    expect(await ann.guest.closed).toMatchObject({ code: 4401 });
  });

  it("is for pages of this origin, and may be opened by any program that has to show a token", async () => {
    await relay.start();
    const foreign = relay.connect("/ws", { headers: { origin: "https://evil.example" } });
    await expect(foreign.opened).rejects.toThrow("403");
    const own = relay.connect("/ws", { headers: { origin: relay.url } });
    await own.opened;
    await expect(relay.connect("/ws/", {}).opened).rejects.toThrow("404");
  });

  it("may send little before it has said who it is", async () => {
    await relay.start();
    const program = await connect();
    program.send("x".repeat(1_000_000));
    expect((await program.guest.closed).code).toBe(1006);
    const other = await connect();
    other.send({ type: "ping" });
    expect(await other.guest.closed).toMatchObject({ code: 4401 });
  });

  it("answers what is hostile, and goes on", async () => {
    await relay.start();
    const ann = await enter("ann");
    ann.send(Buffer.from([1, 2, 3]));
    expect(await ann.hear("error")).toMatchObject({ code: "bad-request" });
    ann.send(`{"type":"ping","x":"${"x".repeat(11 * 1024 * 1024)}"}`);
    expect(await ann.hear("error", ({ code }) => code === "too-large")).toBeDefined();
    ann.send(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`);
    ann.send('{"type":"create_document","id":"p","document":{"id":"x","content":{"__proto__":{}}}}');
    expect(await ann.ask({ type: "ping" }, "pong")).toBeDefined();
    expect(ann.read.filter(({ type }) => type === "error")).toHaveLength(4);
    const metrics = await (await relay.get("/metrics")).text();
    expect(metrics).toContain('verso_json_requests_total{request="none",answer="error"} 4');
  });

  it("is told to come back when the relay shuts down", async () => {
    await relay.start();
    const ann = await enter("ann");
    await create(ann, "plan", {});
    await ann.ask({ type: "subscribe", document_id: "plan" }, "subscribed");
    await relay.stop();
    expect(await ann.guest.closed).toMatchObject({ code: 1012 });
    expect(relay.log).not.toMatch(/"level":(50|60)/);
  });
});
