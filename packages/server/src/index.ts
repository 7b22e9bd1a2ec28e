// Running a relay

// Reading what it has written
export { toChangeEvent } from "./changes.js";
export {
  type Config,
  type ConfigInput,
  type ConfigSources,
  checkConfig,
  defineConfig,
  environmentName,
  level,
  readConfig,
  type SettingName,
  type Storage,
  settingsSchema,
} from "./config.js";
export { ServerError, type ServerErrorCode } from "./errors.js";
export { type ListenOptions, listen, type Relay } from "./listen.js";
export { createLogger } from "./log.js";
export { closeOnSignal } from "./shutdown.js";
export { createReplay } from "./verify.js";
