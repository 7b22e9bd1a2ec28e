/**
 * The thread in which `gate-fuzz.test.ts` lets spoilt and real updates loose on a judged document: one with little
 * memory, that can be stopped.
 *
 * Before each update it notes where it is, so that whoever watches can say what it died of.
 */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import { gunzipSync } from "node:zlib";
import { read } from "@verso/bridge";
import * as Y from "yjs";
import { z } from "zod";
import type { Actor } from "./actor.js";
import { arbitraryUpdate } from "./arbitrary.js";
import { between, createRandom, honestHistory } from "./honest.js";
import { createJudge } from "./judge.js";
import { createJudgedDocument, type JudgedDocument, type Reception } from "./judged-document.js";
import { mutate } from "./mutate.js";
import { type Owners, playRealTraffic } from "./real-traffic.js";
import { rule } from "./rules.js";
import { text } from "./text-schema.js";

export interface Task {
  readonly traffic: "spoilt" | "made up" | "real" | "recorded";
  readonly firstSeed: number;
  readonly seeds: number;
  readonly updatesPerSeed: number;
  /** The seed and the number of the update that is being received. */
  readonly progress: Int32Array;
}

export type Report =
  | { readonly type: "failed"; readonly message: string }
  | {
      readonly type: "done";
      readonly updates: number;
      /** How many there were of each answer of the firewall, and of each verdict. */
      readonly outcomes: Readonly<Record<string, number>>;
      /** Milliseconds of the longest. */
      readonly longest: number;
    };

const roots = { map: "map", array: "array", text: "richText", xml: "xmlFragment" } as const;
/** Milliseconds of processor time for one update. */
const patience = 250;
/** Work from which an update is tried elsewhere first. */
const mostWork = 1_000;
/** How many updates that changed it a document sees before the next begins. */
const editsPerDocument = 8;

const nobodyIsSlow = { deadline: Number.POSITIVE_INFINITY };
const noEmoji = z.string().refine(value => !value.includes("😀"), "is no word");
const words: z.ZodType = z.lazy(() =>
  z.union([noEmoji, z.number(), z.boolean(), z.null(), z.array(words), z.record(z.string(), words)]),
);
const strict = createJudge(
  {
    schema: z.object({
      map: z.record(z.string().max(20), words),
      array: z.array(words).max(40),
      text: z.unknown(),
      xml: z.unknown(),
    }),
    permissions: { "/map/title": ["editor"], "/map/m~0n": { delete: ["editor"] } },
    conflicts: { "/map/a": "server-wins", "/map/b": "latest-wins" },
    sanitize: { "/map/0": value => value.trim() },
    rules: [
      rule({
        name: "not-both",
        reads: ["/map/x~1y", "/map/ "],
        check: ([one, other]) => typeof one !== "number" || typeof other !== "number",
      }),
    ],
  },
  nobodyIsSlow,
);
const onlyText = createJudge(
  {
    schema: z.object({ text: text({ maxLength: 1_000_000 }) }),
    permissions: { "/text": { insert: () => true, update: () => true, delete: () => true } },
  },
  nobodyIsSlow,
);
const author: Actor = { user: "ann", session: "1", roles: [] };

/** Asks everything, and nothing that does not hold. */
const lenient = createJudge(
  {
    schema: z.object({
      map: z.record(z.string(), z.unknown()),
      array: z.array(z.unknown()),
      text: z.unknown(),
      xml: z.unknown(),
    }),
    permissions: { "/map": () => true, "/array/*": { insert: () => true, delete: () => true } },
    conflicts: { "/map/b": "latest-wins" },
    rules: [rule({ name: "all-is-well", reads: ["/map/*", "/text"], check: () => true })],
  },
  nobodyIsSlow,
);

const outcomes: Record<string, number> = {};
let updates = 0;
let longest = 0;

const task = workerData as Task;
const run = { spoilt: spoil, "made up": spoil, real: playReal, recorded: playRecorded }[task.traffic];
parentPort?.postMessage(perform());

