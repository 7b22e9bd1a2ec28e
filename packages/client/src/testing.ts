/** What others test with: the contract of a persistence, and devices whose disks and networks fail. */
export {
  type PersistenceFixture,
  type PersistenceSuiteOptions,
  persistenceSuite,
} from "./persistence-suite.js";
export { createSimulatedLife, type SimulatedLife, type Truth } from "./simulated-life.js";
export {
  createSimulatedWorld,
  type Device,
  type RelayEnd,
  type SimulatedRelay,
  type Tab,
  type World,
  type WorldOptions,
} from "./simulated-world.js";
