/**
 * The V1 encoding of an update, as `readClientsStructRefs` and `readAndApplyDeleteSet` of Yjs read it.
 *
 *     update   = count block* count deletions*
 *     block    = count client clock struct*            structs of one client, each beginning where the last ends
 *     struct   = info [length | origin? right? (parent key?)? content]
 *     deletion = client count (clock length)*
 *
 * Here is what the bytes alone can tell: that they are well-formed, and within the limits. What they mean to a
 * document is the firewall's business. Nothing here knows of a document, and nothing throws but `updateRanges`.
 */
import type { IdRange } from "./answers.js";
import { ByteReader } from "./reader.js";
import { isForbiddenKey, readAny, readJson, type ValueLimits, type ValueNotes } from "./values.js";

/** The contents of a struct, by the numbers that Yjs gives them (`contentRefs` in Item.js, GC.js, Skip.js). */
export const COLLECTED = 0;
export const DELETED = 1;
export const JSON_VALUES = 2;
export const BINARY = 3;
export const STRING = 4;
export const EMBED = 5;
export const FORMAT = 6;
export const TYPE = 7;
export const ANY = 8;
export const SUBDOCUMENT = 9;
export const SKIP = 10;

/** No client writes two thousand million characters; larger clocks overflow arithmetic that Yjs does with them. */
export const MAX_CLOCK = 2 ** 31;

const NONE = -1;

/** One struct. An absent id or place is -1. */
export class Struct {
  length = 1;
  originClient = NONE;
  originClock = NONE;
  rightClient = NONE;
  rightClock = NONE;
  parentClient = NONE;
  parentClock = NONE;
  /** Where the bytes of the name of the root that is its parent begin and end. */
  rootFrom = NONE;
  rootTo = NONE;
  /** Where the bytes of its key begin and end. */
  keyFrom = NONE;
  keyTo = NONE;
  /** Where the bytes of the key of the format that it holds begin and end. */
  formatFrom = NONE;
  formatTo = NONE;
  /** The number of the shared type that it holds (`typeRefs` in ContentType.js). */
  typeRef = NONE;
  /** Arrays, objects and entries in its plain values. */
  values = 0;
  /** Where a forbidden key stands. */
  forbiddenAt = NONE;

  constructor(
    /** Where it begins in the bytes. */
    readonly at: number,
    readonly clock: number,
    readonly content: number,
  ) {}
}

/** The structs of one client. */
export interface Block {
  readonly at: number;
  readonly client: number;
  /** The clock of the first struct. */
  readonly from: number;
  /** The clock after the last one. */
  to: number;
  readonly structs: Struct[];
  /** The clocks of the second halves of characters of two UTF-16 units, in order; `null` when there are none. */
  pairs: number[] | null;
}

export interface UpdateLimits extends ValueLimits {
  readonly keyBytes: number;
}

/** Asked at the head of each block, before anything of it is read. */
export interface StructLimits {
  /** Whether an update may have so many structs in all. */
  mayHold(structs: number): boolean;
  /** Whether this client may have so many more from this clock on. */
  mayBring(client: number, from: number, structs: number): boolean;
}

/** Reads the structs; what is left are the deletions. On a fault the blocks read so far. */
export function readBlocks(reader: ByteReader, limits: UpdateLimits, structLimits: StructLimits): Block[] {
  const blocks: Block[] = [];
  const notes: ValueNotes = { values: 0, forbiddenAt: NONE };
  let structs = 0;
  for (let left = reader.count(); left > 0 && reader.fault === null; left--) {
    const at = reader.pos;
    const count = reader.count();
    structs += count;
    if (count === 0) reader.bar("zero-length", "a client without structs", at);
    const client = reader.uint();
    const from = reader.uint();
    if (!structLimits.mayHold(structs) || !structLimits.mayBring(client, from, count)) {
      reader.exceed("too-many-structs", `${structs} structs`, at);
    }
    const block: Block = { at, client, from, to: from, structs: [], pairs: null };
    for (let i = 0; i < count && reader.fault === null; i++) readStruct(reader, block, limits, notes);
    blocks.push(block);
  }
  return blocks;
}

