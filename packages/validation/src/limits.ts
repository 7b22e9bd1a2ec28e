/**
 * Every limit that this package keeps, with its default.
 *
 * A limit bounds what one message may cost, not what a document may become. Unless it says otherwise it counts what
 * the document does not know yet: a client may send again whatever the document already holds. What is sent
 * again costs memory while it is read, so that is bounded as well, by four times the limit and four times what the
 * document holds, which no client reaches that has its content from this document.
 *
 * Pairs `update…` and `fullState…`: the first is for a single update, the second, wider, for a sync step 2, which
 * carries everything that a client did while it was away.
 */

export interface Limits {
  /** Bytes of an update: the largest paste. @default 8 MiB */
  readonly updateBytes: number;
  /** Bytes of a sync step 2: the largest offline session. @default 64 MiB */
  readonly fullStateBytes: number;

  /** Bytes of one string in an update, as UTF-8. @default 4 MiB */
  readonly updateStringBytes: number;
  /**
   * Bytes of one string in a sync step 2: Yjs joins what one client typed into one string, however long.
   * @default 64 MiB
   */
  readonly fullStateStringBytes: number;

  /** Arrays, objects and entries of objects inside plain values; two bytes of them can take 150 in memory. @default 500,000 */
  readonly updateValues: number;
  /** @default 2,000,000 */
  readonly fullStateValues: number;

  /** Ids (characters, elements, entries) that an update brings; a deleted run brings many in few bytes. @default 2^24 */
  readonly updateIds: number;
  /** @default 2^30 */
  readonly fullStateIds: number;

  /** Names of roots that the document does not have. @default 1,024 */
  readonly updateRoots: number;
  /** @default 16,384 */
  readonly fullStateRoots: number;

  /** Structs, which Yjs integrates one by one. Also bounds ranges of deleted ids. @default 200,000 */
  readonly structs: number;
  /** Client ids under which there is something new. @default 16,384 */
  readonly clients: number;
  /** Subdocuments, new or not: Yjs makes a whole document of each when it reads it. @default 100 */
  readonly subdocuments: number;

  /** Bytes of a root's name, a map key, an attribute's name, a format's key, an element's name. @default 1,024 */
  readonly keyBytes: number;
  /** Arrays and objects inside each other in a plain value. @default 32 */
  readonly valueDepth: number;
  /** Shared types inside each other; a root's children have depth 1. @default 64 */
  readonly typeDepth: number;
  /** Different format keys in force in one text: reading it costs as much memory as length times keys. @default 256 */
  readonly formatKeys: number;

  /** Bytes of a state vector. @default 1 MiB */
  readonly stateVectorBytes: number;
  /** Client ids in a state vector. @default 100,000 */
  readonly stateVectorClients: number;
}

const MiB = 1024 * 1024;

export const defaultLimits: Limits = {
  updateBytes: 8 * MiB,
  fullStateBytes: 64 * MiB,
  updateStringBytes: 4 * MiB,
  fullStateStringBytes: 64 * MiB,
  updateValues: 500_000,
  fullStateValues: 2_000_000,
  updateIds: 2 ** 24,
  fullStateIds: 2 ** 30,
  updateRoots: 1_024,
  fullStateRoots: 16_384,
  structs: 200_000,
  clients: 16_384,
  subdocuments: 100,
  keyBytes: 1_024,
  valueDepth: 32,
  typeDepth: 64,
  formatKeys: 256,
  stateVectorBytes: MiB,
  stateVectorClients: 100_000,
};

/** The defaults with some of them replaced. Throws a TypeError for a name that is no limit or a value that is no count. */
export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`limits.${name}: there is no such limit`);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TypeError(`limits.${name}: expected a whole number, got ${String(value)}`);
    }
  }
  return { ...defaultLimits, ...overrides };
}
