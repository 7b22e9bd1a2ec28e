import {
  decodeVersoBatch,
  decodeVersoServerMessage,
  encodeVersoBatch,
  encodeVersoClientMessage,
  fragmentsOf,
  problem,
  type VersoClientMessage,
  versoBatchMediaType,
} from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { createRelayHarness, type RelayHarness } from "./relay-harness.js";
import { updateOf } from "./verso-harness.js";

let harness: RelayHarness;

beforeEach(async () => {
  harness = createRelayHarness();
  await harness.start({
    documents: {
      "invoice/:id": {
        roots: { invoice: "map" },
        schema: z.object({ invoice: z.object({ total: z.number().nonnegative().optional() }).loose() }),
      },
      "*": {},
    },
  });
});
afterEach(() => harness.dispose());

function post(
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${harness.url}/sync`, {
    method: "POST",
    body,
    headers: { "content-type": versoBatchMediaType, ...headers },
  });
}

async function exchange(...messages: VersoClientMessage[]) {
  const frames = messages.flatMap((message, batch) => fragmentsOf(encodeVersoClientMessage(message), batch));
  const answer = await post(Uint8Array.from(encodeVersoBatch(frames)));
  expect(answer.headers.get("content-type")).toBe(versoBatchMediaType);
  const answers = decodeVersoBatch(new Uint8Array(await answer.arrayBuffer()));
  return (answers ?? []).map(frame => decodeVersoServerMessage(frame));
}

const hello: VersoClientMessage = { type: "hello", token: null, user: "ann", agent: "test" };
const openOf = (channel: number, documentId: string, doc = new Y.Doc()): VersoClientMessage => ({
  type: "open",
  channel,
  documentId,
  epoch: 0,
  replicaId: "mine",
  stateVector: Y.encodeStateVector(doc),
});
const pushOf = (channel: number, clientSequence: number, update: Uint8Array): VersoClientMessage => ({
  type: "push",
  channel,
  clientSequence,
  madeAt: 0,
  update,
});
const setTotal = (total: number) => (doc: Y.Doc) => doc.getMap("invoice").set("total", total);

describe("a batch over HTTP", () => {
  it("V-70 is answered as on a socket, when every question and push has its answer", async () => {
    const doc = new Y.Doc();
    const messages = [
      hello,
      openOf(0, "invoice/1"),
      pushOf(0, 1, updateOf(doc, setTotal(5))),
      pushOf(0, 2, updateOf(doc, setTotal(-5))),
      openOf(1, "note"),
      { type: "sync", channel: 1, stateVector: Uint8Array.of(0) } as const,
    ];
    const answers = await exchange(...messages);
    // What takes the second back comes with `opened`, or behind it.
    const kinds = answers.map(({ type }) => type).filter(type => type !== "update");
    expect(kinds[0]).toBe("welcome");
    expect([...kinds].sort()).toEqual(
      ["acknowledged", "opened", "opened", "rejected", "synced", "welcome"].sort(),
    );
    expect(answers.find(({ type }) => type === "rejected")).toMatchObject({
      clientSequence: 2,
      verdict: "refused",
    });
    // Again, and the pushes are not made twice.
    const again = await exchange(...messages);
    const told = (type: string) => again.find(answer => answer.type === type);
    expect(told("acknowledged")).toMatchObject({ clientSequence: 1, sequence: 1 });
    expect(told("rejected")).toMatchObject({ clientSequence: 2, sequence: 2 });
    expect(again.find(answer => answer.type === "opened" && answer.channel === 0)).toMatchObject({
      sequence: 2,
    });
  });

  it("V-71 leaves nothing open, and says so of what a document lacks", async () => {
    const doc = new Y.Doc();
    const lost = updateOf(doc, doc => doc.getText("t").insert(0, "a"));
    const rest = updateOf(doc, doc => doc.getText("t").insert(1, "b"));
    const answers = await exchange(hello, openOf(0, "note"), pushOf(0, 2, rest));
    expect(answers.map(({ type }) => type)).toEqual(["welcome", "opened", "resync"]);
    const healed = await exchange(hello, openOf(0, "note"), pushOf(0, 1, lost), pushOf(0, 2, rest));
    expect(healed.filter(({ type }) => type === "acknowledged")).toHaveLength(2);
    const stock = await harness.open("note");
    expect(stock.doc.getText("t").toString()).toBe("ab");
    expect(stock.provider.awareness.getStates().size).toBe(1);
  });

  it("V-72 is denied like a socket, with what comes after it unheard", async () => {
    const denied = await exchange(openOf(0, "note"), hello);
    expect(denied).toEqual([expect.objectContaining({ type: "denied", code: "bad-request" })]);
    const closed = await exchange(hello, openOf(0, ""));
    expect(closed.at(-1)).toMatchObject({ type: "closed", channel: 0, code: 4400 });
  });

  it("V-73 is a problem where it is no batch", async () => {
    const codeOf = async (answer: Promise<Response>) => problem.parse(await (await answer).json()).code;
    expect(await codeOf(post(Uint8Array.of(5, 1)))).toBe("bad-request");
    expect(await codeOf(post(Uint8Array.of(0), { "content-type": "text/plain" }))).toBe(
      "unsupported-media-type",
    );
    expect(await codeOf(post(new Uint8Array(11 * 1024 * 1024)))).toBe("too-large");
    expect(await codeOf(harness.get("/sync"))).toBe("method-not-allowed");
    expect(await codeOf(post(Uint8Array.of(0), { origin: "https://evil.example" }))).toBe("forbidden-origin");
    // Of no frames at all it is one that never says who asks.
    expect((await post(new Uint8Array(0))).status).toBe(400);
  });
});
