import { describe, expect, it } from "vitest";
import { createAsking } from "./asking.js";
import { createManualClock } from "./manual-clock.js";

describe("asking a session for everything it holds", () => {
  const setUp = () => {
    const clock = createManualClock();
    const asking = createAsking<string>(clock);
    const times: number[] = [];
    const lack = () => asking.ask("ann", () => times.push(clock.monotonic()));
    return { clock, asking, times, lack };
  };

  it("asks at once the first time", () => {
    const { times, lack } = setUp();
    lack();
    expect(times).toEqual([0]);
  });

  it("asks one who goes on after delays that double, however often he fails in between", () => {
    const { clock, times, lack } = setUp();
    for (let i = 0; i < 1600; i++) {
      lack();
      clock.advance(1);
    }
    expect(times).toEqual([0, 100, 300, 700, 1500]);
  });

  it("never waits longer than 30 seconds", () => {
    const { clock, times, lack } = setUp();
    for (let i = 0; i < 2000; i++) {
      lack();
      clock.advance(100);
    }
    const last = times.slice(-2);
    expect((last[1] ?? 0) - (last[0] ?? 0)).toBe(30_000);
  });

  it("forgets one who leaves", () => {
    const { clock, asking, times, lack } = setUp();
    lack();
    lack();
    asking.forget("ann");
    clock.advance(1000);
    expect(times).toEqual([0]);
  });
});
