import { describe, expect, test } from "vitest";
import type { BatchOperation, StorageBackend } from "./backend.js";
import { StorageError } from "./errors.js";
import { createFaults, type FaultPoint } from "./faults.js";
import { createGroupCommit } from "./group-commit.js";
import { createSimulatedDisk } from "./simulated-disk.js";

const put = (name: string, length = 1): BatchOperation => ({
  type: "put",
  key: Buffer.from(name),
  value: Buffer.alloc(length),
});

/** A group commit on a disk that counts batches, does what `at` says, and sleeps until it is woken. */
async function setUp({
  at = () => undefined,
  check = async () => undefined,
  maxOperations = 1000,
  maxBytes = 1 << 20,
}: {
  at?: (point: FaultPoint) => void | Promise<void>;
  check?: (backend: StorageBackend) => Promise<void>;
  maxOperations?: number;
  maxBytes?: number;
} = {}) {
  const disk = await createSimulatedDisk();
  const batches: number[] = [];
  const delays: number[] = [];
  const wakers: (() => void)[] = [];
  const opening = { count: 0, error: undefined as unknown };
  const faults = createFaults(at);
  const groupCommit = await createGroupCommit({
    async open() {
      opening.count += 1;
      if (opening.error !== undefined) throw opening.error;
      const inner = await disk.open();
      const counting: StorageBackend = {
        ...inner,
        async batch(operations, options) {
          expect(options).toEqual({ durable: true });
          batches.push(operations.length);
          await inner.batch(operations, options);
        },
      };
      return faults.wrap(counting);
    },
    check,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        delays.push(milliseconds);
        wakers.push(resolve);
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    maxOperations,
    maxBytes,
  });
  const states: string[] = [];
  groupCommit.subscribe(() => states.push(groupCommit.status.state));
  const settle = () => new Promise(resolve => setImmediate(resolve));
  const wake = async () => {
    wakers.shift()!();
    await settle();
  };
  return { groupCommit, batches, delays, opening, states, wake, settle, disk };
}

describe("batches", () => {
  test("what is written in one go is one batch; what comes while it is in flight is the next", async () => {
    const { groupCommit, batches } = await setUp();
    const first = [1, 2, 3].map(index => groupCommit.write([put(`a${index}`), put(`b${index}`)]));
    await first[0];
    const second = [1, 2].map(index => groupCommit.write([put(`c${index}`)]));
    await Promise.all([...first, ...second]);
    expect(batches).toEqual([6, 2]);
    expect((await groupCommit.backend().info()).entries).toBe(8);
  });

  test("a batch is full at so many operations or bytes; a larger write goes alone", async () => {
    const { groupCommit, batches } = await setUp({ maxOperations: 4, maxBytes: 1_000 });
    const writes = [
      [put("a"), put("b")],
      [put("c"), put("d")],
      [put("e")],
      [put("f", 600)],
      [put("g", 600)],
      ["h", "i", "j", "k", "l", "m"].map(name => put(name)),
      [put("n", 5_000)],
      [put("o")],
    ];
    await Promise.all(writes.map(operations => groupCommit.write(operations)));
    expect(batches).toEqual([4, 2, 1, 6, 1, 1]);
  });

  test("closing finishes what is waiting and refuses what comes later", async () => {
    const { groupCommit, states, disk } = await setUp({ maxOperations: 1 });
    const writes = [groupCommit.write([put("a")]), groupCommit.write([put("b")])];
    const closing = groupCommit.close();
    await expect(groupCommit.write([put("c")])).rejects.toMatchObject({ code: "closed" });
    await Promise.all(writes);
    await closing;
    await groupCommit.close();
    expect(states).toEqual(["closed"]);
    expect(() => groupCommit.backend()).toThrow(expect.objectContaining({ code: "closed" }));
    expect((await (await disk.open()).info()).entries).toBe(2);
  });
});

