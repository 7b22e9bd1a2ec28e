import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLatest } from "./latest.js";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Answers take so many milliseconds. */
function setUp({ takes }: { takes: number }) {
  const begun: number[] = [];
  const ended: (number | string)[] = [];
  const latest = createLatest<number>(
    (request, signal) => {
      begun.push(request);
      return new Promise((resolve, reject) => {
        setTimeout(() => {
          if (!signal.aborted) ended.push(request);
          resolve();
        }, takes);
        signal.addEventListener("abort", () => {
          ended.push(`not ${request}`);
          reject(signal.reason);
        });
      });
    },
    { pause: 100 },
  );
  return { latest, begun, ended };
}

it("the first is answered at once, and of those that follow closely the last", async () => {
  const { latest, begun, ended } = setUp({ takes: 10 });
  for (const request of [1, 2, 3, 4]) latest.ask(request);
  expect(begun).toEqual([1]);
  await vi.advanceTimersByTimeAsync(99);
  expect(begun).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(begun).toEqual([1, 4]);
  expect(ended).toEqual([1, 4]);
});

it("one that takes long is answered before the next begins", async () => {
  const { latest, begun, ended } = setUp({ takes: 500 });
  latest.ask(1);
  await vi.advanceTimersByTimeAsync(300);
  latest.ask(2);
  latest.ask(3);
  await vi.advanceTimersByTimeAsync(199);
  expect(begun).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toEqual([1]);
  expect(begun).toEqual([1, 3]);
});

it("a cancel ends what has begun and forgets what has not, and what is asked for after it is answered", async () => {
  const { latest, begun, ended } = setUp({ takes: 500 });
  latest.ask(1);
  latest.ask(2);
  await vi.advanceTimersByTimeAsync(100);
  latest.cancel();
  await vi.advanceTimersByTimeAsync(1000);
  expect(begun).toEqual([1]);
  latest.ask(3);
  await vi.advanceTimersByTimeAsync(500);
  expect(ended).toEqual(["not 1", 3]);
});
