/** What others test with: the contract of backends, and backends that fail on purpose. */

export { createFaults, type FaultPoint, type Faults } from "./faults.js";
export { createSimulatedDisk, type SimulatedDisk } from "./simulated-disk.js";
export { type StorageFixture, type StorageSuiteOptions, storageSuite } from "./storage-suite.js";
