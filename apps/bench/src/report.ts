/** The report in Markdown: machine and versions, figures to reach, a table for everything that was measured. */
import { count, ratio } from "./format.js";
import type { Plan } from "./plan.js";
import { median } from "./statistics.js";
import { describe, judge, type Lookup, targets } from "./targets.js";
import type { Column, Figures, Measurement, Table, Workload, WorkloadName } from "./workload.js";
import { workloads } from "./workloads.js";

/** The circumstances of a run; the first line of its record. */
export interface RunFacts {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  /** Of Verso. */
  readonly commit: string;
  /** `name version` of everything that took part. */
  readonly versions: readonly string[];
  /** The history of W3 and of the long text. */
  readonly history: string;
  readonly plan: Plan;
}

export interface ReportInput {
  readonly facts: RunFacts;
  readonly measurements: readonly Measurement[];
  /** Markdown to take in. */
  readonly notes?: string | undefined;
}

export function renderReport({ facts, measurements, notes }: ReportInput): string {
  const lookup = medians(measurements);
  const asked = targets.filter(({ workload }) => facts.plan.workloads.includes(workload));
  const parts = [
    "# Benchmarks",
    introduction(facts),
    "## Figures to reach",
    "Verso's figure, or its ratio to another's of the same run. Absolute ones were set on two cores of an AMD EPYC.",
    markdownTable(
      ["", "Verso", "to reach", ""],
      asked.map(target => describe(judge(target, lookup))),
    ),
    ...(notes === undefined ? [] : [notes.trim()]),
    ...facts.plan.workloads.flatMap(name => workloadParts(workloads[name], measurements, lookup)),
    "## How to reproduce",
    "Linux with two processors, Node.js, npm and a C compiler (`cc`; only W1 and W5 need it), at the root of the repository:",
    "```sh\nnpm run bench -- --out docs/benchmarks.md\n```",
    "`npm run bench -- --help` lists the options; `apps/bench/README.md` says what each workload does and what it says nothing about.",
  ];
  return `${parts.join("\n\n")}\n`;
}

/** The middle figures over all rounds that have one. */
export function medians(measurements: readonly Measurement[]): Lookup {
  const collected = new Map<string, number[]>();
  for (const { workload, participant, result } of measurements) {
    if ("failure" in result) continue;
    for (const { table, figures } of result) {
      for (const [figure, value] of Object.entries(figures)) {
        const key = keyOf({ workload, table, figure }, participant);
        collected.set(key, [...(collected.get(key) ?? []), value ?? Number.NaN]);
      }
    }
  }
  return (place, participant) => {
    const values = collected.get(keyOf(place, participant));
    return values && (values.some(Number.isNaN) ? Number.NaN : median(values));
  };
}

function keyOf({ workload, table, figure }: Parameters<Lookup>[0], participant: string): string {
  return [workload, table, figure, participant].join("\n");
}

function introduction({ date, machine, node, commit, versions, history, plan }: RunFacts): string {
  const { quick, rounds } = plan;
  const kind = quick ? "A **quick** run: it shows that everything works; its figures say little. " : "";
  return [
    `${kind}${rounds === 1 ? "One round" : `Medians of ${rounds} rounds`}, all subjects in turn in each, servers on one processor and the load on another. Compare figures within this page, not with those of another machine; differences under 1.3x are not to be trusted.`,
    "",
    `- Date: ${date}; Verso at commit ${commit}`,
    `- Machine: ${machine}`,
    `- Node.js ${node} for all; ${versions.join(", ")}`,
    `- History of W3 and of the long text: ${history}`,
  ].join("\n");
}

function workloadParts(
  { name, title, tables, participants }: Workload,
  measurements: readonly Measurement[],
  lookup: Lookup,
): string[] {
  const ours = measurements.filter(({ workload }) => workload === name);
  const measured = participants.filter(participant =>
    ours.some(
      measurement => measurement.participant === participant.name && !("failure" in measurement.result),
    ),
  );
  return [
    `## ${name.toUpperCase()}. ${title}`,
    ...tables.flatMap(table => [
      `### ${table.title}`,
      table.about,
      figuresTable(name, table, measured, lookup),
    ]),
    foreignLoad(ours),
    ...failures(ours, participants),
  ];
}

function figuresTable(
  workload: WorkloadName,
  table: Table,
  participants: Workload["participants"],
  lookup: Lookup,
): string {
  const rows = participants.map(participant => {
    const figures = rowOf(workload, table, participant.name, lookup);
    const cells = table.columns.map(column => {
      const base = column.base && lookup({ workload, table: table.name, figure: column.figure }, column.base);
      return cell(column, figures, column.base === participant.name ? undefined : base || undefined);
    });
    return { title: participant.title, cells };
  });
  // Not everything applies to everybody: a table does not show those who have nothing in it.
  const shown = rows.filter(({ cells }) => cells.some(text => text !== NOTHING));
  return markdownTable(
    ["", ...table.columns.map(({ title }) => title)],
    shown.map(({ title, cells }) => [title, ...cells]),
  );
}

const NOTHING = "–";

function rowOf(workload: WorkloadName, table: Table, participant: string, lookup: Lookup): Figures {
  const figures: Record<string, number> = {};
  // Figures without a column qualify others.
  for (const figure of [...table.columns.map(column => column.figure), ...(table.qualifiers ?? [])]) {
    const value = lookup({ workload, table: table.name, figure }, participant);
    if (value !== undefined) figures[figure] = value;
  }
  return figures;
}

function cell({ figure, show }: Column, figures: Figures, base: number | undefined): string {
  const value = figures[figure];
  if (value === undefined) return NOTHING;
  if (value === null || Number.isNaN(value)) return "failed";
  return base === undefined ? show(value, figures) : `${show(value, figures)} (${ratio(value / base)})`;
}

function foreignLoad(measurements: readonly Measurement[]): string {
  const foreign = measurements.map(measurement => measurement.foreign);
  if (foreign.length === 0) return "Not measured.";
  const [middle, most] = [median(foreign), Math.max(...foreign)].map(value => value.toFixed(2));
  return `Others used ${middle} processors of the machine meanwhile, ${most} at most.`;
}

function failures(measurements: readonly Measurement[], participants: Workload["participants"]): string[] {
  const lines = measurements.flatMap(({ participant, round, result }) => {
    if (!("failure" in result)) return [];
    const title = participants.find(({ name }) => name === participant)?.title ?? participant;
    return [`- ${title} failed in round ${count(round + 1)}: ${result.failure}`];
  });
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(text => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
