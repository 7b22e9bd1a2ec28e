/**
 * The gate, between a relay and stock clients. Long, because each way in which an edit can be refused has a story here,
 * and all share the clients.
 */
import { observePatches, read } from "@verso/bridge";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import type { Actor } from "./actor.js";
import { createGate, type Verdict } from "./gate.js";
import { createJudge, type KindRules } from "./judge.js";
import { type RuleSetOptions, rule } from "./rules.js";
import { html } from "./sanitize.js";
import { suspicion } from "./suspicion.js";
import { text as plainText } from "./text-schema.js";

const roots = { m: "map", list: "array", text: "text", rich: "richText" } as const;

/** Values that hold this word are refused wherever they stand. */
const secret = "s3cr3t";
const clean = z.string().refine(value => !value.includes(secret), "must not be secret");
const anything: z.ZodType = z.lazy(() =>
  z.union([clean, z.number(), z.boolean(), z.null(), z.array(anything), z.record(z.string(), anything)]),
);
const noSecrets = z.object({
  m: z.record(z.string(), anything),
  list: z.array(anything),
  text: clean,
  rich: z.unknown().refine(value => !JSON.stringify(value).includes(secret), "must not be secret"),
});

interface Client {
  readonly doc: Y.Doc;
  readonly actor: Actor;
  readonly sent: Uint8Array[];
  readonly verdicts: Verdict[];
}

/** A relay that judges, and stock clients: what they send arrives when `sync` is called, and then everything does. */
function world(rules: KindRules = { schema: noSecrets }, options: RuleSetOptions = {}) {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const observer = observePatches(doc, { roots }, () => {});
  const gate = createGate(doc, { observer, judge: createJudge(rules, options) });
  const clients: Client[] = [];
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));

  function connect(clientID: number, roles: readonly string[] = []): Client {
    const replica = new Y.Doc();
    replica.clientID = clientID;
    const actor: Actor = { user: `user ${clientID}`, session: String(clientID), roles };
    const sent: Uint8Array[] = [];
    replica.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "relay") sent.push(update);
    });
    const client: Client = { doc: replica, actor, sent, verdicts: [] };
    clients.push(client);
    Y.applyUpdate(replica, Y.encodeStateAsUpdate(doc), "relay");
    return client;
  }

  /** The relay takes what one client has sent; nobody hears of it yet. */
  function take(client: Client, options: { mayWrite?: boolean } = {}): Verdict[] {
    const verdicts = client.sent.splice(0).map(update => {
      let verdict: Verdict | null = null;
      doc.transact(transaction => {
        Y.applyUpdate(doc, update);
        verdict = gate.settle(transaction, { actor: client.actor, ...options });
      });
      return verdict as unknown as Verdict;
    });
    client.verdicts.push(...verdicts);
    return verdicts;
  }

  /** Everybody hears of everything. */
  function deliver() {
    for (const update of updates.splice(0)) {
      for (const client of clients) Y.applyUpdate(client.doc, update, "relay");
    }
  }

  function sync() {
    for (const client of clients) take(client);
    deliver();
    for (const client of clients) {
      expect(client.doc.store.pendingStructs).toBe(null);
      expect(Y.encodeStateVector(client.doc)).toEqual(Y.encodeStateVector(doc));
      expect(read(client.doc, roots)).toEqual(read(doc, roots));
    }
  }

  return {
    doc,
    updates,
    connect,
    take,
    deliver,
    sync,
    json: () => read(doc, roots),
    /** All bytes that were or would be sent to anybody. */
    bytes: () => Buffer.concat([...updates, Y.encodeStateAsUpdate(doc)]).toString("latin1"),
  };
}

const map = (doc: Y.Doc) => doc.getMap("m");
const list = (doc: Y.Doc) => doc.getArray("list");
const text = (doc: Y.Doc) => doc.getText("text");

