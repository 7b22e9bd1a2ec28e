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
}

function live(seed: number): void {
  const relay = createRelayDouble();
  relay.judge = doc =>
    listOf(doc)
      .toArray()
      .some(mark => mark.startsWith("bad"))
      ? [{ pointer: "/list", code: "bad", message: "Bad.", severity: "error" }]
      : [];
  const world = createSimulatedWorld({ relay, seed });
  const devices = Array.from({ length: 1 + world.below(3) }, () => world.device());
  const life: Life = { world, relay, devices, marks: new Map(), deleted: new Set() };
  for (const device of devices) device.open();
  for (let turn = 0; turn < 100; turn++) happen(life);
  heal(life);
  check(life, `seed ${seed}`);
}

function happen(life: Life): void {
  const { world, devices } = life;
  const device = devices[world.below(devices.length)]!;
  const tab = device.tabs[world.below(device.tabs.length)];
  if (world.chance(0.5)) {
    for (let steps = world.below(12); steps > 0; steps--) world.step();
    return;
  }
  if (tab !== undefined && world.chance(0.7)) return edit(life, tab);
  switch (world.below(10)) {
    case 0:
    case 1:
    case 2:
      return world.pass(world.below(40_000));
    case 3:
      return device.cut();
    case 4:
      device.network = (["up", "down", "half-open", "http-only"] as const)[world.below(4)]!;
      return;
    case 5:
      device.disk.isFull = world.chance(0.3);
      return;
    case 6:
      device.clockError = (world.below(3) - 1) * world.below(10 ** 9);
      return;
    case 7:
      return tab?.crash();
    case 8:
      if (device.tabs.length < 3) device.open();
      return;
    case 9:
      return tab?.handle({ type: world.chance(0.5) ? "look-again" : "woken" });
  }
}

function edit({ world, marks, deleted }: Life, tab: Tab): void {
  const list = listOf(tab.doc);
  const bad = world.chance(0.1);
  const mark = `${bad ? "bad" : "good"} ${marks.size} ${tab.doc.clientID}`;
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
  const clocks = Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc)));
  return { list: listOf(doc).toArray(), clocks };
}

function listOf(doc: Y.Doc): Y.Array<string> {
  return doc.getArray<string>("list");
}

function keyOf(update: Uint8Array): string {
  return update.join();
}
