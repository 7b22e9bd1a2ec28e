import { describe, expect, test } from "vitest";
import { createMemoryStore } from "./backends/memory.js";
import { createFaults } from "./faults.js";
import { openLedger } from "./ledger.js";
import { createSimulatedDisk } from "./simulated-disk.js";
import { verifyLedger } from "./verify.js";
import type { VerifyIssue } from "./verify-issue.js";

const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

async function all(entries: AsyncIterable<readonly [string, Uint8Array]>): Promise<string[]> {
  const found: string[] = [];
  for await (const [key, value] of entries) found.push(`${key}=${text(value)}`);
  return found;
}

describe("a record", () => {
  test("is there once it was put, replaced by the next, and gone once it is deleted", async () => {
    await using ledger = await openLedger({ open: () => createMemoryStore().open() });
    const records = ledger.records("keys");
    expect(await records.get("a")).toBeUndefined();
    await records.put("a", Buffer.from("1"));
    expect(text(await records.get("a"))).toBe("1");
    await records.put("a", Buffer.from("2"));
    await records.put("empty", Buffer.alloc(0));
    expect(await all(records.entries())).toEqual(["a=2", "empty="]);
    await records.delete("a");
    await records.delete("never there");
    expect(await all(records.entries())).toEqual(["empty="]);
  });

  test("is seen in its own namespace only, in the order of the keys, page by page", async () => {
    await using ledger = await openLedger({ open: () => createMemoryStore().open() });
    const names = ["a", "a\0", "ab", "é"];
    for (const namespace of names) {
      for (const key of ["2", "1", "\u{1f600}", "1\0"]) {
        await ledger.records(namespace).put(key, Buffer.from(namespace));
      }
    }
    for (const namespace of names) {
      const records = ledger.records(namespace);
      expect(await all(records.entries())).toEqual(
        ["1", "1\0", "2", "\u{1f600}"].map(key => `${key}=${namespace}`),
      );
      expect(await all(records.entries({ after: "1", limit: 2 }))).toEqual(
        ["1\0", "2"].map(key => `${key}=${namespace}`),
      );
    }
    const documents: string[] = [];
    for await (const { document } of ledger.documents()) documents.push(document);
    expect(documents).toEqual([]);
  });

  test("that was put survives a power cut, as a commit does", async () => {
    const disk = await createSimulatedDisk();
    const ledger = await openLedger({ open: () => disk.open() });
    await ledger.records("keys").put("a", Buffer.from("1"));
    await disk.crash();
    await using again = await openLedger({ open: () => disk.open() });
    expect(text(await again.records("keys").get("a"))).toBe("1");
  });

  test("shares one durable batch with what is appended at the same time", async () => {
    let batches = 0;
    const faults = createFaults(({ operation, when }) => {
      if (operation === "batch" && when === "before") batches += 1;
    });
    const store = createMemoryStore();
    await using ledger = await openLedger({ open: async () => faults.wrap(await store.open()) });
    const { log } = await ledger.open("a");
    const before = batches;
    await Promise.all([
      log.append([{ actor: { user: "ada" }, kind: "update" }]),
      ledger.records("keys").put("a", Buffer.from("1")),
      ledger.records("keys").put("b", Buffer.from("2")),
    ]);
    expect(batches - before).toBe(1);
  });

  test("whose put met a failing store is told so, and may be put again", async () => {
    let failing = false;
    const faults = createFaults(({ operation, when }) => {
      if (!failing || operation !== "batch" || when !== "before") return;
      failing = false;
      throw new Error("injected");
    });
    const disk = await createSimulatedDisk();
    await using ledger = await openLedger({
      open: async () => faults.wrap(await disk.open()),
      sleep: async () => undefined,
    });
    const records = ledger.records("keys");
    failing = true;
    await expect(records.put("a", Buffer.from("1"))).rejects.toMatchObject({ code: "unknown-outcome" });
    await expect(records.get("a")).rejects.toMatchObject({ code: "unavailable", transient: true });
    await expect(all(records.entries())).rejects.toMatchObject({ code: "unavailable" });
    while (ledger.status.state !== "ready") {
      await new Promise<void>(resolve => {
        const off = ledger.subscribe(() => {
          off();
          resolve();
        });
      });
    }
    await records.put("a", Buffer.from("1"));
    expect(text(await records.get("a"))).toBe("1");
  });

  test("lies on the disk as it always did", async () => {
    const store = createMemoryStore();
    const ledger = await openLedger({ open: () => store.open() });
    await ledger.records("keys").put("é", Buffer.from("value"));
    await ledger.close();
    await using backend = await store.open();
    const found: string[] = [];
    for await (const [key, value] of backend.range({ gte: Buffer.of(0x60) })) {
      found.push(`${Buffer.from(key).toString("hex")} ${Buffer.from(value).toString("hex")}`);
    }
    expect(found).toEqual(["606b6579730001c3a9 0576616c7565aae80e21"]);
  });

  test("that is not what was written is found, by its reader and by verifying", async () => {
    const store = createMemoryStore();
    const ledger = await openLedger({ open: () => store.open() });
    await ledger.records("keys").put("a", Buffer.from("value"));
    await ledger.close();
    const backend = await store.open();
    for await (const [key, value] of backend.range({ gte: Buffer.of(0x60) })) {
      const flipped = Buffer.from(value);
      flipped[2]! ^= 1;
      await backend.batch([{ type: "put", key, value: flipped }]);
    }
    const issues: VerifyIssue[] = [];
    const summary = await verifyLedger(backend, { onIssue: issue => void issues.push(issue) });
    expect(summary).toMatchObject({ records: 1, issues: 1 });
    expect(issues).toMatchObject([{ code: "corrupted-entry" }]);
    await backend.close();
    await using again = await openLedger({ open: () => store.open() });
    await expect(again.records("keys").get("a")).rejects.toMatchObject({ code: "corrupted" });
  });

  test("has a key and a namespace of text", async () => {
    await using ledger = await openLedger({ open: () => createMemoryStore().open() });
    for (const name of ["", "\ud800", "x".repeat(1025)]) {
      expect(() => ledger.records(name)).toThrow(TypeError);
      await expect(ledger.records("keys").put(name, Buffer.alloc(1))).rejects.toThrow(TypeError);
      await expect(ledger.records("keys").get(name)).rejects.toThrow(TypeError);
    }
  });
});

