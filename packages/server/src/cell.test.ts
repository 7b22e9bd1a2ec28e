import { bombs } from "@verso/validation/testing";
import { afterAll, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createCell } from "./cell.js";
import { systemClock } from "./clock.js";

const cell = createCell({ clock: systemClock });
afterAll(() => cell.close());

function state(edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  edit(doc);
  return Y.encodeStateAsUpdate(doc);
}

const structs = (update: Uint8Array) => Y.decodeUpdate(update).structs.length;

describe("a trial", () => {
  it("passes what is ordinary work, on top of what the document has", async () => {
    const before = state(doc => doc.getText("t").insert(0, "what stands"));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, before);
    doc.getText("t").format(0, 4, { bold: true });
    doc.getArray("list").push([new Y.Map([["done", false]]), 2]);
    const update = Y.encodeStateAsUpdate(doc, Y.encodeStateVectorFromUpdate(before));
    expect(await cell.try({ state: [before], update, structs: structs(update) })).toEqual({ type: "passed" });
  });

  it("says what Yjs could not do", async () => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "one");
    const known = Y.encodeStateVector(doc);
    doc.getText("t").insert(3, " two");
    const update = Y.encodeStateAsUpdate(doc, known);
    expect(await cell.try({ state: [], update, structs: 1 })).toMatchObject({
      type: "failed",
      detail: expect.stringContaining("waits"),
    });
  });

  it("ends when it takes too long, and what waits behind it goes on", async () => {
    const bomb = bombs.find(({ name }) => name === "conflict-chain")!;
    const [update] = bomb.payloads() as [Uint8Array];
    const honest = state(doc => doc.getText("t").insert(0, "hello"));
    const answers = [
      cell.try({ state: [], update, structs: structs(update) }),
      cell.try({ state: [], update: honest, structs: 1 }),
    ];
    expect(await Promise.all(answers)).toEqual([{ type: "too-slow" }, { type: "passed" }]);
  });

  it("gives work of many structs more time", async () => {
    const strict = createCell({ clock: systemClock, trialDeadline: 0, trialDeadlinePerStruct: 0 });
    const lenient = createCell({ clock: systemClock, trialDeadline: 0, trialDeadlinePerStruct: 1 });
    const update = state(doc => {
      doc.transact(() => {
        for (let i = 0; i < 2000; i++) doc.getMap("m").set(`key ${i}`, i);
      });
    });
    const trial = { state: [], update, structs: structs(update) };
    expect(await strict.try(trial)).toEqual({ type: "too-slow" });
    expect(await lenient.try(trial)).toEqual({ type: "passed" });
    await Promise.all([strict.close(), lenient.close()]);
  });
});

describe("compaction", () => {
  it("makes one update of many, which reads the same", async () => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < 20; i++) doc.getText("t").insert(i, "x");
    doc.getText("t").delete(3, 10);
    const compacted = await cell.compact({ updates });
    const again = new Y.Doc();
    Y.applyUpdate(again, compacted.state);
    expect(again.getText("t").toString()).toBe("x".repeat(10));
    expect(compacted.stateVector).toEqual(Y.encodeStateVector(doc));
    expect(Y.equalSnapshots(Y.snapshot(again), Y.snapshot(doc))).toBe(true);
  });
});

describe("a closed cell", () => {
  it("does nothing more, and says so", async () => {
    const closed = createCell({ clock: systemClock });
    const waiting = expect(closed.compact({ updates: [] })).rejects.toThrow("shutting down");
    await closed.close();
    await waiting;
    await expect(closed.compact({ updates: [] })).rejects.toThrow("shutting down");
  });
});
