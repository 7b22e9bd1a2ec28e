import type { VersoClientMessage } from "@verso/protocol";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { ClientError } from "./errors.js";
import type { DocumentMessage } from "./link.js";
import {
  type CoreReplica,
  createReplica,
  type ReplicaInput,
  type ReplicaOutput,
  type ReplicaPhase,
  type StoreOperation,
} from "./replica.js";
import { decodeTabMessage, encodeTabMessage, type TabMessage } from "./tab-messages.js";

const channel = 0;
const update = updateOf(doc => doc.getMap("map").set("a", 1));
const stateVector = new Uint8Array([0]);
const full = new ClientError("storage-full", "Full.");
const fromTab = (message: TabMessage): ReplicaInput => ({ type: "tab", message: encodeTabMessage(message) });
const add = { type: "add", madeAt: 1, update } as const;
const stored = { updates: [], outbox: [], meta: { replicaId: "r", epoch: 1, sequence: 0 } };
const shared = {
  connection: "connected",
  transport: "websocket",
  breaker: "closed",
  loaded: true,
  leads: true,
  synced: true,
  writable: true,
  epoch: 1,
  sequence: 1,
  stopped: null,
  answers: 1,
} as const;

const happenings = {
  loaded: { type: "loaded", stored },
  added: { type: "added", clientSequence: 1, operation: add },
  "outbox read": { type: "outbox-read", records: [] },
  stored: { type: "stored", operation: { type: "settle", clientSequences: [1] } },
  "load failed": { type: "store-failed", operation: { type: "load" }, error: full },
  "add failed": { type: "store-failed", operation: add, error: full },
  "outbox not read": { type: "store-failed", operation: { type: "read-outbox" }, error: full },
  leads: { type: "leads" },
  local: { type: "local", madeAt: 1, update },
  remote: { type: "remote", update },
  awareness: { type: "awareness", update },
  "tab asks": fromTab({ type: "ask", stateVector }),
  "tab leads": fromTab({ type: "lead", stateVector }),
  "tab tells of the relay": fromTab({ type: "state", state: shared }),
  "tab edits": fromTab({
    type: "record",
    record: { clientSequence: 7, madeAt: 1, update },
    isVolatile: false,
  }),
  "tab updates": fromTab({ type: "update", update }),
  "tab settles": fromTab({ type: "settled", clientSequences: [1] }),
  "tab is present": fromTab({ type: "awareness", update, from: "tab" }),
  "tab wants to sync": fromTab({ type: "sync" }),
  "tab has ended": fromTab({ type: "ended", closing: { code: 4403, reason: "no" }, epoch: 0 }),
  "tab was rejected": fromTab({
    type: "rejected",
    rejection: { clientSequence: 1, sequence: 1, verdict: "refused", issues: [], madeAt: 1 },
  }),
  "sync now": { type: "sync-now" },
  "look again": { type: "look-again" },
  retry: { type: "retry" },
} as const satisfies Record<string, ReplicaInput>;

const said = {
  opened: { type: "opened", channel, epoch: 1, sequence: 0, writable: true, stateVector, updates: [] },
  "opened in another epoch": {
    ...{ type: "opened", channel, sequence: 0, writable: true, stateVector, updates: [] },
    epoch: 2,
  },
  synced: { type: "synced", channel, sequence: 1, stateVector, updates: [] },
  update: { type: "update", channel, sequence: 1, update },
  acknowledged: { type: "acknowledged", channel, clientSequence: 1, sequence: 1 },
  rejected: { type: "rejected", channel, clientSequence: 1, sequence: 1, verdict: "refused", issues: [] },
  resync: { type: "resync", channel, stateVector },
  "others are present": { type: "awareness", channel, update },
  "closed for now": { type: "closed", channel, code: 4503, reason: "" },
  "closed for good": { type: "closed", channel, code: 4403, reason: "" },
  "new epoch": { type: "epoch", channel, epoch: 2 },
  erased: { type: "erased", channel },
  moved: { type: "moved", channel, url: "wss://other" },
} as const satisfies Record<string, DocumentMessage>;

const connection = { up: null, down: null };

type Happening = keyof typeof happenings | keyof typeof said | keyof typeof connection;

const all = [...Object.keys(happenings), ...Object.keys(said), ...Object.keys(connection)] as Happening[];
const nothing = Object.fromEntries(all.map(happening => [happening, null])) as Record<Happening, null>;
const toldToEnd = {
  "closed for good": "ended",
  "new epoch": "ended",
  erased: "ended",
  moved: "ended",
  "tab has ended": "ended",
} as const;
const onChannel = {
  ...toldToEnd,
  "opened in another epoch": "ended",
  "closed for now": "offline",
  down: "offline",
} as const;

/**
 * The phase after each happening in each phase; null where it stays. What the relay says comes only while there is a
 * channel, so only then does it stand here.
 */
