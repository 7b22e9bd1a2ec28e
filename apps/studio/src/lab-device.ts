/**
 * One device of the lab: a client of its own, with a store, tabs and a bad network of its own, though it shares a browser
 * with the others. What becomes of its edits is read off at those seams, where any program could.
 */
import {
  type ClientError,
  createClient,
  type Document,
  type OutboxRecord,
  type Persistence,
  type ReplicaStore,
  type Tabs,
} from "@verso/client";
import { browserPersistence, browserTabs } from "@verso/client/browser";
import { decodeVersoClientMessage, decodeVersoServerMessage } from "@verso/protocol";
import { Doc } from "yjs";
import { createEditLog, type EditLog } from "./edit-log.js";
import { createLabNetwork, type LabNetwork } from "./lab-network.js";
import { type LinkView, relayOfPage } from "./link.js";
import { createReplicaLink } from "./replica-link.js";

export interface Device {
  readonly replica: Document;
  readonly network: LabNetwork;
  readonly edits: EditLog;
  readonly link: LinkView;
  /** What the store has last failed with; `null` while it keeps what it is told. */
  readonly storageError: ClientError | null;
  /** When the relay is tried again, in milliseconds since 1970; `null` while no attempt waits. */
  readonly nextAttempt: number | null;
  /** Whether there is a network: comes back at once, as when a browser tells its pages. */
  setOnline(online: boolean): void;
  /** Calls back after anything that can be asked here has changed. */
  subscribe(listener: () => void): void;
}

export interface DeviceOptions {
  /** Also the user on whose behalf it acts. */
  readonly name: string;
  readonly documentId: string;
}

/** Milliseconds between two looks at what the device keeps. */
const lookPause = 100;

export function createDevice({ name, documentId }: DeviceOptions): Device {
  const edits = createEditLog();
  let storageError: ClientError | null = null;
  const network = createLabNetwork({
    onSaid(frame) {
      const message = decodeVersoClientMessage(frame);
      if (message.type !== "malformed") edits.said(message);
    },
    onHeard(frame) {
      const message = decodeVersoServerMessage(frame);
      if (message.type !== "malformed") edits.heard(message);
    },
    onEnd: edits.disconnected,
  });
  const shelf = `lab/${name}/`;
  let outboxSince: ReplicaStore["outboxSince"] = async () => [];
  const persistence = observed(browserPersistence({ prefix: shelf }), {
    edits,
    onOpen(store) {
      outboxSince = after => store.outboxSince(after);
    },
    onStored() {
      if (storageError === null) return;
      storageError = null;
      changed();
    },
  });
  let wake = () => {};
  const client = createClient({
    url: relayOfPage(),
    user: name,
    agent: `studio lab, ${name}`,
    persistence,
    tabs: namedTabs(browserTabs(), shelf),
    WebSocket: network.WebSocket,
    fetch: network.fetch,
    onWake(woken) {
      wake = woken;
      return () => {};
    },
  });
  const doc = new Doc();
  // Before the client hears of an edit, and has perhaps sent it at once.
  doc.on("update", (update, _origin, _doc, { local }) => {
    if (local) edits.made({ madeAt: Date.now(), update });
  });
  const replica = client.open(documentId, { doc });
  let isOnline = true;
  let isLooking = false;
  const link = createReplicaLink(replica, () => isOnline);
  const listeners = new Set<() => void>([() => link.update()]);

  replica.on("storage-error", error => {
    storageError = error;
    changed();
  });
  // Reopened, it is the one of the new epoch.
  replica.on("epoch", () => location.reload());
  replica.subscribe(() => {
    if (!replica.status.leads) lookSoon();
    changed();
  });
  edits.subscribe(changed);

  return {
    replica,
    network,
    edits,
    link,
    get storageError() {
      return storageError;
    },
    get nextAttempt() {
      return client.nextAttempt;
    },
    setOnline(online) {
      isOnline = online;
      network.set({ online });
      if (online) wake();
      changed();
    },
    subscribe(listener) {
      listeners.add(listener);
    },
  };

  function changed(): void {
    for (const listener of listeners) listener();
  }

  /** The leading tab sends what this one makes, and hears the answers: here they are seen by what the device still keeps. */
  function lookSoon(): void {
    if (isLooking) return;
    isLooking = true;
    setTimeout(async () => {
      const [read] = await Promise.allSettled([outboxSince(0)]);
      isLooking = false;
      // What cannot be read is told by the client.
      if (read.status === "rejected") return;
      edits.kept(read.value, { after: 0 });
      // It is told of an answer before the store is.
      if (read.value.length > replica.unsyncedChanges) lookSoon();
    }, lookPause);
  }
}

function observed(
  persistence: Persistence,
  {
    edits,
    onOpen,
    onStored,
  }: { edits: EditLog; onOpen: (store: ReplicaStore) => void; onStored: () => void },
): Persistence {
  return {
    open(documentId, epoch) {
      const store = persistence.open(documentId, epoch);
      onOpen(store);
      return {
        ...store,
        async load() {
          const stored = await store.load();
          edits.kept(stored.outbox, { after: 0 });
          return stored;
        },
        async add(draft) {
          try {
            const clientSequence = await store.add(draft);
            onStored();
            edits.stored(draft, clientSequence);
            return clientSequence;
          } catch (error) {
            edits.stored(draft, null);
            throw error;
          }
        },
        async addRemote(updates, meta) {
          await store.addRemote(updates, meta);
          onStored();
        },
        async outboxSince(after) {
          const records: OutboxRecord[] = await store.outboxSince(after);
          edits.kept(records, { after });
          return records;
        },
      };
    },
  };
}

/** The devices of one page are not tabs of one another. */
function namedTabs(tabs: Tabs, prefix: string): Tabs {
  return {
    lead: (name, gained) => tabs.lead(prefix + name, gained),
    channel: (name, receive) => tabs.channel(prefix + name, receive),
  };
}
