/** Two cores and a relay that exchange bytes, with nothing around them: what a test runs in an engine without a host. */
import { createRelayDouble } from "./relay-double.js";
import { createSimulatedWorld } from "./simulated-world.js";

export function run() {
  const relay = createRelayDouble();
  const world = createSimulatedWorld({
    relay: { connect: relay.connect, batch: (body, answered) => answered(relay.batch(body)) },
    seed: 1,
  });
  const [one, other] = [world.device().open(), world.device().open()];
  world.settle();
  one.doc.getArray("list").push(["from one"]);
  world.settle();
  other.doc.getArray("list").push(["from two"]);
  world.settle();
  return {
    one: one.doc.getArray("list").toJSON(),
    other: other.doc.getArray("list").toJSON(),
    unsynced: [one.unsyncedChanges, other.unsyncedChanges],
    pushes: relay.messages.filter(({ type }) => type === "push").length,
  };
}
