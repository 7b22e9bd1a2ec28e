import { describe, expect, test } from "vitest";
import { createFaults } from "./faults.js";
import { createSimulatedDisk } from "./simulated-disk.js";
import { storageSuite } from "./storage-suite.js";

storageSuite({
  name: "simulated disk",
  supports: { persistence: true, snapshotRange: true, exclusive: true },
  runner: { describe, test },
  async open() {
    const disk = await createSimulatedDisk();
    return { backend: await disk.open(), open: () => disk.open(), dispose: async () => undefined };
  },
});

storageSuite({
  name: "simulated disk behind a wrapper in which nothing goes wrong",
  supports: { persistence: true, snapshotRange: true, exclusive: true },
  runner: { describe, test },
  async open() {
    const disk = await createSimulatedDisk();
    const faults = createFaults(() => undefined);
    const open = async () => faults.wrap(await disk.open());
    return { backend: await open(), open, dispose: async () => undefined };
  },
});

const put = (name: string, value: string) =>
  ({ type: "put", key: Buffer.from(name), value: Buffer.from(value) }) as const;

test("a power cut takes what was not durable, in reverse order of writing, and nothing else", async () => {
  const disk = await createSimulatedDisk();
  const backend = await disk.open();
  await backend.batch([put("a", "1"), put("b", "1")]);
  await backend.batch([put("a", "2"), put("c", "1")], { durable: false });
  await backend.batch([put("a", "3"), { type: "delete", key: Buffer.from("b") }], { durable: false });
  await disk.crash();
  await expect(backend.get(Buffer.from("a"))).rejects.toMatchObject({ code: "closed" });
  const after = await disk.open();
  expect(await textOf(after)).toEqual(["a=1", "b=1"]);
  await after.batch([put("a", "4")], { durable: false });
  await after.batch([put("d", "1")], { durable: true });
  await disk.crash();
  expect(await textOf(await disk.open())).toEqual(["a=4", "b=1", "d=1"]);
});

test("a batch that failed before or behind its doing is the last one of its backend", async () => {
  for (const when of ["before", "after"] as const) {
    const disk = await createSimulatedDisk();
    const faults = createFaults(point => {
      if (point.operation === "batch" && point.when === when && point.batches === 2)
        throw new Error("no room");
    });
    const backend = faults.wrap(await disk.open());
    await backend.batch([put("a", "1")]);
    await expect(backend.batch([put("b", "1")])).rejects.toThrow("no room");
    await expect(backend.batch([put("c", "1")])).rejects.toMatchObject({ code: "write-failed" });
    await backend.close();
    expect(await textOf(await disk.open())).toEqual(when === "before" ? ["a=1"] : ["a=1", "b=1"]);
    expect(faults.points).toBeGreaterThan(3);
  }
});

async function textOf(backend: Awaited<ReturnType<Awaited<ReturnType<typeof createSimulatedDisk>>["open"]>>) {
  const found: string[] = [];
  for await (const [key, value] of backend.range()) {
    found.push(`${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`);
  }
  return found;
}
