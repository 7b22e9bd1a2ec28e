/** What others test with: the contract of a persistence. */
export {
  type PersistenceFixture,
  type PersistenceSuiteOptions,
  persistenceSuite,
} from "./persistence-suite.js";
