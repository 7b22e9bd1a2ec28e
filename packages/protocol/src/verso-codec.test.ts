import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeVersoClientMessage,
  decodeVersoServerMessage,
  encodeVersoClientMessage,
  encodeVersoServerMessage,
  type VersoClientMessage,
  type VersoIssue,
  type VersoServerMessage,
  versoClientMessages,
  versoServerMessages,
} from "./index.js";
import type { VersoFieldKinds, VersoMessageTable } from "./verso-messages.js";

const cases = { numRuns: Number(process.env.VERSO_CASES ?? 1000), seed: Number(process.env.VERSO_SEED ?? 1) };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (...values: number[]) => Uint8Array.from(values);

const issue: VersoIssue = { pointer: "/total", code: "too_small", message: "No.", severity: "error" };

/** Every message once, and its bytes as they stay. */
const clientVectors: readonly (readonly [VersoClientMessage, string])[] = [
  [{ type: "hello", token: "ä", user: null, agent: "v" }, "000102c3a4000176"],
  [{ type: "hello", token: null, user: "ann", agent: "" }, "00000103616e6e00"],
  [{ type: "token", token: "t" }, "010174"],
  [
    { type: "open", channel: 300, documentId: "a/1", epoch: 0, replicaId: "r", stateVector: bytes(0) },
    "02ac0203612f310001720100",
  ],
  [
    { type: "push", channel: 0, clientSequence: 7, madeAt: 1_700_000_000_000, update: bytes(0, 0) },
    "03000780d095ffbc31020000",
  ],
  [{ type: "sync", channel: 1, stateVector: bytes(1, 2, 3) }, "040103010203"],
  [{ type: "awareness", channel: 1, update: bytes(0) }, "05010100"],
  [{ type: "query-awareness", channel: 1 }, "0601"],
  [{ type: "close", channel: 128 }, "078001"],
  [{ type: "ping", nonce: Number.MAX_SAFE_INTEGER }, "08ffffffffffffff0f"],
  [{ type: "fragment", batch: 1, index: 0, count: 2, bytes: bytes(9) }, "7f0100020109"],
];

const serverVectors: readonly (readonly [VersoServerMessage, string])[] = [
  [
    {
      type: "welcome",
      session: "s",
      user: "u",
      heartbeat: 20_000,
      limits: { updateBytes: 1, frameBytes: 2, openDocuments: 3 },
    },
    "0001730175a09c01010203",
  ],
  [{ type: "denied", code: "c", message: "m" }, "010163016d"],
  [{ type: "token-wanted", within: 30_000 }, "02b0ea01"],
  [
    {
      type: "opened",
      channel: 0,
      epoch: 1,
      sequence: 200,
      writable: true,
      stateVector: bytes(0),
      updates: [bytes(0, 0), bytes()],
    },
    "030001c8010101000202000000",
  ],
  [{ type: "acknowledged", channel: 0, clientSequence: 1, sequence: 2 }, "04000102"],
  [
    {
      type: "rejected",
      channel: 0,
      clientSequence: 1,
      sequence: 2,
      verdict: "repaired",
      issues: [issue],
    },
    `0500010201${hex(bytes(Buffer.byteLength(JSON.stringify([issue]))))}${Buffer.from(
      '[{"pointer":"/total","code":"too_small","message":"No.","severity":"error"}]',
    ).toString("hex")}`,
  ],
  [
    { type: "rejected", channel: 0, clientSequence: 1, sequence: 2, verdict: "refused", issues: [] },
    "0500010200025b5d",
  ],
  [{ type: "resync", channel: 0, stateVector: bytes(0) }, "06000100"],
  [{ type: "update", channel: 0, sequence: 3, update: bytes(0, 0) }, "070003020000"],
  [{ type: "synced", channel: 0, sequence: 3, stateVector: bytes(0), updates: [] }, "080003010000"],
  [{ type: "awareness", channel: 0, update: bytes(0) }, "09000100"],
  [{ type: "moved", channel: 0, url: "w" }, "0a000177"],
  [{ type: "epoch", channel: 0, epoch: 2 }, "0b0002"],
  [{ type: "erased", channel: 0 }, "0c00"],
  [{ type: "closed", channel: 0, code: 4403, reason: "no" }, "0d00b322026e6f"],
  [{ type: "pong", nonce: 5 }, "0e05"],
  [{ type: "fragment", batch: 1, index: 1, count: 2, bytes: bytes(9) }, "7f0101020109"],
];

const number = fc.maxSafeNat();
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const someBytes = fc.uint8Array({ maxLength: 40 });
const arbitraries: { readonly [Kind in keyof VersoFieldKinds]: fc.Arbitrary<VersoFieldKinds[Kind]> } = {
  number,
  flag: fc.boolean(),
  text,
  "text?": fc.option(text),
  bytes: someBytes,
  updates: fc.array(someBytes, { maxLength: 4 }),
  limits: fc.record({ updateBytes: number, frameBytes: number, openDocuments: number }),
  verdict: fc.constantFrom("refused", "repaired"),
  issues: fc.array(
    fc.record(
      {
        pointer: text,
        code: text,
        message: text,
        rule: text,
        severity: fc.constantFrom("info", "warning", "error"),
      },
      { requiredKeys: ["pointer", "code", "message", "severity"], noNullPrototype: true },
    ),
    { maxLength: 3 },
  ),
};

