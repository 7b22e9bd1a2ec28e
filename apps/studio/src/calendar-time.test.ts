import { expect, it } from "vitest";
import { fullTime, shortTime } from "./calendar-time.js";

const morning = new Date(2026, 2, 14, 9, 5, 7);

it("a moment of today is told by its time, any other by its date", () => {
  const evening = new Date(2026, 2, 14, 23, 59);
  const later = new Date(2026, 2, 15, 0, 1);
  expect(shortTime(morning, evening)).toMatch(/9.05/);
  expect(shortTime(morning, later)).toMatch(/2026/);
  expect(shortTime(morning, later)).not.toMatch(/9.05/);
});

it("the full time has both", () => {
  expect(fullTime(morning)).toMatch(/2026.*9.05.07/);
});
