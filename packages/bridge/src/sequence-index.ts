/**
 * Where the units of one Yjs sequence stand: an order-statistic index from ids to positions.
 *
 * A B+ tree whose leaves hold the sequence as runs: units with consecutive ids, side by side, alike in visibility.
 * Each node knows how many visible units are below it, so a position is a walk from a leaf to the root. A run is found
 * by its id through small sorted buckets, one for each stretch of `BUCKET` clocks of a client; a run never crosses the
 * end of its bucket. Finding, inserting, hiding: O(log n) in the number of runs. Tombstones stay, since later
 * insertions name them as neighbours, but neighbours among them with consecutive ids become one run.
 */

/** Traits of a run, combined by `|`. */
export const COUNTED = 1;
/** Content that makes its type something else than what its class suggests; see `specials`. */
export const SPECIAL = 2;
export const VISIBLE = 4;

/** A run, as a place in the sequence: directly after its last unit. Valid until the index changes. */
export interface Place {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

const FAN_OUT = 40;
const BUCKET = 512;

class Run implements Place {
  leaf: Leaf;
  readonly client: number;
  readonly clock: number;
  length: number;
  traits: number;

  constructor(leaf: Leaf, client: number, clock: number, length: number, traits: number) {
    this.leaf = leaf;
    this.client = client;
    this.clock = clock;
    this.length = length;
    this.traits = traits;
  }

  get weight(): number {
    return (this.traits & (COUNTED | VISIBLE)) === (COUNTED | VISIBLE) ? this.length : 0;
  }
}

class Leaf {
  parent: Branch | null = null;
  weight = 0;
  runs: Run[] = [];
}

class Branch {
  parent: Branch | null = null;
  weight = 0;
  children: (Leaf | Branch)[] = [];
}

export class SequenceIndex {
  #root: Leaf | Branch = new Leaf();
  readonly #clients = new Map<number, Map<number, Run[]>>();
  #specials = 0;
  /** The run found last: edits come in neighbourhoods. */
  #recent: Run | null = null;

  /** How many units are visible and special. */
  get specials(): number {
    return this.#specials;
  }

  /** Whether a unit is visible; `null` for one that the index does not know. */
  isVisible(client: number, clock: number): boolean | null {
    const run = this.#find(client, clock);
    return run === null ? null : (run.traits & VISIBLE) !== 0;
  }

  /** How many counted, visible units stand before this one. */
  positionOf(client: number, clock: number): number {
    const run = this.#get(client, clock);
    return unitsBefore(run) + (run.weight > 0 ? clock - run.clock : 0);
  }

  /** How many counted, visible units stand before a place; `null` is the start of the sequence. */
  positionAt(place: Place | null): number {
    return place === null ? 0 : unitsBefore(place as Run) + (place as Run).weight;
  }

  placeAfter(client: number, clock: number): Place {
    const run = this.#get(client, clock);
    const length = clock + 1 - run.clock;
    if (length < run.length) this.#split(run, length);
    return run;
  }

  /** Puts units that the index does not know at a place, `null` being the start; the place after them. */
  insert(place: Place | null, client: number, clock: number, length: number, traits: number): Place {
    let at = place as Run | null;
    for (let from = clock, end = clock + length; from < end; ) {
      const to = Math.min(end, (bucketOf(from) + 1) * BUCKET);
      at = this.#insertRun(at, client, from, to - from, traits);
      from = to;
    }
    if (isSpecial(traits)) this.#specials += length;
    return at!;
  }

  /** Shows or hides units that the index knows. */
  setVisible(client: number, clock: number, length: number, visible: boolean): void {
    const end = clock + length;
    for (let from = clock; from < end; ) {
      let run = this.#get(client, from);
      const to = Math.min(end, run.clock + run.length);
      if (((run.traits & VISIBLE) !== 0) !== visible) {
        if (from > run.clock) run = this.#split(run, from - run.clock);
        if (to < run.clock + run.length) this.#split(run, to - run.clock);
        this.#toggle(run);
        if (!visible) this.#mergeTombstones(run);
      }
      from = to;
    }
  }

  #toggle(run: Run): void {
    const before = run.weight;
    if (isSpecial(run.traits)) this.#specials -= run.length;
    run.traits ^= VISIBLE;
    if (isSpecial(run.traits)) this.#specials += run.length;
    addWeight(run.leaf, run.weight - before);
  }

