// The firewall

// Its answers
export type {
  Barred,
  BarredCode,
  Compensate,
  CompensateCode,
  IdRange,
  News,
  Pass,
  Resync,
  ResyncCode,
  Scan,
  TooLarge,
  TooLargeCode,
} from "./answers.js";
export type { TypeKind } from "./document.js";
export { createFirewall, type Firewall, type FirewallOptions, type ScanOptions } from "./firewall.js";
// Limits
export { defaultLimits, type Limits, resolveLimits } from "./limits.js";
export { checkStateVector, type StateVectorCheck } from "./state-vector.js";
export { updateRanges } from "./update.js";
export { withoutClients } from "./without.js";

// The gate

export type { Actor } from "./actor.js";
export type { Sanitizers } from "./cleaning.js";
export type { ConflictPolicies, ConflictPolicy } from "./conflicts.js";
export { ValidationError, type ValidationErrorCode } from "./errors.js";
export {
  createGate,
  type Gate,
  type GateOptions,
  type Proposal,
  type Transgression,
  type Verdict,
} from "./gate.js";
export { createJudge, type Judge, type KindRules } from "./judge.js";
export { type Match, type Pattern, PatternTree, parsePattern } from "./pattern.js";
export type { Action, Grant, Permission, PermissionPlace, Permissions } from "./permissions.js";
export type { Issue, Severity } from "./verdict.js";

// Schemas

export { jsonSchema } from "./json-schema.js";
export {
  type ProseMirrorMarkType,
  type ProseMirrorNodeType,
  type ProseMirrorOptions,
  type ProseMirrorSchema,
  prosemirror,
} from "./prosemirror.js";
export { createSchemaCheck, type SchemaCheck, type SchemaCheckOptions } from "./schema.js";
export {
  type Allowed,
  type RichTextOptions,
  richText,
  type TextOptions,
  text,
  type XmlNodeOptions,
  type XmlOptions,
  xml,
} from "./text-schema.js";
export { type DocumentReader, type Span, type Touch, touchesOf } from "./touch.js";

// Rules, checks and cleaning that come with it

export {
  email,
  formatPatterns,
  isEmail,
  isIsoDate,
  isIsoDateTime,
  isoDate,
  isoDateTime,
  isPhone,
  isSafeInteger,
  isSlug,
  isUrl,
  isUuid,
  type PhoneOptions,
  phone,
  safeInteger,
  slug,
  type UrlOptions,
  url,
  uuid,
} from "./checks.js";
export {
  type CrossFieldOptions,
  confirmed,
  type OrderedOptions,
  ordered,
  references,
  requiredWhen,
  uniqueBy,
  type When,
} from "./cross-field.js";
export type { Found, Reading } from "./reading.js";
export {
  type Rule,
  type RuleContext,
  type RuleDefinition,
  type RuleOutcome,
  type RuleSetOptions,
  rule,
  type Violation,
} from "./rules.js";
export { type HtmlOptions, html, type Sanitizer } from "./sanitize.js";
export {
  findSuspicions,
  type Suspicion,
  type SuspicionKind,
  type SuspicionOptions,
  type SuspicionRule,
  suspicion,
  suspicionPatterns,
  unsuspicious,
} from "./suspicion.js";
