import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { versoClientMessages, versoServerMessages, versoSubprotocol } from "./index.js";
import type { VersoMessageTable } from "./verso-messages.js";

/** The wire of every subprotocol that there was. A line is never changed, once a client speaks it. */
const hashes: Readonly<Record<string, string>> = {
  "verso.1": "84d19c6456f1d4d8",
};

it("V-80 does not change the wire under the same subprotocol", () => {
  const numbered = (table: VersoMessageTable) =>
    Object.entries(table)
      .map(([type, { number, fields }]) => [number, type, Object.entries(fields)] as const)
      .sort(([one], [other]) => one - other);
  const wire = JSON.stringify([numbered(versoClientMessages), numbered(versoServerMessages)]);
  const hash = createHash("sha256").update(wire).digest("hex").slice(0, 16);
  expect(
    hash,
    `The messages are not those of ${versoSubprotocol} any more, which clients speak that were built before. Give the
subprotocol the next number, have the relay speak both, write the change down in docs/protocol.md, and add the new
number with this hash here.`,
  ).toBe(hashes[versoSubprotocol]);
});

it("gives every message of a side its own number", () => {
  for (const table of [versoClientMessages, versoServerMessages]) {
    const numbers = Object.values(table).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});
