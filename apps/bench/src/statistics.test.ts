import { expect, test } from "vitest";
import { median, percentile, seededRandom } from "./statistics.js";

test("a percentile is a value that was measured, not one between two", () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile(values, 0.5)).toBe(100);
  expect(percentile(values, 1)).toBe(200);
  expect(percentile(values, 0)).toBe(1);
  expect(percentile([7], 0.99)).toBe(7);
});

test("the median does not order numbers as text, nor change what it is given", () => {
  const values = [100, 9, 20];
  expect(median(values)).toBe(20);
  expect(values).toEqual([100, 9, 20]);
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([])).toBeNaN();
});

test("the same seed gives the same numbers, spread over 0 to 1", () => {
  const [first, second] = [seededRandom(5), seededRandom(5)];
  const numbers = Array.from({ length: 1000 }, first);
  expect(numbers).toEqual(Array.from({ length: 1000 }, second));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(numbers.filter(number => number < 0.5).length).toBeGreaterThan(400);
  expect(numbers.filter(number => number < 0.5).length).toBeLessThan(600);
});