/** Any message of a table. */
function messagesOf<Message>(table: VersoMessageTable): fc.Arbitrary<Message> {
  const each = Object.entries(table).map(([type, { fields }]) =>
    fc.record(
      {
        type: fc.constant(type),
        ...Object.fromEntries(Object.entries(fields).map(([field, kind]) => [field, arbitraries[kind]])),
      },
      { noNullPrototype: true },
    ),
  );
  // What is generated from the table has the shapes that the type has from it.
  return fc.oneof(...each) as fc.Arbitrary<Message>;
}

const clientMessages = messagesOf<VersoClientMessage>(versoClientMessages);
const serverMessages = messagesOf<VersoServerMessage>(versoServerMessages);

describe("the Verso dialect", () => {
  it.each(clientVectors)("V-80 keeps the bytes of a client's %o", (message, golden) => {
    expect(hex(encodeVersoClientMessage(message))).toBe(golden);
    expect(decodeVersoClientMessage(Buffer.from(golden, "hex"))).toEqual(message);
  });

  it.each(serverVectors)("V-80 keeps the bytes of a relay's %o", (message, golden) => {
    expect(hex(encodeVersoServerMessage(message))).toBe(golden);
    expect(decodeVersoServerMessage(Buffer.from(golden, "hex"))).toEqual(message);
  });

  it("has a vector of every message", () => {
    const types = (vectors: readonly (readonly [{ readonly type: string }, string])[]) =>
      new Set(vectors.map(([{ type }]) => type));
    expect(types(clientVectors)).toEqual(new Set(Object.keys(versoClientMessages)));
    expect(types(serverVectors)).toEqual(new Set(Object.keys(versoServerMessages)));
  });

  it("V-80 is read as it was written, whatever is said", () => {
    fc.assert(
      fc.property(clientMessages, message => {
        expect(decodeVersoClientMessage(encodeVersoClientMessage(message))).toEqual(message);
      }),
      cases,
    );
    fc.assert(
      fc.property(serverMessages, message => {
        expect(decodeVersoServerMessage(encodeVersoServerMessage(message))).toEqual(message);
      }),
      cases,
    );
  });

  it.each([
    ["nothing at all", ""],
    ["an unknown message", "09"],
    ["bytes behind a message", "060100"],
    ["a field that is missing", "06"],
    ["an update shorter than announced", "0300010002ff"],
    ["an update of an impossible length", "03000100ffffffffffffff0f00"],
    ["a number of bytes that never ends", `06${"80".repeat(200)}00`],
    ["a number that is not exact", "06ffffffffffffff7f"],
    ["a text that is no UTF-8", "0101ff"],
    ["a presence that is neither there nor not", "0002000000"],
  ])("V-81 calls %s malformed", (_, golden) => {
    expect(decodeVersoClientMessage(Buffer.from(golden, "hex"))).toMatchObject({ type: "malformed" });
  });

  it.each([
    ["issues that are no JSON", "050001020001", "7b"],
    ["issues that are no list", "050001020002", "7b7d"],
    ["an issue that is null", "050001020006", Buffer.from("[null]").toString("hex")],
    ["an issue without a code", "050001020004", Buffer.from("[{}]").toString("hex")],
    ["more updates than there are bytes", "080003010000ffffffffffffff0f", ""],
    ["an unknown verdict", "0500010202025b5d", ""],
  ])("V-81 calls %s malformed", (_, head, rest) => {
    expect(decodeVersoServerMessage(Buffer.from(head + rest, "hex"))).toMatchObject({ type: "malformed" });
  });

  it("sees nothing of the buffer that a frame is a view of", () => {
    const secret = Buffer.from("0300010002ffaabbccdd", "hex");
    // The update is announced with two bytes, of which the frame has one.
    expect(decodeVersoClientMessage(secret.subarray(0, 6))).toMatchObject({ type: "malformed" });
  });

  it("never throws, whatever arrives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), frame => {
        decodeVersoClientMessage(frame);
        decodeVersoServerMessage(frame);
      }),
      cases,
    );
  });

  it("never throws, and reads nothing else, when a message is spoilt", () => {
    const spoilt = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.nat() });
    fc.assert(
      fc.property(clientMessages, serverMessages, spoilt, (client, server, { at, to, cut }) => {
        for (const [frame, read] of [
          [encodeVersoClientMessage(client), decodeVersoClientMessage],
          [encodeVersoServerMessage(server), decodeVersoServerMessage],
        ] as const) {
          expect(read(frame.subarray(0, cut % frame.length))).toMatchObject({ type: "malformed" });
          frame[at % frame.length] = to;
          read(frame);
        }
      }),
      cases,
    );
  });
});
