/**
 * A document as a relay keeps it, for tests: what arrives passes the firewall, is applied, and is settled by the gate
 * within the same transaction.
 */
import { applyChange, type Change, emptyDocument, observePatches, type Roots } from "@verso/bridge";
import * as Y from "yjs";
import type { Actor } from "./actor.js";
import type { Scan } from "./answers.js";
import type { TypeKind } from "./document.js";
import { createFirewall } from "./firewall.js";
import { createGate, type Verdict } from "./gate.js";
import type { Judge } from "./judge.js";
import type { Issue } from "./verdict.js";

/** What became of an update; without a verdict it was not applied. */
export interface Reception {
  readonly scan: Scan;
  readonly verdict: Verdict | null;
}

export interface ReceiveOptions {
  readonly actor: Actor;
  readonly fullState: boolean;
  /** Whether the actor may bring new structs under a client id. @default under any */
  readonly owns?: (client: number) => boolean;
}

export interface JudgedDocument {
  readonly doc: Y.Doc;
  /** What the changes so far have made of the empty document. */
  readonly json: Parameters<typeof applyChange>[0];
  readonly changes: readonly Change[];
  receive(update: Uint8Array, options: ReceiveOptions): Reception;
  close(): void;
}

export interface JudgedDocumentOptions {
  readonly roots: Roots;
  readonly judge: Judge;
  /** What it begins with, unjudged. */
  readonly state?: Uint8Array;
  /** Estimated work above which an update is left to where it can be stopped. @default none is */
  readonly mostWork?: number;
}

/** Ids that are not for clients. */
const reservedIds = 15;

const shapes = {
  ...{ map: "map", array: "array", text: "text", richText: "text" },
  ...{ xmlText: "text", xmlElement: "element", xmlFragment: "fragment" },
} as const satisfies Record<string, TypeKind>;

export function createJudgedDocument({
  roots,
  judge,
  state,
  mostWork = Number.POSITIVE_INFINITY,
}: JudgedDocumentOptions): JudgedDocument {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const json = emptyDocument(roots) as Parameters<typeof applyChange>[0];
  const changes: Change[] = [];
  const observer = observePatches(doc, { roots }, ({ change }) => {
    applyChange(json, change, "forward");
    changes.push(change);
  });
  if (state !== undefined) Y.applyUpdate(doc, state);
  const gate = createGate(doc, { observer, judge });
  const firewall = createFirewall(doc, {
    roots: Object.fromEntries(Object.entries(roots).map(([name, kind]) => [name, shapes[kind]])),
  });

  return {
    doc,
    json,
    changes,
    receive(update, { actor, fullState, owns = () => true }) {
      const scan = firewall.scan(update, {
        fullState,
        mayWrite: client => client > reservedIds && owns(client),
      });
      const offence = offenceOf(scan);
      const isApplied = offence !== null || (scan.type === "pass" && scan.news);
      if (!isApplied || ("work" in scan && scan.work > mostWork)) return { scan, verdict: null };
      const verdict = doc.transact(transaction => {
        Y.applyUpdate(doc, update);
        return gate.settle(transaction, { actor, offence });
      });
      if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
        throw new Error("An update that passed the firewall left structs pending.");
      }
      return { scan, verdict };
    },
    close() {
      observer.close();
      doc.destroy();
    },
  };
}

/** Applying half a character damages the text of others, and a document in a document cannot be described. */
function offenceOf(scan: Scan): Issue | null {
  if (scan.type !== "compensate") return null;
  if (scan.code === "split-surrogate-pair" || scan.code === "subdocument") return null;
  return { pointer: "", code: scan.code, message: scan.detail, severity: "error" };
}