function perform(): Report {
  const { firstSeed, seeds, progress } = task;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    progress[0] = seed;
    progress[1] = 0;
    try {
      run(seed);
    } catch (cause) {
      const what = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      return { type: "failed", message: `VERSO_SEED=${seed}, update ${progress[1]}: ${what}` };
    }
  }
  return { type: "done", updates, outcomes, longest };
}

/** Receives one update, within its time. */
function receive(document: JudgedDocument, ...what: Parameters<JudgedDocument["receive"]>): Reception {
  task.progress[1]!++;
  updates++;
  // Of the whole process, in which nobody else does anything: more than this thread's own, if anything.
  const begun = process.cpuUsage();
  const reception = document.receive(...what);
  const { user, system } = process.cpuUsage(begun);
  const taken = (user + system) / 1000;
  longest = Math.max(longest, taken);
  ensure(taken < patience, `it took ${taken} ms`);
  const { scan, verdict } = reception;
  outcomes[scan.type] = (outcomes[scan.type] ?? 0) + 1;
  if (verdict !== null) outcomes[verdict.type] = (outcomes[verdict.type] ?? 0) + 1;
  return reception;
}

/** A history in the midst of which updates come that were spoilt, or that mean anything. */
function spoil(seed: number): void {
  const random = createRandom(seed);
  const { updates, docs } = honestHistory({ seed, edits: between(random, 5, 60) });
  const count = between(random, 0, updates.length);
  const before = [Uint8Array.of(0, 0), ...updates.slice(0, count)];
  const victims = [
    ...updates.slice(count),
    ...before.slice(-5),
    ...docs.map(doc => Y.encodeStateAsUpdate(doc)),
    Y.mergeUpdates([...before.slice(-1), ...updates.slice(count)]),
  ];
  const state = Y.mergeUpdates(before);
  // Half of the documents satisfied their schema when they were opened.
  const conforms = seed % 2 === 0;
  let edits = 0;
  let document = begin();
  for (let i = 0; i < task.updatesPerSeed; i++) {
    const update =
      task.traffic === "made up"
        ? arbitraryUpdate(random, document.doc)
        : mutate(random, victims[between(random, 0, victims.length - 1)]!, victims);
    try {
      const fullState = between(random, 0, 1) === 1;
      const { verdict } = receive(document, update, { actor: author, fullState });
      if (verdict === null) continue;
      expectSound(document, { conforms });
      if (++edits % editsPerDocument > 0) continue;
      expectLoads(document.doc);
      document.close();
      document = begin();
    } catch (cause) {
      const what = cause instanceof Error ? cause.stack : String(cause);
      throw new Error(`${what}\n${hex(update)}`, { cause });
    }
  }
  expectLoads(document.doc);
  document.close();

  function begin(): JudgedDocument {
    if (!conforms) return createJudgedDocument({ roots, judge: strict, state, mostWork });
    const document = createJudgedDocument({ roots, judge: strict, mostWork });
    document.receive(state, { actor: author, fullState: true });
    return document;
  }
}

function expectSound({ doc, json }: JudgedDocument, { conforms }: { conforms: boolean }): void {
  ensure(doc.clientID === 1, "the relay has another client id");
  ensure(
    isDeepStrictEqual(read(doc, roots), json),
    `the changes do not lead to the document: ${JSON.stringify([read(doc, roots), json])}`,
  );
  if (!conforms) return;
  const issues = strict.judgeDocument(json, author).filter(({ severity }) => severity === "error");
  ensure(issues.length === 0, `the document is not valid: ${JSON.stringify(issues)}`);
}

/**
 * Not that it shows the same: of neighbours in the wrong order, which no client gives to a struct, Yjs makes an order
 * that depends on when it heard of them.
 */
function expectLoads(doc: Y.Doc): void {
  const loaded = new Y.Doc();
  Y.applyUpdate(loaded, Y.encodeStateAsUpdate(doc));
  ensure(loaded.store.pendingStructs === null && loaded.store.pendingDs === null, "pending when loaded");
  ensure(String(Y.encodeStateVector(loaded)) === String(Y.encodeStateVector(doc)), "loads as another");
  read(loaded, roots);
}

