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