describe("after a batch failed", () => {
  const failSecond = () => {
    let failing = true;
    const at = ({ operation, when, batches }: FaultPoint) => {
      if (failing && operation === "batch" && when === "after" && batches === 2) {
        failing = false;
        throw new Error("no room");
      }
    };
    return at;
  };

  test("everyone who waits is told that the outcome is unknown, and the store is opened again", async () => {
    const { groupCommit, states, opening, settle } = await setUp({ at: failSecond(), maxOperations: 1 });
    await groupCommit.write([put("a")]);
    const lost = await Promise.allSettled([groupCommit.write([put("b")]), groupCommit.write([put("c")])]);
    for (const { status, ...rest } of lost) {
      expect(status).toBe("rejected");
      expect(rest).toMatchObject({ reason: { code: "unknown-outcome", transient: true } });
    }
    await settle();
    expect(states).toEqual(["failed", "ready"]);
    expect(opening.count).toBe(2);
    await groupCommit.write([put("d")]);
    // The second had been done before it failed, the third was never tried.
    expect((await groupCommit.backend().info()).entries).toBe(3);
  });

  test("what comes while it is failed is refused as not tried, and reading is unavailable too", async () => {
    const { groupCommit, opening, wake } = await setUp({ at: failSecond() });
    await groupCommit.write([put("a"), put("a2")]);
    opening.error = new StorageError("quota-exceeded", "full");
    const reading = groupCommit.read(async backend => {
      for await (const [key] of backend.range()) {
        if (Buffer.from(key).toString() === "a")
          await expect(groupCommit.write([put("b")])).rejects.toThrow();
      }
    });
    await expect(reading).rejects.toMatchObject({ code: "unavailable", transient: true });
    await expect(groupCommit.write([put("c")])).rejects.toMatchObject({ code: "unavailable" });
    await expect(groupCommit.read(backend => backend.info())).rejects.toMatchObject({ code: "unavailable" });
    expect(() => groupCommit.backend()).toThrow(expect.objectContaining({ code: "unavailable" }));
    opening.error = undefined;
    await wake();
    await groupCommit.write([put("d")]);
  });

  test("it is tried again for as long as it takes, later and later", async () => {
    const { groupCommit, opening, delays, wake, settle } = await setUp({ at: failSecond() });
    await groupCommit.write([put("a")]);
    opening.error = new StorageError("quota-exceeded", "full");
    await expect(groupCommit.write([put("b")])).rejects.toThrow();
    await settle();
    for (let attempt = 0; attempt < 8; attempt++) await wake();
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    expect(groupCommit.status).toMatchObject({
      state: "failed",
      retrying: true,
      cause: { code: "quota-exceeded" },
    });
    opening.error = undefined;
    await wake();
    expect(groupCommit.status).toEqual({ state: "ready" });
  });

  test("a store that fails again and again is not hurried, one that has done well for a while is", async () => {
    let failing = false;
    const { groupCommit, delays, wake, settle } = await setUp({
      at({ operation, when }) {
        if (failing && operation === "batch" && when === "before") throw new Error("no room");
      },
    });
    const failOnce = async () => {
      failing = true;
      await expect(groupCommit.write([put("a")])).rejects.toMatchObject({ code: "unknown-outcome" });
      failing = false;
      await settle();
    };
    await failOnce();
    expect(groupCommit.status.state).toBe("ready");
    for (const expected of [100, 200, 400]) {
      await failOnce();
      expect(groupCommit.status.state).toBe("failed");
      expect(delays.at(-1)).toBe(expected);
      await wake();
    }
    for (let batch = 0; batch < 100; batch++) await groupCommit.write([put("a")]);
    await failOnce();
    expect(groupCommit.status.state).toBe("ready");
    expect(delays).toHaveLength(3);
  });

  test("a store that does not pass the check is closed and not used, and one that is damaged waits for its operator", async () => {
    let verdict: StorageError | undefined;
    const check = async () => {
      if (verdict !== undefined) throw verdict;
    };
    const { groupCommit, opening, delays, wake, settle } = await setUp({ at: failSecond(), check });
    await groupCommit.write([put("a")]);
    verdict = new StorageError("read-failed", "cannot read");
    await expect(groupCommit.write([put("b")])).rejects.toThrow();
    await settle();
    expect(groupCommit.status).toMatchObject({ state: "failed", retrying: true });
    verdict = new StorageError("corrupted", "an acknowledged commit is gone");
    await wake();
    expect(groupCommit.status).toMatchObject({ state: "failed", retrying: false, cause: verdict });
    expect(delays).toEqual([100]);
    expect(opening.count).toBe(3);
    await expect(groupCommit.write([put("c")])).rejects.toMatchObject({ code: "unavailable" });
    await groupCommit.close();
  });

  test("closing ends the waiting for a store that does not come back", async () => {
    const { groupCommit, opening, settle } = await setUp({ at: failSecond() });
    await groupCommit.write([put("a")]);
    opening.error = new StorageError("quota-exceeded", "full");
    await expect(groupCommit.write([put("b")])).rejects.toThrow();
    await settle();
    await groupCommit.close();
    expect(groupCommit.status).toEqual({ state: "closed" });
    await expect(groupCommit.write([put("c")])).rejects.toMatchObject({ code: "closed" });
  });
});

test("a listener that was taken off hears nothing", async () => {
  const { groupCommit } = await setUp();
  let heard = 0;
  const off = groupCommit.subscribe(() => {
    heard += 1;
  });
  off();
  off();
  await groupCommit.close();
  expect(heard).toBe(0);
});

test("a store that cannot be opened at the start is an error and no group commit", async () => {
  const failure = new StorageError("in-use", "in use");
  await expect(
    createGroupCommit({
      open: async () => {
        throw failure;
      },
      check: async () => undefined,
      sleep: async () => undefined,
      maxOperations: 1,
      maxBytes: 1,
    }),
  ).rejects.toBe(failure);
});
