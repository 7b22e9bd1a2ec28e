/**
 * Bombs against a running relay: it stays up, answers who sent them, and nobody else notices. Once where nobody is
 * authenticated, and once where client ids belong to users.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeYMessage, encodeAwarenessMessage, encodeSyncStep1, encodeUpdate } from "@verso/protocol";
import { type Answer, awarenessBombs, bombs } from "@verso/validation/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { type RelayProcess, startRelay } from "./relay-process.js";
import { connectStockClient, protocolsOf } from "./stock-client.js";

/** What an offender may get to hear, of which one must come. */
type Heard =
  | { readonly closed: number; readonly reason: string }
  | { readonly asked: true }
  | { readonly applied: true };

/** The client id that one of the bombs steals. */
const victimsId = 42;
/** Whoever shows a token is the user of that name. */
const whoeverTheySay = "export default { auth: ({ token }) => (token === null ? null : { user: token }) };";

describe.each([
  { users: "anonymous users", authenticated: false },
  { users: "authenticated users", authenticated: true },
])("a relay of $users under attack", ({ authenticated }) => {
  const data = mkdtempSync(join(tmpdir(), "verso-attack-"));
  const as = (user: string) => (authenticated ? { token: user } : {});
  let relay: RelayProcess;
  let watch: Awaited<ReturnType<typeof watchAnotherDocument>>;
  /** Milliseconds that another document may wait: 250, or on a slow machine half as long again as for an honest edit. */
  let patience = 250;

  const start = () => startRelay(join(data, "attacked"), {}, { folder: data });
  beforeAll(async () => {
    if (authenticated) writeFileSync(join(data, "verso.config.mjs"), whoeverTheySay);
    relay = await start();
    watch = await watchAnotherDocument(relay, as("bob"));
    watch.reset();
    await editALot(relay, as("ann"));
    patience = Math.max(patience, 1.5 * watch.longestWait());
  });
  afterAll(async () => {
    await relay.kill();
    rmSync(data, { recursive: true, force: true });
  });

  for (const bomb of bombs) {
    it(`answers ${bomb.name}, and its document lives on`, async () => {
      const documentId = `bombed/${bomb.name}`;
      const wanted = (authenticated ? bomb.answerWithLeases : undefined) ?? bomb.answer;
      const clientId = wanted === bomb.answer ? {} : { clientId: victimsId };
      using victim = connectStockClient(relay.webSocketUrl, documentId, { ...as("ann"), ...clientId });
      await victim.synced();
      const open = () => openSocket(relay.webSocketUrl, documentId, as("eve"));
      await bring(bomb.before?.() ?? [], await open());

      watch.reset();
      const wrap = bomb.carrier === "update" ? encodeUpdate : encodeSyncStep1;
      const heard = await attack(await open(), bomb.payloads().map(wrap), wanted);
      expect(heard).toSatisfy((answer: Heard) => isRight(answer, wanted), JSON.stringify({ heard, wanted }));
      expect(watch.longestWait(), "another document waited").toBeLessThan(patience);

      // The victim was not thrown out, and his edits go on to arrive.
      expect(victim.provider.wsconnected).toBe(true);
      const mark = `after ${bomb.name}`;
      victim.doc.getMap("alive").set("mark", mark);
      using witness = connectStockClient(relay.webSocketUrl, documentId, as("bob"));
      await witness.until(doc => doc.getMap("alive").get("mark") === mark);
    });
  }

  for (const bomb of awarenessBombs) {
    it(`lets nothing of ${bomb.name} reach anybody`, async () => {
      const documentId = `bombed/awareness ${bomb.name}`;
      using victim = connectStockClient(relay.webSocketUrl, documentId, as("ann"));
      await victim.synced();
      watch.reset();
      const socket = await openSocket(relay.webSocketUrl, documentId, as("eve"));
      socket.send(encodeAwarenessMessage(bomb.payload()));
      using friend = connectStockClient(relay.webSocketUrl, documentId, as("bob"));
      friend.provider.awareness.setLocalState({ name: "friend" });
      await new Promise<void>(resolve => {
        victim.provider.awareness.on("change", () => {
          if (victim.provider.awareness.getStates().has(friend.doc.clientID)) resolve();
        });
      });
      expect(watch.longestWait(), "another document waited").toBeLessThan(patience);
      const known = [victim.doc.clientID, friend.doc.clientID];
      const states = victim.provider.awareness.getStates();
      for (const [clientId, state] of states) {
        if (known.includes(clientId)) continue;
        // An announcement of one's own is not an attack; it is relayed, within the limits.
        expect(JSON.stringify(state).length).toBeLessThan(4096);
      }
      expect(states.size).toBeLessThan(known.length + 2);
      socket.terminate();
    });
  }

  it("has survived, and every document opens again after a restart, as it was", async () => {
    expect(relay.running).toBe(true);
    const before = await contents(relay.url, as("bob"));
    expect(before.size).toBe(bombs.length + 1); // with the rows that were honest
    watch.stop();
    expect(await relay.stop()).toBe(0);
    relay = await start();
    expect(await contents(relay.url, as("bob"))).toEqual(before);
  });
});

