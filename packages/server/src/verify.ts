/**
 * What the storage cannot verify, since it knows no Yjs: whether the commits mean what they say.
 *
 * For each document the forward patches are replayed, from its empty JSON to the JSON of the document that the updates
 * build, and the reverse patches from there back to where they began; every snapshot is compared with the updates
 * before it. Where retention has let go of the first commits' parts, it begins at the first snapshot behind them.
 */
import {
  applyChange,
  type Change,
  decodeChange,
  emptyDocument,
  jsonEqual,
  type MutableJsonObject,
  read,
} from "@verso/bridge";
import type { Commit, DocumentReplay, Head, VerifyIssue } from "@verso/storage";
import * as Y from "yjs";
import { type Kind, knownRoots } from "./kinds.js";
import { isError, judgeWhole } from "./validity.js";

type Issue = Omit<VerifyIssue, "document">;

export interface ReplayOptions {
  /**
   * The kind of the document, `null` for none: whether it satisfies that is looked at, too.
   * @default it is not looked at
   */
  readonly kind?: Kind | null | undefined;
}

/** A check for one document, to be given to `verifyLedger` or `verifyFolder` for each. Holds its changes in memory. */
export function createReplay({ kind }: ReplayOptions = {}): DocumentReplay {
  /** The document as the updates build it; `null` while some of them are missing. */
  let doc: Y.Doc | null = new Y.Doc();
  /** The state before `changes`; `null` for the empty document. */
  let base: Uint8Array | null = null;
  let changes: { readonly sequence: number; readonly bytes: Uint8Array }[] = [];
  let complete = true;

  return {
    commit({ sequence, update, change }: Commit) {
      if (update === undefined) doc = null;
      else if (doc !== null && update.length > 0) Y.applyUpdate(doc, update);
      if (doc !== null && (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)) {
        doc = null;
        complete = false;
        return [broken(sequence, "its update builds on what no earlier commit brought")];
      }
      if (change === undefined) {
        complete = false;
        changes = [];
      } else {
        changes.push({ sequence, bytes: change });
      }
      return [];
    },

    snapshot({ sequence, state }) {
      const stored = new Y.Doc();
      Y.applyUpdate(stored, state);
      if (doc !== null && !Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(stored))) {
        return [broken(sequence, "its snapshot is not what the updates before it build")];
      }
      doc ??= stored;
      if (!complete && changes.length === 0) {
        base = state;
        complete = true;
      }
      return [];
    },

    end(head: Head | undefined) {
      if (head === undefined || doc === null) return [];
      const replayed = complete ? [...replay(head, doc, base, changes)] : [];
      return kind === undefined ? replayed : [...replayed, ...judge(head, doc, kind)];
    },
  };
}

function judge(head: Head, doc: Y.Doc, kind: Kind | null): Issue[] {
  if (kind === null) return [invalid(head, "its id matches none of the configured kinds")];
  if (kind.judge === null) return [];
  const content = read(doc, { ...kind.roots, ...knownRoots(head.roots) });
  const errors = judgeWhole(kind, content).filter(isError);
  const [first] = errors;
  if (first === undefined) return [];
  const others = errors.length === 1 ? "" : `, and ${errors.length - 1} more`;
  const detail = `it does not satisfy its kind: ${first.code} at ${first.pointer || "/"}${others}`;
  return [invalid(head, detail)];
}

function* replay(
  head: Head,
  doc: Y.Doc,
  base: Uint8Array | null,
  recorded: readonly { readonly sequence: number; readonly bytes: Uint8Array }[],
): Generator<Issue> {
  const changes: { sequence: number; change: Change }[] = [];
  for (const { sequence, bytes } of recorded) {
    try {
      changes.push({ sequence, change: decodeChange(bytes) });
    } catch (error) {
      return yield broken(sequence, `its change cannot be read: ${describe(error)}`);
    }
  }
  const roots = knownRoots(head.roots);
  const begin = () =>
    (base === null ? beginning(roots, changes) : read(build(base), roots)) as MutableJsonObject;
  const json = begin();
  for (const { sequence, change } of changes) {
    const fault = attempt(json, change, "forward");
    if (fault !== null) return yield broken(sequence, `its forward patch does not apply: ${fault}`);
  }
  if (!jsonEqual(json, read(doc, roots))) {
    return yield broken(head.sequence, "the forward patches do not lead to the document");
  }
  for (const { sequence, change } of changes.reverse()) {
    const fault = attempt(json, change, "reverse");
    if (fault !== null) return yield broken(sequence, `its reverse patch does not apply: ${fault}`);
  }
  if (!jsonEqual(json, begin())) {
    yield broken(1, "the reverse patches do not lead back to the beginning");
  }
}

/** The empty document: it has the roots that were declared, and not yet those that appear by a change. */
function beginning(roots: ReturnType<typeof knownRoots>, changes: readonly { readonly change: Change }[]) {
  const appearing = new Set<string>();
  for (const { change } of changes) {
    for (const operation of change) {
      if (operation.type === "set" && operation.kind !== undefined) appearing.add(String(operation.key));
    }
  }
  return emptyDocument(Object.fromEntries(Object.entries(roots).filter(([name]) => !appearing.has(name))));
}

function attempt(json: MutableJsonObject, change: Change, direction: "forward" | "reverse"): string | null {
  try {
    applyChange(json, change, direction);
    return null;
  } catch (error) {
    return describe(error);
  }
}

function build(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return doc;
}

function broken(sequence: number, detail: string): Issue {
  return { code: "invalid-data", severity: "critical", sequence, detail: `commit ${sequence}: ${detail}` };
}

function invalid({ sequence }: Head, detail: string): Issue {
  return { code: "invalid-document", severity: "low", sequence, detail };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
