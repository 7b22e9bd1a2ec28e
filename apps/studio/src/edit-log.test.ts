import { describe, expect, it } from "vitest";
import { createEditLog, type Edit, type EditLog } from "./edit-log.js";

const bytes = (...values: number[]) => new Uint8Array(values);
const fates = (log: EditLog) => [...log.edits].map(({ clientSequence, fate }) => [clientSequence, fate.kind]);
const push = (clientSequence: number, update: Uint8Array) =>
  ({ type: "push", channel: 0, clientSequence, madeAt: 7, update }) as const;
const issue = { pointer: "/readings/0", code: "too_big", message: "Too big", severity: "error" } as const;

describe("an edit", () => {
  it("is made, kept, sent and acknowledged", () => {
    const log = createEditLog();
    log.made({ madeAt: 7, update: bytes(1) });
    expect(fates(log)).toEqual([[null, "storing"]]);
    log.stored({ madeAt: 7, update: bytes(1) }, 1);
    expect(fates(log)).toEqual([[1, "waiting"]]);
    log.said(push(1, bytes(1)));
    expect(fates(log)).toEqual([[1, "sent"]]);
    log.heard({ type: "acknowledged", channel: 0, clientSequence: 1, sequence: 12 });
    expect([...log.edits]).toEqual<Edit[]>([
      { clientSequence: 1, madeAt: 7, update: bytes(1), fate: { kind: "acknowledged", sequence: 12 } },
    ]);
  });

  it("that is rejected keeps the reasons", () => {
    const log = createEditLog();
    log.said(push(3, bytes(1)));
    log.heard({
      ...{ type: "rejected", channel: 0, clientSequence: 3, sequence: 4, verdict: "refused" },
      issues: [issue],
    });
    expect([...log.edits][0]?.fate).toEqual({
      ...{ kind: "rejected", sequence: 4, verdict: "refused" },
      issues: [issue],
    });
    expect([log.count("rejected"), log.count("sent")]).toEqual([1, 0]);
  });

  it("waits again when the connection ends before the answer", () => {
    const log = createEditLog();
    log.said(push(1, bytes(1)));
    log.said(push(2, bytes(2)));
    log.heard({ type: "acknowledged", channel: 0, clientSequence: 1, sequence: 1 });
    log.disconnected();
    expect(fates(log)).toEqual([
      [1, "acknowledged"],
      [2, "waiting"],
    ]);
  });

  it("that could not be kept is known again when it is sent", () => {
    const log = createEditLog();
    log.made({ madeAt: 7, update: bytes(1) });
    log.made({ madeAt: 7, update: bytes(2) });
    log.stored({ madeAt: 7, update: bytes(1) }, null);
    log.stored({ madeAt: 7, update: bytes(2) }, null);
    log.said(push(9, bytes(2)));
    expect(fates(log)).toEqual([
      [null, "waiting"],
      [9, "sent"],
    ]);
  });

  it("of another tab is known by what the device keeps, and answered when it keeps it no more", () => {
    const log = createEditLog();
    log.kept([{ clientSequence: 4, madeAt: 7, update: bytes(4) }], { after: 0 });
    log.stored({ madeAt: 7, update: bytes(5) }, 5);
    expect(fates(log)).toEqual([
      [4, "waiting"],
      [5, "waiting"],
    ]);
    log.kept([], { after: 4 });
    expect(fates(log)).toEqual([
      [4, "waiting"],
      [5, "answered"],
    ]);
  });
});

it("knows an edit that is found on the device before its keeping is told", () => {
  const log = createEditLog();
  log.made({ madeAt: 7, update: bytes(1) });
  log.kept([{ clientSequence: 1, madeAt: 7, update: bytes(1) }], { after: 0 });
  log.kept([], { after: 0 });
  log.stored({ madeAt: 7, update: bytes(1) }, 1);
  expect(fates(log)).toEqual([[1, "answered"]]);
});

it("forgets the oldest edits when there are too many", () => {
  const log = createEditLog({ most: 2 });
  for (const n of [1, 2, 3]) log.stored({ madeAt: 7, update: bytes(n) }, n);
  expect(fates(log).map(([clientSequence]) => clientSequence)).toEqual([2, 3]);
  expect(log.count("waiting")).toBe(2);
});
