/**
 * The run itself, in a process of its own: started by `main.ts` on the load's CPU and on the Node.js that everybody
 * gets, with the plan as its argument. Writes each measurement to standard output as it is made, as a JSON line.
 *
 * Rounds are outside and participants inside, so that what changes on the machine in an hour falls on all of them.
 */
import { busySeconds, ownSeconds } from "./machine.js";
import type { Plan } from "./plan.js";
import { subjectNames } from "./subjects.js";
import type { Measurement, Participant, Row, Settings, Workload } from "./workload.js";
import { workloads } from "./workloads.js";

const plan = JSON.parse(process.argv[2] ?? "") as Plan;
// Whoever ends the run ends its servers too: they are killed when this process exits.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

for (const name of plan.workloads) {
  const workload = workloads[name];
  for (let round = 0; round < plan.rounds; round++) {
    for (const participant of participantsOf(workload)) await measure(workload, participant, round);
  }
}
process.exit();

function participantsOf({ participants }: Workload): readonly Participant[] {
  const left = subjectNames.filter(name => !plan.subjects.includes(name));
  return participants.filter(({ name }) => !left.some(skipped => skipped === name));
}

async function measure(workload: Workload, { name, title }: Participant, round: number): Promise<void> {
  console.error(`${workload.name} round ${round + 1} of ${plan.rounds}: ${title}`);
  const settings: Settings = { quick: plan.quick, round, trace: plan.trace };
  const begin = { at: performance.now(), busy: busySeconds(), own: ownSeconds() };
  const result = await attempt(() => workload.measure(name, settings));
  const seconds = (performance.now() - begin.at) / 1000;
  const foreign = busySeconds() - begin.busy - (ownSeconds() - begin.own);
  const measurement: Measurement = {
    ...{ workload: workload.name, participant: name, round },
    foreign: Math.max(0, foreign / seconds),
    result,
  };
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
}

/** One that fails at the work does not end the others' run: that it failed is its result. */
async function attempt(work: () => Promise<readonly Row[]>): Promise<Measurement["result"]> {
  try {
    return await work();
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    console.error(`  failed: ${failure}`);
    return { failure };
  }
}
