/** What is old goes, and the history still verifies and opens. */
import { type Commit, createMemoryStore, openLedger, verifyLedger } from "@verso/storage";
import { afterEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { Retention } from "./retention.js";
import { createWorld, type World } from "./testing.js";
import { createReplay } from "./verify.js";

const day = 24 * 60 * 60 * 1000;

let world: World | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** A document that somebody writes to, one commit at a time, and that is let rest in between. */
async function document(retention: Retention) {
  const store = createMemoryStore();
  const running = await createWorld({ open: store.open, options: { retention } });
  world = running;
  const doc = new Y.Doc();
  const ann = running.connect("notes", doc, { user: "ann" });
  const flush = () => running.exchange([ann], 5);
  await flush();
  const kept = async (part: "update" | "change" | "inverse") => {
    const found: Commit[] = [];
    for await (const commit of running.ledger.read("notes")) found.push(commit);
    return found.flatMap(commit => (commit[part] === undefined ? [] : [commit.sequence]));
  };
  return {
    doc,
    kept,
    async write(commits: number) {
      for (let made = 0; made < commits; made++) {
        doc.getText("t").insert(0, "x");
        await flush();
      }
    },
    /** With a snapshot or without one. */
    async rest({ days = 0, snapshot = true } = {}) {
      running.clock.advance(days * day);
      await running.rooms.get("notes").compact(snapshot ? 0 : Number.POSITIVE_INFINITY);
    },
    async expectSound() {
      await running.close();
      world = null;
      const backend = await store.open();
      const issues: unknown[] = [];
      await verifyLedger(backend, {
        onIssue: issue => void issues.push(issue),
        replay: () => createReplay(),
      });
      expect(issues).toEqual([]);
      await backend.close();
      await using ledger = await openLedger({ open: store.open });
      const { snapshot, tail } = await ledger.open("notes");
      const opened = new Y.Doc();
      if (snapshot !== undefined) Y.applyUpdate(opened, snapshot.state);
      for (const { update } of tail) Y.applyUpdate(opened, update!);
      expect(opened.getText("t").toString()).toBe(doc.getText("t").toString());
    },
  };
}

describe("retention", () => {
  it("keeps everything when it says nothing", async () => {
    const { write, rest, kept, expectSound } = await document({ updates: {}, changes: {} });
    await write(5);
    await rest({ days: 100 });
    for (const part of ["update", "change", "inverse"] as const) expect(await kept(part)).toHaveLength(5);
    await expectSound();
  });

  it("lets go of what is too old, of each kind by its own age", async () => {
    const { write, rest, kept, expectSound } = await document({
      updates: { keepDays: 1 },
      changes: { keepDays: 30 },
    });
    await write(3);
    await rest({ days: 2 });
    expect(await kept("update")).toEqual([]);
    expect(await kept("change")).toEqual([1, 2, 3]);
    await write(2);
    await rest({ days: 29 });
    expect(await kept("change")).toEqual([4, 5]);
    expect(await kept("inverse")).toEqual([4, 5]);
    await rest({ days: 30 });
    expect(await kept("change")).toEqual([]);
    await expectSound();
  });

  it("lets go of what is too much, and of what is too old of the rest", async () => {
    const { write, rest, kept, expectSound } = await document({
      updates: { keepCommits: 2 },
      changes: { keepCommits: 4, keepDays: 1 },
    });
    await write(6);
    await rest();
    expect(await kept("update")).toEqual([5, 6]);
    expect(await kept("change")).toEqual([3, 4, 5, 6]);
    await write(1);
    await rest();
    expect(await kept("change")).toEqual([4, 5, 6, 7]);
    await rest({ days: 2 });
    expect(await kept("change")).toEqual([]);
    expect(await kept("update")).toEqual([6, 7]);
    await expectSound();
  });

  it("never lets go of an update that no snapshot stands for", async () => {
    const { write, rest, kept, expectSound } = await document({
      updates: { keepCommits: 0 },
      changes: {},
    });
    await write(3);
    await rest({ snapshot: false });
    expect(await kept("update")).toEqual([1, 2, 3]);
    await rest();
    expect(await kept("update")).toEqual([]);
    await write(2);
    await rest({ snapshot: false });
    expect(await kept("update")).toEqual([4, 5]);
    await expectSound();
  });
});
