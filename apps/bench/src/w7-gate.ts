/**
 * W7: judging one small change that comes from elsewhere, against the same transaction with the bridge alone; and what
 * the firewall and single checks take.
 *
 * Documents and changes are those of W6. The schema has a place for everything in them; there are permissions and a
 * rule, which all changes keep.
 */
import { observePatches, type PatchObserver } from "@verso/bridge";
import {
  createFirewall,
  createGate,
  createJudge,
  createSchemaCheck,
  findSuspicions,
  rule,
  text,
} from "@verso/validation";
import * as Y from "yjs";
import { z } from "zod";
import { count, digits } from "./format.js";
import { TEXT } from "./load.js";
import { changeKinds, RECORDS_ROOT } from "./records.js";
import { median } from "./statistics.js";
import { changesOf, longTextOf, recordsOf, sizes } from "./w6-patches.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

/** Applies an update as a method does it. */
type Apply = (update: Uint8Array) => void;
type Method = (doc: Y.Doc, observer: PatchObserver) => Apply;

const record = z.object({
  id: z.number().int(),
  name: z.string().max(200),
  done: z.boolean(),
  tags: z.array(z.string().max(100)),
  body: text({ maxLength: 100_000 }),
  meta: z.object({ at: z.number(), by: z.string() }),
});
const schema = z.object({
  [RECORDS_ROOT]: z.object({
    records: z.record(z.string(), record),
    order: z.array(z.object({ record: z.string(), weight: z.number() })),
  }),
});
const judges = {
  [RECORDS_ROOT]: createJudge({
    schema,
    permissions: { [`/${RECORDS_ROOT}/records/*`]: { delete: ["editor"], update: () => true } },
    rules: [
      rule({
        name: "named",
        reads: [`/${RECORDS_ROOT}/records/*/name`],
        elementwise: true,
        check: ([names]) => names.every(({ value }) => value !== ""),
      }),
    ],
  }),
  [TEXT]: createJudge({
    schema: z.object({ [TEXT]: text({ maxLength: 50_000_000 }) }),
    permissions: { [`/${TEXT}`]: { insert: () => true, delete: () => true } },
  }),
};
type Root = keyof typeof judges;
const actor = { user: "ann", session: "1", roles: [] };

const methods = {
  bridge: { title: "@verso/bridge alone, the change", watch: () => applying },
  verso: { title: "the same and the gate", watch: judging },
  "verso-firewall": { title: "the same, the gate and the firewall", watch: guarding },
  "whole-zod": { title: "toJSON and zod on the whole document", watch: () => parsing },
} satisfies Record<string, { readonly title: string; watch(root: Root): Method }>;
type MethodName = keyof typeof methods;

const applying: Method = doc => update => {
  doc.transact(() => Y.applyUpdate(doc, update));
};

const parsing: Method = doc => update => {
  doc.transact(() => Y.applyUpdate(doc, update));
  schema.parse({ [RECORDS_ROOT]: doc.getMap(RECORDS_ROOT).toJSON() });
};

function judging(root: Root): Method {
  return (doc, observer) => {
    const gate = createGate(doc, { observer, judge: judges[root] });
    return update => {
      doc.transact(transaction => {
        Y.applyUpdate(doc, update);
        const { type } = gate.settle(transaction, { actor });
        if (type !== "accepted") throw new Error(`A change that keeps all rules is ${type}.`);
      });
    };
  };
}

function guarding(root: Root): Method {
  return (doc, observer) => {
    const firewall = createFirewall(doc, { roots: { [root]: root === TEXT ? "text" : "map" } });
    const apply = judging(root)(doc, observer);
    return update => {
      const { type } = firewall.scan(update, { fullState: false });
      if (type !== "pass") throw new Error(`An honest update is ${type}.`);
      apply(update);
    };
  };
}

const BUDGET_MS = { full: 600, quick: 150 };
const MOST_CHANGES = 20_000;
const FEWEST_CHANGES = 5;
const CHECKS = 2_000;

export const gateCost: Workload = {
  name: "w7",
  title: "Judging one small change",
  participants: Object.entries(methods).map(([name, { title }]) => ({ name, title })),
  tables: [
    {
      name: "gate",
      title: "Microseconds a change",
      about:
        "Changes and documents are those of W6, all valid. Schema, permissions and a rule cover what is changed. Times include the transaction.",
      columns: [
        ...sizes.flatMap(({ name }) =>
          changeKinds.map(kind => ({ figure: `${kind} ${name}`, title: `${name} ${kind}` })),
        ),
        { figure: "long-text", title: "long text" },
      ].map(column => ({ ...column, show: microseconds, base: "bridge" })),
    },
    {
      name: "checks",
      title: "Microseconds for one of them",
      about:
        "The firewall's scan of an update that sets a name in the document of 85 KB; the schema's check of that field, and of a whole record; a search for suspicions in a text of 100,000 characters.",
      columns: [
        { figure: "firewall", title: "firewall", show: microseconds },
        { figure: "field", title: "a field", show: microseconds },
        { figure: "entity", title: "an entity", show: microseconds },
        { figure: "suspicion", title: "suspicions in 100 kB", show: microseconds },
      ],
    },
  ],
  async measure(participant, settings) {
    const rows: Row[] = [{ table: "gate", figures: measureMethod(participant as MethodName, settings) }];
    if (participant === "verso") rows.push({ table: "checks", figures: measureChecks() });
    return rows;
  },
};

