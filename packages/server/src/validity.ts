/**
 * Whether whole documents satisfy their kinds.
 *
 * Edits are judged by what they touch, so a document that is older than its schema may be wrong where nobody edits.
 */
import { type JsonObject, read } from "@verso/bridge";
import { forkOf } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import type { Actor, Issue } from "@verso/validation";
import * as Y from "yjs";
import { type Kind, type Kinds, knownRoots, relayActor } from "./kinds.js";

/** How a stored document stands to its kind. */
export type Validity =
  | { readonly type: "valid"; readonly documentId: string }
  /** With its errors, one at least. */
  | { readonly type: "invalid"; readonly documentId: string; readonly issues: readonly Issue[] }
  /** No pattern matches its id, so no relay opens it. */
  | { readonly type: "unknown-kind"; readonly documentId: string };

/**
 * How every document of a ledger stands to its kind, in the order of their ids. Holds one at a time. Forks are left
 * out: they are judged when they are merged.
 */
export async function* validateLedger(ledger: Ledger, kinds: Kinds): AsyncGenerator<Validity> {
  for await (const { document: documentId } of ledger.documents()) {
    if (forkOf(documentId) !== null) continue;
    const kind = kinds.of(documentId);
    if (kind === null) {
      yield { type: "unknown-kind", documentId };
      continue;
    }
    const issues = kind.judge === null ? [] : judgeWhole(kind, await contentOf(ledger, kind, documentId));
    const errors = issues.filter(isError);
    yield errors.length === 0
      ? { type: "valid", documentId }
      : { type: "invalid", documentId, issues: errors };
  }
}

/** All that is to be said of a document: by schema and rules, and of texts that are not as a sanitiser leaves them. */
export function judgeWhole(
  { judge }: Pick<Kind, "judge">,
  content: JsonObject,
  actor: Actor = relayActor,
): Issue[] {
  return judge === null ? [] : [...judge.judgeDocument(content, actor), ...judge.uncleaned(content)];
}

export function isError({ severity }: Issue): boolean {
  return severity === "error";
}

async function contentOf(ledger: Ledger, kind: Kind, documentId: string): Promise<JsonObject> {
  const { log, snapshot, tail } = await ledger.open(documentId);
  const doc = new Y.Doc();
  try {
    doc.transact(() => {
      if (snapshot !== undefined) Y.applyUpdate(doc, snapshot.state);
      for (const { update } of tail) {
        if (update !== undefined && update.length > 0) Y.applyUpdate(doc, update);
      }
    });
    return read(doc, { ...kind.roots, ...knownRoots(log.head?.roots) });
  } finally {
    doc.destroy();
    await log.close();
  }
}
