/** What a provider counts, against what is durable. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { createSyncStatuses, type SyncStatuses } from "./sync-statuses.js";
import type { PushOutcome } from "./turn.js";

const acknowledged: PushOutcome = { type: "acknowledged", sequence: 1 };
const lacking: PushOutcome = { type: "lacking" };
const discarded: PushOutcome = { type: "discarded" };
const rejected: PushOutcome = { type: "rejected", sequence: 1, verdict: "refused", issues: [] };
const refused: PushOutcome = { type: "refused", code: "read-only", detail: "you may not" };

let statuses: SyncStatuses;
let sent: boolean[];
let mayWrite: boolean;

beforeEach(() => {
  sent = [];
  mayWrite = true;
  statuses = createSyncStatuses({ mayWrite: () => mayWrite, send: applied => sent.push(applied) });
});

describe("a client hears", () => {
  it("once of the step 2 that settles its step 1, and once of each update", () => {
    statuses.begun();
    statuses.asked();
    const step = statuses.stepTwo();
    const update = statuses.update();
    step(acknowledged);
    expect(sent).toEqual([true]);
    update(acknowledged);
    expect(sent).toEqual([true, true]);
  });

  it("that an edit was applied which was taken back, and that it was refused if it may not write", () => {
    statuses.update()(rejected);
    statuses.update()(refused);
    mayWrite = false;
    statuses.update()(rejected);
    expect(sent).toEqual([true, false, false]);
  });

  it("of updates that were let go of when the next step 2 has brought them", () => {
    statuses.update()(lacking);
    statuses.update()(discarded);
    expect(sent).toEqual([]);
    statuses.asked();
    const lost = statuses.stepTwo();
    lost(discarded);
    expect(sent).toEqual([]);
    statuses.asked();
    statuses.stepTwo()(acknowledged);
    expect(sent).toEqual([true, true]);
  });

  it("nothing of a step 2 that settles nothing, since it does not count those", () => {
    statuses.asked();
    statuses.stepTwo()(acknowledged);
    expect(sent).toEqual([]);
  });

  it("of a step 2 that nobody has asked for as of any update", () => {
    statuses.stepTwo()(acknowledged);
    expect(sent).toEqual([true]);
  });

  it("nothing of what it sent before it began again, but for the step 2 that brings it", () => {
    const update = statuses.update();
    statuses.begun();
    update(acknowledged);
    expect(sent).toEqual([]);
    statuses.asked();
    statuses.stepTwo()(acknowledged);
    expect(sent).toEqual([true]);
  });
});

it("its count is 0 exactly when all that it sent is durable", () => {
  const event = fc.constantFrom("update", "begin", "ask", "step 2", "settle", "lose");
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), events => {
      /** As the provider counts. */
      let counted = 0;
      /** What it has sent and the relay has not made durable; a step 2 brings all that is not. */
      let undurable = new Set<number>();
      let edits = 0;
      let asks = 0;
      const inHand: { brings: ReadonlySet<number>; answer: (outcome: PushOutcome) => void }[] = [];
      const account = createSyncStatuses({
        mayWrite: () => true,
        send() {
          counted--;
        },
      });
      const settle = (outcome: PushOutcome) => {
        const first = inHand.shift();
        if (first === undefined) return;
        if (outcome.type === "acknowledged")
          undurable = new Set([...undurable].filter(e => !first.brings.has(e)));
        first.answer(outcome);
      };
      const stepTwo = () => {
        asks--;
        inHand.push({ brings: new Set(undurable), answer: account.stepTwo() });
      };
      for (const each of events) {
        if (each === "update") {
          counted++;
          undurable.add(++edits);
          inHand.push({ brings: new Set([edits]), answer: account.update() });
        } else if (each === "begin") {
          counted = 1;
          account.begun();
          asks++;
          account.asked();
        } else if (each === "ask") {
          asks++;
          account.asked();
        } else if (each === "step 2" && asks > 0) stepTwo();
        else if (each === "settle") settle(acknowledged);
        else if (each === "lose") settle(lacking);
        expect(counted).toBeGreaterThanOrEqual(0);
        if (counted === 0) expect([...undurable]).toEqual([]);
      }
      // The relay asks for what it lacks, and the client answers.
      asks++;
      account.asked();
      while (asks > 0) stepTwo();
      while (inHand.length > 0) settle(acknowledged);
      expect(counted).toBe(0);
    }),
    { numRuns: Number(process.env.VERSO_CASES ?? 1000), seed: Number(process.env.VERSO_SEED ?? 1) },
  );
});
