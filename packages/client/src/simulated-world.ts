/**
 * Devices with tabs, disks and networks around cores, one relay, and no time but what is let pass: for tests.
 *
 * Whatever takes time stands in a queue: an operation of a disk, a frame, a message between tabs. A step does the first of
 * one queue; which one is chance, so that what has no order in reality has none here. Nothing is a promise.
 */
import * as prng from "lib0/prng";
import * as Y from "yjs";
import { type CoreInput, type CoreOutput, createCore } from "./core.js";
import type { Rejection } from "./document.js";
import { ClientError } from "./errors.js";
import type { LinkTimer } from "./link.js";
import type { OutboxRecord, ReplicaMeta, StoredReplica } from "./persistence.js";
import type { ReplicaInput, StoreOperation } from "./replica.js";
import { integrated } from "./unrecorded.js";

/** A relay, as a network sees it. It may call back at once or later. */
export interface SimulatedRelay {
  connect(send: (frame: Uint8Array) => void, close: (code: number, reason: string) => void): RelayEnd;
  /** A batch over HTTP; `null` when there is no answer. */
  batch(body: Uint8Array, answered: (answer: Uint8Array | null) => void): void;
}

/** The relay's end of a connection. */
export interface RelayEnd {
  receive(frame: Uint8Array): void;
  close(): void;
}

export interface WorldOptions {
  readonly relay: SimulatedRelay;
  readonly seed: number;
  readonly documentId?: string;
}

export interface World {
  /** Does the first of some queue; says whether there was any. */
  step(): boolean;
  /** Does all there is, and what comes of it. */
  settle(): void;
  /** Lets timers run out that are due within so many milliseconds, one after the other, and does what comes of it. */
  pass(milliseconds: number): void;
  device(): Device;
  /** From 0 to below the end. */
  below(end: number): number;
  chance(probability: number): boolean;
}

export interface Device {
  readonly tabs: readonly Tab[];
  readonly disk: Disk;
  /** Whether what is connected stays so, by which way; `half-open` loses everything and says nothing. */
  network: "up" | "down" | "half-open" | "http-only";
  /** Milliseconds by which its clock is wrong. */
  clockError: number;
  open(): Tab;
  /** Ends all connections; what was under way is lost. */
  cut(): void;
}

export interface Disk {
  isFull: boolean;
  readonly updates: readonly Uint8Array[];
  readonly outbox: readonly OutboxRecord[];
  readonly meta: ReplicaMeta | null;
  /** Every record that was ever kept. */
  readonly kept: readonly OutboxRecord[];
}

export interface Tab {
  readonly doc: Y.Doc;
  readonly unsyncedChanges: number;
  readonly isSynced: boolean;
  readonly isOpen: boolean;
  readonly rejections: readonly Rejection[];
  readonly storageErrors: readonly ClientError[];
  readonly events: readonly string[];
  handle(input: CoreInput): void;
  /** It is gone, with all that it had begun; nothing is said. */
  crash(): void;
}

interface Queue {
  readonly owner: object;
  readonly tasks: (() => void)[];
}

interface Timer {
  readonly owner: object;
  readonly name: string;
  readonly at: number;
  readonly run: () => void;
}

/** Steps after which what settles would have. */
const endless = 10_000;
const start = 1_700_000_000_000;

