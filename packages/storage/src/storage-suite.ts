/**
 * The contract of a storage backend, as tests.
 *
 * They need no particular runner: anything with `describe` and `test` will do. What a backend says that it does not
 * support is tested to be missing; what it ought to do and does not is listed under `knownGaps` with the reason, runs all
 * the same, and fails once the gap is closed.
 */

import assert from "node:assert/strict";
import {
  type BatchOperation,
  compareBytes,
  type RangeOptions,
  type StorageBackend,
  type StorageSupports,
} from "./backend.js";
import { StorageError, type StorageErrorCode } from "./errors.js";
import { createRandom } from "./random.js";
import { compareWithModel } from "./storage-model.js";

/** One store for one test. */
export interface StorageFixture {
  /** An open backend on a store that is empty. */
  readonly backend: StorageBackend;
  /** Opens the same store once more; the suite closes it. */
  open(): Promise<StorageBackend>;
  /** Removes the store, after every backend on it was closed. */
  dispose(): Promise<void>;
}

export interface StorageSuiteOptions {
  readonly name: string;
  readonly open: () => Promise<StorageFixture>;
  /** What the backend is expected to say of itself. */
  readonly supports: StorageSupports;
  /** Titles of tests that fail, and why. */
  readonly knownGaps?: Readonly<Record<string, string>>;
  readonly runner: {
    describe(name: string, body: () => void): void;
    test(name: string, body: () => Promise<void>): void;
  };
  /** How many steps the comparison with a model takes. @default VERSO_CASES or 1000 */
  readonly cases?: number;
  /** @default VERSO_SEED or a fixed one */
  readonly seed?: number;
}

