/**
 * The client's devices in a world of faults, at a real relay: rooms, rules and ledger, whose power is cut now and then.
 *
 * The relay has its own time, which passes with that of the devices. Between two of their steps it does everything that
 * needs no time.
 */

import { createRandom } from "@verso/bridge/testing";
import { createSimulatedLife, createSimulatedWorld, type SimulatedRelay } from "@verso/client/testing";
import { createWorld, type World } from "@verso/server/testing";
import { openLedger } from "@verso/storage";
import { createSimulatedDisk, type SimulatedDisk } from "@verso/storage/testing";
import { rule } from "@verso/validation";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";

const cases = Math.ceil((Number(process.env.VERSO_CASES ?? 1000) * 3) / 10);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);
/** Milliseconds that pass at once. */
const tick = 500;

const documents = {
  "*": {
    roots: { list: "array" },
    schema: z.object({ list: z.array(z.string()) }),
    rules: [
      rule({
        name: "no-bad",
        reads: ["/list"],
        check: ([list]) =>
          Array.isArray(list) && list.some(mark => String(mark).startsWith("bad")) ? "Bad." : true,
      }),
    ],
  },
} as const;

describe("clients and a relay in a world of faults", () => {
  it(`keep what was edited, once: ${cases} worlds`, { timeout: 600_000 }, async () => {
    const lived = { commits: 0, refused: 0, powerCuts: 0 };
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
      const { commits, refused, powerCuts } = await live(seed);
      lived.commits += commits;
      lived.refused += refused;
      lived.powerCuts += powerCuts;
    }
    // A simulation in which nothing goes wrong proves nothing.
    expect(lived.commits).toBeGreaterThan(5 * cases);
    expect(lived.refused).toBeGreaterThan(cases / 4);
    expect(lived.powerCuts).toBeGreaterThan(cases / 4);
  });
});

async function live(seed: number) {
  const message = `VERSO_SEED=${seed}`;
  const random = createRandom(seed);
  const disk = await createSimulatedDisk();
  const relay = await createRelay(disk);
  const world = createSimulatedWorld({ relay, seed });
  const life = createSimulatedLife(world);
  let powerCuts = 0;

  for (let turn = 0; turn < 100; turn++) {
    await pass(life.happen());
    if (random.below(3) > 0) await relay.settle();
    if (random.below(50) > 0) continue;
    powerCuts++;
    await relay.cutPower();
  }
  life.mend();
  await pass(120_000);
  for (let round = 0; round < 3; round++) {
    life.lookAgain();
    await pass(60_000);
  }
  const state = await relay.state();
  await relay.close();

  const replay = new Y.Doc();
  const kinds: string[] = [];
  await using ledger = await openLedger({ open: disk.open });
  for await (const { update, kind, notes } of ledger.read("d")) {
    kinds.push(kind);
    if (update !== undefined) Y.applyUpdate(replay, update);
    if (kind === "refused") expect(notes.issues, message).not.toEqual([]);
  }
  expect(life.faults({ replay, state }), message).toEqual([]);
  return { commits: kinds.length, refused: kinds.filter(kind => kind === "refused").length, powerCuts };

  async function pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= tick) {
      world.pass(Math.min(tick, left));
      await relay.pass(Math.min(tick, left));
    }
  }
}

interface Relay extends SimulatedRelay {
  settle(): Promise<void>;
  pass(milliseconds: number): Promise<void>;
  /** The process and its machine die and are started again; the disk is all that is left. */
  cutPower(): Promise<void>;
  /** The document as its room holds it. */
  state(): Promise<Y.Doc>;
  close(): Promise<void>;
}

async function createRelay(disk: SimulatedDisk): Promise<Relay> {
  let era = await begin();

  return {
    connect(send, close) {
      const { world, ends } = era;
      /** What was sent while the relay does not read. */
      let held: Uint8Array[] | null = null;
      let isOpen = true;
      const end = (code: number, reason: string) => {
        if (!isOpen) return;
        isOpen = false;
        ends.delete(end);
        close(code, reason);
      };
      const session = world.verso.connect(
        {
          backlog: 0,
          bytesTaken: 0,
          send({ messages }) {
            if (isOpen) for (const message of messages) send(message);
          },
          onDrain() {},
          pause() {
            held ??= [];
          },
          resume() {
            const frames = held ?? [];
            held = null;
            for (const frame of frames) receive(frame);
          },
          close: end,
          trust() {},
        },
        caller,
      );
      ends.add(end);
      return {
        receive,
        close() {
          isOpen = false;
          ends.delete(end);
          session.onClose();
        },
      };

      function receive(frame: Uint8Array): void {
        if (held !== null) held.push(frame);
        else if (isOpen) session.onMessage(frame);
      }
    },
    batch(body, answered) {
      const { world, ends } = era;
      const end = (_: number, __: string, answer: Uint8Array | null = null) => {
        if (ends.delete(end)) answered(answer);
      };
      ends.add(end);
      void world.verso.answerBatch(body, caller).then(answer => end(1000, "", answer));
    },
    settle: () => era.world.settle(),
    async pass(milliseconds) {
      era.world.clock.advance(milliseconds);
      await era.world.settle();
    },
    async cutPower() {
      const { ends, power } = era;
      power.on = false;
      await disk.crash();
      for (const end of [...ends]) end(1006, "The power is off.");
      era = await begin();
    },
    async state() {
      const doc = new Y.Doc();
      const reading = era.world.rooms.get("d").view(({ answer }) => {
        for (const update of answer(Y.encodeStateVector(doc))) Y.applyUpdate(doc, update);
      });
      await era.world.settle();
      await reading;
      return doc;
    },
    close: () => era.world.close(),
  };

  async function begin() {
    const power = { on: true };
    const world: World = await createWorld({
      documents,
      open: () => (power.on ? disk.open() : Promise.reject(new Error("The power is off."))),
    });
    return { world, power, ends: new Set<(code: number, reason: string) => void>() };
  }
}

const caller = { address: "127.0.0.1", headers: {} };
