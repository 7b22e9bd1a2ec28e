import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { decodeChange, encodeChange } from "./change.js";
import { observePatches } from "./observe.js";
import { beginReplay } from "./replay.js";

/** A real editing history; positions count code points. */
interface Trace {
  readonly startContent: string;
  readonly endContent: string;
  readonly txns: readonly {
    readonly patches: readonly (readonly [position: number, deleted: number, inserted: string])[];
  }[];
}

const traces = new URL("../../../../shared/data/traces/", import.meta.url);

describe("a real history, one transaction for each edit", () => {
  for (const name of ["automerge-paper", "sveltecomponent", "friendsforever_flat"]) {
    const file = new URL(`${name}.json.gz`, traces);
    if (!existsSync(file)) {
      // The histories come with no clone of this repository: where they are not, the report says so.
      it.skip(`${name}: ../shared/data/traces is not there`, () => {});
      continue;
    }
    it(`${name}: its stored changes alone lead from nothing to the last text, and back to nothing`, () => {
      const trace: Trace = JSON.parse(gunzipSync(readFileSync(file)).toString());
      const stored: Uint8Array[] = [];
      const doc = new Y.Doc();
      observePatches(doc, {}, ({ change }) => stored.push(encodeChange(change)));
      const text = doc.getText("t");
      if (trace.startContent !== "") text.insert(0, trace.startContent);
      // All of these histories stay within the first plane, where a code point is a unit.
      expect(/[\u{10000}-\u{10ffff}]/u.test(JSON.stringify(trace))).toBe(false);
      for (const { patches } of trace.txns) {
        for (const [position, deleted, inserted] of patches) {
          doc.transact(() => {
            if (deleted > 0) text.delete(position, deleted);
            if (inserted !== "") text.insert(position, inserted);
          });
        }
      }
      expect(text.toString()).toBe(trace.endContent);
      const forward = beginReplay({});
      for (const bytes of stored) forward.apply(decodeChange(bytes), "forward");
      const json = forward.end();
      expect(json).toEqual({ t: trace.endContent });
      const reverse = beginReplay(json);
      for (const bytes of stored.reverse()) reverse.apply(decodeChange(bytes), "reverse");
      expect(reverse.end()).toEqual({});
    });
  }
});
