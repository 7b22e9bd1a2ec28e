"use client";
/** A document in a component. Each hook opens it with the first component that reads it, and lets go of it with the last. */
import type { Document, DocumentOf, Recipe, Rejection, ReplicaStatus, Snapshot } from "@verso/client";
import {
  type Bound,
  bind,
  type Other,
  type Presence,
  type RecentHistory,
  type RegisteredKinds,
  type Store,
  textAt,
} from "@verso/client/binding";
import { useMemo } from "react";
import { useVerso } from "./context.js";
import { type IsEqual, useSelected, useStore } from "./use-store.js";

type Of<Id extends string> = DocumentOf<RegisteredKinds, Id>;
export type Change<T> = (recipe: Recipe<T>) => void;

/** Undo and redo as two buttons want them. */
export interface Undo extends Pick<Bound<unknown>, "undo" | "redo"> {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/** The latest commits, and what makes the document again what it was at one of them. */
export interface History extends RecentHistory, Pick<Bound<unknown>, "restore"> {}

/** The document as JSON, typed by its kind, and what edits it: `change(draft => { draft.title = "New" })`. */
export function useDocument<const Id extends string>(
  documentId: Id,
): readonly [json: Snapshot<Of<Id>>, change: Change<Of<Id>>];
/** What a selector makes of it: the component renders when that is another, by `isEqual`, and else not. */
export function useDocument<const Id extends string, S>(
  documentId: Id,
  selector: (json: Snapshot<Of<Id>>) => S,
  isEqual?: IsEqual<S>,
): readonly [selected: S, change: Change<Of<Id>>];
export function useDocument(
  documentId: string,
  selector?: (json: never) => unknown,
  isEqual?: IsEqual<never>,
): readonly [unknown, unknown] {
  const { json, change } = useBound(documentId);
  return [useSelected(json as Store<never>, selector, isEqual as IsEqual<unknown>), change];
}

/** The open document, for editors: it has `doc` and `awareness`. Null before it is open, and on a server. */
export function useReplica<const Id extends string>(documentId: Id): Document<Of<Id>> | null {
  return useStore(useBound(documentId).replica);
}

/** The text at a JSON Pointer, empty where there is none, and what makes it another one by the least edits. */
export function useText(
  documentId: string,
  pointer: string,
): readonly [text: string, setText: (text: string) => void] {
  const { json, setText } = useBound(documentId);
  const set = useMemo(() => (text: string) => setText(pointer, text), [setText, pointer]);
  return [useSelected(json, value => textAt(value, pointer)), set];
}

/** How far the document is from the relay. */
export function useStatus(documentId: string): ReplicaStatus;
export function useStatus<S>(
  documentId: string,
  selector: (status: ReplicaStatus) => S,
  isEqual?: IsEqual<S>,
): S;
export function useStatus(
  documentId: string,
  selector?: (status: ReplicaStatus) => unknown,
  isEqual?: IsEqual<unknown>,
): unknown {
  return useSelected(useBound(documentId).status, selector, isEqual);
}

/** How many edits of this device the relay has not answered. */
export function useUnsyncedChanges(documentId: string): number {
  return useStore(useBound(documentId).unsyncedChanges);
}

/** What one shows of oneself, and what shows more: `update({ user: { name, color } })`. */
export function usePresence(
  documentId: string,
): readonly [own: Presence, update: (change: Presence) => void] {
  const { self, setPresence } = useBound(documentId);
  return [useStore(self), setPresence];
}

/** What one shows of oneself. */
export function useSelf(documentId: string): Presence;
export function useSelf<S>(documentId: string, selector: (own: Presence) => S, isEqual?: IsEqual<S>): S;
export function useSelf(
  documentId: string,
  selector?: (own: Presence) => unknown,
  isEqual?: IsEqual<unknown>,
): unknown {
  return useSelected(useBound(documentId).self, selector, isEqual);
}

/** Who else has the document open. */
export function useOthers(documentId: string): readonly Other[];
export function useOthers<S>(
  documentId: string,
  selector: (others: readonly Other[]) => S,
  isEqual?: IsEqual<S>,
): S;
export function useOthers(
  documentId: string,
  selector?: (others: readonly Other[]) => unknown,
  isEqual?: IsEqual<unknown>,
): unknown {
  return useSelected(useBound(documentId).others, selector, isEqual);
}

/** Takes back what the user did last, and brings it again. */
export function useUndo(documentId: string): Undo {
  const { undoing, undo, redo } = useBound(documentId);
  return { undo, redo, ...useStore(undoing) };
}

/** The latest commits of anybody, the newest first. They are asked for when this is shown, and kept up with. */
export function useHistory(documentId: string, { limit }: { readonly limit?: number } = {}): History {
  const { history, restore } = useBound(documentId);
  return { restore, ...useStore(history(limit)) };
}

/** The edits of this device that the relay has taken back, the oldest first, and what dismisses one of them. */
export function useRejections(
  documentId: string,
): readonly [rejections: readonly Rejection[], dismiss: (rejection: Rejection) => void] {
  const { rejections, dismiss } = useBound(documentId);
  return [useStore(rejections), dismiss];
}

function useBound<const Id extends string>(documentId: Id): Bound<Of<Id>> {
  return bind(useVerso(), documentId);
}
