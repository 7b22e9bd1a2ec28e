/**
 * Judging edits before they are sent, by the rules of the relay: `@verso/client/judge`.
 *
 * The gate is the relay's own (`@verso/validation`). A refused edit is taken back in the transaction that made it, so what
 * leaves is one update without any of its values; nobody sees it, here or elsewhere.
 */
import { observePatches } from "@verso/bridge";
import { type Actor, createGate, createJudge, type KindRules } from "@verso/validation";
import type { Judging } from "./documents.js";
import { type Kind, kindOf } from "./kinds.js";

/** A kind with what it asks of every edit, as it stands in the relay's configuration. */
export type JudgedKind = Kind & KindRules;

export interface JudgeOptions {
  /** Whom permissions and rules take for the author, as the relay does. @default a user without a name or roles */
  readonly actor?: Actor | undefined;
}

/**
 * What `createClient` takes as `judge`. Policies for conflicts are left to the relay, whose order decides.
 *
 * Throws a `ValidationError` whose path says what in a kind is at fault.
 */
export function judge(
  kinds: Readonly<Record<string, JudgedKind>>,
  { actor = { user: "", session: "", roles: [] } }: JudgeOptions = {},
): Judging {
  const judges = new Map(Object.values(kinds).map(kind => [kind as Kind, createJudge(kind)]));
  return (documentId, doc) => {
    const kind = kindOf(kinds, documentId);
    const observer = observePatches(doc, { roots: kind.roots ?? {} }, () => {});
    const gate = createGate(doc, { observer, judge: judges.get(kind) ?? createJudge({}) });
    return {
      propose(write) {
        const { type, issues } = gate.propose(write, { actor, whole: true });
        return { type: type === "refused" ? "rejected" : "accepted", issues: [...issues] };
      },
      close: () => observer.close(),
    };
  };
}
