/**
 * Reads an update from an untrusted place as the whole of a document that nobody has here.
 *
 * The bytes pass the firewall as a full state does. Nothing of them is kept: what comes out is the encoding of the
 * document that they build, with what was deleted collected, and it was read back. Whatever client ids there are stay,
 * those that the relay itself writes under among them.
 */
import {
  encodeChange,
  encodeInverse,
  type JsonObject,
  observePatches,
  type PatchSpan,
  type RootKind,
  type Roots,
  read,
} from "@verso/bridge";
import { createFirewall, type Limits } from "@verso/validation";
import * as Y from "yjs";
import { firewallOptions } from "./document.js";
import { leaveFormatting } from "./formatting.js";

export interface ForeignUpdate {
  readonly update: Uint8Array;
  /** The roots of the document's kind; when there are none, any may come. */
  readonly declared: Roots;
  readonly limits: Limits;
  /** Bytes that its state may have. */
  readonly documentBytes: number;
}

export type ForeignReading =
  | { readonly type: "read"; readonly document: ForeignDocument }
  | {
      readonly type: "update-refused" | "too-large";
      /** The firewall's, or `no-content`, `document-full`, `update-failed` or `update-too-costly`. */
      readonly code: string;
      readonly detail: string;
    };

/** All that a ledger keeps of a first commit. */
export interface ForeignDocument {
  readonly update: Uint8Array;
  readonly change: Uint8Array;
  readonly inverse: Uint8Array;
  readonly roots: Roots;
  readonly content: JsonObject;
}

/** `built` is called when the firewall has passed it, and Yjs gets it. */
export function readForeignUpdate(
  { update, declared, limits, documentBytes }: ForeignUpdate,
  built: () => void,
): ForeignReading {
  const doc = new Y.Doc({ gc: true });
  leaveFormatting(doc);
  const scan = createFirewall(doc, firewallOptions(limits, declared)).scan(update, { fullState: true });
  if (scan.type !== "pass") {
    const type = scan.type === "too-large" ? "too-large" : "update-refused";
    return { type, code: scan.code, detail: scan.detail };
  }
  if (!scan.news) return { type: "update-refused", code: "no-content", detail: "nothing is in it" };

  built();
  let noted: (Pick<ForeignDocument, "change" | "inverse"> & { readonly roots: Roots }) | undefined;
  const observer = observePatches(doc, { roots: declared }, span => {
    noted = {
      change: encodeChange(span.change),
      inverse: encodeInverse(span.inverse()),
      roots: { ...declared, ...appeared(span) },
    };
  });
  Y.applyUpdate(doc, update);
  observer.close();
  if (noted === undefined) throw new Error("Yjs changed a document whose change was not derived.");
  const state = Y.encodeStateAsUpdate(doc);
  if (state.length > documentBytes) {
    const detail = `its state has ${state.length} bytes, ${documentBytes} allowed`;
    return { type: "too-large", code: "document-full", detail };
  }
  // What cannot be read again must not be let in: every later opening would fail.
  const again = new Y.Doc();
  Y.applyUpdate(again, state);
  if (!isWhole(again) || !Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(again))) {
    return { type: "update-refused", code: "update-failed", detail: "it reads back as another document" };
  }
  return { type: "read", document: { ...noted, update: state, content: read(doc, noted.roots) } };
}

/** The roots that a change brought, each with the kind of its first structs. */
function appeared({ change }: PatchSpan): Roots {
  const roots: Record<string, RootKind> = {};
  for (const operation of change) {
    if (operation.type !== "set" || operation.kind === undefined) continue;
    roots[String(operation.key)] = operation.kind;
  }
  return roots;
}

function isWhole({ store }: Y.Doc): boolean {
  return store.pendingStructs === null && store.pendingDs === null;
}