describe("a refused transaction", () => {
  const cases: readonly [string, begin: (doc: Y.Doc) => void, refused: (doc: Y.Doc) => void][] = [
    ["an overwrite", doc => map(doc).set("a", 1), doc => map(doc).set("a", secret)],
    ["a new key", doc => map(doc).set("a", 1), doc => map(doc).set("b", secret)],
    [
      "an overwrite of a type",
      doc => map(doc).set("a", new Y.Map([["deep", new Y.Text("kept")]])),
      doc => map(doc).set("a", secret),
    ],
    ["a nested addition", () => {}, doc => map(doc).set("a", [1, { deep: [secret] }])],
    ["a text insertion", doc => text(doc).insert(0, "hello"), doc => text(doc).insert(2, secret)],
    [
      "formatted text",
      doc => doc.getText("rich").insert(0, "hello", { bold: true }),
      doc => doc.getText("rich").insert(2, secret, { italic: true }),
    ],
    [
      "an array's elements",
      doc => list(doc).insert(0, ["a", "b", "c"]),
      doc => list(doc).insert(1, [secret]),
    ],
    [
      "an overwrite again and again",
      doc => map(doc).set("a", 1),
      doc => {
        for (let i = 0; i < 5; i++) map(doc).set("a", secret + i);
      },
    ],
  ];

  it.each(cases)("heals: %s", (_name, begin, refused) => {
    const relay = world();
    const ann = relay.connect(100);
    const bob = relay.connect(200);
    ann.doc.transact(() => begin(ann.doc));
    relay.sync();
    const before = relay.json();
    ann.doc.transact(() => refused(ann.doc));
    const [verdict] = relay.take(ann);
    expect(verdict).toMatchObject({ type: "refused" });
    expect(verdict?.issues).not.toEqual([]);
    expect(relay.bytes()).not.toContain(secret);
    relay.sync();
    expect(relay.json()).toEqual(before);
    expect(read(bob.doc, roots)).toEqual(before);
    // His later edits count.
    map(ann.doc).set("later", "edit");
    relay.sync();
    expect(bob.doc.getMap("m").get("later")).toBe("edit");
    expect(relay.doc.clientID).toBe(1);
  });

  it("restores what was deleted, where it was, also what others have edited meanwhile", () => {
    const relay = world({ permissions: { "/text": { delete: ["editor"] }, "/m/a": { delete: ["editor"] } } });
    const ann = relay.connect(100);
    const bob = relay.connect(200);
    text(ann.doc).insert(0, "one two three");
    map(ann.doc).set("a", new Y.Map([["x", new Y.Text("deep")]]));
    relay.sync();
    text(ann.doc).delete(4, 4);
    map(ann.doc).delete("a");
    text(bob.doc).insert(5, "W");
    relay.take(bob);
    const verdicts = relay.take(ann);
    expect(verdicts.map(({ type }) => type)).toEqual(["refused", "refused"]);
    expect(verdicts[0]?.issues).toMatchObject([{ pointer: "/text", code: "permission-denied" }]);
    relay.sync();
    expect(relay.json()).toMatchObject({ m: { a: { x: "deep" } } });
    expect(relay.json().text).toBe("one tWwo three");
  });

  it("that was a deletion keeps what was edited inside until then, and not what comes for the old ids", () => {
    const relay = world({ permissions: { "/m/a": { delete: ["editor"] } } });
    const [ann, bob, eve] = [relay.connect(100), relay.connect(200), relay.connect(300)];
    map(ann.doc).set("a", new Y.Map([["x", 1]]));
    relay.sync();
    const inside = (doc: Y.Doc) => map(doc).get("a") as Y.Map<unknown>;
    map(ann.doc).delete("a");
    inside(bob.doc).set("bob", 1);
    inside(eve.doc).set("eve", 1);
    relay.take(bob);
    expect(relay.take(ann).map(({ type }) => type)).toEqual(["refused"]);
    // What it was in is gone by now; another stands in its place.
    expect(relay.take(eve)).toMatchObject([{ type: "unchanged" }]);
    relay.sync();
    expect(relay.json().m).toEqual({ a: { x: 1, bob: 1 } });
    inside(eve.doc).set("eve", 2);
    relay.sync();
    expect(relay.json().m).toEqual({ a: { x: 1, bob: 1, eve: 2 } });
  });

  it("of a read-only actor is refused whole, and said so", () => {
    const relay = world({});
    const ann = relay.connect(100);
    map(ann.doc).set("a", 1);
    const [verdict] = relay.take(ann, { mayWrite: false });
    expect(verdict).toMatchObject({ type: "refused", issues: [{ code: "permission-denied" }] });
    relay.sync();
    expect(relay.json().m).toEqual({});
  });

  it("of which only a member is at fault keeps the rest, and what its author wrote inside of it", () => {
    const relay = world();
    const ann = relay.connect(100);
    relay.sync();
    map(ann.doc).set("bad", new Y.Map([["text", secret]]));
    (map(ann.doc).get("bad") as Y.Map<unknown>).set("inside", "of it");
    map(ann.doc).set("good", "stays");
    expect(relay.take(ann).map(({ type }) => type)).toEqual(["repaired", "accepted", "accepted"]);
    relay.sync();
    expect(relay.json().m).toEqual({ bad: { inside: "of it" }, good: "stays" });
  });

  it("takes with it what was written inside of it", () => {
    const relay = world({ permissions: { "/m/closed": ["admin"] } });
    const ann = relay.connect(100);
    relay.sync();
    map(ann.doc).set("closed", new Y.Map());
    (map(ann.doc).get("closed") as Y.Map<unknown>).set("inside", secret);
    map(ann.doc).set("open", "stays");
    expect(relay.take(ann).map(({ type }) => type)).toEqual(["refused", "unchanged", "accepted"]);
    expect(relay.bytes()).not.toContain(secret);
    relay.sync();
    expect(relay.json().m).toEqual({ open: "stays" });
  });

  it("whose rule throws is refused, and the rule is named", () => {
    const broken = rule({
      name: "broken",
      reads: ["/m/a"],
      check() {
        throw new Error(`about ${secret}`);
      },
    });
    const relay = world({ rules: [broken] });
    const ann = relay.connect(100);
    map(ann.doc).set("b", 1);
    map(ann.doc).set("a", 1);
    const verdicts = relay.take(ann);
    expect(verdicts.map(({ type }) => type)).toEqual(["accepted", "refused"]);
    expect(verdicts[1]?.issues).toMatchObject([{ code: "rule-failed", rule: "broken" }]);
    expect(JSON.stringify(verdicts)).not.toContain(secret);
    relay.sync();
    expect(relay.json().m).toEqual({ b: 1 });
  });
});

