import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeHocuspocus,
  encodeHocuspocus,
  encodeHocuspocusPong,
  type HocuspocusServerMessage,
} from "./index.js";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hex = (message: Uint8Array) => Buffer.from(message).toString("hex");

const cases = Number(process.env.VERSO_CASES ?? 1000);
const room = { text: "room", document: "room" };
const session = { text: "room\0yteinmpucd", document: "room" };
const update = bytes("01012a000401017402686900");

describe("the Hocuspocus dialect", () => {
  /** All that providers of these versions sent for a document "room" under client id 42, from opening it to destroying it. */
  const golden = [
    [
      "the token of version 3",
      "04726f6f6d020006736563726574",
      { address: room, type: "token", token: "secret" },
    ],
    [
      "the token of version 4, with that version",
      "04726f6f6d02000673656372657405342e382e30",
      { address: room, type: "token", token: "secret" },
    ],
    [
      "the token of a provider of several for one document",
      "0f726f6f6d00797465696e6d7075636402000673656372657405342e382e30",
      { address: session, type: "token", token: "secret" },
    ],
    ["step 1", "04726f6f6d00000100", { address: room, type: "sync-step-1", stateVector: bytes("00") }],
    ["step 2", "04726f6f6d0001020000", { address: room, type: "sync-step-2", update: bytes("0000") }],
    ["an update", "04726f6f6d00020c01012a000401017402686900", { address: room, type: "update", update }],
    [
      "an update of one of several",
      "0f726f6f6d00797465696e6d7075636400020c01012a000401017402686900",
      { address: session, type: "update", update },
    ],
    [
      "awareness",
      "04726f6f6d0106012a00027b7d",
      { address: room, type: "awareness", payload: bytes("012a00027b7d") },
    ],
    ["a stateless message", "04726f6f6d0502796f", { address: room, type: "stateless", payload: "yo" }],
    ["a query for awareness", "04726f6f6d03", { address: room, type: "query-awareness" }],
    ["its leaving", "04726f6f6d07", { address: room, type: "close" }],
    ["a ping", "09", { type: "ping" }],
    ["a pong", "0a", { type: "pong" }],
  ] as const;

  it.each(golden)("reads %s as stock providers send it", (_, message, expected) => {
    expect(decodeHocuspocus(bytes(message))).toEqual(expected);
  });

  /** What made providers of both versions do what each is for. */
  const answers: [HocuspocusServerMessage, string][] = [
    [{ type: "authenticated", scope: "read-write" }, "04726f6f6d02020a726561642d7772697465"],
    [{ type: "authenticated", scope: "readonly" }, "04726f6f6d020208726561646f6e6c79"],
    [{ type: "denied", reason: "no" }, "04726f6f6d0201026e6f"],
    [{ type: "token-wanted" }, "04726f6f6d0200"],
    [{ type: "sync-step-1", stateVector: bytes("00") }, "04726f6f6d00000100"],
    [{ type: "sync-step-2", update: bytes("0000") }, "04726f6f6d0001020000"],
    [{ type: "update", update }, "04726f6f6d00020c01012a000401017402686900"],
    [{ type: "awareness", payload: bytes("00") }, "04726f6f6d010100"],
    [{ type: "stateless", payload: "hi" }, "04726f6f6d05026869"],
    [{ type: "sync-status", applied: true }, "04726f6f6d0801"],
    [{ type: "sync-status", applied: false }, "04726f6f6d0800"],
    [{ type: "close", reason: "no" }, "04726f6f6d07026e6f"],
  ];

  it.each(answers)("writes %o as stock providers read it", (message, expected) => {
    expect(hex(encodeHocuspocus("room", message))).toBe(expected);
  });

  it("answers a provider under the address that it has given itself", () => {
    const message = encodeHocuspocus(session.text, { type: "sync-status", applied: true });
    expect(hex(message)).toBe("0f726f6f6d00797465696e6d707563640801");
    expect(hex(encodeHocuspocusPong())).toBe("0a");
  });

  it.each([
    ["nothing at all", ""],
    ["no document", "000002020000"],
    ["a session of no document", "0200610003"],
    ["an address longer than announced", "7f726f6f6d"],
    ["an address that is no text", "02fffe03"],
    ["an address and nothing else", "04726f6f6d"],
    ["an unknown message", "04726f6f6d0b"],
    ["a sync reply, which servers send each other", "04726f6f6d04000100"],
    ["a stateless broadcast, which servers send each other", "04726f6f6d0602796f"],
    ["a sync status, which only servers send", "04726f6f6d0801"],
    ["that it was authenticated, which only servers say", "04726f6f6d02020a726561642d7772697465"],
    ["a token that is no text", "04726f6f6d020002fffe"],
    ["an update of an impossible length", "04726f6f6d0002ffffffffffffffffff01"],
    ["bytes after an update", "04726f6f6d000202000000"],
    ["bytes after a stateless message", "04726f6f6d0502796f00"],
    ["bytes after a farewell", "04726f6f6d0700"],
  ])("calls %s malformed", (_, message) => {
    expect(decodeHocuspocus(bytes(message))).toMatchObject({ type: "malformed" });
  });

  it("calls an address malformed that is longer than any", () => {
    const message = encodeHocuspocus("x".repeat(700), { type: "token-wanted" });
    expect(decodeHocuspocus(message)).toMatchObject({ type: "malformed" });
    expect(
      decodeHocuspocus(encodeHocuspocus("xx", { type: "token-wanted" }), { documentIdBytes: 1 }),
    ).toMatchObject({
      type: "malformed",
    });
  });

  it("never throws, whatever arrives", () => {
    const seed = Number(process.env.VERSO_SEED ?? 1);
    const spoilt = fc
      .tuple(fc.constantFrom(...golden), fc.nat(), fc.nat(255), fc.nat(40))
      .map(([[, message], at, value, length]) => {
        const copy = bytes(message);
        copy[at % copy.length] = value;
        return copy.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(spoilt, fc.uint8Array({ maxLength: 40 })), message => {
        const decoded = decodeHocuspocus(message);
        if ("address" in decoded) expect(decoded.address.document).not.toBe("");
      }),
      { numRuns: cases, seed },
    );
  });
});