  #get(client: number, clock: number): Run {
    const run = this.#find(client, clock);
    if (run === null) throw new Error(`The sequence index does not know the unit ${client}:${clock}.`);
    return run;
  }

  #find(client: number, clock: number): Run | null {
    const recent = this.#recent;
    if (recent !== null && recent.client === client && holds(recent, clock)) return recent;
    const bucket = this.#clients.get(client)?.get(bucketOf(clock));
    if (bucket === undefined) return null;
    const run = bucket[lastAtOrBefore(bucket, clock)];
    if (run === undefined || !holds(run, clock)) return null;
    this.#recent = run;
    return run;
  }

  #insertRun(left: Run | null, client: number, clock: number, length: number, traits: number): Run {
    if (
      left !== null &&
      left.client === client &&
      left.clock + left.length === clock &&
      left.traits === traits &&
      clock % BUCKET !== 0
    ) {
      const before = left.weight;
      left.length += length;
      addWeight(left.leaf, left.weight - before);
      return left;
    }
    const leaf = left === null ? firstLeaf(this.#root) : left.leaf;
    const run = new Run(leaf, client, clock, length, traits);
    this.#place(run, left === null ? 0 : leaf.runs.indexOf(left) + 1);
    return run;
  }

  #split(run: Run, length: number): Run {
    const right = new Run(run.leaf, run.client, run.clock + length, run.length - length, run.traits);
    addWeight(run.leaf, -right.weight);
    run.length = length;
    this.#place(right, run.leaf.runs.indexOf(run) + 1);
    return right;
  }

  #place(run: Run, at: number): void {
    const { leaf } = run;
    leaf.runs.splice(at, 0, run);
    addWeight(leaf, run.weight);
    let buckets = this.#clients.get(run.client);
    if (buckets === undefined) {
      buckets = new Map();
      this.#clients.set(run.client, buckets);
    }
    const bucket = buckets.get(bucketOf(run.clock));
    if (bucket === undefined) buckets.set(bucketOf(run.clock), [run]);
    else bucket.splice(lastAtOrBefore(bucket, run.clock) + 1, 0, run);
    if (leaf.runs.length > FAN_OUT) this.#splitLeaf(leaf, at);
  }

  #splitLeaf(leaf: Leaf, insertedAt: number): void {
    const right = new Leaf();
    // A sequence that is read in or typed from left to right leaves full leaves behind.
    right.runs = leaf.runs.splice(insertedAt === FAN_OUT ? FAN_OUT : FAN_OUT >> 1);
    for (const run of right.runs) {
      run.leaf = right;
      right.weight += run.weight;
    }
    this.#adopt(leaf, right);
  }

  /** Makes `right`, split off `left`, its neighbour. */
  #adopt(left: Leaf | Branch, right: Leaf | Branch): void {
    left.weight -= right.weight;
    const parent = left.parent ?? new Branch();
    if (left.parent === null) {
      parent.children.push(left);
      parent.weight = left.weight + right.weight;
      left.parent = parent;
      this.#root = parent;
    }
    right.parent = parent;
    const at = parent.children.indexOf(left) + 1;
    parent.children.splice(at, 0, right);
    if (parent.children.length <= FAN_OUT) return;
    const sibling = new Branch();
    sibling.children = parent.children.splice(at === FAN_OUT ? FAN_OUT : FAN_OUT >> 1);
    for (const child of sibling.children) {
      child.parent = sibling;
      sibling.weight += child.weight;
    }
    this.#adopt(parent, sibling);
  }

  #mergeTombstones(run: Run): void {
    const { runs } = run.leaf;
    const at = runs.indexOf(run);
    const next = runs[at + 1];
    if (next !== undefined && continues(run, next)) this.#absorb(run, next, at + 1);
    const previous = runs[at - 1];
    if (previous !== undefined && continues(previous, run)) this.#absorb(previous, run, at);
  }

  #absorb(run: Run, next: Run, at: number): void {
    run.length += next.length;
    run.leaf.runs.splice(at, 1);
    const bucket = this.#clients.get(next.client)!.get(bucketOf(next.clock))!;
    bucket.splice(lastAtOrBefore(bucket, next.clock), 1);
    this.#recent = null;
  }
}

function bucketOf(clock: number): number {
  return Math.floor(clock / BUCKET);
}

function holds(run: Run, clock: number): boolean {
  return clock >= run.clock && clock < run.clock + run.length;
}

function isSpecial(traits: number): boolean {
  return (traits & (SPECIAL | VISIBLE)) === (SPECIAL | VISIBLE);
}

function continues(run: Run, next: Run): boolean {
  return (
    run.client === next.client &&
    run.clock + run.length === next.clock &&
    run.traits === next.traits &&
    (run.traits & VISIBLE) === 0 &&
    next.clock % BUCKET !== 0
  );
}

/** The index of the last run that begins at or before a clock; -1 if there is none. */
function lastAtOrBefore(bucket: readonly Run[], clock: number): number {
  let low = 0;
  let high = bucket.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (bucket[middle]!.clock <= clock) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}

function firstLeaf(root: Leaf | Branch): Leaf {
  let node = root;
  while (node instanceof Branch) node = node.children[0]!;
  return node;
}

function addWeight(leaf: Leaf, weight: number): void {
  if (weight === 0) return;
  for (let node: Leaf | Branch | null = leaf; node !== null; node = node.parent) node.weight += weight;
}

function unitsBefore(run: Run): number {
  let units = 0;
  const { runs } = run.leaf;
  for (let i = 0; runs[i] !== run; i++) units += runs[i]!.weight;
  let node: Leaf | Branch = run.leaf;
  for (let parent = node.parent; parent !== null; node = parent, parent = node.parent) {
    for (let i = 0; parent.children[i] !== node; i++) units += parent.children[i]!.weight;
  }
  return units;
}