/**
 * Two clients of another document: one types, and we measure how long the other waits for it. What counts is how long
 * the relay was busy meanwhile: on a loaded machine everybody waits, and that is not the relay's doing.
 */
async function watchAnotherDocument(relay: RelayProcess, user: User) {
  const typist = connectStockClient(relay.webSocketUrl, "another document", user);
  const reader = connectStockClient(relay.webSocketUrl, "another document", user);
  await Promise.all([typist.synced(), reader.synced()]);
  let longest = 0;
  let typed: { at: number; busy: number | null } | null = null;
  const timer = setInterval(() => {
    if (typed !== null) return;
    typed = { at: performance.now(), busy: relay.mainThreadTime() };
    typist.doc.getMap("m").set("typed", typed.at);
  }, 10);
  reader.doc.on("update", () => {
    longest = Math.max(longest, waited());
    typed = null;
  });
  return {
    reset() {
      longest = 0;
    },
    longestWait: () => Math.max(longest, waited()),
    stop() {
      clearInterval(timer);
      typist[Symbol.dispose]();
      reader[Symbol.dispose]();
    },
  };

  function waited(): number {
    if (typed === null) return 0;
    const elapsed = performance.now() - typed.at;
    const busy = relay.mainThreadTime();
    return busy === null || typed.busy === null ? elapsed : Math.min(elapsed, busy - typed.busy);
  }
}

/** A transaction of 4,000 maps with 5 fields each, and its way to somebody else. */
async function editALot(relay: RelayProcess, user: User): Promise<void> {
  using author = connectStockClient(relay.webSocketUrl, "many rows", user);
  using reader = connectStockClient(relay.webSocketUrl, "many rows", user);
  await Promise.all([author.synced(), reader.synced()]);
  const rows = Array.from(
    { length: 4000 },
    (_, id) => new Y.Map(Object.entries({ id, name: `row ${id}`, done: false, at: id * 1000, tag: "x" })),
  );
  author.doc.getArray("rows").push(rows);
  await reader.until(doc => doc.getArray("rows").length === rows.length);
}

async function bring(updates: readonly Uint8Array[], socket: WebSocket): Promise<void> {
  for (const update of updates) socket.send(encodeUpdate(update));
  await answerTo(socket);
  socket.terminate();
}

async function attack(socket: WebSocket, messages: readonly Uint8Array[], { type }: Answer): Promise<Heard> {
  const heard = new Promise<Heard>(resolve => {
    socket.on("close", (closed, reason) => resolve({ closed, reason: reason.toString() }));
    socket.on("message", (bytes: Buffer) => {
      const asked = type === "resync" && decodeYMessage(bytes).type === "sync-step-1";
      if (asked) resolve({ asked });
    });
  });
  for (const message of messages) socket.send(message);
  const takesIt = type === "pass" || type === "compensate";
  const answer = takesIt
    ? await answerTo(socket).then(
        (): Heard => ({ applied: true }),
        () => heard,
      )
    : await heard;
  socket.terminate();
  return answer;
}

const notApplied = ["split-surrogate-pair", "subdocument"];

function isRight(heard: Heard, answer: Answer): boolean {
  switch (answer.type) {
    case "barred":
      return "closed" in heard && heard.closed === 4400 && heard.reason.startsWith(answer.code);
    case "compensate":
      // It is taken back at once, except for what cannot be applied without damage.
      if (!notApplied.includes(answer.code)) return "applied" in heard;
      return "closed" in heard && heard.closed === 4400 && heard.reason.startsWith(answer.code);
    case "too-large":
      return "closed" in heard && heard.closed === 4513 && heard.reason.startsWith(answer.code);
    case "resync":
      return "asked" in heard;
    case "pass":
      // What may be costly is tried on a copy first, and may turn out to be harmless.
      if ("applied" in heard) return true;
      if (answer.code !== "much-work" || !("closed" in heard)) return false;
      return heard.closed === 4513 && heard.reason.startsWith("update-too-costly");
  }
}

interface User {
  readonly token?: string;
}

async function openSocket(url: string, documentId: string, { token }: User): Promise<WebSocket> {
  const socket = new WebSocket(`${url}/${encodeURIComponent(documentId)}`, protocolsOf(token));
  socket.on("error", () => {});
  await new Promise(resolve => socket.once("open", resolve));
  return socket;
}

/** Asks for the document; the answer comes after everything that was pushed before has been dealt with. */
function answerTo(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("close", (code, reason) => reject(new Error(`closed with ${code}: ${reason}`)));
    socket.on("message", (bytes: Buffer) => {
      const { type } = decodeYMessage(bytes);
      if (type === "sync-step-2") resolve();
    });
    socket.send(encodeSyncStep1(Uint8Array.of(0)));
  });
}

async function contents(url: string, { token }: User): Promise<Map<string, unknown>> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { documents } = (await (await fetch(`${url}/api/documents?limit=1000`, { headers })).json()) as {
    documents: { id: string }[];
  };
  const found = new Map<string, unknown>();
  for (const { id } of documents) {
    if (id === "another document") continue;
    const response = await fetch(`${url}/api/documents/${encodeURIComponent(id)}`, { headers });
    found.set(id, await response.json());
  }
  return found;
}
