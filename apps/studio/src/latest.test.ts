import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLatest } from "./latest.js";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setUp() {
  const begun: { readonly request: number; readonly signal: AbortSignal }[] = [];
  const latest = createLatest<number>(
    (request, signal) => {
      begun.push({ request, signal });
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
    { pause: 100 },
  );
  return { latest, begun };
}

it("the first is answered at once, and of those that follow closely the last", () => {
  const { latest, begun } = setUp();
  for (const request of [1, 2, 3, 4]) latest.ask(request);
  expect(begun.map(({ request }) => request)).toEqual([1]);
  vi.advanceTimersByTime(100);
  expect(begun.map(({ request }) => request)).toEqual([1, 4]);
  vi.advanceTimersByTime(1000);
  expect(begun).toHaveLength(2);
});

it("what a later one has overtaken is cancelled, and what is asked for after a cancel is answered", () => {
  const { latest, begun } = setUp();
  latest.ask(1);
  latest.ask(2);
  vi.advanceTimersByTime(100);
  expect(begun.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  latest.ask(3);
  latest.cancel();
  vi.advanceTimersByTime(1000);
  expect(begun.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  latest.ask(4);
  expect(begun.at(-1)).toMatchObject({ request: 4 });
});