describe("after a refusal", () => {
  it("a valid write that followed at once to the same key wins over what was restored", () => {
    const relay = world();
    const ann = relay.connect(100);
    const bob = relay.connect(50);
    map(bob.doc).set("a", "old");
    relay.sync();
    map(ann.doc).set("a", secret);
    map(ann.doc).set("a", "corrected");
    expect(relay.take(ann).map(({ type }) => type)).toEqual(["refused", "accepted"]);
    relay.sync();
    expect(relay.json().m).toEqual({ a: "corrected" });
  });

  it("a valid write that the refused one hid is set again", () => {
    const relay = world();
    const eve = relay.connect(200);
    const bob = relay.connect(50);
    map(eve.doc).set("a", secret);
    map(bob.doc).set("a", "valid");
    relay.take(eve);
    relay.take(bob);
    relay.sync();
    expect(relay.json().m).toEqual({ a: "valid" });
  });

  it("another refusal of the same author leaves nothing either, and his edits in between stay", () => {
    const relay = world();
    const ann = relay.connect(100);
    text(ann.doc).insert(0, "good ");
    text(ann.doc).insert(5, secret);
    text(ann.doc).insert(0, "more ");
    text(ann.doc).insert(3, `${secret}!`);
    text(ann.doc).insert(0, "all ");
    expect(relay.take(ann).map(({ type }) => type)).toEqual([
      "accepted",
      "refused",
      "accepted",
      "refused",
      "accepted",
    ]);
    expect(relay.bytes()).not.toContain(secret);
    relay.sync();
    expect(relay.json().text).toBe("all more good ");
  });

  it("what queues offline behind it arrives", () => {
    const relay = world();
    const ann = relay.connect(100);
    const bob = relay.connect(200);
    list(ann.doc).insert(0, [secret]);
    list(ann.doc).insert(1, ["kept"]);
    map(ann.doc).set("a", 1);
    relay.take(ann);
    list(bob.doc).insert(0, ["first"]);
    relay.sync();
    expect(relay.json()).toMatchObject({ m: { a: 1 } });
    expect([...(relay.json().list as string[])].sort()).toEqual(["first", "kept"]);
  });
});

