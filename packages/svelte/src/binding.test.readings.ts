/** For tests: what a reading of the suite of bindings reads, by states and by stores. */
import type { BindingClient } from "@verso/client/binding";
import type { Reading, Shown } from "@verso/client/testing";
import type { Readable } from "svelte/store";
import {
  DocumentState,
  HistoryState,
  OthersState,
  PresenceState,
  RejectionsState,
  SelfState,
  StatusState,
  TextState,
  UndoState,
  UnsyncedChangesState,
} from "./index.js";
import {
  documentStore,
  historyStore,
  othersStore,
  presenceStore,
  rejectionsStore,
  selfStore,
  statusStore,
  textStore,
  undoStore,
  unsyncedChangesStore,
} from "./stores.js";

type Acts = Omit<Shown, "value">;

/** What gives the value, and what there is to act. To be called while a component is made. */
export function stateOf(reading: Reading, id: () => string): { value: () => unknown; acts: Acts } {
  const { selector: select, isEqual, pointer = "", limit } = reading;
  switch (reading.of) {
    case "document": {
      const document = new DocumentState(id, { select, isEqual });
      return { value: () => document.current, acts: { change: document.change } };
    }
    case "text": {
      const text = new TextState(id, pointer);
      const setText = (value: string) => {
        text.current = value;
      };
      return { value: () => text.current, acts: { setText } };
    }
    case "status": {
      const status = new StatusState(id, { select, isEqual });
      return { value: () => status.current, acts: {} };
    }
    case "unsyncedChanges": {
      const unsynced = new UnsyncedChangesState(id);
      return { value: () => unsynced.current, acts: {} };
    }
    case "presence": {
      const presence = new PresenceState(id);
      return { value: () => presence.current, acts: { update: presence.set } };
    }
    case "self": {
      const self = new SelfState(id, { select, isEqual });
      return { value: () => self.current, acts: {} };
    }
    case "others": {
      const others = new OthersState(id, { select, isEqual });
      return { value: () => others.current, acts: {} };
    }
    case "undo": {
      const undoing = new UndoState(id);
      const { undo, redo } = undoing;
      return {
        value: () => ({ canUndo: undoing.canUndo, canRedo: undoing.canRedo }),
        acts: { undo, redo },
      };
    }
    case "history": {
      const history = new HistoryState(id, { limit });
      return { value: () => history.current, acts: { restore: history.restore } };
    }
    case "rejections": {
      const rejections = new RejectionsState(id);
      return { value: () => rejections.current, acts: { dismiss: rejections.dismiss } };
    }
  }
}

export function storeOf(
  reading: Reading,
  client: BindingClient,
  id: string,
): { store: Readable<unknown>; acts: Acts } {
  const { selector: select, isEqual, pointer = "", limit } = reading;
  switch (reading.of) {
    case "document": {
      const { change, ...store } = documentStore(client, id, { select, isEqual });
      return { store, acts: { change } };
    }
    case "text": {
      const store = textStore(client, id, pointer);
      return { store, acts: { setText: store.set } };
    }
    case "status":
      return { store: statusStore(client, id, { select, isEqual }), acts: {} };
    case "unsyncedChanges":
      return { store: unsyncedChangesStore(client, id), acts: {} };
    case "presence": {
      const store = presenceStore(client, id);
      return { store, acts: { update: store.set } };
    }
    case "self":
      return { store: selfStore(client, id, { select, isEqual }), acts: {} };
    case "others":
      return { store: othersStore(client, id, { select, isEqual }), acts: {} };
    case "undo": {
      const { undo, redo, ...store } = undoStore(client, id);
      return { store, acts: { undo, redo } };
    }
    case "history": {
      const { restore, ...store } = historyStore(client, id, { limit });
      return { store, acts: { restore } };
    }
    case "rejections": {
      const { dismiss, ...store } = rejectionsStore(client, id);
      return { store, acts: { dismiss } };
    }
  }
}
