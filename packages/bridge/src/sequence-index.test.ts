import { expect, it } from "vitest";
import { COUNTED, type Place, SequenceIndex, SPECIAL, VISIBLE } from "./sequence-index.js";
import { createRandom, forEachSeed } from "./testing.js";

/** The same as a plain list of units. */
interface Unit {
  client: number;
  clock: number;
  counted: boolean;
  special: boolean;
  visible: boolean;
}

it("agrees with a plain list", () => {
  forEachSeed(seed => {
    const random = createRandom(seed);
    const index = new SequenceIndex();
    const units: Unit[] = [];
    // Clocks beyond 32 bits, and just below a bucket's end.
    const clocks = new Map([1, 2, 3].map(client => [client, client === 3 ? 2 ** 40 + 500 : 0]));
    const edits = seed % 50 === 0 ? 600 : random.pick([10, 60]);
    for (let n = 0; n < edits; n++) {
      const at = random.chance(0.3) ? units.length : random.below(units.length + 1);
      if (units.length === 0 || random.chance(0.6)) {
        const client = random.pick([1, 2, 3]);
        const clock = clocks.get(client)!;
        const length = random.chance(0.005) ? 1200 : 1 + random.below(4);
        const traits = {
          counted: random.chance(0.9),
          special: random.chance(0.1),
          visible: random.chance(0.9),
        };
        clocks.set(client, clock + length);
        const before = units[at - 1];
        const place = before === undefined ? null : index.placeAfter(before.client, before.clock);
        index.insert(place, client, clock, length, bits(traits));
        units.splice(at, 0, ...Array.from({ length }, (_, i) => ({ client, clock: clock + i, ...traits })));
      } else {
        const { client, clock } = units[Math.min(at, units.length - 1)]!;
        const length = 1 + random.below(Math.min(6, clocks.get(client)! - clock));
        const visible = random.chance(0.3);
        index.setVisible(client, clock, length, visible);
        for (const unit of units) {
          if (unit.client === client && unit.clock >= clock && unit.clock < clock + length)
            unit.visible = visible;
        }
      }
    }
    expect(index.specials).toBe(units.filter(unit => unit.special && unit.visible).length);
    expect(index.isVisible(1, clocks.get(1)!)).toBeNull();
    expect(index.isVisible(9, 0)).toBeNull();
    let position = 0;
    const wrong = units.filter(({ client, clock, visible, counted }) => {
      const before = position;
      if (visible && counted) position++;
      return (
        index.isVisible(client, clock) !== visible ||
        index.positionOf(client, clock) !== before ||
        index.positionAt(index.placeAfter(client, clock)) !== position
      );
    });
    expect(wrong).toEqual([]);
  });
});

it("keeps typed text and its deletion as few runs, so that a long history stays small", () => {
  const index = new SequenceIndex();
  let place: Place | null = null;
  for (let clock = 0; clock < 512; clock++) place = index.insert(place, 1, clock, 1, COUNTED | VISIBLE);
  expect(place).toMatchObject({ client: 1, clock: 0, length: 512 });
  for (let clock = 511; clock >= 0; clock--) index.setVisible(1, clock, 1, false);
  expect(index.placeAfter(1, 511)).toMatchObject({ clock: 0, length: 512 });
});

it("says so when it is asked for what it does not know", () => {
  expect(() => new SequenceIndex().positionOf(1, 0)).toThrow("does not know");
});

function bits({ counted, special, visible }: Omit<Unit, "client" | "clock">): number {
  return (counted ? COUNTED : 0) | (special ? SPECIAL : 0) | (visible ? VISIBLE : 0);
}
