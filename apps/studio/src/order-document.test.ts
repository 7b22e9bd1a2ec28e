import { expect, it } from "vitest";
import { Doc } from "yjs";
import {
  addLine,
  linesOf,
  parseOrder,
  readJson,
  removeLine,
  setField,
  setLine,
  setStatus,
  writeJson,
} from "./order-document.js";

it("the total follows the lines, in the same transaction", () => {
  const doc = new Doc();
  addLine(doc);
  const [line] = linesOf(doc);
  setLine(doc, line!, { field: "price", value: 1250 });
  let updates = 0;
  doc.on("update", () => updates++);
  setLine(doc, line!, { field: "quantity", value: 3 });
  expect(updates).toBe(1);
  expect(readJson(doc)).toEqual({ order: { total: 3750 }, lines: [{ item: "", quantity: 3, price: 1250 }] });
  removeLine(doc, line!);
  expect(readJson(doc)).toEqual({ order: { total: 0 }, lines: [] });
});

it("one who may approve does so with the payment, and takes back both", () => {
  const doc = new Doc();
  setStatus(doc, "paid", { mayApprove: true });
  expect(readJson(doc).order).toEqual({ status: "paid", approved: true });
  setStatus(doc, "sent", { mayApprove: true });
  expect(readJson(doc).order).toEqual({ status: "sent" });
  setStatus(doc, "paid", { mayApprove: false });
  expect(readJson(doc).order).toEqual({ status: "paid" });
});

it("an emptied field is none", () => {
  const doc = new Doc();
  setField(doc, "customer", "Ada");
  setField(doc, "customer", "");
  expect(readJson(doc).order).toEqual({});
});

it("any JSON of the two roots can be written, in one transaction, and only what differs is", () => {
  const doc = new Doc();
  addLine(doc);
  addLine(doc);
  const [first] = linesOf(doc);
  let updates = 0;
  doc.on("update", () => updates++);
  const json = {
    order: { total: "much", more: [1, { deep: null }] },
    lines: [{ item: "kept", quantity: 1, price: 0 }, "nonsense", null, [2]],
  };
  writeJson(doc, json);
  expect(readJson(doc)).toEqual(json);
  expect(linesOf(doc)).toEqual([first]);
  expect(updates).toBe(1);
  writeJson(doc, json);
  expect(updates).toBe(1);
  writeJson(doc, { order: {}, lines: [] });
  expect(readJson(doc)).toEqual({ order: {}, lines: [] });
});

it.each([
  ["{", /^This is not JSON: /],
  ["[]", /an object "order" and an array "lines"/],
  ['{"order": 1, "lines": []}', /an object "order" and an array "lines"/],
  ['{"order": {}, "lines": {}}', /an object "order" and an array "lines"/],
  ['{"order": {}, "lines": [], "other": 1}', /nothing beside them/],
])("%s cannot be written", (text, detail) => {
  expect(parseOrder(text)).toEqual({ ok: false, detail: expect.stringMatching(detail) });
});
