import type { FeedChange } from "@verso/protocol";
import { describe, expect, it } from "vitest";
import { createMonitor } from "./monitor.js";

function watched(isColored = false) {
  let text = "";
  const write = (line: string) => {
    text += line;
  };
  const monitor = createMonitor({ write, isColored, now: () => Date.UTC(2026, 10, 21, 12, 0, 1, 123) });
  return { monitor, lines: () => text.split("\n").slice(0, -1) };
}

const change: FeedChange = {
  feed_sequence: 12,
  sequence: 12,
  document_id: "orders/7",
  event_type: "update",
  kind: "update",
  revision_id: "12-000000000000",
  user_id: "ann",
  forward_patch: [
    { op: "replace", path: "/status", value: "paid" },
    { op: "str_ins", path: "/note", pos: 3, str: "x" },
  ],
  reverse_patch: [],
  created_at: "2026-11-21T12:00:00.000Z",
};
const ann = { user: "ann" };

describe("what is shown of a relay", () => {
  it("is who did what, and what it changed", () => {
    const { monitor, lines } = watched();
    monitor.opened({ actor: ann, at: "/yjs/orders/7" });
    monitor.changed(change);
    monitor.changed({
      ...change,
      kind: "undo",
      sequence: 13,
      undoes: [12],
      forward_patch: [],
      target: "document",
    });
    monitor.closed({ actor: ann, at: "/yjs/orders/7", code: 4404, reason: "deleted" });
    expect(lines()).toEqual([
      "12:00:01.123 → ann            opened /yjs/orders/7",
      "12:00:01.123 → ann            orders/7  update 12",
      '               replace /status "paid"',
      '               str_ins /note pos 3 "x"',
      "12:00:01.123 → ann            orders/7  undo 13 (takes back 12)",
      "12:00:01.123 ← ann            closed /yjs/orders/7 4404 deleted",
    ]);
  });

  it("is what was refused, and why", () => {
    const { monitor, lines } = watched();
    const issue = { pointer: "", code: "rule-failed", message: "no", severity: "error" as const };
    monitor.changed({ ...change, kind: "refused", refused: true, forward_patch: [], issues: [issue] });
    monitor.problem({ actor: null, at: "GET /api/x", code: "not-found", detail: "There is nothing." });
    expect(lines()).toEqual([
      "12:00:01.123 → ann            orders/7  refused 12",
      "               error rule-failed at the top: no",
      "12:00:01.123 ←                GET /api/x  not-found: There is nothing.",
    ]);
  });

  it("cuts what is long, and obeys nothing that contents say to a terminal", () => {
    const { monitor, lines } = watched();
    const value = "\u001b[2J\u202e".repeat(100);
    monitor.changed({ ...change, user_id: "an\nn", forward_patch: [{ op: "add", path: "/a\u0007", value }] });
    expect(lines()).toHaveLength(2);
    expect(lines().join("")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(lines()[1]!.length).toBeLessThan(1000);
    const many = Array.from({ length: 50 }, (_, i) => ({ op: "add", path: `/${i}`, value: i }));
    monitor.changed({ ...change, forward_patch: many });
    expect(lines().at(-1)).toBe("               and 30 more");
  });

  it("has colours where they are wanted", () => {
    const { monitor, lines } = watched(true);
    monitor.changed(change);
    expect(lines()[0]).toContain("\u001b[");
  });
});
