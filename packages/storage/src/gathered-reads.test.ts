import { expect, test } from "vitest";
import type { StorageBackend } from "./backend.js";
import { createMemoryStore } from "./backends/memory.js";
import { gatherReads } from "./gathered-reads.js";

const key = (text: string) => new TextEncoder().encode(text);

/** How many keys each reading asks a store for. */
function watch(store: StorageBackend): number[] {
  const reads: number[] = [];
  const getMany = store.getMany.bind(store);
  store.getMany = keys => {
    reads.push(keys.length);
    return getMany(keys);
  };
  return reads;
}

test("what is asked for at once is read at once, and everybody gets his own", async () => {
  const store = await createMemoryStore().open();
  await store.batch([
    { type: "put", key: key("a"), value: key("1") },
    { type: "put", key: key("c"), value: key("3") },
  ]);
  const reads = watch(store);
  const read = gatherReads({ read: run => run(store) });
  expect(await Promise.all(["a", "b", "c"].map(name => read(key(name))))).toEqual([
    key("1"),
    undefined,
    key("3"),
  ]);
  expect(await read(key("c"))).toEqual(key("3"));
  expect(reads).toEqual([3, 1]);
});

test("a read that fails fails for those who asked together, and for nobody after them", async () => {
  const store = await createMemoryStore().open();
  const failure = new Error("gone");
  let isGone = true;
  const read = gatherReads({ read: run => (isGone ? Promise.reject(failure) : run(store)) });
  const both = [read(key("a")), read(key("b"))];
  expect(await Promise.allSettled(both)).toEqual([
    { status: "rejected", reason: failure },
    { status: "rejected", reason: failure },
  ]);
  isGone = false;
  expect(await read(key("a"))).toBeUndefined();
});