export function createSimulatedWorld({ relay, seed, documentId = "d" }: WorldOptions): World {
  const gen = prng.create(seed);
  const random = () => prng.real53(gen);
  const below = (end: number) => Math.floor(random() * end);
  let queues: Queue[] = [];
  let timers: Timer[] = [];
  let now = 0;

  const world: World = {
    step() {
      const waiting = queues.filter(({ tasks }) => tasks.length > 0);
      const task = waiting[below(waiting.length)]?.tasks.shift();
      task?.();
      return task !== undefined;
    },
    settle() {
      for (let steps = 0; world.step(); steps++) {
        if (steps > endless) throw new Error("What is done makes ever more to do.");
      }
    },
    pass(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        world.settle();
        const next = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
        if (next === undefined) break;
        timers = timers.filter(timer => timer !== next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
    device: createDevice,
    below,
    chance: probability => random() < probability,
  };
  return world;

  function queue(owner: object): Queue {
    const made = { owner, tasks: [] };
    queues.push(made);
    return made;
  }

  function createDevice(): Device {
    const disk = createDisk();
    let tabs: SimulatedTab[] = [];
    let waitingToLead: SimulatedTab[] = [];

    const device: Device = {
      network: "up",
      clockError: 0,
      disk,
      get tabs() {
        return tabs;
      },
      open() {
        const tab = createTab();
        tabs.push(tab);
        waitingToLead.push(tab);
        lead();
        return tab;
      },
      cut() {
        for (const tab of tabs) tab.cut();
      },
    };
    return device;

    /** Whoever has waited longest has the lock. */
    function lead(): void {
      waitingToLead[0]?.leads();
    }

    interface SimulatedTab extends Tab {
      leads(): void;
      hear(message: Uint8Array): void;
      cut(): void;
    }

    function createTab(): SimulatedTab {
      const doc = new Y.Doc();
      doc.clientID = 16 + below(2 ** 31);
      const core = createCore({ random });
      const inputs: CoreInput[] = [];
      const rejections: Rejection[] = [];
      const storageErrors: ClientError[] = [];
      const events: string[] = [];
      const owner = {};
      const diskQueue = queue(owner);
      const inbox = queue(owner);
      const lockQueue = queue(owner);
      let connection: { end: RelayEnd | null; isDead: boolean; out: Queue; in: Queue } | null = null;
      let isHandling = false;
      let isOpen = true;
      let isLeading = false;
      let failures = 0;
      let failuresTold = 0;

      const tab: SimulatedTab = {
        doc,
        rejections,
        storageErrors,
        events,
        get unsyncedChanges() {
          return core.document(documentId)?.unsyncedChanges ?? 0;
        },
        get isSynced() {
          return core.document(documentId)?.status.synced ?? false;
        },
        get isOpen() {
          return isOpen;
        },
        handle,
        crash() {
          isOpen = false;
          connection?.end?.close();
          connection = null;
          queues = queues.filter(each => each.owner !== owner);
          timers = timers.filter(each => each.owner !== owner);
          tabs = tabs.filter(each => each !== tab);
          waitingToLead = waitingToLead.filter(each => each !== tab);
          doc.destroy();
          lead();
        },
        leads() {
          if (isLeading) return;
          isLeading = true;
          lockQueue.tasks.push(() => tell({ type: "leads" }));
        },
        hear: message => inbox.tasks.push(() => tell({ type: "tab", message })),
        cut() {
          if (connection === null) return;
          hangUp();
          lockQueue.tasks.push(() => handle({ type: "socket-closed", code: 1006, reason: "cut" }));
        },
      };

      handle({
        type: "open",
        documentId,
        openedAt: start + now,
        base: null,
        state: {
          stateVector: () => Y.encodeStateVector(doc),
          diff: stateVector => integrated(doc, stateVector),
        },
      });
      doc.on("update", (update: Uint8Array, origin: unknown) => {
        if (origin === "relay") tell({ type: "remote", update });
        else if (origin === null) {
          tell({ type: "local", madeAt: start + now + device.clockError, update });
        }
      });
      return tab;

      function tell(input: ReplicaInput): void {
        handle({ type: "document", documentId, input });
      }

      function handle(input: CoreInput): void {
        inputs.push(input);
        if (isHandling) return;
        isHandling = true;
        for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
          for (const output of core.handle(next)) perform(output);
        }
        isHandling = false;
      }

      function perform(output: CoreOutput): void {
        switch (output.type) {
          case "want-token":
            lockQueue.tasks.push(() => handle({ type: "token", token: null }));
            return;
          case "connect-socket":
            return connectSocket();
          case "close-socket":
            return hangUp();
          case "send": {
            const { frame } = output;
            const to = connection;
            to?.out.tasks.push(() => {
              if (isAlive(to)) to.end?.receive(frame);
            });
            return;
          }
          case "post":
            return post(output.body);
          case "set-timer":
            return setTimer(output.timer, output.delay, { type: "link-timer", timer: output.timer });
          case "cancel-timer":
            return cancelTimer(output.timer);
          case "event":
            events.push(output.event.type);
            return;
          case "document":
            break;
        }
        const { output: about } = output;
        switch (about.type) {
          case "store":
            return enqueue(about.operation);
          case "apply":
            for (const update of about.updates) Y.applyUpdate(doc, update, about.from);
            return;
          case "tell-tabs":
            for (const other of tabs) if (other !== tab) other.hear(about.message);
            return;
          case "retry-after":
            return setTimer("retry", about.delay, {
              type: "document",
              documentId,
              input: { type: "retry" },
            });
          case "event":
            if (about.event.type === "rejected") rejections.push(about.event.args[0]);
            if (about.event.type === "storage-error") storageErrors.push(about.event.args[0]);
            events.push(about.event.type);
            return;
          case "apply-awareness":
          case "share-awareness":
            return;
        }
      }

      /** Two steps: what is durable may never be told. */
      function enqueue(operation: StoreOperation): void {
        const known = failuresTold;
        diskQueue.tasks.push(() => {
          const isDoomed = operation.type === "add" && known < failures;
          const result = disk.operate(operation, { isDoomed, state: () => Y.encodeStateAsUpdate(doc) });
          const hasFailed = operation.type === "add" && result.type === "store-failed";
          if (hasFailed) failures++;
          diskQueue.tasks.unshift(() => {
            if (hasFailed) failuresTold++;
            tell(result);
          });
        });
      }

      function connectSocket(): void {
        hangUp();
        const made = { end: null as RelayEnd | null, isDead: false, out: queue(owner), in: queue(owner) };
        connection = made;
        made.in.tasks.push(() => {
          if (device.network === "half-open") return;
          if (device.network !== "up") {
            connection = null;
            return handle({ type: "socket-closed", code: 1006, reason: "unreachable" });
          }
          made.end = relay.connect(
            frame =>
              made.in.tasks.push(() => {
                if (connection === made && isAlive(made)) handle({ type: "frame", frame });
              }),
            (code, reason) =>
              made.in.tasks.push(() => {
                if (connection !== made || !isAlive(made)) return;
                hangUp();
                handle({ type: "socket-closed", code, reason });
              }),
          );
          handle({ type: "socket-opened" });
        });
      }

      /** What has lost one frame brings no other. */
      function isAlive(to: { isDead: boolean }): boolean {
        to.isDead ||= device.network === "half-open";
        return !to.isDead;
      }

      function hangUp(): void {
        const old = connection;
        connection = null;
        if (old === null) return;
        old.isDead = true;
        old.end?.close();
        queues = queues.filter(each => each !== old.in && each !== old.out);
      }

      function post(body: Uint8Array): void {
        lockQueue.tasks.push(() => {
          const isThrough = device.network === "up" || device.network === "http-only";
          const isReached = isThrough && !world.chance(0.1);
          // An answer can be lost as well, when all was done.
          const isLost = world.chance(0.1);
          if (!isReached) return handle({ type: "posted", answer: null });
          relay.batch(body, answer => {
            if (isOpen) handle({ type: "posted", answer: isLost ? null : answer });
          });
        });
      }

      function setTimer(name: LinkTimer | "retry", delay: number, input: CoreInput): void {
        cancelTimer(name);
        timers.push({ owner, name, at: now + delay, run: () => handle(input) });
      }

      function cancelTimer(name: string): void {
        timers = timers.filter(timer => timer.owner !== owner || timer.name !== name);
      }
    }
  }
}

interface SimulatedDisk extends Disk {
  operate(
    operation: StoreOperation,
    how: { readonly isDoomed: boolean; readonly state: () => Uint8Array },
  ): ReplicaInput;
}

function createDisk(): SimulatedDisk {
  const kept: OutboxRecord[] = [];
  let updates: Uint8Array[] = [];
  let outbox: OutboxRecord[] = [];
  let meta: ReplicaMeta | null = null;
  let last = 0;

  const disk: SimulatedDisk = {
    isFull: false,
    kept,
    get updates() {
      return updates;
    },
    get outbox() {
      return outbox;
    },
    get meta() {
      return meta;
    },
    operate(operation, { isDoomed, state }) {
      const isWrite = operation.type !== "load" && operation.type !== "read-outbox";
      if (isWrite && (disk.isFull || isDoomed)) {
        return {
          type: "store-failed",
          operation,
          error: new ClientError("storage-full", "The disk is full."),
        };
      }
      switch (operation.type) {
        case "load": {
          const stored: StoredReplica = { updates: [...updates], outbox: [...outbox], meta };
          return { type: "loaded", stored };
        }
        case "read-outbox":
          return { type: "outbox-read", records: [...outbox] };
        case "add": {
          const { madeAt, update } = operation;
          const record = { clientSequence: ++last, madeAt, update };
          outbox.push(record);
          kept.push(record);
          updates.push(update);
          return { type: "added", operation, clientSequence: record.clientSequence };
        }
        case "add-remote":
          updates.push(...operation.updates);
          meta = operation.meta;
          break;
        case "settle":
          outbox = outbox.filter(({ clientSequence }) => !operation.clientSequences.includes(clientSequence));
          break;
        case "compact":
          updates = [state(), ...outbox.map(({ update }) => update)];
          break;
        case "clear":
          updates = [];
          outbox = [];
          meta = null;
          break;
        case "begin-epoch":
          updates = [];
          outbox = [];
          meta = operation.meta;
      }
      return { type: "stored", operation };
    },
  };
  return disk;
}
