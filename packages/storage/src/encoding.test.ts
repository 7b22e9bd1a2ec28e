import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteReader, ByteWriter, DecodeError, sealed, unseal, varuintLength } from "./encoding.js";

const property = {
  numRuns: Number(process.env.VERSO_CASES ?? 1000),
  seed: Number(process.env.VERSO_SEED ?? 3),
};

test("numbers come back, in the length that was promised", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 52 }), (number, shift) => {
      const smaller = Math.floor(number / 2 ** shift);
      const bytes = new ByteWriter(1).varuint(smaller).take();
      expect(bytes.length).toBe(varuintLength(smaller));
      expect(new ByteReader(bytes).varuint()).toBe(smaller);
    }),
    property,
  );
  for (const number of [0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER]) {
    expect(new ByteReader(new ByteWriter().varuint(number).take()).varuint()).toBe(number);
  }
  expect(new ByteWriter().varuint(300).take().toString("hex")).toBe("ac02");
});

test("blocks, texts and fields come back in order, however small the writer began", () => {
  const writer = new ByteWriter(1)
    .byte(7)
    .block(Buffer.from("abc"))
    .text("日本")
    .varuint(5)
    .text("x")
    .varuint(9)
    .block(Buffer.alloc(0));
  const reader = new ByteReader(writer.take());
  expect(reader.byte()).toBe(7);
  expect(reader.block().toString()).toBe("abc");
  expect(reader.text()).toBe("日本");
  expect([...reader.fields()].map(([tag, value]) => [tag, value.toString()])).toEqual([
    [5, "x"],
    [9, ""],
  ]);
});

test("bytes that end too early or hold too large a number are no record", () => {
  const bad: [number[], (reader: ByteReader) => unknown][] = [
    [[], reader => reader.byte()],
    [[0x80], reader => reader.varuint()],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], reader => reader.varuint()],
    [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], reader => reader.varuint()],
    [[3, 1, 2], reader => reader.block()],
    [[1, 5, 1], reader => [...reader.fields()]],
    [[1, 2], reader => reader.raw(3)],
  ];
  for (const [bytes, read] of bad)
    expect(() => read(new ByteReader(Uint8Array.from(bytes)))).toThrow(DecodeError);
});

test("the seal is the CRC-32 of the key and the value before it", () => {
  const key = Buffer.from("key");
  const value = sealed(key, Buffer.from("value"));
  expect(value.subarray(0, 5).toString()).toBe("value");
  expect(value.readUInt32LE(5)).toBe(crc32(Buffer.from("keyvalue")));
});

test("a sealed value is refused with any one bit flipped, under another key, cut, and when it says nonsense", () => {
  const key = Buffer.from("key");
  const value = sealed(key, Buffer.from("value"));
  const place = { what: "commit", document: "d", sequence: 3 };
  const read = (entry: readonly [Uint8Array, Uint8Array]) => () =>
    unseal(entry, place, reader => reader.raw(reader.left).toString());
  expect(read([key, value])()).toBe("value");
  for (let bit = 0; bit < value.length * 8; bit++) {
    const flipped = Buffer.from(value);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(read([key, flipped])).toThrow(
      expect.objectContaining({ code: "corrupted", document: "d", sequence: 3 }),
    );
  }
  expect(read([Buffer.from("kez"), value])).toThrow(expect.objectContaining({ code: "corrupted" }));
  for (let length = 0; length < value.length; length++) {
    expect(read([key, value.subarray(0, length)])).toThrow(expect.objectContaining({ code: "corrupted" }));
  }
  expect(() => unseal([key, value], place, reader => reader.raw(6))).toThrow(
    'commit 3 of "d": the record ends too early',
  );
});