function microseconds(value: number): string {
  return value >= 1000 ? count(value) : digits(value);
}

function measureMethod(method: MethodName, settings: Settings): Figures {
  const budgetMs = settings.quick ? BUDGET_MS.quick : BUDGET_MS.full;
  const figures: Record<string, number | null> = {};
  const [smallest] = sizes;
  if (smallest !== undefined) {
    // Or the first figure would be that of code that is being compiled.
    const { bytes } = smallest;
    const state = Y.encodeStateAsUpdate(recordsOf(bytes).doc);
    for (const kind of changeKinds) {
      timeChanges(method, RECORDS_ROOT, { state, updates: changesOf(bytes, kind), budgetMs });
    }
  }
  for (const { name, bytes } of settings.quick ? sizes.slice(0, 2) : sizes) {
    const state = Y.encodeStateAsUpdate(recordsOf(bytes).doc);
    for (const kind of changeKinds) {
      const work = { state, updates: changesOf(bytes, kind), budgetMs };
      figures[`${kind} ${name}`] = timeChanges(method, RECORDS_ROOT, work);
    }
  }
  if (method !== "whole-zod") {
    figures["long-text"] = timeChanges(method, TEXT, { ...longTextOf(settings), budgetMs });
  }
  return figures;
}

interface Work {
  readonly state: Uint8Array;
  readonly updates: readonly Uint8Array[];
  readonly budgetMs: number;
}

/** Median microseconds of one change. Of the first quarter, in which code gets compiled, nothing counts. */
function timeChanges(method: MethodName, root: Root, { state, updates, budgetMs }: Work): number {
  const times: number[] = [];
  let spent = 0;
  while ((spent < budgetMs && times.length < MOST_CHANGES) || times.length < FEWEST_CHANGES) {
    const doc = new Y.Doc();
    doc.clientID = 1;
    Y.applyUpdate(doc, state);
    const observer = observePatches(doc, { roots: { [root]: root === TEXT ? "text" : "map" } }, () => {});
    const apply = methods[method].watch(root)(doc, observer);
    for (const update of updates) {
      const begin = performance.now();
      apply(update);
      const taken = performance.now() - begin;
      times.push(taken);
      spent += taken;
      if (spent >= budgetMs && times.length >= FEWEST_CHANGES) break;
    }
  }
  return median(times.slice(times.length >> 2)) * 1000;
}

function measureChecks(): Figures {
  const { doc } = recordsOf(sizes[1]!.bytes);
  const updates = changesOf(sizes[1]!.bytes, "set");
  const relay = new Y.Doc();
  Y.applyUpdate(relay, Y.encodeStateAsUpdate(doc));
  const firewall = createFirewall(relay, { roots: { [RECORDS_ROOT]: "map" } });
  const scans = updates.map(update => {
    const taken = timeOf(() => firewall.scan(update, { fullState: false }));
    Y.applyUpdate(relay, update);
    return taken;
  });

  const json = doc.getMap(RECORDS_ROOT).toJSON() as { records: Record<string, Record<string, unknown>> };
  const check = createSchemaCheck(z.object({ record }));
  const one = json.records.record0!;
  const name = one.name as string;
  const fieldCheck = createSchemaCheck(z.object({ name: z.string().max(200) }));
  const prose = "He said: select the union of both, drop by at the table, or 1 of us = you. ".repeat(1_333);
  const options = { sql: "error", script: "error", traversal: "error" } as const;
  return {
    firewall: median(scans.slice(scans.length >> 2)) * 1000,
    field: middleOf(() => fieldCheck.checkAll({ name })),
    entity: middleOf(() => check.checkAll({ record: one as never })),
    suspicion: middleOf(() => findSuspicions(prose, options)),
  };
}

function middleOf(run: () => unknown): number {
  const times = Array.from({ length: CHECKS }, () => timeOf(run));
  return median(times.slice(CHECKS >> 2)) * 1000;
}

function timeOf(run: () => unknown): number {
  const begin = performance.now();
  run();
  return performance.now() - begin;
}
