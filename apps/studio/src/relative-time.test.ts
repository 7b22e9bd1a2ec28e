import { expect, it } from "vitest";
import { relativeTime } from "./relative-time.js";

const now = Date.UTC(2026, 0, 31, 12);

it.each([
  [0, "now"],
  [4999, "now"],
  [5000, "5s ago"],
  [59_999, "59s ago"],
  [60_000, "1m ago"],
  [3_599_999, "59m ago"],
  [3_600_000, "1h ago"],
  [86_400_000 * 400, "400d ago"],
])("%d ms ago reads %s", (age, words) => {
  expect(relativeTime(now - age, now)).toBe(words);
});

it("the clock of a relay that runs ahead gives no time in the future", () => {
  expect(relativeTime(now + 60_000, now)).toBe("now");
});
