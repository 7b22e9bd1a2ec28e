"use client";
/**
 * The same hooks, which suspend until there is something to show: what this device had kept, or what the relay has.
 *
 * A server has neither. There they throw, which makes React send the fallback of the nearest `Suspense` and render what is in
 * it in the browser.
 */
import type { Document, DocumentOf } from "@verso/client";
import { bind, type RegisteredKinds } from "@verso/client/binding";
import * as React from "react";
import { useVerso } from "./context.js";
import * as hooks from "./hooks.js";

export {
  type Other,
  type Presence,
  type RecentHistory,
  type Register,
  type RegisteredKinds,
  shallow,
} from "@verso/client/binding";
export { useVerso, Verso, type VersoProps } from "./context.js";
export type { Change, History, Undo } from "./hooks.js";
export type { IsEqual } from "./use-store.js";

export const useDocument: typeof hooks.useDocument = suspending(hooks.useDocument);
export const useHistory: typeof hooks.useHistory = suspending(hooks.useHistory);
export const useOthers: typeof hooks.useOthers = suspending(hooks.useOthers);
export const usePresence: typeof hooks.usePresence = suspending(hooks.usePresence);
export const useRejections: typeof hooks.useRejections = suspending(hooks.useRejections);
export const useSelf: typeof hooks.useSelf = suspending(hooks.useSelf);
export const useStatus: typeof hooks.useStatus = suspending(hooks.useStatus);
export const useText: typeof hooks.useText = suspending(hooks.useText);
export const useUndo: typeof hooks.useUndo = suspending(hooks.useUndo);
export const useUnsyncedChanges: typeof hooks.useUnsyncedChanges = suspending(hooks.useUnsyncedChanges);

/** The open document, for editors: it has `doc` and `awareness`. */
export const useReplica = suspending(hooks.useReplica) as <const Id extends string>(
  documentId: Id,
) => Document<DocumentOf<RegisteredKinds, Id>>;

function suspending<Hook extends (documentId: string, ...rest: never[]) => unknown>(hook: Hook): Hook {
  const suspended = (documentId: string, ...rest: never[]) => {
    useReady(documentId);
    return hook(documentId, ...rest);
  };
  return suspended as Hook;
}

function useReady(documentId: string): void {
  const isOnServer = React.useSyncExternalStore(followNothing, isFalse, isTrue);
  const client = useVerso();
  if (isOnServer) throw new Error(`${documentId} is rendered in browsers only.`);
  const ready = bind(client, documentId).ready();
  // React 18 has no `use`, and a bundler would say so of `React.use`.
  const use = Reflect.get(React, "use") as typeof React.use | undefined;
  // A component that has waited by `use` has to call it again when it does not wait any more.
  if (use !== undefined) use(ready ?? settled);
  else if (ready !== null) throw ready;
}

/** Marked as React marks the promises that it has seen resolve, so that nobody waits for it. */
const settled = Object.assign(Promise.resolve(), { status: "fulfilled", value: undefined });

function followNothing(): () => void {
  return isFalse;
}

function isFalse(): boolean {
  return false;
}

function isTrue(): boolean {
  return true;
}
