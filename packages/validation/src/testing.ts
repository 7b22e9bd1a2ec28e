/**
 * For tests of what stands before a `Y.Doc`: bombs with the answers that they must get, honest traffic that must
 * not be refused, and updates spoilt, made up or written by hand.
 */
export { arbitraryUpdate } from "./arbitrary.js";
export { type Answer, type AwarenessBomb, awarenessBombs, type Bomb, bombs } from "./bombs.js";
export {
  type CraftedContent,
  type CraftedStruct,
  type CraftedUpdate,
  craftUpdate,
  type Id,
} from "./craft.js";
export { between, createRandom, editOnce, type HonestHistory, honestHistory, type Random } from "./honest.js";
export { createJsonReader, type JsonReader } from "./json-reader.js";
export { mutate } from "./mutate.js";

/**
 * Runs a case for each of many seeds: `VERSO_CASES` of them (1,000 by default) from `VERSO_SEED` (1) onwards, times
 * `share`. What fails says its seed.
 */
export function forEachSeed(
  run: (seed: number) => void,
  { share = 1 }: { readonly share?: number } = {},
): void {
  const first = Number(process.env.VERSO_SEED ?? 1);
  const cases = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) * share);
  for (let seed = first; seed < first + cases; seed++) {
    try {
      run(seed);
    } catch (cause) {
      throw new Error(`VERSO_SEED=${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  }
}
