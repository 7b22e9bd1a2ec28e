/**
 * Everything that goes wrong between devices and a relay, at random and by seed; then it heals, and nothing may be lost,
 * doubled or left over.
 */
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createRelayDouble, type RelayDouble } from "./relay-double.js";
import { createSimulatedWorld, type Device, type Tab, type World } from "./simulated-world.js";

const cases = Math.ceil((Number(process.env.VERSO_CASES ?? 1000) * 3) / 10);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);

describe("the client in a world of faults", () => {
  it(`keeps what was edited, once: ${cases} worlds`, () => {
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) live(seed);
  });
});

interface Life {
  readonly world: World;
  readonly relay: RelayDouble;
  readonly devices: Device[];
  /** Which mark each update has written. */
  readonly marks: Map<string, string>;
  /** What anybody tried to delete. */
  readonly deleted: Set<string>;
  edits: number;
}

function live(seed: number): void {
  const began = Date.now();
  const relay = createRelayDouble();
  relay.judge = doc =>
    listOf(doc)
      .toArray()
      .some(mark => mark.startsWith("bad"))
      ? [{ pointer: "/list", code: "bad", message: "Bad.", severity: "error" }]
      : [];
  const world = createSimulatedWorld({ relay, seed });
  const devices = Array.from({ length: 1 + world.below(3) }, () => world.device());
  const life: Life = { world, relay, devices, marks: new Map(), deleted: new Set(), edits: 0 };
  for (const device of devices) device.open();
  for (let turn = 0; turn < 100; turn++) happen(life);
  try { heal(life); } catch (e) { console.log("SEED", seed); for (const d of devices) for (const t of d.tabs) console.log(seed, (t as any).debug, t.events.slice(-12).join(), d.disk.outbox.length);
 (globalThis as any).TRACE = 1; for (let i=0;i<40;i++) world.step(); throw e}
  if (process.env.DEBUG) for (const d of devices) for (const t of d.tabs) console.log(seed, (t as any).debug, t.events.slice(-12).join(), d.disk.outbox.length);
  if (process.env.DEBUG) console.log("seed", seed, Date.now() - began, "ms", relay.messages.length, relay.messages.filter(m=>m.type==="push").length, relay.messages.filter(m=>m.type==="hello").length);
  check(life, `seed ${seed}`);
}

function happen(life: Life): void {
  if (process.env.TRACEMARK) for (const [di,d] of life.devices.entries()) for (const t of d.tabs) { const has = listOf(t.doc).toArray().some(m=>m.startsWith(process.env.TRACEMARK!)); if (has) console.log("turn", di, t.doc.clientID, (t as any).debug.slice(0,3).join(), "leads", (t as any).debug[3].includes('"leads":true')); }

  const { world, devices } = life;
  const device = devices[world.below(devices.length)]!;
  const tab = device.tabs[world.below(device.tabs.length)];
  if (world.chance(0.5)) for (let steps = world.below(12); steps > 0; steps--) world.step();
  else if (tab !== undefined && world.chance(0.7)) edit(life, tab);
  else if (world.chance(0.3)) world.pass(world.below(40_000));
  else if (world.chance(0.2)) device.cut();
  else if (world.chance(0.2))
    device.network = (["up", "down", "half-open", "http-only"] as const)[world.below(4)]!;
  else if (world.chance(0.2)) device.disk.isFull = !device.disk.isFull;
  else if (world.chance(0.3)) device.clockError = (world.below(3) - 1) * world.below(10 ** 9);
  else if (world.chance(0.4)) tab?.crash();
  else if (device.tabs.length < 3) device.open();
  else tab?.handle({ type: world.chance(0.5) ? "look-again" : "woken" });
}

function edit({ world, marks, deleted, ...life }: Life, tab: Tab): void {
  const list = listOf(tab.doc);
  const bad = world.chance(0.1);
  const mark = `${bad ? "bad" : "good"} ${marks.size} ${tab.doc.clientID}`;
  void life;
  tab.doc.once("update", update => marks.set(keyOf(update), mark));
  tab.doc.transact(() => {
    if (!bad && list.length > 0 && world.chance(0.2)) {
      const index = world.below(list.length);
      deleted.add(list.get(index));
      list.delete(index);
    }
    list.insert(world.below(list.length + 1), [mark]);
  });
}

function heal({ world, devices }: Life): void {
  for (const device of devices) {
    device.network = "up";
    device.disk.isFull = false;
    if (device.tabs.length === 0) device.open();
  }
  world.pass(120_000);
  // What other tabs missed, and disks lack, is looked for now and then.
  for (let round = 0; round < 3; round++) {
    for (const { tabs } of devices) for (const tab of tabs) tab.handle({ type: "look-again" });
    world.pass(60_000);
  }
}

function check({ relay, devices, marks, deleted }: Life, message: string): void {
  const truth = relay.doc("d");
  const replay = new Y.Doc();
  for (const { update } of relay.commits("d")) Y.applyUpdate(replay, update);
  expect(stateOf(replay), message).toEqual(stateOf(truth));
  const keys = relay.commits("d").map(({ key }) => key);
  expect(new Set(keys).size, message).toBe(keys.length);
  const there = listOf(truth).toArray();
  expect(new Set(there).size, message).toBe(there.length);
  expect(
    there.filter(mark => mark.startsWith("bad")),
    message,
  ).toEqual([]);
  for (const { disk, tabs } of devices) {
    for (const tab of tabs) {
      expect(stateOf(tab.doc), message).toEqual(stateOf(truth));
      expect(tab.unsyncedChanges, message).toBe(0);
    }
    expect(disk.outbox, message).toEqual([]);
    const stored = new Y.Doc();
    for (const update of disk.updates) Y.applyUpdate(stored, update);
    expect(stateOf(stored), message).toEqual(stateOf(truth));
    for (const { update } of disk.kept) {
      const mark = marks.get(keyOf(update))!;
      if (mark.startsWith("good") && !deleted.has(mark)) expect(there, message).toContain(mark);
    }
  }
}

function stateOf(doc: Y.Doc) {
  const { pendingStructs, pendingDs } = doc.store;
  const clocks = Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc)));
  return { list: listOf(doc).toArray(), clocks, pendingStructs, pendingDs };
}

function listOf(doc: Y.Doc): Y.Array<string> {
  return doc.getArray<string>("list");
}

function keyOf(update: Uint8Array): string {
  return update.join();
}
