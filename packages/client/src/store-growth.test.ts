import { expect, test } from "vitest";
import { createStoreGrowth, type StoreGrowth } from "./store-growth.js";

const keystroke = new Uint8Array(20);

/** After how many keystrokes each compaction is due. */
function dueAfter(growth: StoreGrowth, keystrokes: number): number[] {
  const due: number[] = [];
  for (let i = 1; i <= keystrokes; i++) {
    growth.add([keystroke]);
    if (!growth.isDue) continue;
    due.push(i);
    growth.compacted();
  }
  return due;
}

test("a document that is typed is compacted when what was typed since weighs as much as all before", () => {
  expect(dueAfter(createStoreGrowth(), 10_000)).toEqual([512, 1024, 2048, 4096, 8192]);
});

test("updates of a long document are gathered, but no more than load at once", () => {
  const growth = createStoreGrowth();
  growth.restore([keystroke, new Uint8Array(10_000_000), keystroke]);
  expect(dueAfter(growth, 10_000)).toEqual([4094, 4094 + 4096]);
});

test("what was stored behind the last compaction counts after a restart", () => {
  const growth = createStoreGrowth();
  growth.restore([new Uint8Array(1000), ...Array.from({ length: 511 }, () => keystroke)]);
  expect(growth.isDue).toBe(false);
  growth.add([keystroke]);
  expect(growth.isDue).toBe(true);
});

test("an empty store has nothing to compact", () => {
  const growth = createStoreGrowth();
  growth.restore([]);
  expect(growth.isDue).toBe(false);
  expect(dueAfter(growth, 600)).toEqual([512]);
});
