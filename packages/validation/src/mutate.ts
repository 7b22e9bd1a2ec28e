/**
 * Spoils bytes, for fuzzers: a seeded random change of the sort that finds faults in decoders.
 */
import * as prng from "lib0/prng";
import type { Random } from "./honest.js";

/** Numbers at the edges of what the encoding, the clocks and arithmetic can hold. */
const boundaries = [
  0,
  1,
  2,
  127,
  128,
  2 ** 14 - 1,
  2 ** 21,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
].map(varUint);

/** A changed copy of `bytes`; `others` are donors for splices and must not be empty. */
export function mutate(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let mutated = Array.from(bytes);
  for (let rounds = prng.int53(random, 1, 3); rounds > 0; rounds--) {
    const at = prng.int53(random, 0, Math.max(0, mutated.length - 1));
    switch (prng.int53(random, 0, 7)) {
      case 0:
        mutated[at] = mutated[at]! ^ (1 << prng.int53(random, 0, 7));
        break;
      case 1:
        mutated[at] = prng.int53(random, 0, 255);
        break;
      case 2:
        mutated.splice(at, prng.int53(random, 0, 1), ...prng.oneOf(random, boundaries));
        break;
      case 3:
        mutated.splice(at, prng.int53(random, 1, 8));
        break;
      case 4:
        mutated.splice(at, 0, ...mutated.slice(at, at + prng.int53(random, 1, 24)));
        break;
      case 5: {
        const other = others[prng.int53(random, 0, others.length - 1)]!;
        const from = prng.int53(random, 0, Math.max(0, other.length - 1));
        mutated.splice(
          at,
          prng.int53(random, 0, 8),
          ...other.subarray(from, from + prng.int53(random, 1, 40)),
        );
        break;
      }
      case 6:
        mutated = mutated.slice(0, at);
        break;
      default: {
        // A small number made a little larger or smaller: clocks, counts and lengths that are just wrong.
        const byte = mutated[at] ?? 0;
        mutated[at] = (byte + prng.int53(random, -3, 3)) & 127;
      }
    }
  }
  return Uint8Array.from(mutated);
}

function varUint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return bytes;
}