describe("a merged update", () => {
  it("loses only what violates", () => {
    const relay = world();
    const ann = relay.connect(100);
    map(ann.doc).set("keep", "old");
    list(ann.doc).insert(0, ["first"]);
    relay.sync();
    const known = Y.encodeStateVector(relay.doc);
    map(ann.doc).set("good", 1);
    map(ann.doc).set("keep", secret);
    list(ann.doc).push([secret, "second"]);
    text(ann.doc).insert(0, "words");
    map(ann.doc).set("nested", new Y.Map([["a", "fine"] as const, ["b", secret] as const]));
    ann.sent.splice(0, ann.sent.length, Y.encodeStateAsUpdate(ann.doc, known));
    const [verdict] = relay.take(ann);
    expect(verdict).toMatchObject({ type: "repaired" });
    expect(verdict?.issues.map(({ pointer }) => pointer).sort()).toEqual([
      "/list/1",
      "/m/keep",
      "/m/nested/b",
    ]);
    expect(relay.bytes()).not.toContain(secret);
    relay.sync();
    expect(relay.json()).toMatchObject({
      m: { keep: "old", good: 1, nested: { a: "fine" } },
      list: ["first", "second"],
      text: "words",
    });
  });

  describe("of several places in one text", () => {
    const before = "the quick brown fox jumps over the lazy dog";
    type Replacement = readonly [from: string, to: string];

    /** What becomes of the text when all of this was written offline. */
    function merged(rules: KindRules, replacements: readonly Replacement[], begun = before) {
      const relay = world(rules);
      const ann = relay.connect(100);
      text(ann.doc).insert(0, begun);
      relay.sync();
      const known = Y.encodeStateVector(relay.doc);
      for (const [from, to] of replacements) {
        const index = text(ann.doc).toString().indexOf(from);
        text(ann.doc).delete(index, from.length);
        text(ann.doc).insert(index, to);
      }
      ann.sent.splice(0, ann.sent.length, Y.encodeStateAsUpdate(ann.doc, known));
      const [verdict] = relay.take(ann);
      relay.sync();
      expect(relay.bytes()).not.toContain(secret);
      return { type: verdict?.type, codes: verdict?.issues.map(({ code }) => code), text: relay.json().text };
    }

    it("gives up only those that violate", () => {
      const result = merged({ schema: noSecrets }, [
        ["quick", "slow"],
        ["brown", `brown ${secret}`],
        ["fox", "cat"],
        ["over", secret],
        ["dog", "dog, at last"],
      ]);
      expect(result).toEqual({
        type: "repaired",
        codes: ["schema.custom"],
        text: "the slow brown cat jumps over the lazy dog, at last",
      });
    });

    it("by a pattern, or by what looks like an attack", () => {
      const replacements: Replacement[] = [
        ["quick", "very quick"],
        ["fox", "<script>alert(1)</script>"],
        ["lazy", "sleepy"],
      ];
      const left = "the very quick brown fox jumps over the sleepy dog";
      const schema = z.object({ text: plainText({ maxLength: 200, pattern: /^[a-z ]*$/ }) }).loose();
      expect(merged({ schema }, replacements)).toMatchObject({ type: "repaired", text: left });
      const rules = [suspicion({ reads: ["/text"], script: "error" })];
      expect(merged({ rules }, replacements)).toMatchObject({ type: "repaired", text: left });
    });

    it("gives up the longest when they are too much together", () => {
      const schema = z.object({ text: plainText({ maxLength: 60 }) }).loose();
      const result = merged({ schema }, [
        ["quick", "very quick"],
        ["fox", "fox of some considerable age"],
        ["lazy", "sleepy"],
      ]);
      expect(result).toMatchObject({
        type: "repaired",
        codes: ["schema.too_big"],
        text: "the very quick brown fox jumps over the sleepy dog",
      });
    });

    it("gives up a deletion when too little is left", () => {
      const schema = z.object({ text: plainText({ minLength: 40 }) }).loose();
      const result = merged({ schema }, [
        ["the", "a"],
        ["fox jumps over", ""],
      ]);
      expect(result).toMatchObject({ type: "repaired", text: "a quick brown fox jumps over the lazy dog" });
    });

    it("finds a few among hundreds", () => {
      const words = Array.from({ length: 300 }, (_, i) => `w${i};`);
      const result = merged(
        { schema: noSecrets },
        words.map((word, i) => [word, i % 100 === 7 ? `${secret};` : `v${i};`]),
        words.join(" "),
      );
      const kept = words.map((word, i) => (i % 100 === 7 ? word : `v${i};`));
      expect(result).toMatchObject({ type: "repaired", text: kept.join(" ") });
    });

    it("gives up those that are at fault together, and nothing else", () => {
      const relay = world({
        schema: z.object({ text: z.string().refine(value => !/!.*!/.test(value)) }).loose(),
      });
      const ann = relay.connect(100);
      text(ann.doc).insert(0, ".........");
      relay.sync();
      ann.doc.transact(() => {
        for (let i = 9; i >= 0; i--) text(ann.doc).insert(i, "!");
        map(ann.doc).set("kept", 1);
      });
      expect(relay.take(ann)[0]?.type).toBe("repaired");
      relay.sync();
      expect(relay.json()).toMatchObject({ m: { kept: 1 }, text: ".........!" });
    });
  });

  it("goes round by round: what is left must satisfy the schema too", () => {
    const line = z.strictObject({ price: z.number().positive(), name: z.string() });
    const relay = world({
      schema: z.object({ list: z.array(line), m: z.unknown(), text: z.string(), rich: z.unknown() }),
    });
    const ann = relay.connect(100);
    const row = (price: number, name: string) =>
      new Y.Map<unknown>([
        ["price", price],
        ["name", name],
      ] as never);
    ann.doc.transact(() => list(ann.doc).insert(0, [row(1, "one"), row(-1, "two"), row(3, "three")]));
    const [verdict] = relay.take(ann);
    expect(verdict).toMatchObject({ type: "repaired" });
    relay.sync();
    expect(relay.json().list).toEqual([
      { price: 1, name: "one" },
      { price: 3, name: "three" },
    ]);
  });

  it("is taken back where another field than the one complained of was changed", () => {
    const ordered = rule({
      name: "ordered",
      reads: ["/m/from", "/m/to"],
      check: ([from, to]) =>
        (from as number) <= (to as number) ? true : [{ pointer: "/m/to", message: "comes before" }],
    });
    const relay = world({ rules: [ordered] });
    const ann = relay.connect(100);
    ann.doc.transact(() => {
      map(ann.doc).set("from", 1);
      map(ann.doc).set("to", 5);
    });
    relay.sync();
    ann.doc.transact(() => {
      map(ann.doc).set("from", 9);
      text(ann.doc).insert(0, "unrelated");
    });
    relay.sync();
    expect(ann.verdicts.at(-1)).toMatchObject({
      type: "repaired",
      issues: [{ code: "rule.ordered", pointer: "/m/to" }],
    });
    expect(relay.json()).toMatchObject({ m: { from: 1, to: 5 }, text: "unrelated" });
  });
});

