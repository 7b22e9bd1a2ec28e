import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import { ByteReader } from "./reader.js";
import { between, createRandom, forEachSeed, mutate } from "./testing.js";

describe("numbers", () => {
  it.each([0, 1, 127, 128, 2 ** 14, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])(
    "%d is read as lib0 writes it",
    number => {
      const bytes = encoding.encode(encoder => encoding.writeVarUint(encoder, number));
      const reader = new ByteReader(bytes);
      expect([reader.uint(), reader.left, reader.fault]).toEqual([number, 0, null]);
      for (let length = 0; length < bytes.length; length++) {
        const short = new ByteReader(bytes.subarray(0, length));
        expect(short.uint()).toBe(0);
        expect(short.fault).toMatchObject({ code: "truncated" });
      }
    },
  );

  it.each([
    ["above 2^53 - 1", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["that do not end", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ])("%s are malformed", (_, bytes) => {
    const reader = new ByteReader(Uint8Array.from(bytes));
    expect([reader.uint(), reader.fault?.code, reader.fault?.offset]).toEqual([0, "malformed-number", 0]);
  });
});

it("the first fault stays, and nothing more is read", () => {
  const reader = new ByteReader(Uint8Array.of(5, 1, 2));
  expect(reader.count()).toBe(0);
  expect(reader.fault).toEqual({
    type: "barred",
    code: "truncated",
    offset: 0,
    detail: "5 announced, 2 bytes left",
  });
  const first = reader.fault;
  expect([reader.byte(), reader.uint(), reader.text(10), reader.left]).toEqual([0, 0, 0, 0]);
  reader.skip(3);
  reader.exceed("too-many-bytes", "later");
  expect(reader.fault).toBe(first);
});

describe("text", () => {
  const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  /** What lib0 would make of it; `null` when it would throw. */
  function byLib0(bytes: Uint8Array): string | null {
    try {
      return fatal.decode(bytes);
    } catch {
      return null;
    }
  }

  function read(bytes: Uint8Array) {
    const reader = new ByteReader(encoding.encode(encoder => encoding.writeVarUint8Array(encoder, bytes)));
    const length = reader.text(1_000);
    const { textFrom, textTo, astral } = reader;
    return reader.fault === null ? { length, astral, text: reader.decode(textFrom, textTo) } : null;
  }

  function expectLikeLib0(bytes: Uint8Array): void {
    const text = byLib0(bytes);
    const expected =
      text === null ? null : { length: text.length, astral: /[\ud800-\udfff]/.test(text), text };
    expect(read(bytes)).toEqual(expected);
  }

  it("of every two and three bytes is valid when lib0 says so", () => {
    const leads = [
      0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
      0xf3, 0xf4, 0xf5, 0xff,
    ];
    const edges = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    for (const lead of leads) {
      expectLikeLib0(Uint8Array.of(lead));
      for (const second of edges) {
        expectLikeLib0(Uint8Array.of(lead, second));
        for (const third of edges) {
          expectLikeLib0(Uint8Array.of(lead, second, third));
          for (const fourth of edges) expectLikeLib0(Uint8Array.of(lead, second, third, fourth));
        }
      }
    }
  });

  it("that is spoilt is valid when lib0 says so", () => {
    const samples = [
      "plain",
      "\ufeffé漢字😀",
      "👩‍👩‍👧 family",
      "\u0000\u07ff\u0800\uffff\u{10000}\u{10ffff}",
    ].map(text => new TextEncoder().encode(text));
    forEachSeed(seed => {
      const random = createRandom(seed);
      expectLikeLib0(mutate(random, samples[between(random, 0, 3)]!, samples));
    });
  });

  it("is as long as lib0 finds it", () => {
    const bytes = encoding.encode(encoder => encoding.writeVarString(encoder, "\ufeff a 😀 \ud83d"));
    const text = decoding.readVarString(decoding.createDecoder(bytes));
    expect(new ByteReader(bytes).text(100)).toBe(text.length);
  });
});
