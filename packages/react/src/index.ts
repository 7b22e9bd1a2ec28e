"use client";
// A client for components

export { useVerso, Verso, type VersoProps } from "./context.js";

// A document in a component

export {
  type Change,
  type History,
  type Undo,
  useDocument,
  useHistory,
  useOthers,
  usePresence,
  useRejections,
  useReplica,
  useSelf,
  useStatus,
  useText,
  useUndo,
  useUnsyncedChanges,
} from "./hooks.js";
export type { IsEqual } from "./use-store.js";

// What they are about

export {
  type Other,
  type Presence,
  type RecentHistory,
  type Register,
  type RegisteredKinds,
  shallow,
} from "@verso/client/binding";