describe("a policy of conflicts", () => {
  const conflicting = (policy: "server-wins" | "latest-wins" | "merge", first: number, second: number) => {
    const relay = world({ conflicts: { "/m/status": policy } });
    const [a, b] = [relay.connect(first), relay.connect(second)];
    map(a.doc).set("status", "draft");
    relay.sync();
    map(a.doc).set("status", "first");
    map(b.doc).set("status", "second");
    map(b.doc).set("other", "beside it");
    relay.take(a);
    relay.take(b);
    relay.sync();
    return { relay, b };
  };

  it.each([
    [100, 200],
    [200, 100],
  ])("server-wins: a write made unseen is refused, whoever has the higher id (%i, %i)", (first, second) => {
    const { relay, b } = conflicting("server-wins", first, second);
    expect(relay.json().m).toEqual({ status: "first", other: "beside it" });
    expect(b.verdicts.at(-2)).toMatchObject({
      type: "refused",
      issues: [{ code: "conflict", pointer: "/m/status" }],
    });
    // He has seen it now.
    map(b.doc).set("status", "second");
    relay.sync();
    expect(relay.json().m).toMatchObject({ status: "second" });
  });

  it.each([
    [100, 200],
    [200, 100],
  ])(
    "latest-wins: the one that comes later is in force, whoever has the higher id (%i, %i)",
    (first, second) => {
      expect(conflicting("latest-wins", first, second).relay.json().m).toMatchObject({ status: "second" });
    },
  );

  it.each([
    [100, 200],
    [200, 100],
  ])("latest-wins: what was set again for its author and then violates is gone (%i, %i)", (first, second) => {
    const relay = world({ schema: noSecrets, conflicts: { "/m/status": "latest-wins" } });
    const [a, b] = [relay.connect(first), relay.connect(second)];
    map(a.doc).set("status", "first");
    map(b.doc).set("status", secret);
    map(b.doc).set("other", "beside it");
    relay.take(a);
    expect(relay.take(b).map(({ type }) => type)).toEqual(["refused", "accepted"]);
    expect(relay.bytes()).not.toContain(secret);
    relay.sync();
    expect(relay.json().m).toEqual({ status: "first", other: "beside it" });
  });

  it("merge: Yjs decides", () => {
    expect(conflicting("merge", 100, 200).relay.json().m).toMatchObject({ status: "second" });
    expect(conflicting("merge", 200, 100).relay.json().m).toMatchObject({ status: "first" });
  });

  it.each([
    [100, 200],
    [200, 100],
  ])("judges the rest without what was written unseen (%i, %i)", (first, second) => {
    const paidIsApproved = rule({
      name: "paid-is-approved",
      reads: ["/m/status", "/m/approved"],
      check: ([status, approved]) => (status === "paid") === (approved === true) || "is not approved",
    });
    const relay = world({ conflicts: { "/m/status": "server-wins" }, rules: [paidIsApproved] });
    const [a, b] = [relay.connect(first), relay.connect(second)];
    map(b.doc).set("status", "draft");
    a.doc.transact(() => {
      map(a.doc).set("status", "paid");
      map(a.doc).set("approved", true);
    });
    relay.take(a);
    relay.sync();
    expect(relay.json().m).toEqual({ status: "paid", approved: true });
    expect(b.verdicts.flatMap(({ issues }) => issues.map(({ code }) => code))).toEqual(["conflict"]);
  });

  it("takes an honest chain of offline writes for one", () => {
    const relay = world({ conflicts: { "/m/status": "server-wins" } });
    const ann = relay.connect(100);
    relay.sync();
    for (const status of ["a", "b", "c"]) map(ann.doc).set("status", status);
    expect(relay.take(ann).map(({ type }) => type)).toEqual(["accepted", "accepted", "accepted"]);
    for (const status of ["d", "e"]) map(ann.doc).set("status", status);
    ann.sent.splice(0, ann.sent.length, Y.mergeUpdates(ann.sent));
    expect(relay.take(ann)).toMatchObject([{ type: "accepted" }]);
    relay.sync();
    expect(relay.json().m).toEqual({ status: "e" });
  });
});

