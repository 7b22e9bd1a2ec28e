/**
 * The firewall: judges the bytes of an update before Yjs sees them.
 *
 * Yjs trusts its peers. Seven bytes make it allocate hundreds of megabytes, six can leave a document that nobody
 * can load again, and what it cannot apply yet it keeps, searches at every later update and passes on. So whatever
 * a client sends goes through `scan` first, and only what passes is applied. Then Yjs does not throw, leaves nothing
 * pending, and the document can be encoded and loaded again.
 *
 * The answers differ in what they mean for the sender, and an answer too hard hurts honest people: only what no
 * Yjs client can emit is *barred*; what may merely have come too early, through another tab or a peer, is a *resync*;
 * what Yjs would apply but must not stay is to be *compensated*; what is over a limit is *too large*.
 *
 * A scan is one pass over the bytes (update.ts), one over the structs in the order in which Yjs would take them
 * (follow.ts, which shows what is new to admission.ts), and one over the deletions (deletions.ts).
 */
import type * as Y from "yjs";
import { Admission } from "./admission.js";
import type { Scan } from "./answers.js";
import { Deletions } from "./deletions.js";
import type { TypeKind } from "./document.js";
import { Follower } from "./follow.js";
import { FormatKeys } from "./format-keys.js";
import { type Bounds, type Context, Inspection, REPEATED } from "./inspection.js";
import { type Limits, resolveLimits } from "./limits.js";
import { isKind } from "./place.js";
import { type Block, readBlocks } from "./update.js";

export interface FirewallOptions {
  readonly limits?: Partial<Limits>;
  /**
   * The roots that documents of this kind have, and no others. Without it any root may come, and may hold
   * anything: its kind is for whoever reads it to decide.
   */
  readonly roots?: Readonly<Record<string, TypeKind>>;
}

export interface ScanOptions {
  /** Whether it came as a sync step 2, for which the limits are wider. */
  readonly fullState: boolean;
  /**
   * Whether the sender may bring new structs under this client id. Asked before the answer is known, so it must not
   * change anything. @default everybody may
   */
  readonly mayWrite?: (client: number) => boolean;
}

export interface Firewall {
  /**
   * Judges an update against the document as it is now, which may be in the midst of a transaction. Changes
   * nothing and never throws. What passes must be applied, or dropped for good, before the next scan.
   */
  scan(update: Uint8Array, options: ScanOptions): Scan;
}

export function createFirewall(doc: Y.Doc, { limits, roots }: FirewallOptions = {}): Firewall {
  const resolved = resolveLimits(limits);
  const forUpdate = boundsOf(resolved, { fullState: false });
  const forFullState = boundsOf(resolved, { fullState: true });
  const context: Context = {
    doc,
    roots: roots === undefined ? null : rootsOf(roots),
    rootKinds: new WeakMap(),
    formatKeys: new FormatKeys(),
  };
  return {
    scan(update, { fullState, mayWrite = everybodyMay }) {
      return scan(new Inspection(context, fullState ? forFullState : forUpdate, update), mayWrite);
    },
  };
}

const everybodyMay = () => true;

function rootsOf(roots: Readonly<Record<string, TypeKind>>): Map<string, TypeKind> {
  for (const [name, kind] of Object.entries(roots)) {
    if (!isKind(kind)) throw new TypeError(`roots.${name}: there is no kind ${String(kind)}`);
  }
  return new Map(Object.entries(roots));
}

function boundsOf(limits: Limits, { fullState }: { fullState: boolean }): Bounds {
  const { keyBytes, valueDepth } = limits;
  const stringBytes = fullState ? limits.fullStateStringBytes : limits.updateStringBytes;
  const values = fullState ? limits.fullStateValues : limits.updateValues;
  return {
    ...limits,
    bytes: fullState ? limits.fullStateBytes : limits.updateBytes,
    values,
    ids: fullState ? limits.fullStateIds : limits.updateIds,
    roots: fullState ? limits.fullStateRoots : limits.updateRoots,
    reading: { stringBytes, keyBytes, valueDepth, values: values * REPEATED },
  };
}

function scan(inspection: Inspection, mayWrite: (client: number) => boolean): Scan {
  const { reader, bounds } = inspection;
  if (reader.left > bounds.bytes) {
    reader.exceed("too-many-bytes", `${reader.left} bytes, ${bounds.bytes} allowed`, 0);
  }
  const blocks = readBlocks(reader, bounds.reading, inspection);
  if (inspection.goesOn) meetClients(inspection, blocks, mayWrite);
  if (inspection.goesOn) new Follower(inspection, new Admission(inspection)).run();
  if (inspection.goesOn) new Deletions(inspection).run();
  return inspection.answer();
}

function meetClients(
  inspection: Inspection,
  blocks: readonly Block[],
  mayWrite: (client: number) => boolean,
): void {
  const { reader, bounds, writes } = inspection;
  for (const block of blocks) {
    const { client, from, to, at } = block;
    const progress = inspection.meet(block);
    if (progress === null) {
      // `applyUpdate` would take the second only, `mergeUpdates` both.
      reader.bar("duplicate-client", `structs of client ${client} twice`, at);
      return;
    }
    const { known } = progress;
    if (from > known) {
      inspection.lack("gap", { client, from: known, to: from }, at);
    } else if (to > known) {
      const range = { client, from: known, to };
      if (!mayWrite(client)) inspection.lack("foreign-client", range, at);
      writes.push(range);
      inspection.newLength += to - known;
    }
  }
  if (writes.length > bounds.clients) {
    reader.exceed("too-many-clients", `${writes.length} clients, ${bounds.clients} allowed`, 0);
  }
  if (inspection.newLength > bounds.ids) {
    reader.exceed("too-many-ids", `${inspection.newLength} ids, ${bounds.ids} allowed`, 0);
  }
}