export function storageSuite(options: StorageSuiteOptions): void {
  const { name, open, supports, knownGaps = {}, runner } = options;
  const { cases = Number(process.env.VERSO_CASES ?? 1000), seed = Number(process.env.VERSO_SEED ?? 1) } =
    options;
  const unknownGaps = new Set(Object.keys(knownGaps));

  const test = (title: string, body: (backend: StorageBackend, fixture: StorageFixture) => Promise<void>) => {
    const run = async () => {
      const fixture = await open();
      try {
        await body(fixture.backend, fixture);
      } finally {
        await fixture.backend.close();
        await fixture.dispose();
      }
    };
    const gap = knownGaps[title];
    unknownGaps.delete(title);
    runner.test(title, gap === undefined ? run : () => assert.rejects(run, `this works now, though: ${gap}`));
  };

  runner.describe(name, () => {
    test("says what it supports", async backend => {
      assert.deepEqual({ ...backend.supports }, { ...supports });
    });

    test("begins empty", async backend => {
      assert.equal(await backend.get(key("a")), undefined);
      assert.equal(await backend.has(key("a")), false);
      assert.deepEqual(await entries(backend), []);
      assert.equal((await backend.info()).entries, 0);
    });

    test("gives back what was put, and nothing once it is deleted", async backend => {
      await backend.batch([put("a", "1"), put("b", "2")]);
      assert.equal(text(await backend.get(key("a"))), "1");
      assert.equal(await backend.has(key("b")), true);
      assert.deepEqual((await backend.getMany([key("b"), key("x"), key("a")])).map(text), [
        "2",
        undefined,
        "1",
      ]);
      await backend.batch([del("a"), del("never there")]);
      assert.equal(await backend.get(key("a")), undefined);
      assert.equal(await backend.has(key("a")), false);
    });

    test("replaces a value", async backend => {
      await backend.batch([put("a", "1")]);
      await backend.batch([put("a", "2")]);
      assert.deepEqual(await entries(backend), ["a=2"]);
    });

    test("lets the later of two operations of a batch hold", async backend => {
      await backend.batch([
        put("a", "1"),
        del("a"),
        put("b", "1"),
        del("b"),
        put("b", "2"),
        put("c", "1"),
        put("c", "2"),
      ]);
      assert.deepEqual(await entries(backend), ["b=2", "c=2"]);
    });

    test("lets batches take effect in the order of the calls", async backend => {
      const writes: Promise<void>[] = [];
      for (let index = 0; index < 200; index++) {
        writes.push(backend.batch([put("a", String(index))], { durable: index % 7 === 0 }));
      }
      await Promise.all(writes);
      assert.equal(text(await backend.get(key("a"))), "199");
    });

    test("does nothing for an empty batch", async backend => {
      await backend.batch([]);
      await backend.batch([], { durable: true });
      assert.deepEqual(await entries(backend), []);
    });

    test("keeps an empty value apart from no value", async backend => {
      await backend.batch([put("a", "")]);
      assert.equal((await backend.get(key("a")))?.length, 0);
      assert.equal(await backend.has(key("a")), true);
    });

    test("keeps every byte of binary keys and values", async backend => {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const keys = [
        Uint8Array.of(0),
        Uint8Array.of(0, 0),
        Uint8Array.of(0xff),
        Uint8Array.of(0xff, 0xff),
        all,
      ];
      await backend.batch(keys.map(binary => ({ type: "put", key: binary, value: all })));
      for (const binary of keys) assert.deepEqual([...((await backend.get(binary)) ?? [])], [...all]);
      const found: number[][] = [];
      for await (const binary of backend.keys()) found.push([...binary]);
      assert.deepEqual(
        found,
        keys.sort(compareBytes).map(binary => [...binary]),
      );
    });

    test("takes a view of a larger buffer for what it shows", async backend => {
      const buffer = Buffer.from("....key..value....");
      await backend.batch([{ type: "put", key: buffer.subarray(4, 7), value: buffer.subarray(9, 14) }]);
      assert.deepEqual(await entries(backend), ["key=value"]);
      assert.equal(text(await backend.get(buffer.subarray(4, 7))), "value");
    });

    test("keeps a large value and a long key", async backend => {
      const large = createRandom(seed).bytes(3_000_000);
      const long = Buffer.alloc(4_000, 7);
      await backend.batch([{ type: "put", key: long, value: large }, put("small", "1")]);
      assert.equal(Buffer.compare((await backend.get(long)) ?? Buffer.alloc(0), large), 0);
      for await (const [, value] of backend.range({ gte: long, lte: long })) {
        assert.equal(Buffer.compare(value, large), 0);
      }
    });

    test("orders keys by their bytes, a prefix first", async backend => {
      await backend.batch([
        put("b", ""),
        put("ab", ""),
        put("a", ""),
        put("a\0", ""),
        put("é", ""),
        put("z", ""),
      ]);
      assert.deepEqual(await entries(backend), ["a=", "a\0=", "ab=", "b=", "z=", "é="]);
    });

    test("walks between all kinds of bounds", async backend => {
      await backend.batch(["a", "b", "c", "d", "e"].map(name => put(name, "")));
      const cases: [RangeOptions, string][] = [
        [{}, "abcde"],
        [{ gt: key("b") }, "cde"],
        [{ gte: key("b") }, "bcde"],
        [{ lt: key("d") }, "abc"],
        [{ lte: key("d") }, "abcd"],
        [{ gt: key("a"), lt: key("e") }, "bcd"],
        [{ gte: key("a"), lte: key("e") }, "abcde"],
        [{ gt: key("aa"), lt: key("cc") }, "bc"],
        [{ gt: key("c"), lt: key("c") }, ""],
        [{ gt: key("d"), lt: key("b") }, ""],
        [{ gt: key("e") }, ""],
        [{ lt: key("a") }, ""],
        [{ limit: 2 }, "ab"],
        [{ limit: 0 }, ""],
        [{ limit: Number.POSITIVE_INFINITY }, "abcde"],
        [{ gt: key("b"), limit: 2 }, "cd"],
        [{ reverse: true }, "edcba"],
        [{ reverse: true, limit: 2 }, "ed"],
        [{ reverse: true, lt: key("d") }, "cba"],
        [{ reverse: true, lte: key("d"), limit: 1 }, "d"],
        [{ reverse: true, gt: key("b"), lt: key("zz") }, "edc"],
        [{ reverse: true, gte: key("b"), lte: key("c") }, "cb"],
      ];
      for (const [range, expected] of cases) {
        const values: string[] = [];
        for await (const [found] of backend.range(range)) values.push(text(found)!);
        const keys: string[] = [];
        for await (const found of backend.keys(range)) keys.push(text(found)!);
        assert.equal(values.join(""), expected, JSON.stringify(range));
        assert.equal(keys.join(""), expected, JSON.stringify(range));
      }
    });

    test("walks more entries than fit any read-ahead", async backend => {
      const many: BatchOperation[] = [];
      for (let index = 0; index < 5_000; index++) {
        many.push({ type: "put", key: number(index), value: Buffer.alloc(300, index) });
      }
      await backend.batch(many, { durable: false });
      let next = 0;
      for await (const [found, value] of backend.range()) {
        assert.equal(compareBytes(found, number(next)), 0);
        assert.equal(value[299], next % 256);
        next += 1;
      }
      assert.equal(next, 5_000);
      assert.equal((await backend.info()).entries, 5_000);
    });

    test("can be left in the middle of a walk", async backend => {
      await backend.batch(["a", "b", "c"].map(name => put(name, "")));
      for (let round = 0; round < 50; round++) {
        for await (const [found] of backend.range()) {
          assert.equal(text(found), "a");
          break;
        }
      }
      await backend.range().return?.();
    });

    if (supports.snapshotRange) {
      test("walks the store as it was at the first step", async backend => {
        const before: BatchOperation[] = [];
        for (let index = 0; index < 3_000; index++) {
          before.push({ type: "put", key: number(index), value: number(index) });
        }
        await backend.batch(before, { durable: false });
        let next = 0;
        for await (const [found, value] of backend.range()) {
          assert.equal(compareBytes(found, number(next)), 0);
          assert.equal(compareBytes(value, number(next)), 0);
          if (next % 1_000 === 0) {
            await backend.batch([
              { type: "delete", key: number(next + 1) },
              { type: "put", key: number(next + 2), value: number(0) },
              { type: "put", key: Buffer.concat([number(next + 2), Buffer.of(0)]), value: number(0) },
            ]);
          }
          next += 1;
        }
        assert.equal(next, 3_000);
      });
    }

    test("agrees with a model over random batches and walks", async (backend, fixture) => {
      const current = await compareWithModel(backend, fixture, {
        cases,
        seed,
        persistent: supports.persistence,
      });
      await current.close();
    });

    test("tells how much it holds", async backend => {
      await backend.batch([{ type: "put", key: key("a"), value: Buffer.alloc(100_000, 1) }, put("b", "")]);
      const { entries: count, bytesUsed, bytesAvailable } = await backend.info();
      assert.equal(count, 2);
      assert.ok(bytesUsed > 0);
      assert.ok(bytesAvailable === undefined || bytesAvailable > 0);
    });

    test("is empty once it is cleared, and goes on", async backend => {
      const many: BatchOperation[] = [];
      for (let index = 0; index < 2_500; index++)
        many.push({ type: "put", key: number(index), value: number(index) });
      await backend.batch(many, { durable: false });
      await backend.clear();
      assert.deepEqual(await entries(backend), []);
      await backend.clear();
      await backend.batch([put("a", "1")]);
      assert.deepEqual(await entries(backend), ["a=1"]);
    });

    test("refuses wrong arguments with a TypeError and changes nothing", async backend => {
      const wrong = (batch: unknown) => backend.batch(batch as BatchOperation[]);
      const empty = new Uint8Array(0);
      await assert.rejects(() => backend.get(empty), TypeError);
      await assert.rejects(() => backend.has(empty), TypeError);
      await assert.rejects(() => backend.getMany([key("a"), empty]), TypeError);
      await assert.rejects(
        () => wrong([put("a", "1"), { type: "put", key: empty, value: empty }]),
        TypeError,
      );
      await assert.rejects(() => wrong([put("a", "1"), { type: "put", key: key("b") }]), TypeError);
      await assert.rejects(
        () => wrong([put("a", "1"), { type: "move", key: key("b"), value: empty }]),
        TypeError,
      );
      await assert.rejects(async () => {
        for await (const _ of backend.range({ limit: -1 })) assert.fail("nothing to walk");
      }, TypeError);
      assert.deepEqual(await entries(backend), []);
      await backend.batch([put("a", "1")]);
      assert.deepEqual(await entries(backend), ["a=1"]);
    });

    test("refuses everything once it is closed, and may be closed again", async backend => {
      await backend.batch([put("a", "1")]);
      await Promise.all([backend.close(), backend.close()]);
      await backend.close();
      await backend[Symbol.asyncDispose]();
      await rejects(() => backend.get(key("a")), "closed");
      await rejects(() => backend.getMany([key("a")]), "closed");
      await rejects(() => backend.has(key("a")), "closed");
      await rejects(() => backend.batch([put("b", "2")]), "closed");
      await rejects(() => entries(backend), "closed");
      await rejects(() => backend.keys().next(), "closed");
      await rejects(() => backend.info(), "closed");
      await rejects(() => backend.clear(), "closed");
    });

    test("ends a walk that is under way when it is closed", async backend => {
      await backend.batch(["a", "b", "c"].map(name => put(name, "")));
      await rejects(async () => {
        for await (const _ of backend.range()) await backend.close();
      }, "closed");
    });

    test("finishes or refuses a batch that is under way when it is closed", async (backend, fixture) => {
      const write = backend.batch([put("a", "1"), put("b", "2")]).then(
        () => true,
        (error: unknown) => {
          assert.equal(error instanceof StorageError && error.code, "closed");
          return false;
        },
      );
      await backend.close();
      const written = await write;
      await using reopened = await fixture.open();
      const found = await entries(reopened);
      assert.ok(found.length === 2 || (found.length === 0 && !(written && supports.persistence)));
    });

    if (supports.persistence) {
      test("has everything durable after it was opened again", async (backend, fixture) => {
        await backend.batch([put("a", "1"), put("b", "2"), put("c", "3")]);
        await backend.batch([del("b")]);
        await backend.close();
        await using reopened = await fixture.open();
        assert.deepEqual(await entries(reopened), ["a=1", "c=3"]);
        await reopened.batch([put("d", "4")]);
        await reopened.close();
        await using again = await fixture.open();
        assert.deepEqual(await entries(again), ["a=1", "c=3", "d=4"]);
      });
    }

    if (supports.exclusive) {
      test("refuses a second handle on an open store, and the first goes on", async (backend, fixture) => {
        await backend.batch([put("a", "1")]);
        await rejects(() => fixture.open(), "in-use");
        await backend.batch([put("b", "2")]);
        assert.deepEqual(await entries(backend), ["a=1", "b=2"]);
        await backend.close();
        await using second = await fixture.open();
        await second.batch([put("c", "3")]);
      });
    }

    for (const title of unknownGaps) {
      runner.test(`known gap: ${title}`, async () => assert.fail("there is no such test"));
    }
  });
}

function key(name: string): Uint8Array {
  return Buffer.from(name);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function put(name: string, value: string): BatchOperation {
  return { type: "put", key: key(name), value: Buffer.from(value) };
}

function del(name: string): BatchOperation {
  return { type: "delete", key: key(name) };
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
}

async function entries(backend: StorageBackend): Promise<string[]> {
  const found: string[] = [];
  for await (const [name, value] of backend.range()) found.push(`${text(name)}=${text(value)}`);
  return found;
}

async function rejects(run: () => Promise<unknown>, code: StorageErrorCode): Promise<void> {
  await assert.rejects(run, error => error instanceof StorageError && error.code === code);
}