const table: Record<ReplicaPhase, Partial<Record<Happening, ReplicaPhase | null>>> = {
  loading: { ...local(), loaded: "following", "load failed": "following", "tab has ended": "ended" },
  following: { ...local(), leads: "taking-over", "tab has ended": "ended" },
  "taking-over": {
    ...local(),
    loaded: "offline",
    "load failed": "offline",
    "outbox read": "offline",
    "outbox not read": "offline",
    "tab has ended": "ended",
  },
  offline: { ...local(), up: "opening", "tab has ended": "ended" },
  opening: { ...nothing, ...onChannel, opened: "online" },
  online: { ...nothing, ...onChannel },
  ended: { ...nothing },
};

function local() {
  return Object.fromEntries(
    [...Object.keys(happenings), ...Object.keys(connection)].map(happening => [happening, null]),
  );
}

describe("a document of the core, in every phase", () => {
  for (const [phase, row] of Object.entries(table) as [ReplicaPhase, Record<string, ReplicaPhase | null>][]) {
    it.each(Object.entries(row) as [Happening, ReplicaPhase | null][])(`${phase}: %s`, (happening, next) => {
      const { replica, happen } = replicaIn(phase);
      happen(happening);
      expect(replica.phase).toBe(next ?? phase);
    });
  }
});

describe("a document of the core", () => {
  it("sends a transaction when it is durable, and not before", () => {
    const { happen, sent } = replicaIn("online");
    happen("local");
    expect(pushes(sent)).toEqual([]);
    happen("added");
    expect(pushes(sent)).toEqual([{ type: "push", channel, clientSequence: 1, madeAt: 1, update }]);
  });

  it("sends what cannot be stored all the same, says so once, and writes everything when there is room again", () => {
    const { happen, sent, outputs, operations, replica } = replicaIn("online");
    for (let edits = 0; edits < 2; edits++) {
      happen("local");
      if (edits === 0) happen("add failed");
    }
    const [first, second] = pushes(sent).map(({ clientSequence }) => clientSequence);
    expect(second).toBe(first! + 1);
    expect(
      outputs.filter(output => output.type === "event" && output.event.type === "storage-error"),
    ).toHaveLength(1);
    for (const clientSequence of [first!, second!]) {
      replica.message({ ...said.acknowledged, clientSequence });
    }
    operations.length = 0;
    happen("look again");
    expect(operations[0]).toMatchObject({ type: "add-remote", isWhole: true });
    replica.handle({ type: "stored", operation: operations[0]! });
    happen("local");
    expect(operations.at(-1)).toMatchObject({ type: "add" });
  });

  it("tells other tabs of no edit before those that it may build on, when another tab's disk is full", () => {
    const { happen, replica, tabs } = replicaIn("following");
    happen("local");
    const elsewhere = { clientSequence: 2 ** 40, madeAt: 1, update };
    replica.handle(fromTab({ type: "record", record: elsewhere, isVolatile: true }));
    replica.handle({ type: "local", madeAt: 2, update });
    expect(tabs().filter(({ type }) => type === "record")).toEqual([]);
    expect(replica.unsyncedChanges).toBe(2);
    happen("added");
    expect(tabs().flatMap(message => (message.type === "record" ? [message.record.madeAt] : []))).toEqual([
      1, 2,
    ]);
  });

  it("writes everything once more when something came from the relay while everything was being written", () => {
    const { happen, sent, operations, replica } = replicaIn("online");
    happen("local");
    happen("add failed");
    const { clientSequence } = pushes(sent)[0]!;
    replica.message({ ...said.acknowledged, clientSequence });
    operations.length = 0;
    happen("look again");
    const [whole] = operations;
    expect(whole).toMatchObject({ type: "add-remote", isWhole: true });
    replica.handle({ type: "remote", update });
    replica.handle({ type: "stored", operation: whole! });
    operations.length = 0;
    happen("look again");
    expect(operations[0]).toMatchObject({ type: "add-remote", isWhole: true });
  });

  it("takes out what was rejected and tells of it once, however often it is answered", () => {
    const { happen, outputs, replica } = replicaIn("online");
    happen("local");
    happen("added");
    happen("rejected");
    happen("rejected");
    const events = outputs.filter(output => output.type === "event" && output.event.type === "rejected");
    expect(events).toHaveLength(1);
    expect(replica.unsyncedChanges).toBe(0);
  });

  it("sends again what was not answered when the connection is back, under the same number", () => {
    const { happen, sent } = replicaIn("online");
    happen("local");
    happen("added");
    happen("down");
    happen("up");
    happen("opened");
    expect(pushes(sent).map(({ clientSequence }) => clientSequence)).toEqual([1, 1]);
  });

  it("asks the tab that has begun to lead, which would not have answered before", () => {
    const { replica, tabs } = replicaIn("following");
    const stateVector = Y.encodeStateVector(new Y.Doc());
    replica.handle({ type: "tab", message: encodeTabMessage({ type: "lead", stateVector }) });
    expect(tabs()).toContainEqual({ type: "ask", stateVector });
  });

  it("sends what another tab has added, and says to all when it is settled", () => {
    const { happen, sent, tabs, replica } = replicaIn("online");
    happen("tab edits");
    expect(pushes(sent).map(({ clientSequence }) => clientSequence)).toEqual([7]);
    replica.message({ ...said.acknowledged, clientSequence: 7 });
    replica.handle({ type: "stored", operation: { type: "settle", clientSequences: [7] } });
    expect(tabs()).toContainEqual({ type: "settled", clientSequences: [7] });
  });

  it("asks less and less often for what does not come", () => {
    const { happen, outputs, sent } = replicaIn("online");
    happen("local");
    happen("added");
    for (let asked = 0; asked < 4; asked++) {
      happen("resync");
      happen("resync");
      happen("retry");
    }
    const delays = outputs.flatMap(output => (output.type === "retry-after" ? [output.delay] : []));
    expect(pushes(sent)).toHaveLength(5);
    expect(delays).toEqual([125, 250, 500, 1000]);
  });

  it("gives back what was not sent when the document begins anew, and connects it no more", () => {
    const { happen, outputs, operations, replica } = replicaIn("online");
    happen("local");
    happen("added");
    happen("new epoch");
    const event = outputs.find(output => output.type === "event" && output.event.type === "epoch");
    expect(event).toMatchObject({
      event: { args: [{ epoch: 2, previous: 1, unsent: [{ clientSequence: 1, update }] }] },
    });
    expect(operations.at(-1)).toMatchObject({ type: "begin-epoch", meta: { epoch: 2 } });
    expect(replica.wantsLink).toBe(false);
  });

  it("keeps nothing of a document that was erased", () => {
    const { happen, operations } = replicaIn("online");
    happen("erased");
    expect(operations.at(-1)).toEqual({ type: "clear" });
  });

  it("sends what is neither there nor recorded as one record, in front of those that build on it", () => {
    const old = new Y.Doc();
    old.getArray("list").push(["old"]);
    const newer = Y.encodeStateVector(old);
    const content = Y.encodeStateAsUpdate(old);
    old.clientID++;
    old.getArray("list").push(["new"]);
    const record = { clientSequence: 3, madeAt: 1, update: Y.encodeStateAsUpdate(old, newer) };
    const { happen, sent, replica } = replicaIn("opening", old);
    replica.handle({ type: "tab", message: encodeTabMessage({ type: "record", record, isVolatile: false }) });
    happen("opened");
    const [first, second] = pushes(sent);
    expect(first!.update).toEqual(content);
    expect(second).toMatchObject(record);
  });
});

