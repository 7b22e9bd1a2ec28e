/**
 * Reads the deletions of an update, which come after its structs, and judges each range as it comes.
 *
 * A client sends everything that it ever saw deleted with each sync step 2, so most ranges are old, and there can be
 * many: nothing is kept of them. Ranges of a client are in order and apart, so one walk along its structs is enough.
 */
import { clientCount, endOf, indexOf, itemOf, partsPair, type StoredStruct, structsOf } from "./document.js";
import type { Inspection, Progress } from "./inspection.js";
import { type Block, DELETED, MAX_CLOCK, partsNewPair, structIndex } from "./update.js";

export class Deletions {
  readonly #inspection: Inspection;

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  run(): void {
    const inspection = this.#inspection;
    const { reader, bounds, doc } = inspection;
    const start = reader.pos;
    const clients = reader.count();
    if (clients > bounds.clients + clientCount(doc) + inspection.clients.length) {
      reader.exceed("too-many-clients", `deletions of ${clients} clients`, start);
    }
    const seen = clients > 1 ? new Set<number>() : null;
    let ranges = 0;
    for (let left = clients; left > 0 && inspection.goesOn; left--) {
      const at = reader.pos;
      const client = reader.uint();
      const count = reader.count();
      if (seen?.has(client)) reader.bar("duplicate-client", `deletions of client ${client} twice`, at);
      seen?.add(client);
      ranges += count;
      if (!inspection.mayHold(ranges)) reader.exceed("too-many-deletes", `${ranges} deleted ranges`, at);
      this.#runClient(client, count);
    }
    for (const progress of inspection.clients) {
      if (progress.longEntries !== null) this.#passEntries(progress, MAX_CLOCK, MAX_CLOCK);
    }
    if (inspection.goesOn && reader.left > 0) {
      reader.bar("trailing-bytes", `${reader.left} bytes after the update`);
    }
  }

  #runClient(client: number, count: number): void {
    const inspection = this.#inspection;
    const { reader, bounds } = inspection;
    const structs = structsOf(inspection.doc, client);
    const known = endOf(structs);
    const progress = inspection.progressOf(client);
    const block = progress?.block;
    const end = block === undefined || block.from > known ? known : Math.max(known, block.to);
    let index = 0;
    let previous = 0;
    for (let i = 0; i < count && inspection.goesOn; i++) {
      const at = reader.pos;
      const from = reader.uint();
      const length = reader.uint();
      const to = from + length;
      if (!inspection.goesOn) return;
      if (length === 0) reader.bar("zero-length", "a deleted range of no length", at);
      if (to > MAX_CLOCK) reader.bar("impossible-clock", `a deletion up to clock ${to}`, at);
      if (from < previous) reader.bar("unsorted-deletes", "deleted ranges that overlap or go back", at);
      if (!inspection.goesOn) return;
      previous = to;
      if (to > end) inspection.lack("unknown-delete", { client, from: Math.max(from, end), to }, at);

      if (progress !== undefined && progress.longEntries !== null) this.#passEntries(progress, from, to);

      let isNew = false;
      if (structs !== undefined && from < known) {
        index = indexOf(structs, from, index);
        isNew = this.#deletesStored(structs, index, from, Math.min(to, known), at);
      }
      if (block !== undefined && to > known && from < end) {
        // Where the known part ends, Yjs cuts a struct that is new in part, deleted or not.
        const parts = (from > known && partsNewPair(block, from)) || partsNewPair(block, to);
        if (parts) inspection.partPair(at);
        isNew = deletesNew(block, Math.max(from, known), Math.min(to, end)) || isNew;
      }
      if (isNew && ++inspection.newDeletes > bounds.structs) {
        reader.exceed("too-many-deletes", `more than ${bounds.structs} new deleted ranges`, at);
      }
    }
  }

  /** Whether something in the range is not deleted yet. `index` is that of the struct that holds `from`. */
  #deletesStored(
    structs: readonly StoredStruct[],
    index: number,
    from: number,
    to: number,
    at: number,
  ): boolean {
    let isNew = false;
    this.#cut(structs[index]!, from, at);
    for (let i = index; i < structs.length && structs[i]!.id.clock < to; i++) {
      const struct = structs[i]!;
      if (struct.deleted) continue;
      isNew = true;
      this.#cut(struct, to, at);
      const item = itemOf(struct);
      if (item !== null) this.#inspection.work.erase(item);
    }
    return isNew;
  }

  /** Passes the entries of several values that end within or before a deleted range, which must hold them whole. */
  #passEntries(progress: Progress, from: number, to: number): void {
    const { longEntries, known } = progress;
    for (; progress.entriesSeen < longEntries!.length; progress.entriesSeen++) {
      const { clock, length, at } = longEntries![progress.entriesSeen]!;
      if (clock + length > to) return;
      if (Math.max(clock, known) < from)
        this.#inspection.offend("wrong-shape", "an entry of several values", at);
    }
  }

  /** Yjs cuts what is not deleted yet at both ends of a range (`readAndApplyDeleteSet`). */
  #cut(struct: StoredStruct, clock: number, at: number): void {
    const item = itemOf(struct);
    if (item === null || item.deleted) return;
    const offset = clock - item.id.clock;
    if (offset <= 0 || offset >= item.length) return;
    this.#inspection.work.cut();
    if (partsPair(item, offset)) this.#inspection.partPair(at);
  }
}

/** Whether something in the range, all of which is new, is not deleted as it comes. */
function deletesNew(block: Block, from: number, to: number): boolean {
  const { structs } = block;
  for (let i = structIndex(block, from); i < structs.length && structs[i]!.clock < to; i++) {
    if (structs[i]!.content > DELETED) return true;
  }
  return false;
}
