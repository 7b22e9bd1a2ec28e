/**
 * What becomes of a write to a key that was made without having seen what is in force there, by pointer patterns.
 *
 * - `merge`: Yjs decides, as ever.
 * - `server-wins`: it is taken back, with the code `conflict`.
 * - `latest-wins`: the relay's order decides; where Yjs let the later one lose, it is set again.
 */
import { type KeyWrite, type Path, toPointer } from "@verso/bridge";
import { PatternTree, parsePattern } from "./pattern.js";
import type { Issue } from "./verdict.js";

export type ConflictPolicy = "merge" | "server-wins" | "latest-wins";

export type ConflictPolicies = Readonly<Record<string, ConflictPolicy>>;

export interface ConflictCheck {
  readonly patterns: readonly string[];
  /** Whether any write needs to be looked at. */
  readonly empty: boolean;
  check(writes: readonly KeyWrite[]): WriteVerdict;
  /** The policy of a key; `null` where none is given. */
  policyOf(path: Path): ConflictPolicy | null;
}

export interface WriteVerdict {
  /** Writes that must be set again. */
  readonly again: readonly KeyWrite[];
  /** Writes that must go, if they are in force at all. */
  readonly refused: readonly { readonly issue: Issue; readonly inForce: boolean }[];
}

export function createConflicts(policies: ConflictPolicies): ConflictCheck {
  const tree = new PatternTree<ConflictPolicy>();
  for (const [pattern, policy] of Object.entries(policies)) tree.add(parsePattern(pattern), policy);

  return {
    patterns: Object.keys(policies),
    empty: tree.empty,
    check(writes) {
      const again: KeyWrite[] = [];
      const refused: { issue: Issue; inForce: boolean }[] = [];
      for (const write of writes) {
        const policy = tree.at(write.path)[0] ?? "merge";
        if (policy === "server-wins" && !write.informed) {
          refused.push({ issue: unseen(write), inForce: write.inForce });
        } else if (write.hiddenByCompensation || (policy === "latest-wins" && !write.inForce)) {
          again.push(write);
        }
      }
      return { again, refused };
    },
    policyOf: path => tree.at(path)[0] ?? null,
  };
}

function unseen({ path }: KeyWrite): Issue {
  const message = "Somebody else had changed this meanwhile.";
  return { pointer: toPointer(path), code: "conflict", message, severity: "error" };
}
