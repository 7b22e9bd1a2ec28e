/** Random numbers that a seed brings back, for tests that print it when they fail. */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 to below `below`. */
  int(below: number): number;
  bytes(length: number): Buffer;
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (below: number) => Math.floor((next() / 2 ** 32) * below);
  return {
    seed,
    int,
    bytes: length => Buffer.from(Array.from({ length }, () => int(256))),
    pick: items => items[int(items.length)]!,
  };
}