function readStruct(reader: ByteReader, block: Block, limits: UpdateLimits, notes: ValueNotes): void {
  const at = reader.pos;
  const info = reader.byte();
  const content = info & 31;
  const struct = new Struct(at, block.to, content);
  if (content === COLLECTED || content === SKIP) {
    // Yjs has two readers; with any other bit set they disagree about what follows.
    if (info !== content) reader.bar("unknown-content", `a struct of the unknown form ${info}`, at);
    struct.length = reader.uint();
  } else {
    readNeighbours(reader, struct, info, limits);
    const values = notes.values;
    readContent(reader, struct, block, limits, notes);
    struct.values = notes.values - values;
    if (notes.forbiddenAt !== NONE) {
      struct.forbiddenAt = notes.forbiddenAt;
      notes.forbiddenAt = NONE;
    }
  }
  if (reader.fault !== null) return;
  if (struct.length === 0) reader.bar("zero-length", "a struct of no length", at);
  block.to += struct.length;
  if (block.to > MAX_CLOCK) reader.bar("impossible-clock", `a struct that ends at clock ${block.to}`, at);
  block.structs.push(struct);
}

/** `Item.write`: only an item with neither neighbour says what its parent is. */
function readNeighbours(reader: ByteReader, struct: Struct, info: number, limits: UpdateLimits): void {
  if ((info & 128) !== 0) {
    struct.originClient = reader.uint();
    struct.originClock = readClock(reader);
  }
  if ((info & 64) !== 0) {
    struct.rightClient = reader.uint();
    struct.rightClock = readClock(reader);
  }
  if ((info & 192) !== 0) return;
  const at = reader.pos;
  const parent = reader.uint();
  if (parent > 1) reader.bar("malformed-value", `a parent of the unknown form ${parent}`, at);
  if (parent === 1) {
    readKey(reader, struct, limits);
    struct.rootFrom = reader.textFrom;
    struct.rootTo = reader.textTo;
  } else {
    struct.parentClient = reader.uint();
    struct.parentClock = readClock(reader);
  }
  if ((info & 32) !== 0) {
    readKey(reader, struct, limits);
    struct.keyFrom = reader.textFrom;
    struct.keyTo = reader.textTo;
  }
}

function readContent(
  reader: ByteReader,
  struct: Struct,
  block: Block,
  limits: UpdateLimits,
  notes: ValueNotes,
): void {
  switch (struct.content) {
    case DELETED:
      struct.length = reader.uint();
      break;
    case JSON_VALUES:
      struct.length = reader.count();
      for (let i = 0; i < struct.length && reader.fault === null; i++)
        readJsonOrUndefined(reader, limits, notes);
      break;
    case BINARY:
      // Bytes are of no form that could be wrong.
      reader.skip(reader.uint());
      break;
    case STRING:
      struct.length = reader.text(limits.stringBytes);
      if (reader.astral) notePairs(reader, struct, block);
      break;
    case EMBED:
      readJson(reader, limits, notes);
      break;
    case FORMAT:
      readKey(reader, struct, limits);
      struct.formatFrom = reader.textFrom;
      struct.formatTo = reader.textTo;
      readJson(reader, limits, notes);
      break;
    case TYPE:
      readType(reader, struct, limits);
      break;
    case ANY:
      struct.length = reader.count();
      for (let i = 0; i < struct.length && reader.fault === null; i++) readAny(reader, limits, notes);
      break;
    case SUBDOCUMENT:
      reader.text(limits.stringBytes);
      // Yjs reads properties of the options (`createDocFromOpts`), which throws for undefined and null.
      if (reader.bytes[reader.pos] !== 118) reader.bar("malformed-value", "a subdocument without options");
      readAny(reader, limits, notes);
      break;
    default:
      reader.bar("unknown-content", `content of the unknown form ${struct.content}`, struct.at);
  }
}

