import { describe, expect, test } from "vitest";
import { createRandom } from "../random.js";
import { crc32c } from "./crc32c.js";
import { readLog } from "./level-log.js";
import { writeLog, writeRecord } from "./level-log.test.writer.js";

const SEED = Number(process.env.VERSO_SEED ?? 7);
const CASES = Number(process.env.VERSO_CASES ?? 1000);

test("CRC-32C is the one of RFC 3720", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.from("xx123456789xx"), { start: 2, end: 11 })).toBe(0xe3069283);
  expect(crc32c(Buffer.from("456789"), { crc: crc32c(Buffer.from("123")) })).toBe(0xe3069283);
});

describe("a log", () => {
  test("gives back its records, however they are cut into blocks", () => {
    const random = createRandom(SEED);
    const payloads = [0, 1, 100, 32_754, 32_755, 32_761, 32_762, 70_000, 5].map(length =>
      random.bytes(length),
    );
    const records = [...readLog(writeLog(payloads))];
    expect(
      records.map(item => item.type === "record" && item.payload.equals(payloads[records.indexOf(item)]!)),
    ).toEqual(payloads.map(() => true));
  });

  test("with any one bit flipped is damaged, in each of its records and in the last one too", () => {
    const random = createRandom(SEED);
    const log = writeLog([300, 0, 17, 900, 80].map(length => random.bytes(length)));
    for (let bit = 0; bit < log.length * 8; bit++) {
      const flipped = flip(log, bit);
      expect([...readLog(flipped)].at(-1)?.type, `bit ${bit}`).toBe("damage");
    }
  });

  test("with any one bit flipped is damaged, over several blocks and their ends", () => {
    const random = createRandom(SEED);
    // The second record ends 3 bytes before its block does.
    const log = writeLog([1_000, 32_768 - 1_000 - 7 - 7 - 3, 50_000, 40].map(length => random.bytes(length)));
    for (let run = 0; run < CASES; run++) {
      const bit = run < 100 ? (32_768 - 6) * 8 + run : random.int(log.length * 8);
      expect([...readLog(flip(log, bit))].at(-1)?.type, `seed ${SEED}, bit ${bit}`).toBe("damage");
    }
  });

  test("that was cut anywhere has a torn tail or ends with a record, and never more than that", () => {
    const random = createRandom(SEED);
    const payloads = [300, 0, 17, 33_000, 80].map(length => random.bytes(length));
    const log = writeLog(payloads);
    const ends = payloads.map((_, index) => writeLog(payloads.slice(0, index + 1)).length);
    for (let length = 0; length < log.length; length += length < 400 || length > 33_300 ? 1 : 37) {
      const items = [...readLog(log.subarray(0, length))];
      const records = ends.filter(end => end <= length).length;
      expect(items.filter(({ type }) => type === "record")).toHaveLength(records);
      const torn = length !== 0 && !ends.includes(length);
      expect(
        items.slice(records).map(({ type }) => type),
        `cut at ${length}`,
      ).toEqual(torn ? ["torn"] : []);
    }
  });

  test("with zeros behind its end, or with its last sectors zeroed, has a torn tail", () => {
    const payloads = Array.from({ length: 200 }, () => Buffer.alloc(200, 0xab));
    const log = writeLog(payloads);
    for (const zeros of [1, 6, 7, 100, 4_096, 40_000]) {
      const items = [...readLog(Buffer.concat([log, Buffer.alloc(zeros)]))];
      expect(items.filter(({ type }) => type === "record")).toHaveLength(200);
      expect(items[200]).toMatchObject({ type: "torn", offset: log.length, bytes: zeros });
    }
    const ends = payloads.map((_, index) => writeLog(payloads.slice(0, index + 1)).length);
    for (let from = log.length - (log.length % 512); from > log.length - 9_000; from -= 512) {
      const zeroed = Buffer.from(log).fill(0, from);
      const items = [...readLog(zeroed)];
      expect(items.pop()?.type).toBe("torn");
      expect(items.filter(({ type }) => type === "record")).toHaveLength(
        ends.filter(end => end <= from).length,
      );
    }
  });

  test("with a sector zeroed in its middle is damaged", () => {
    const random = createRandom(SEED);
    const log = writeLog(Array.from({ length: 200 }, () => random.bytes(200)));
    for (let from = 0; from < log.length - 1_024; from += 512) {
      const zeroed = Buffer.from(log);
      zeroed.fill(0, from, from + 512);
      expect([...readLog(zeroed)].at(-1)?.type, `zeros at ${from}`).toBe("damage");
    }
  });

  test("whose fragments do not fit together is damaged", () => {
    const [first, middle, last, full] = [2, 3, 4, 1].map(type => writeRecord(type, Buffer.from("abc")));
    for (const wrong of [
      [middle],
      [last],
      [full, last],
      [first, full],
      [first, first],
      [first, last, middle],
    ]) {
      expect([...readLog(Buffer.concat(wrong as Buffer[]))].at(-1)?.type).toBe("damage");
    }
    expect([...readLog(Buffer.concat([first!, middle!, last!, full!]))].map(({ type }) => type)).toEqual([
      "record",
      "record",
    ]);
  });
});

function flip(bytes: Buffer, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}