describe("permissions", () => {
  it("ask for every right below what is removed or brought", () => {
    const relay = world({ permissions: { "/m/*/locked": ["admin"] } });
    const admin = relay.connect(100, ["admin"]);
    const ann = relay.connect(200);
    map(admin.doc).set("open", new Y.Map([["x", 1]]));
    map(admin.doc).set("closed", new Y.Map([["locked", 1]]));
    relay.sync();
    map(ann.doc).delete("open");
    map(ann.doc).delete("closed");
    map(ann.doc).set("mine", new Y.Map([["locked", 1]]));
    expect(relay.take(ann).map(({ type, issues }) => [type, issues.map(({ pointer }) => pointer)])).toEqual([
      ["accepted", []],
      ["refused", ["/m/closed/locked"]],
      ["repaired", ["/m/mine/locked"]],
    ]);
    relay.sync();
    expect(relay.json().m).toEqual({ closed: { locked: 1 }, mine: {} });
  });

  it("of the nearest pattern decide, action by action", () => {
    const relay = world({
      permissions: { "/m": ["writer"], "/m/*/body": { update: ["editor"], insert: () => true } },
    });
    const writer = relay.connect(100, ["writer"]);
    const editor = relay.connect(200, ["editor"]);
    map(writer.doc).set("a", new Y.Map([["body", "x"]]));
    expect(relay.take(writer)).toMatchObject([{ type: "accepted" }]);
    relay.sync();
    (map(editor.doc).get("a") as Y.Map<unknown>).set("body", "y");
    (map(editor.doc).get("a") as Y.Map<unknown>).set("title", "y");
    expect(relay.take(editor).map(({ type }) => type)).toEqual(["accepted", "refused"]);
    relay.sync();
    expect(relay.json().m).toEqual({ a: { body: "y" } });
  });
});

