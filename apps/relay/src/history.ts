/**
 * Real editing histories, for tests: from https://github.com/josephg/editing-traces, where they are at hand.
 *
 * They are not part of this repository. Tests that need one say so and skip when it is not there.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export interface HistoryTransaction {
  /** `[position, deleted, inserted]`, one after the other. */
  readonly patches: readonly (readonly [number, number, string])[];
  /** Only in concurrent histories: who, and after which transactions. */
  readonly agent?: number;
  readonly parents?: readonly number[];
}

export interface History {
  readonly endContent: string;
  readonly txns: readonly HistoryTransaction[];
}

/** The file of a history, or `null` when it is not there. */
export function findHistory(name: string): string | null {
  const file = fileURLToPath(new URL(`../../../../shared/data/traces/${name}.json.gz`, import.meta.url));
  return existsSync(file) ? file : null;
}

export function readHistory(file: string): History {
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as History;
}
