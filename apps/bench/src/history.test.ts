import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import * as Y from "yjs";
import { loadHistory } from "./history.js";
import { TEXT } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "verso-bench-test-"));

afterAll(() => rmSync(folder, { recursive: true }));

test("a made-up history is an update an edit, the same each time", () => {
  const history = loadHistory(undefined, { limit: 5000 });
  expect(history.updates).toHaveLength(5000);
  expect(textOf(history.updates)).toBe(history.text);
  expect(history.text.length).toBeGreaterThan(1000);
  expect(loadHistory(undefined, { limit: 5000 }).text).toBe(history.text);
});

test("a recorded history is replayed to its end, or as far as is asked for", () => {
  const trace = write({
    startContent: "abc",
    txns: [
      [[3, 0, "de"]],
      [
        [0, 1, ""],
        [3, 0, "!"],
      ],
    ],
    endContent: "bcd!e",
  });
  const history = loadHistory(trace);
  expect(history.title).toBe("trace");
  expect(history.updates).toHaveLength(4);
  expect(history.text).toBe("bcd!e");
  expect(loadHistory(trace, { limit: 2 }).text).toBe("abcde");
});

test("a replay that does not end where the record says is an error", () => {
  const trace = write({ startContent: "", txns: [[[0, 0, "a"]]], endContent: "b" });
  expect(() => loadHistory(trace)).toThrow(/does not end in its recorded text/);
});

function textOf(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText(TEXT).toString();
}

function write({ txns, ...rest }: { startContent: string; endContent: string; txns: unknown[][] }): string {
  const path = join(folder, "trace.json.gz");
  writeFileSync(path, gzipSync(JSON.stringify({ ...rest, txns: txns.map(patches => ({ patches })) })));
  return path;
}
