/** What the kernel knows of processes and of the machine: processor time, memory, names. Linux only. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

/** The CPU that servers run on, and the CPU of the load, as `taskset` names them. */
export const serverCpu: string = process.env.BENCH_SERVER_CPU ?? "0";
export const loadCpu: string = process.env.BENCH_LOAD_CPU ?? "1";

const TICKS_A_SECOND = 100;

/** A process and all that descend from it, parents first. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    const fields = Number.isInteger(pid) ? statOf(pid) : null;
    if (fields === null) continue;
    const parent = Number(fields[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Processor seconds that a process has used, of all its threads, user and system; 0 when it is gone. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return fields === null ? 0 : (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Processor seconds of this process and of the processes that it started and that have ended. */
export function ownSeconds(): number {
  const fields = statOf(process.pid) ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
}

/** Processor seconds that anybody has used on this machine. */
export function busySeconds(): number {
  const [, ...fields] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.trim().split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND;
}

/** Memory in use by a process (`VmRSS`), or the most it ever used (`VmHWM`), in MiB; 0 when it is gone. */
export function memoryOf(pid: number, what: "VmRSS" | "VmHWM"): number {
  const status = readProc(`/proc/${pid}/status`);
  const kib = status === null ? undefined : new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1];
  return Number(kib ?? 0) / 1024;
}

/** Makes `VmHWM` begin anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** One line: processor, cores, memory, kernel, system. */
export function describeMachine(): string {
  const system = /PRETTY_NAME="(.*)"/.exec(readProc("/etc/os-release") ?? "")?.[1] ?? "Linux";
  const cores = cpus();
  return [
    `${cores.length} x ${cores[0]?.model.trim() ?? "unknown processor"}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${system}, Linux ${release()}`,
  ].join(", ");
}

/** The fields of /proc/PID/stat behind the name, which may hold anything: state, parent, … (`man 5 proc`). */
function statOf(pid: number): string[] | null {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Processes end while they are looked at: what is gone is null. */
function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