/** What people do whose tabs are stock clients: all of it must enter. */
function playReal(seed: number): void {
  // In half of the worlds ids belong to people, who then bring nobody's edits but their own.
  const isOwned = seed % 2 === 0;
  const relay = createJudgedDocument({ roots, judge: lenient });
  let owners: Owners = new Map();
  const docs = playRealTraffic(
    {
      ...{ seed, deliveries: task.updatesPerSeed, relay: relay.doc, strangersRelay: !isOwned },
      deliver({ update, fullState, user }) {
        const owns = (client: number) => !isOwned || owners.get(client) === user;
        const actor: Actor = { user, session: "1", roles: [] };
        mustEnter(receive(relay, update, { actor, fullState, owns }));
      },
    },
    known => {
      owners = known;
    },
  );
  expectSound(relay, { conforms: false });
  const vector = String(Y.encodeStateVector(relay.doc));
  for (const doc of docs) {
    ensure(String(Y.encodeStateVector(doc)) === vector, "a tab does not know what the relay knows");
    ensure(isDeepStrictEqual(read(doc, roots), read(relay.doc, roots)), "a tab shows something else");
  }
  relay.close();
}

function mustEnter({ scan, verdict }: Reception): void {
  ensure(scan.type === "pass", `it is ${scan.type}: ${"code" in scan ? scan.code : ""}`);
  const issues = verdict?.issues ?? [];
  ensure(issues.length === 0, `there are issues: ${JSON.stringify(issues)}`);
}

interface Recorded {
  readonly txns: readonly {
    /** Indexes of what its author had seen; without any, the one before. */
    readonly parents?: readonly number[];
    readonly agent?: number;
    readonly patches: readonly (readonly [position: number, deleted: number, inserted: string])[];
  }[];
}

/** Two people who wrote a text together once: edit by edit, or some edits of one of them merged. */
function playRecorded(seed: number): void {
  const random = createRandom(seed);
  const file = new URL("../../../../shared/data/traces/friendsforever-concurrent.json.gz", import.meta.url);
  const { txns } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Recorded;
  const relay = createJudgedDocument({ roots: { text: "text" }, judge: onlyText });
  const made: { readonly agent: number; readonly update: Uint8Array }[] = [];
  const people = [0, 1].map(i => {
    const doc = new Y.Doc();
    doc.clientID = between(random, 16, 0xffff_ffff);
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "heard") made.push({ agent: i, update });
    });
    return { doc, heard: 0 };
  });
  for (const { agent = 0, parents = [], patches } of txns) {
    const { doc, heard } = people[agent]!;
    const seen = Math.max(heard, ...parents.map(parent => parent + 1));
    for (const { agent: other, update } of made.slice(heard, seen)) {
      if (other !== agent) Y.applyUpdate(doc, update, "heard");
    }
    people[agent]!.heard = seen;
    const text = doc.getText("text");
    doc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        text.delete(position, deleted);
        text.insert(position, inserted);
      }
    });
  }
  for (let i = 0; i < made.length; ) {
    const most = between(random, 0, 9) === 0 ? between(random, 2, 50) : 1;
    const { agent } = made[i]!;
    const run = made.slice(i, i + most);
    const end = run.findIndex(({ agent: other }) => other !== agent);
    const merged = run.slice(0, end < 0 ? most : end).map(({ update }) => update);
    const update = merged.length === 1 ? merged[0]! : Y.mergeUpdates(merged);
    const actor = { user: `agent ${agent}`, session: "1", roles: [] };
    const owns = (client: number) => client === people[agent]!.doc.clientID;
    mustEnter(receive(relay, update, { actor, fullState: merged.length > 1, owns }));
    i += merged.length;
  }
  const [{ doc }] = people as [{ doc: Y.Doc }, unknown];
  for (const { update } of made) Y.applyUpdate(doc, update, "heard");
  ensure(String(relay.doc.getText("text")) === String(doc.getText("text")), "the text is not its authors'");
  relay.close();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function ensure(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
