// Running a relay

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
export { type Monitor, monitorOn } from "./monitor.js";
export { closeOnSignal } from "./shutdown.js";
export type { OnStateless, StatelessMessage } from "./stateless.js";

// Who is acting, and what he may do

export { type Access, type AccessAction, defaultAccess } from "./access.js";
export { type Actor, type Profile, toActor } from "./actor.js";
export { type AnonymousOptions, anonymous } from "./anonymous.js";
export type { Auth, Authenticate, AuthenticatedProfile } from "./auth.js";
export type { Credentials } from "./credentials.js";
export { type ClaimNames, type JwtOptions, jwt } from "./jwt.js";
export { createSecretHashing, type SecretHashingOptions } from "./secret-hashing.js";
export { createToken, describeToken } from "./token-routes.js";
export { openTokenStore, type TokenStore } from "./token-store.js";
export { type TokensOptions, tokens } from "./tokens.js";

// Reading what it has written

export { toChangeEvent } from "./changes.js";
export { eraseDocument } from "./erasure.js";
export { describeErasure } from "./erasure-routes.js";
export { createKinds, type Kind, type Kinds, type KindsOptions, knownRoots } from "./kinds.js";
export { proofOf, type Signer } from "./signed-heads.js";
export { createTags, type Tags } from "./tags.js";
export { type Validity, validateLedger } from "./validity.js";
export { createReplay, type ReplayOptions } from "./verify.js";

// The history of documents in a store that no relay uses

export type { History, HistoryEdit, Unrestored, Version } from "./history.js";
export { describeDifference, describeEdit, describeRefusal, describeVersion } from "./history-routes.js";
export { type OpenHistory, type OpenHistoryOptions, openHistory } from "./open-history.js";

// Bringing documents in

export { type ImportOptions, type ImportResult, importDocument } from "./import.js";

// What a kind asks of what is written to its documents

export {
  type Action,
  type ConflictPolicy,
  confirmed,
  email,
  type Grant,
  html,
  isoDate,
  isoDateTime,
  jsonSchema,
  ordered,
  type Permission,
  type Permissions,
  phone,
  prosemirror,
  type Rule,
  references,
  requiredWhen,
  richText,
  rule,
  safeInteger,
  slug,
  suspicion,
  text,
  uniqueBy,
  unsuspicious,
  url,
  uuid,
  xml,
} from "@verso/validation";
