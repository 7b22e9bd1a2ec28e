/**
 * One scan: what it works on, and what it has found so far.
 */
import type * as Y from "yjs";
import type { CompensateCode, IdRange, ResyncCode, Scan } from "./answers.js";
import { endOf, type SharedType, structCount, structsOf, type TypeKind } from "./document.js";
import type { FormatKeys } from "./format-keys.js";
import type { Limits } from "./limits.js";
import type { Kind, Place } from "./place.js";
import { ByteReader } from "./reader.js";
import type { Block, Struct, StructLimits, UpdateLimits } from "./update.js";
import { Work } from "./work.js";

/** What is the same for all scans of a document. */
export interface Context {
  readonly doc: Y.Doc;
  /** `null` when any root may come. */
  readonly roots: ReadonlyMap<string, TypeKind> | null;
  /** The kinds of stored roots; the name that a type stands under never changes. */
  readonly rootKinds: WeakMap<SharedType, Kind>;
  readonly formatKeys: FormatKeys;
}

/** The limits for one sort of message. */
export interface Bounds extends Limits {
  readonly bytes: number;
  readonly values: number;
  readonly ids: number;
  readonly roots: number;
  /** What may be read, the repeated included. */
  readonly reading: UpdateLimits;
}

/** What is sent again may be this many times what may be new, or what the document holds. */
export const REPEATED = 4;
/** More missing ranges than this help nobody. */
const MISSING_TOLD = 100;
/** Offences that stay when what came with them is taken back: others' text is damaged, a subdocument was announced. */
const lasting: ReadonlySet<CompensateCode> = new Set(["split-surrogate-pair", "subdocument"]);

/** How far the structs of one client have been followed. */
export class Progress {
  /** The index of the struct to follow next. */
  next = 0;
  /** Whether that one waits for another client's. */
  waits = false;
  /** For each struct followed where it goes; `null` when Yjs would collect it at once. */
  readonly places: (Place | null)[] = [];
  /** Entries of more than one value, which must be deleted by the same update; in the order of their clocks. */
  longEntries: Struct[] | null = null;
  /** How many of them were looked at. */
  entriesSeen = 0;

  constructor(
    readonly block: Block,
    /** The clock up to which the document knows this client. */
    readonly known: number,
  ) {}
}

export class Inspection implements StructLimits {
  readonly context: Context;
  readonly doc: Y.Doc;
  readonly bounds: Bounds;
  readonly reader: ByteReader;
  readonly clients: Progress[] = [];

  /** What the update has and the document has not, for `News`. */
  readonly writes: IdRange[] = [];
  structs = 0;
  newStructs = 0;
  newLength = 0;
  newDeletes = 0;
  readonly work: Work;

  #byClient: Map<number, Progress> | null = null;
  #stale: { code: ResyncCode; offset: number; detail: string } | null = null;
  #missing: Map<number, IdRange> | null = null;
  #offence: { code: CompensateCode; offset: number; detail: string } | null = null;
  #structsInDocument = -1;
  #structsAnnounced = 0;

  constructor(context: Context, bounds: Bounds, update: Uint8Array) {
    this.context = context;
    this.doc = context.doc;
    this.bounds = bounds;
    this.reader = new ByteReader(update);
    this.work = new Work(context.formatKeys);
  }

  /** Whether nothing was found for which the update must be refused on the spot. */
  get goesOn(): boolean {
    return this.reader.fault === null;
  }

  /** Adds a client; `null` when it is there already. */
  meet(block: Block): Progress | null {
    const progress = new Progress(block, endOf(structsOf(this.doc, block.client)));
    const first = this.clients[0];
    this.clients.push(progress);
    if (first === undefined) return progress;
    this.#byClient ??= new Map([[first.block.client, first]]);
    if (this.#byClient.has(block.client)) return null;
    this.#byClient.set(block.client, progress);
    return progress;
  }

  progressOf(client: number): Progress | undefined {
    if (this.#byClient !== null) return this.#byClient.get(client);
    const only = this.clients[0];
    return only?.block.client === client ? only : undefined;
  }

  /** The ids from `range.from` on are missing. The first reason is the one that is told. */
  lack(code: ResyncCode, range: IdRange, offset: number): void {
    const { client, from, to } = range;
    this.#stale ??= { code, offset, detail: `client ${client}, clocks ${from} to ${to - 1}` };
    this.#missing ??= new Map();
    const other = this.#missing.get(client);
    if (other !== undefined) {
      this.#missing.set(client, { client, from: Math.min(from, other.from), to: Math.max(to, other.to) });
    } else if (this.#missing.size < MISSING_TOLD) {
      this.#missing.set(client, range);
    }
  }

  /** The first offence is the one that is told, unless a later one does more than can be taken back. */
  offend(code: CompensateCode, detail: string, offset: number): void {
    const told = this.#offence;
    if (told === null || (lasting.has(code) && !lasting.has(told.code))) {
      this.#offence = { code, offset, detail };
    }
  }

  partPair(offset: number): void {
    this.offend("split-surrogate-pair", "between the halves of one character", offset);
  }

  mayBring(client: number, from: number, structs: number): boolean {
    // What begins where the document ends is all new, which can be told before it is read.
    if (from >= endOf(structsOf(this.doc, client))) this.#structsAnnounced += structs;
    return this.#structsAnnounced <= this.bounds.structs;
  }

  /** Whether so many structs, or deleted ranges, can come from somebody whose content is from this document. */
  mayHold(count: number): boolean {
    const { structs } = this.bounds;
    if (count <= REPEATED * structs) return true;
    if (this.#structsInDocument < 0) this.#structsInDocument = structCount(this.doc);
    return count <= REPEATED * (structs + this.#structsInDocument);
  }

  answer(): Scan {
    const { fault } = this.reader;
    if (fault !== null) return fault;
    if (this.#stale !== null) {
      return { type: "resync", ...this.#stale, missing: [...(this.#missing?.values() ?? [])] };
    }
    const { structs, newStructs, newLength, writes, newDeletes } = this;
    const news = newStructs > 0 || newDeletes > 0;
    const work = this.work.total(newStructs + newDeletes);
    if (this.#offence === null) {
      return { type: "pass", news, structs, newStructs, newLength, writes, newDeletes, work };
    }
    return {
      type: "compensate",
      ...this.#offence,
      news,
      structs,
      newStructs,
      newLength,
      writes,
      newDeletes,
      work,
    };
  }
}
