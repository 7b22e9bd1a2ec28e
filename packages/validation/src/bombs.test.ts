import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { type Answer, type Bomb, bombs, runLengthV2 } from "./bombs.js";
import { createFirewall } from "./firewall.js";
import { defaultLimits } from "./limits.js";
import { checkStateVector } from "./state-vector.js";

/** Nobody else may wait longer for one message, in milliseconds. */
const patience = 250;

describe.each(bombs)("the bomb $name", bomb => {
  it(`gets the answer ${bomb.answer.type} (${bomb.answer.code}) at once`, () => {
    expectAnswer(bomb, bomb.answer);
  });
});

it("client ids that are leased to others cannot be taken", () => {
  const leased = bombs.filter(bomb => bomb.answerWithLeases !== undefined);
  expect(leased.map(({ name }) => name)).toEqual(["stolen-client-id"]);
  for (const bomb of leased) expectAnswer(bomb, bomb.answerWithLeases!, client => client !== 42);
});

function expectAnswer(
  { before, payloads, carrier }: Bomb,
  { type, code }: Answer,
  mayWrite: (client: number) => boolean = () => true,
): void {
  const doc = documentBefore(before);
  const firewall = createFirewall(doc);
  const state = Y.encodeStateVector(doc);
  for (const payload of payloads()) {
    const started = performance.now();
    const answer =
      carrier === "update"
        ? firewall.scan(payload, { fullState: false, mayWrite })
        : checkStateVector(payload, defaultLimits);
    expect(performance.now() - started).toBeLessThan(patience);
    expect(answer).toMatchObject({ type, ...(type === "pass" ? {} : { code }) });
    if ("work" in answer && type === "pass") expect(answer.work > 1_000).toBe(code === "much-work");
  }
  expect(Y.encodeStateVector(doc)).toEqual(state);
}

function documentBefore(before: Bomb["before"]): Y.Doc {
  const doc = new Y.Doc();
  const firewall = createFirewall(doc);
  for (const update of before?.() ?? []) {
    expect(firewall.scan(update, { fullState: false }).type).toBe("pass");
    Y.applyUpdate(doc, update);
  }
  return doc;
}

describe("without a firewall", () => {
  function apply(name: string): Y.Doc {
    const bomb = bombs.find(other => other.name === name)!;
    const doc = documentBefore(bomb.before);
    Y.applyUpdate(doc, bomb.payloads()[0]!);
    return doc;
  }

  it.each([
    "self-reference",
    "known-ids-elsewhere",
    "subdocument-without-options",
    "nested-values",
    "zero-length",
  ])("%s makes Yjs throw", name => {
    expect(() => Y.applyUpdate(new Y.Doc(), Y.encodeStateAsUpdate(apply(name)))).toThrow();
  });

  it.each(["missing-dependencies", "gap", "skip", "circle"])("%s leaves structs pending", name => {
    expect(apply(name).store.pendingStructs).not.toBeNull();
  });

  it("delete-the-near-future leaves deletions pending", () => {
    expect(apply("delete-the-near-future").store.pendingDs).not.toBeNull();
  });

  it("huge-lengths leaves a document that nobody can load", () => {
    const doc = apply("huge-lengths");
    expect(() => Y.applyUpdate(new Y.Doc(), Y.encodeStateAsUpdate(doc))).toThrow();
  });

  it("entry-of-several-values makes an honest deletion throw", () => {
    const doc = apply("entry-of-several-values");
    expect(() => doc.getMap("map").delete("inner")).toThrow();
  });

  it("client-twice is read in two ways", () => {
    const [update] = bombs.find(({ name }) => name === "client-twice")!.payloads();
    const doc = apply("client-twice");
    expect(doc.getText("text").toString()).toBe("b");
    expect(Y.decodeUpdate(update!).structs).toHaveLength(2);
  });

  it.each(["insertion-into-a-character", "deletion-of-half-a-character"])(
    "%s rewrites the character",
    name => {
      expect(apply(name).getText("text").toString()).toContain("\ufffd");
    },
  );

  it("between-two-places makes a document that loads as another", () => {
    const doc = apply("between-two-places");
    doc.getMap("map").delete("list");
    expect(doc.getText("text").toString()).toBe("ab");
    const loaded = new Y.Doc();
    Y.applyUpdate(loaded, Y.encodeStateAsUpdate(doc));
    expect(loaded.getText("text").toString()).toBe("a");
  });

  it("nested-types overflows the stack of every reader", () => {
    expect(() => apply("nested-types").getArray("list").toJSON()).toThrow(RangeError);
  });

  it("v2-run-length is a V2 update of as many structs as it likes", () => {
    expect(runLengthV2(2 ** 40).length).toBe(runLengthV2(2 ** 39).length);
    expect(Y.decodeUpdateV2(runLengthV2(5_000)).structs).toHaveLength(5_000);
  });
});
