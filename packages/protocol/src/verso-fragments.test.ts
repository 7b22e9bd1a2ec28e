import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createFragments,
  decodeVersoClientMessage,
  decodeVersoServerMessage,
  fragmentBytes,
  fragmentsOf,
  type VersoFragment,
} from "./index.js";

const limits = { frameBytes: 4 * fragmentBytes, fragments: 8, batches: 2 };

function read(frame: Uint8Array): VersoFragment {
  const message = decodeVersoClientMessage(frame);
  if (message.type !== "fragment") throw new Error(`a message ${message.type}`);
  return message;
}

const part = (batch: number, index: number, count: number, length = 1): VersoFragment => ({
  type: "fragment",
  batch,
  index,
  count,
  bytes: new Uint8Array(length),
});

describe("messages in fragments", () => {
  it("leaves a message whole that is not large", () => {
    const frame = new Uint8Array(fragmentBytes);
    expect(fragmentsOf(frame, 1)[0]).toBe(frame);
  });

  it("comes together again, whatever its length and however two of them are mixed", () => {
    const lengths = fc.integer({ min: fragmentBytes + 1, max: 2 * fragmentBytes });
    fc.assert(
      fc.property(lengths, lengths, fc.infiniteStream(fc.boolean()), (one, other, order) => {
        const frames = [one, other].map((length, n) =>
          Uint8Array.from({ length }, (_, i) => (i * 7 + n) % 251),
        );
        const queues = frames.map((frame, batch) => fragmentsOf(frame, batch));
        const fragments = createFragments(limits);
        const whole: Uint8Array[] = [];
        while (queues.some(queue => queue.length > 0)) {
          const frame = queues[Number(order.next().value)]?.shift();
          const taken = frame === undefined ? null : fragments.take(read(frame));
          if (taken instanceof Uint8Array) whole.push(taken);
          else expect(taken).toBeNull();
        }
        expect(whole.map(({ length }) => length).sort()).toEqual([one, other].sort());
        expect(whole.every(frame => frames.some(sent => Buffer.compare(frame, sent) === 0))).toBe(true);
        expect(fragments.bytes).toBe(0);
      }),
      { numRuns: Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 100), seed: 1 },
    );
  });

  it("is the same from either side", () => {
    for (const frame of fragmentsOf(new Uint8Array(fragmentBytes + 1), 3)) {
      const { bytes, ...told } = read(frame);
      const server = decodeVersoServerMessage(frame);
      expect(server).toMatchObject(told);
      expect(server.type === "fragment" && Buffer.compare(server.bytes, bytes)).toBe(0);
    }
  });

  it.each<readonly [string, readonly VersoFragment[]]>([
    ["a message of one fragment", [part(0, 0, 1)]],
    ["more fragments than are allowed", [part(0, 0, 9)]],
    ["a beginning that is missing", [part(0, 1, 2)]],
    ["a fragment that comes twice", [part(0, 0, 3), part(0, 0, 3)]],
    ["a fragment that was left out", [part(0, 0, 3), part(0, 2, 3)]],
    ["a number of fragments that changes", [part(0, 0, 3), part(0, 1, 4)]],
    ["a fragment of nothing", [part(0, 0, 2, 0)]],
    ["more messages at a time than are allowed", [part(0, 0, 2), part(1, 0, 2), part(2, 0, 2)]],
    ["a message that is too large", [part(0, 0, 2, 3 * fragmentBytes), part(0, 1, 2, 2 * fragmentBytes)]],
    [
      "messages that are too large together",
      [part(0, 0, 2, 3 * fragmentBytes), part(1, 0, 2, 2 * fragmentBytes)],
    ],
  ])("refuses %s", (_, sent) => {
    const fragments = createFragments(limits);
    const taken = sent.map(fragment => fragments.take(fragment));
    expect(taken.slice(0, -1).every(each => each === null)).toBe(true);
    expect(taken.at(-1)).toMatchObject({ type: "malformed" });
  });
});