describe("cleaning", () => {
  const relayThatCleans = () =>
    world({
      sanitize: {
        "/m/*/body": html(),
        "/text": html({ allowedTags: ["b"] }),
        "/list/*": text => text.trim(),
      },
      schema: z.object({
        m: z.unknown(),
        list: z.array(z.string().min(1)),
        text: z.string(),
        rich: z.unknown(),
      }),
    });

  it("writes back in the same transaction what is left of a text, and says so", () => {
    const relay = relayThatCleans();
    const ann = relay.connect(100);
    const bob = relay.connect(200);
    map(ann.doc).set("post", new Y.Map([["body", "<p onclick=x()>hello<script>s3cr3t</script></p>"]]));
    text(ann.doc).insert(0, "a <b>bold</b> <i>word</i>");
    list(ann.doc).insert(0, ["  padded  ", "fine"]);
    const verdicts = relay.take(ann);
    expect(verdicts.map(({ type, wrote }) => [type, wrote])).toEqual([
      ["accepted", true],
      ["accepted", true],
      ["accepted", true],
    ]);
    expect(verdicts.flatMap(({ issues }) => issues)).toMatchObject([
      { pointer: "/m/post/body", code: "sanitized", severity: "info" },
      { pointer: "/text", code: "sanitized" },
      { pointer: "/list/0", code: "sanitized" },
    ]);
    expect(relay.bytes()).not.toContain(secret);
    relay.sync();
    expect(read(bob.doc, roots)).toMatchObject({
      m: { post: { body: "<p>hello</p>" } },
      text: "a <b>bold</b> word",
      list: ["padded", "fine"],
    });
    expect(relay.doc.clientID).toBe(1);
  });

  it("refuses what cannot be cleaned, and what does not hold when it is clean", () => {
    const relay = relayThatCleans();
    const ann = relay.connect(100);
    text(ann.doc).insert(0, "<b>".repeat(20_000));
    list(ann.doc).insert(0, ["   "]);
    expect(relay.take(ann).map(({ type, issues }) => [type, issues.map(({ code }) => code)])).toEqual([
      ["refused", ["not-sanitized"]],
      ["refused", ["sanitized", "schema.too_small"]],
    ]);
    relay.sync();
    expect(relay.json()).toMatchObject({ text: "", list: [] });
  });
});

