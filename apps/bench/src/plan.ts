/** What a run is asked to do, from the command line. */
import { parseArgs } from "node:util";
import { type SubjectName, subjectNames } from "./subjects.js";
import type { WorkloadName } from "./workload.js";
import { workloads } from "./workloads.js";

export interface Plan {
  readonly workloads: readonly WorkloadName[];
  /** W6 and W7 compare methods; those always take part. */
  readonly subjects: readonly SubjectName[];
  readonly quick: boolean;
  readonly rounds: number;
  readonly trace?: string;
}

export interface Invocation {
  readonly plan: Plan;
  /** Where the report goes; to standard output if nowhere else. */
  readonly out?: string;
  /** Where measurements go as JSON lines, as they are made. */
  readonly json?: string;
  /** A record of such lines to report on instead of measuring. */
  readonly from?: string;
  /** Markdown that the report takes in: why a figure is missed. */
  readonly notes?: string;
}

export const usage = `npm run bench -- [options]

  --quick            a few minutes: small, one round; shows that all works, not how fast
  --only LIST        workloads: ${Object.keys(workloads).join(",")}
  --subjects LIST    ${subjectNames.join(",")}
  --rounds N         rounds of which the median is taken (default 3)
  --trace FILE       recorded history for W3 and the long text of W6 and W7 (.json.gz of editing-traces, sequential)
  --out FILE         write the report there instead of to standard output
  --json FILE        write every measurement there, one JSON object a line
  --from FILE        measure nothing, report on such a file
  --notes FILE       Markdown to take into the report

Environment: BENCH_NODE (Node.js that runs everybody), BENCH_SERVER_CPU, BENCH_LOAD_CPU (0 and 1), BENCH_TMP (for data).`;

/** Reads the arguments; null asks for help. Throws a `TypeError` that says what is wrong with them. */
export function parseInvocation(args: readonly string[]): Invocation | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ quick: { type: "boolean" }, help: { type: "boolean" } },
      ...{ only: { type: "string" }, subjects: { type: "string" }, rounds: { type: "string" } },
      ...{ trace: { type: "string" }, out: { type: "string" }, json: { type: "string" } },
      ...{ from: { type: "string" }, notes: { type: "string" } },
    },
  });
  if (values.help === true) return null;
  const { quick = false, only, subjects, rounds = quick ? "1" : "3", trace, ...files } = values;
  if (!/^[1-9]\d?$/.test(rounds))
    throw new TypeError(`--rounds takes a number from 1 to 99, not "${rounds}".`);
  return {
    plan: {
      workloads: choose(only, Object.keys(workloads) as WorkloadName[], "--only"),
      subjects: choose(subjects, subjectNames, "--subjects"),
      quick,
      rounds: Number(rounds),
      ...(trace !== undefined && { trace }),
    },
    ...files,
  };
}

function choose<T extends string>(
  list: string | undefined,
  names: readonly T[],
  option: string,
): readonly T[] {
  if (list === undefined) return names;
  const chosen = new Set(list.split(",").map(name => name.trim()));
  for (const name of chosen) {
    if (!names.some(known => known === name)) {
      throw new TypeError(`${option} takes ${names.join(", ")}, not "${name}".`);
    }
  }
  return names.filter(name => chosen.has(name));
}
