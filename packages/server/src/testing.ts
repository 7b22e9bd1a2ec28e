// A relay in simulated time, for tests of what happens between clients, relay and disk
export { createManualClock, type ManualClock } from "./manual-clock.js";
export {
  createWorld,
  type SimulatedClient,
  type World,
  type WorldActor,
  type WorldOptions,
} from "./world.js";
