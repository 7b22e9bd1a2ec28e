/**
 * What people, networks, disks and clocks do in a simulated world, by its chance; and what must hold when all is mended.
 *
 * Everybody writes marks into one list. A mark that begins with `bad` is what the relay must not let in.
 */
import { equalityDeep } from "lib0/function";
import * as Y from "yjs";
import type { Device, Tab, World } from "./simulated-world.js";

export interface SimulatedLife {
  readonly devices: readonly Device[];
  /** Lets one thing happen; gives the milliseconds that are to pass behind it, which may be none. */
  happen(): number;
  /** Ends all faults. */
  mend(): void;
  /** Has every tab look for what it missed and what its disk lacks. */
  lookAgain(): void;
  /** What is lost, doubled or left over, when all is mended. */
  faults(truth: Truth): string[];
}

export interface Truth {
  /** What the relay's commits make. */
  readonly replay: Y.Doc;
  /** What the relay holds. */
  readonly state: Y.Doc;
}

export function createSimulatedLife(world: World): SimulatedLife {
  const devices = Array.from({ length: 1 + world.below(3) }, () => world.device());
  /** Which mark each update has written. */
  const marks = new Map<string, string>();
  /** What anybody tried to delete. */
  const deleted = new Set<string>();
  /** Who wrote what the relay must not let in. */
  const culprits = new Set<Tab>();
  for (const device of devices) device.open();

  return { devices, happen, mend, lookAgain, faults };

  function happen(): number {
    const device = devices[world.below(devices.length)]!;
    const tab = device.tabs[world.below(device.tabs.length)];
    if (world.chance(0.5)) {
      for (let steps = world.below(12); steps > 0; steps--) world.step();
      return 0;
    }
    if (tab !== undefined && world.chance(0.7)) {
      edit(tab);
      return 0;
    }
    const what = world.below(10);
    if (what < 3) return world.below(40_000);
    befall(what, device, tab);
    return 0;
  }

  function befall(what: number, device: Device, tab: Tab | undefined): void {
    switch (what) {
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

  function edit(tab: Tab): void {
    const list = listOf(tab.doc);
    const bad = world.chance(0.1);
    const mark = `${bad ? "bad" : "good"} ${marks.size} ${tab.doc.clientID}`;
    if (bad) culprits.add(tab);
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

  function mend(): void {
    for (const device of devices) {
      device.network = "up";
      device.disk.isFull = false;
      if (device.tabs.length === 0) device.open();
    }
  }

  function lookAgain(): void {
    for (const { tabs } of devices) for (const tab of tabs) tab.handle({ type: "look-again" });
  }

  function faults({ replay, state }: Truth): string[] {
    const found: string[] = [];
    const isSame = (doc: Y.Doc) => equalityDeep(stateOf(doc), stateOf(state));
    const expect = (holds: boolean, otherwise: string) => void (holds || found.push(otherwise));

    const there = listOf(state).toArray();
    expect(isSame(replay), "The commits do not make what the relay holds.");
    expect(new Set(there).size === there.length, "Something is there twice.");
    expect(!there.some(mark => mark.startsWith("bad")), "Something is there that the relay must not let in.");
    for (const [index, { disk, tabs }] of devices.entries()) {
      const at = `device ${index}`;
      for (const tab of tabs) {
        expect(isSame(tab.doc), `A tab of ${at} differs from the relay.`);
        expect(tab.unsyncedChanges === 0, `A tab of ${at} has unsynced changes.`);
        expect(!culprits.has(tab) || tab.rejections.length > 0, `A tab of ${at} was told of no rejection.`);
        expect(
          tab.rejections.every(({ issues }) => issues.length > 0),
          `A tab of ${at} was not told why.`,
        );
      }
      expect(disk.outbox.length === 0, `The outbox of ${at} is not empty.`);
      const stored = new Y.Doc();
      for (const update of disk.updates) Y.applyUpdate(stored, update);
      expect(isSame(stored), `The disk of ${at} differs from the relay.`);
      for (const { update } of disk.kept) {
        const mark = marks.get(keyOf(update))!;
        const isKept = mark.startsWith("bad") || deleted.has(mark) || there.includes(mark);
        expect(isKept, `"${mark}" was on the disk of ${at} and is lost.`);
      }
    }
    return found;
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
