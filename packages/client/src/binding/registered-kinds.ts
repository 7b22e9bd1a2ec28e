/** How an application tells its kinds once, so that every id that it names types its document. */
import type { Kinds } from "../kinds.js";

/**
 * Augmented by an application, which gives `createClient` the same kinds:
 * `declare module "@verso/client/binding" { interface Register { kinds: typeof kinds } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: only an interface can be augmented from elsewhere.
export interface Register {}

export type RegisteredKinds = Register extends { readonly kinds: infer K extends Kinds }
  ? K
  : Record<never, never>;