it("a permission or a refinement that throws refuses, and says nothing of the content", () => {
  const explode = () => {
    throw new Error(secret);
  };
  const failures: string[] = [];
  const relay = world(
    { permissions: { "/m": explode }, schema: z.object({ text: z.string().refine(explode) }).loose() },
    { failed: what => failures.push(what) },
  );
  const ann = relay.connect(100);
  map(ann.doc).set("a", 1);
  text(ann.doc).insert(0, "x");
  const verdicts = relay.take(ann);
  expect(verdicts.map(({ type, issues }) => [type, issues.map(({ rule }) => rule)])).toEqual([
    ["refused", ["permissions"]],
    ["refused", ["schema"]],
  ]);
  expect(JSON.stringify(verdicts)).not.toContain(secret);
  expect(new Set(failures)).toEqual(new Set(["permissions", "schema"]));
  relay.sync();
});

it("a document that did not satisfy its schema before may be edited as long as that makes it no worse", () => {
  const doc = new Y.Doc();
  doc.getMap("m").set("old", secret);
  doc.getMap("m").set("fine", 1);
  const stored = Y.encodeStateAsUpdate(doc);
  const relay = world();
  Y.applyUpdate(relay.doc, stored);
  const ann = relay.connect(100);
  map(ann.doc).set("fine", 2);
  map(ann.doc).set("new", secret);
  map(ann.doc).set("old", "mended");
  expect(relay.take(ann).map(({ type }) => type)).toEqual(["accepted", "refused", "accepted"]);
  relay.sync();
  expect(relay.json().m).toEqual({ fine: 2, old: "mended" });
});

it("what was wrong before an element that is judged with its list may be moved by insertions, and not multiplied", () => {
  const relay = world({
    schema: z.object({
      list: z.array(z.string().refine(value => value !== "bad")).refine(() => true),
    }),
  });
  const doc = new Y.Doc();
  doc.getArray("list").push(["fine", "bad", "fine"]);
  Y.applyUpdate(relay.doc, Y.encodeStateAsUpdate(doc));
  const ann = relay.connect(100);
  list(ann.doc).insert(0, ["new"]);
  expect(relay.take(ann)).toMatchObject([{ type: "accepted" }]);
  relay.sync();
  list(ann.doc).insert(0, ["bad"]);
  const [verdict] = relay.take(ann);
  expect(verdict).toMatchObject({ type: "refused" });
  expect(verdict?.issues.map(({ pointer }) => pointer)).toContain("/list/0");
  relay.sync();
  expect(relay.json().list).toEqual(["new", "fine", "bad", "fine"]);
});

it("what concerns nobody is not judged", () => {
  const relay = world();
  const ann = relay.connect(100);
  ann.sent.push(Y.encodeStateAsUpdate(new Y.Doc()));
  expect(relay.take(ann)).toMatchObject([{ type: "unchanged", issues: [] }]);
});

it("a document that keeps what was deleted has no gate", () => {
  const doc = new Y.Doc({ gc: false });
  const observer = observePatches(doc, {}, () => {});
  expect(() => createGate(doc, { observer, judge: createJudge({}) })).toThrow("collection");
});
