import { beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { createRevertMemory, type KeyWrite, observePatches, type PatchObserver, revert } from "./index.js";

const roots = { m: "map" } as const;

/** A relay's document, and clients that hear of each other only through it, and only when they are told. */
let relay: Y.Doc;
let observer: PatchObserver;
let memory = createRevertMemory();
beforeEach(() => {
  relay = new Y.Doc();
  relay.clientID = 1;
  memory = createRevertMemory();
  observer = observePatches(relay, { roots }, () => {});
});

function client(id: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = id;
  pull(doc);
  return doc;
}

const pull = (doc: Y.Doc) => Y.applyUpdate(doc, Y.encodeStateAsUpdate(relay, Y.encodeStateVector(doc)));

/** Sends what the client has; `judge` says what becomes of it. */
function push(
  doc: Y.Doc,
  judge: (writes: readonly KeyWrite[], transaction: Y.Transaction) => void = () => {},
) {
  relay.transact(transaction => {
    Y.applyUpdate(relay, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(relay)));
    judge(observer.deriveNow(transaction).keyWrites(memory), transaction);
  });
}

function writesOf(doc: Y.Doc): readonly KeyWrite[] {
  let found: readonly KeyWrite[] = [];
  push(doc, writes => {
    found = writes;
  });
  return found;
}

const refuse = (doc: Y.Doc) =>
  push(doc, (_writes, transaction) => {
    revert(relay, [observer.deriveNow(transaction).inverse()], { memory });
  });

const set = (doc: Y.Doc, value: unknown) => doc.getMap("m").set("key", value);
const value = () => relay.getMap("m").get("key");

describe("a write to a key", () => {
  it("is informed when it follows what is in force, and so is a chain of them", () => {
    const ann = client(100);
    set(ann, 1);
    expect(writesOf(ann)).toMatchObject([{ path: ["m", "key"], informed: true, inForce: true }]);
    set(ann, 2);
    set(ann, 3);
    expect(writesOf(ann)).toMatchObject([{ informed: true, inForce: true }]);
  });

  it("is not informed when somebody else had written meanwhile", () => {
    const ann = client(100);
    const bob = client(200);
    set(ann, "ann");
    set(bob, "bob");
    push(ann);
    expect(writesOf(bob)).toMatchObject([{ informed: false, inForce: true }]);
    expect(value()).toBe("bob");
    const cy = client(50);
    set(cy, "seen");
    expect(writesOf(cy)).toMatchObject([{ informed: true }]);
  });

  it("is not in force below a later one of Yjs's order, and can be set again", () => {
    const ann = client(100);
    const bob = client(200);
    set(bob, "bob");
    set(ann, new Y.Map([["by", "ann"]]));
    push(bob);
    push(ann, ([write]) => {
      expect(write).toMatchObject({ informed: false, inForce: false, hiddenByCompensation: false });
      write!.setAgain();
    });
    expect(relay.getMap("m").toJSON()).toEqual({ key: { by: "ann" } });
    pull(bob);
    pull(ann);
    expect([ann, bob].map(doc => doc.getMap("m").toJSON())).toEqual([
      { key: { by: "ann" } },
      { key: { by: "ann" } },
    ]);
    expect(relay.clientID).toBe(1);
  });

  it("that was taken back does not count: what follows it is informed, and wins over what was restored", () => {
    const ann = client(100);
    set(ann, "good");
    push(ann);
    const eve = client(200);
    set(eve, "refused");
    refuse(eve);
    expect(value()).toBe("good");
    set(eve, "corrected");
    expect(writesOf(eve)).toMatchObject([{ informed: true, inForce: true }]);
    expect(value()).toBe("corrected");
  });

  it("of one who saw the original is informed, though a copy is in force", () => {
    const ann = client(100);
    set(ann, "good");
    push(ann);
    const bob = client(50);
    const eve = client(200);
    set(eve, "refused");
    refuse(eve);
    set(bob, "better");
    expect(writesOf(bob)).toMatchObject([{ informed: true, inForce: false, hiddenByCompensation: true }]);
  });

  it("that only loses to a compensation is told from one that loses to a write", () => {
    const bob = client(50);
    const eve = client(200);
    set(bob, "valid");
    set(eve, "refused");
    refuse(eve);
    push(bob, ([write]) => {
      expect(write).toMatchObject({ inForce: false, hiddenByCompensation: true });
      write!.setAgain();
    });
    expect(value()).toBe("valid");
    pull(eve);
    expect(eve.getMap("m").get("key")).toBe("valid");
  });

  it("of which its author knew already that it had lost is none: it comes without content", () => {
    const bob = client(50);
    const eve = client(200);
    set(bob, "valid");
    set(eve, "refused");
    refuse(eve);
    pull(bob);
    expect(writesOf(bob)).toEqual([]);
  });

  it("to a key of a type that is gone is none", () => {
    const ann = client(100);
    ann.getMap("m").set("holder", new Y.Map());
    push(ann);
    const bob = client(200);
    ann.getMap("m").delete("holder");
    push(ann);
    (bob.getMap("m").get("holder") as Y.Map<unknown>).set("lost", 1);
    expect(writesOf(bob)).toEqual([]);
  });
});
