/**
 * Bytes that are spoilt, and updates that are made up. The firewall never throws over them; and what it lets
 * through, Yjs applies without harm.
 *
 * With the default number of cases 20,000 are spoilt and 5,000 made up; VERSO_CASES=40000 makes it a million.
 */
import { expect, it } from "vitest";
import * as Y from "yjs";
import type { Scan } from "./answers.js";
import type { TypeKind } from "./document.js";
import { createFirewall, type Firewall } from "./firewall.js";
import { arbitraryUpdate, between, createRandom, forEachSeed, honestHistory, mutate } from "./testing.js";
import { updateRanges } from "./update.js";

const roots: Record<string, TypeKind> = { map: "map", array: "array", text: "text", xml: "fragment" };
const perSeed = 200;

it("spoilt updates", () => {
  forEachSeed(seed => fuzz(seed, { madeUp: false }), { share: 0.1 });
});

it("made-up updates", () => {
  forEachSeed(seed => fuzz(seed, { madeUp: true }), { share: 0.025 });
});

function fuzz(seed: number, { madeUp }: { madeUp: boolean }): void {
  const random = createRandom(seed);
  const { updates, docs } = honestHistory({ seed, edits: between(random, 5, 60) });
  const count = between(random, 0, updates.length);
  const before = [Uint8Array.of(0, 0), ...updates.slice(0, count)];
  const state = Y.mergeUpdates(before);
  const victims = [
    ...updates.slice(count),
    ...before.slice(-5),
    ...docs.map(doc => Y.encodeStateAsUpdate(doc)),
  ];
  if (count < updates.length - 1) victims.push(Y.mergeUpdates(updates.slice(count)));
  const options = seed % 2 === 0 ? { roots } : {};

  let doc = new Y.Doc();
  let firewall = createFirewall(doc);
  const reset = () => {
    doc = new Y.Doc();
    Y.applyUpdate(doc, state);
    firewall = createFirewall(doc, options);
  };
  reset();
  for (let i = 0; i < perSeed; i++) {
    const update = madeUp
      ? arbitraryUpdate(random, doc)
      : mutate(random, victims[between(random, 0, victims.length - 1)]!, victims);
    try {
      const scan = firewall.scan(update, { fullState: between(random, 0, 1) === 1 });
      if (scan.type !== "pass" && scan.type !== "compensate") continue;
      applyGuarded(doc, firewall, update, scan);
      reset();
    } catch (cause) {
      const hex = Array.from(update, byte => byte.toString(16).padStart(2, "0")).join("");
      throw new Error(`number ${i}: ${String(cause)}: ${hex}`, { cause });
    }
  }
}

type Applicable = Extract<Scan, { type: "pass" | "compensate" }>;

function applyGuarded(doc: Y.Doc, firewall: Firewall, update: Uint8Array, scan: Applicable): void {
  let events = 0;
  doc.on("update", () => events++);
  const started = performance.now();
  if (scan.type === "pass") Y.applyUpdate(doc, update);
  else applyAndTakeBack(doc, update, scan);
  ensure(performance.now() - started < 250, "it took long to apply");
  ensure(doc.store.pendingStructs === null && doc.store.pendingDs === null, "something is pending");
  ensure(scan.type === "compensate" || events > 0 === scan.news, `news: ${scan.news}, events: ${events}`);
  for (const { client, to } of scan.writes) ensure(Y.getState(doc.store, client) === to, "writes are wrong");
  if (scan.type === "pass") ensure(!doesPartCharacters(doc, update, scan), "a character was parted");

  const state = Y.encodeStateAsUpdate(doc);
  const reloaded = new Y.Doc();
  Y.applyUpdate(reloaded, state);
  ensure(
    reloaded.store.pendingStructs === null && reloaded.store.pendingDs === null,
    "pending after loading",
  );
  ensure(String(Y.encodeStateVector(reloaded)) === String(Y.encodeStateVector(doc)), "state vectors differ");
  ensure(
    !["barred", "resync"].includes(createFirewall(new Y.Doc()).scan(state, { fullState: true }).type),
    "the state is refused",
  );
  if (scan.type === "pass") {
    const again = firewall.scan(update, { fullState: true });
    ensure(again.type === "pass" && !again.news, `sent again it is ${again.type}`);
  }
  updateRanges(update);
  for (const each of [doc, reloaded]) {
    each.toJSON();
    deleteEverything(each);
  }
}

/** What a gate does with offences: in one transaction, so that nobody sees them. */
function applyAndTakeBack(doc: Y.Doc, update: Uint8Array, { writes }: Applicable): void {
  doc.transact(transaction => {
    Y.applyUpdate(doc, update);
    for (const { client, from } of writes) {
      for (const struct of [...doc.store.clients.get(client)!]) {
        if (struct instanceof Y.Item && struct.id.clock + struct.length > from) struct.delete(transaction);
      }
    }
  });
}

/**
 * Yjs puts U+FFFD where it parted a character. It may do so in a text of which the document knows the first
 * half of a character already: that is its sender's own.
 */
function doesPartCharacters(doc: Y.Doc, update: Uint8Array, { writes }: Applicable): boolean {
  if (String(update).includes("239,191,189")) return false;
  const ranges = updateRanges(update);
  if (writes.some(({ client, from }) => ranges.some(range => range.client === client && range.from < from)))
    return false;
  return [...doc.store.clients.values()].flat().some(struct => {
    const content = struct instanceof Y.Item ? struct.content : null;
    return content instanceof Y.ContentString && content.str.includes("\ufffd");
  });
}

function deleteEverything(doc: Y.Doc): void {
  doc.transact(transaction => {
    for (const type of doc.share.values()) {
      for (let item = type._start; item !== null; item = item.right) item.delete(transaction);
      for (const item of type._map.values()) item.delete(transaction);
    }
  });
}

function ensure(condition: boolean, otherwise: string): void {
  if (!condition) expect.fail(otherwise);
}
