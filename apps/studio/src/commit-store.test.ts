import type { ChangeEvent } from "@verso/protocol";
import { expect, it } from "vitest";
import { createCommitStore } from "./commit-store.js";

function setUp({ head, most }: { head: number; most?: number }) {
  const asked: string[] = [];
  const store = createCommitStore({
    async readCommits({ from, to }) {
      asked.push(`${from}-${to}`);
      return range(from, to);
    },
    onChange: () => {},
    pageSize: 100,
    ...(most === undefined ? {} : { most }),
  });
  store.add(range(head - 9, head));
  return { store, asked };
}

const forever = new AbortController().signal;

it("what is around the sequence one looks at is read first, then the newest, and each page once", async () => {
  const { store, asked } = setUp({ head: 450 });
  await store.read(() => 120, forever);
  expect(asked).toEqual(["101-200", "401-450", "301-400", "201-300", "1-100"]);
  expect([1, 120, 450].map(sequence => store.get(sequence)?.sequence)).toEqual([1, 120, 450]);
  await store.read(() => 1, forever);
  expect(asked).toHaveLength(5);
});

it("where one looks elsewhere meanwhile, that is read next", async () => {
  const { store, asked } = setUp({ head: 450 });
  const places = [120, 230, 230, 230];
  await store.read(() => places.shift() ?? 450, forever);
  expect(asked).toEqual(["101-200", "201-300", "401-450", "301-400", "1-100"]);
});

it("of a long history the oldest are read when one looks at them", async () => {
  const { store, asked } = setUp({ head: 1000, most: 200 });
  await store.read(() => 1000, forever);
  expect(asked).toEqual(["901-1000", "801-900"]);
  await store.read(() => 5, forever);
  expect(asked.slice(2)).toEqual(["1-100"]);
  expect(store.get(500)).toBeUndefined();
});

it("what comes meanwhile moves the head, and is not asked for again", async () => {
  const { store, asked } = setUp({ head: 100 });
  await store.read(() => 100, forever);
  store.add(range(101, 130));
  expect(store.head).toBe(130);
  await store.read(() => 130, forever);
  expect(asked).toEqual(["1-100"]);
});

it("a reading ends with its signal, and goes on where it was", async () => {
  const { store, asked } = setUp({ head: 300 });
  const closed = new AbortController();
  const reading = store.read(() => 300, closed.signal);
  closed.abort();
  await reading;
  expect(asked).toEqual(["201-300"]);
  await store.read(() => 300, forever);
  expect(asked).toEqual(["201-300", "101-200", "1-100"]);
});

function range(from: number, to: number): ChangeEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    sequence: from + i,
    document_id: "note/1",
    event_type: "update",
    kind: "update",
    revision_id: `${from + i}-0f`,
    user_id: "Ann",
    forward_patch: [],
    reverse_patch: [],
    created_at: "2026-01-01T00:00:00.000Z",
  }));
}