/** `ContentJSON.write` has a word of its own for undefined. */
function readJsonOrUndefined(reader: ByteReader, limits: UpdateLimits, notes: ValueNotes): void {
  const at = reader.pos;
  reader.text(limits.stringBytes);
  if (reader.textTo - reader.textFrom === 9 && reader.decode(reader.textFrom, reader.textTo) === "undefined")
    return;
  if (reader.fault !== null) return;
  reader.pos = at;
  readJson(reader, limits, notes);
}

function readType(reader: ByteReader, struct: Struct, limits: UpdateLimits): void {
  const at = reader.pos;
  struct.typeRef = reader.uint();
  if (struct.typeRef > 6)
    reader.bar("unknown-content", `a shared type of the unknown form ${struct.typeRef}`, at);
  // Elements and hooks have a name.
  if (struct.typeRef === 3 || struct.typeRef === 5) reader.text(limits.keyBytes, "key-too-long");
}

function readKey(reader: ByteReader, struct: Struct, limits: UpdateLimits): void {
  reader.text(limits.keyBytes, "key-too-long");
  if (isForbiddenKey(reader.bytes, reader.textFrom, reader.textTo)) struct.forbiddenAt = reader.textFrom;
}

function readClock(reader: ByteReader): number {
  const at = reader.pos;
  const clock = reader.uint();
  return clock < MAX_CLOCK ? clock : reader.bar("impossible-clock", `a reference to clock ${clock}`, at);
}

/** Notes where the text just read must not be cut. */
function notePairs(reader: ByteReader, struct: Struct, block: Block): void {
  block.pairs ??= [];
  let clock = struct.clock;
  for (let i = reader.textFrom; i < reader.textTo; i++) {
    const byte = reader.bytes[i]!;
    if ((byte & 0xc0) === 0x80) continue;
    clock++;
    if (byte >= 0xf0) block.pairs.push(clock++);
  }
}

/** The index of the struct that holds the clock, which the block must have. */
export function structIndex({ structs }: Block, clock: number): number {
  let low = 0;
  let high = structs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (structs[middle]!.clock <= clock) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Whether a cut before the clock would part the halves of a character. */
export function partsNewPair({ pairs }: Block, clock: number): boolean {
  if (pairs === null) return false;
  let low = 0;
  let high = pairs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pairs[middle]! < clock) low = middle + 1;
    else high = middle;
  }
  return pairs[low] === clock;
}

/** For updates of whose form there is no doubt. */
export const unlimited: UpdateLimits & StructLimits = {
  stringBytes: Number.POSITIVE_INFINITY,
  keyBytes: Number.POSITIVE_INFINITY,
  valueDepth: Number.POSITIVE_INFINITY,
  values: Number.POSITIVE_INFINITY,
  mayHold: () => true,
  mayBring: () => true,
};

/**
 * The ids whose structs are in an update, in its order: one range per client, or several where placeholders stand
 * for ids that its sender did not have. Needs no document and no memory but for its result.
 *
 * For updates of our own making, such as stored ones: there are no limits, and bytes that are no update throw a
 * TypeError.
 */
export function updateRanges(update: Uint8Array): IdRange[] {
  const reader = new ByteReader(update);
  const ranges: IdRange[] = [];
  for (const { client, from, to, structs } of readBlocks(reader, unlimited, unlimited)) {
    let start = from;
    for (const { clock, content, length } of structs) {
      if (content !== SKIP) continue;
      if (clock > start) ranges.push({ client, from: start, to: clock });
      start = clock + length;
    }
    if (to > start) ranges.push({ client, from: start, to });
  }
  assertRead(reader);
  return ranges;
}

/** Throws a TypeError when what was read is no update. */
export function assertRead({ fault }: ByteReader): void {
  if (fault === null) return;
  throw new TypeError(`Not an update: ${fault.detail} (${fault.code} at byte ${fault.offset})`);
}