describe("a record of a document", () => {
  test("is seen in its own document and namespace only, in the order of the keys", async () => {
    await using ledger = await openLedger({ open: () => createMemoryStore().open() });
    const names = ["a", "a\0", "ab"];
    for (const document of names) {
      for (const namespace of names) {
        for (const key of ["2", "1"]) {
          await ledger.documentRecords(document, namespace).put(key, Buffer.from(document + namespace));
        }
      }
    }
    for (const document of names) {
      for (const namespace of names) {
        const records = ledger.documentRecords(document, namespace);
        expect(await all(records.entries())).toEqual(["1", "2"].map(key => `${key}=${document}${namespace}`));
        expect(await all(records.entries({ after: "1" }))).toEqual([`2=${document}${namespace}`]);
      }
    }
    expect(await all(ledger.records("a").entries())).toEqual([]);
  });

  test("that is added is put once, however many try at the same time", async () => {
    await using ledger = await openLedger({ open: () => createMemoryStore().open() });
    const records = ledger.documentRecords("a", "tags");
    const added = await Promise.all(["1", "2", "3"].map(value => records.add("x", Buffer.from(value))));
    expect(added).toEqual([true, false, false]);
    expect(text(await records.get("x"))).toBe("1");
    await records.delete("x");
    expect(await records.add("x", Buffer.from("4"))).toBe(true);
  });
});
