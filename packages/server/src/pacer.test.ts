import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.js";
import { createPacer } from "./pacer.js";

/** A room of which we see only when it takes turns. */
function setUp() {
  const clock = createManualClock();
  const turns: number[] = [];
  let work = 0;
  let presenceDue: number | null = null;
  let finish: (() => void) | null = null;
  let disk = false;
  const pacer = createPacer({
    clock,
    pace: 5,
    wanted: () => (work > 0 ? 0 : presenceDue === null ? null : presenceDue - clock.monotonic()),
    async turn() {
      turns.push(clock.monotonic());
      work = 0;
      presenceDue = null;
      if (disk) await new Promise<void>(resolve => (finish = resolve));
    },
  });
  return {
    clock,
    turns,
    pacer,
    edit() {
      work++;
      pacer.wake();
    },
    presenceIn(milliseconds: number) {
      presenceDue = clock.monotonic() + milliseconds;
      pacer.wake();
    },
    slowDisk() {
      disk = true;
    },
    async diskDone() {
      finish?.();
      await new Promise(resolve => setImmediate(resolve));
    },
  };
}

describe("the pace of turns", () => {
  it("takes a turn at once when idle, with everything that came together", async () => {
    const { clock, turns, edit, pacer } = setUp();
    edit();
    edit();
    clock.settle();
    await pacer.running;
    expect(turns).toEqual([0]);
  });

  it("takes one turn in five milliseconds when busy", async () => {
    const { clock, turns, edit, pacer } = setUp();
    for (let i = 0; i < 20; i++) {
      edit();
      clock.settle();
      await pacer.running;
      clock.advance(1);
      await pacer.running;
    }
    expect(turns).toEqual([0, 5, 10, 15, 20]);
  });

  it("never begins a turn while one waits for the disk", async () => {
    const { clock, turns, edit, slowDisk, diskDone } = setUp();
    slowDisk();
    edit();
    clock.settle();
    edit();
    clock.advance(50);
    expect(turns).toEqual([0]);
    await diskDone();
    clock.settle();
    expect(turns).toEqual([0, 50]);
  });

  it("does not let an edit wait for presence that is due later", async () => {
    const { clock, turns, edit, presenceIn } = setUp();
    presenceIn(40);
    clock.advance(10);
    edit();
    clock.settle();
    expect(turns).toEqual([10]);
  });

  it("takes no turn when nothing is wanted, and none after it was stopped", async () => {
    const { clock, turns, edit, pacer } = setUp();
    pacer.wake();
    clock.advance(100);
    edit();
    pacer.stop();
    clock.advance(100);
    expect(turns).toEqual([]);
  });
});
