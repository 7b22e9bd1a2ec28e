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

// The gate

export type { Actor } from "./actor.js";
export type { ConflictPolicies, ConflictPolicy } from "./conflicts.js";
export { ValidationError, type ValidationErrorCode } from "./errors.js";
export { createGate, type Gate, type Transgression, type Verdict } from "./gate.js";
export { createJudge, type Judge, type KindRules } from "./judge.js";
export type { Action, Grant, Permission, PermissionPlace, Permissions } from "./permissions.js";
export type { Issue, Severity } from "./verdict.js";
