/**
 * The same as stores of `svelte/store`, for `$document` in components and for code that is no component.
 *
 * Who subscribes opens the document, if he stays; the last who ends that lets go of it.
 */
import type { Document, DocumentOf, Kinds, Rejection, ReplicaStatus, Snapshot } from "@verso/client";
import {
  type BindingClient,
  type Bound,
  bind,
  type Other,
  type Presence,
  type RecentHistory,
  type Store,
  select as selected,
  type Undoing,
} from "@verso/client/binding";
import type { Readable, Writable } from "svelte/store";
import type { Selection } from "./selection.js";
import { textAt } from "./text-at.js";

export type { Selection } from "./selection.js";

export function documentStore<K extends Kinds, const Id extends string, S = Snapshot<DocumentOf<K, Id>>>(
  client: BindingClient<K>,
  id: Id,
  selection: Selection<Snapshot<DocumentOf<K, Id>>, S> = {},
): Readable<S> & Pick<Bound<DocumentOf<K, Id>>, "change" | "patch" | "ready"> {
  const { json, change, patch, ready } = bind(client, id);
  return { ...readable(json, selection), change, patch, ready };
}

/** The text at a JSON Pointer, for `bind:value={$title}`. What is set becomes the least edits of it. */
export function textStore(client: BindingClient, id: string, pointer: string): Writable<string> {
  const { json, setText } = bind(client, id);
  return {
    ...readable<unknown, string>(json, { select: json => textAt(json, pointer) }),
    set: text => setText(pointer, text),
    update: updater => setText(pointer, updater(textAt(json.getSnapshot(), pointer))),
  };
}

export function statusStore<S = ReplicaStatus>(
  client: BindingClient,
  id: string,
  selection: Selection<ReplicaStatus, S> = {},
): Readable<S> {
  return readable(bind(client, id).status, selection);
}

export function unsyncedChangesStore(client: BindingClient, id: string): Readable<number> {
  return readable(bind(client, id).unsyncedChanges);
}

/** What one shows of oneself. What is set is shown beside what one shows already. */
export function presenceStore(
  client: BindingClient,
  id: string,
): Readable<Presence> & { set(change: Presence): void } {
  const { self, setPresence } = bind(client, id);
  return { ...readable(self), set: setPresence };
}

export function selfStore<S = Presence>(
  client: BindingClient,
  id: string,
  selection: Selection<Presence, S> = {},
): Readable<S> {
  return readable(bind(client, id).self, selection);
}

export function othersStore<S = readonly Other[]>(
  client: BindingClient,
  id: string,
  selection: Selection<readonly Other[], S> = {},
): Readable<S> {
  return readable(bind(client, id).others, selection);
}

export function undoStore(
  client: BindingClient,
  id: string,
): Readable<Undoing> & Pick<Bound<unknown>, "undo" | "redo"> {
  const { undoing, undo, redo } = bind(client, id);
  return { ...readable(undoing), undo, redo };
}

export function historyStore(
  client: BindingClient,
  id: string,
  { limit }: { readonly limit?: number | undefined } = {},
): Readable<RecentHistory> {
  return readable(bind(client, id).history(limit));
}

export function rejectionsStore<S = readonly Rejection[]>(
  client: BindingClient,
  id: string,
  selection: Selection<readonly Rejection[], S> = {},
): Readable<S> & Pick<Bound<unknown>, "dismiss"> {
  const { rejections, dismiss } = bind(client, id);
  return { ...readable(rejections, selection), dismiss };
}

/** The open document itself, for editors; `null` before it is open. */
export function replicaStore<K extends Kinds, const Id extends string>(
  client: BindingClient<K>,
  id: Id,
): Readable<Document<DocumentOf<K, Id>> | null> {
  return readable(bind(client, id).replica);
}

function readable<T, S = T>(
  store: Store<T>,
  { select = value => value as unknown as S, isEqual }: Selection<T, S> = {},
): Readable<S> {
  return {
    subscribe(run) {
      const { getSnapshot, subscribe } = selected(store, select, isEqual);
      let told: { readonly value: S } | null = null;
      let end: (() => void) | null = null;
      let isEnded = false;
      tell();
      // Who ends it at once only wanted the value: a server that renders, and `get`. That opens nothing.
      queueMicrotask(() => {
        if (isEnded) return;
        end = subscribe(tell);
        tell();
      });
      return () => {
        isEnded = true;
        end?.();
      };

      function tell(): void {
        const value = getSnapshot();
        if (told !== null && Object.is(told.value, value)) return;
        told = { value };
        run(value);
      }
    },
  };
}
