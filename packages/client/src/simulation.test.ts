/**
 * Everything that goes wrong between devices and a relay, at random and by seed; then it heals, and nothing may be lost,
 * doubled or left over. The relay is the double, which is quick; the real one stands in the same world in `apps/relay`.
 */
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createRelayDouble } from "./relay-double.js";
import { createSimulatedLife } from "./simulated-life.js";
import { createSimulatedWorld } from "./simulated-world.js";

const cases = Math.ceil((Number(process.env.VERSO_CASES ?? 1000) * 3) / 10);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);

describe("the client in a world of faults", () => {
  it(`keeps what was edited, once: ${cases} worlds`, () => {
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) live(seed);
  });
});

function live(seed: number): void {
  const relay = createRelayDouble();
  relay.judge = doc =>
    doc
      .getArray<string>("list")
      .toArray()
      .some(mark => mark.startsWith("bad"))
      ? [{ pointer: "/list", code: "bad", message: "Bad.", severity: "error" }]
      : [];
  const world = createSimulatedWorld({
    relay: { connect: relay.connect, batch: (body, answered) => answered(relay.batch(body)) },
    seed,
  });
  const life = createSimulatedLife(world);
  for (let turn = 0; turn < 100; turn++) {
    const passing = life.happen();
    // To let no time pass would still settle what is under way.
    if (passing > 0) world.pass(passing);
  }
  life.mend();
  world.pass(120_000);
  for (let round = 0; round < 3; round++) {
    life.lookAgain();
    world.pass(60_000);
  }
  const message = `VERSO_SEED=${seed}`;
  const commits = relay.commits("d");
  expect(new Set(commits.map(({ key }) => key)).size, message).toBe(commits.length);
  const replay = new Y.Doc();
  for (const { update } of commits) Y.applyUpdate(replay, update);
  expect(life.faults({ replay, state: relay.doc("d") }), message).toEqual([]);
}