function replicaIn(phase: ReplicaPhase, doc = new Y.Doc()) {
  const outputs: ReplicaOutput[] = [];
  const sent: VersoClientMessage[] = [];
  const operations: StoreOperation[] = [];
  let isUp = false;
  const state = {
    stateVector: () => Y.encodeStateVector(doc),
    diff: (since: Uint8Array) => Y.encodeStateAsUpdate(doc, since),
  };
  const replica: CoreReplica = createReplica(
    { documentId: "d", state, base: null, openedAt: 0 },
    {
      emit(output) {
        outputs.push(output);
        if (output.type === "store") operations.push(output.operation);
      },
      random: () => 0.5,
      link: { connection: "connected", transport: "websocket", breaker: "closed", stopped: null },
      channel: () => (isUp ? channel : null),
      send: message => sent.push(message),
      evaluate() {},
      succeeded() {},
    },
  );
  const steps: Record<ReplicaPhase, readonly Happening[]> = {
    loading: [],
    following: ["loaded"],
    "taking-over": ["loaded", "leads"],
    offline: ["loaded", "leads", "outbox read"],
    opening: ["loaded", "leads", "outbox read", "up"],
    online: ["loaded", "leads", "outbox read", "up", "opened"],
    ended: ["loaded", "leads", "outbox read", "up", "erased"],
  };
  for (const step of steps[phase]) happen(step);
  expect(replica.phase).toBe(phase);
  outputs.length = 0;
  return {
    replica,
    happen,
    outputs,
    sent,
    operations,
    tabs: () =>
      outputs.flatMap(output => (output.type === "tell-tabs" ? [decodeTabMessage(output.message)] : [])),
  };

  function happen(happening: Happening): void {
    if (happening === "up") {
      isUp = true;
      replica.up({ isBatch: false });
    } else if (happening === "down") {
      isUp = false;
      replica.down();
    } else if (happening in said) replica.message(said[happening as keyof typeof said]);
    else replica.handle(happenings[happening as keyof typeof happenings]);
  }
}

function pushes(sent: readonly VersoClientMessage[]) {
  return sent.filter(message => message.type === "push");
}

function updateOf(edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  edit(doc);
  return Y.encodeStateAsUpdate(doc);
}
