/** What others test with: the contracts of a persistence and of a binding, and devices whose disks and networks fail. */
export {
  type BindingDriver,
  type BindingSuiteOptions,
  bindingKinds,
  bindingSuite,
  type Mounted,
  type Reading,
  type Shown,
  type View,
} from "./binding-suite.js";
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
