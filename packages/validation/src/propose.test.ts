/**
 * A client that judges its own edits: what a relay of the same kind would refuse does not leave it.
 */
import { observePatches, read } from "@verso/bridge";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import type { Actor } from "./actor.js";
import { createGate, type Verdict } from "./gate.js";
import { between, createRandom, type Random } from "./honest.js";
import { createJudge, type Judge, type KindRules } from "./judge.js";
import { rule } from "./rules.js";
import { html } from "./sanitize.js";
import { forEachSeed } from "./testing.js";

const roots = { m: "map", list: "array", text: "text", rich: "richText" } as const;

/** Values that hold this word are refused wherever they stand. */
const secret = "s3cr3t";
const clean = z.string().refine(value => !value.includes(secret), "must not be secret");
const anything: z.ZodType = z.lazy(() =>
  z.union([clean, z.number(), z.boolean(), z.null(), z.array(anything), z.record(z.string(), anything)]),
);
const kind: KindRules = {
  schema: z.object({
    m: z.record(z.string(), anything),
    list: z.array(anything).max(30),
    text: clean,
    rich: z.unknown().refine(value => !JSON.stringify(value).includes(secret), "must not be secret"),
  }),
  permissions: { "/m/locked": ["admin"], "/m/*/kept": { delete: [] }, "/list/*": { delete: ["editor"] } },
  conflicts: { "/m/status": "server-wins", "/m/latest": "latest-wins" },
  rules: [
    rule({
      name: "ordered",
      reads: ["/m/from", "/m/to"],
      check: ([from, to]) => typeof from !== "number" || typeof to !== "number" || from <= to,
    }),
  ],
};

function relayOf(judge: Judge) {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const gate = createGate(doc, { observer: observePatches(doc, { roots }, () => {}), judge });
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  return {
    doc,
    updates,
    take(update: Uint8Array, actor: Actor): Verdict {
      return doc.transact(transaction => {
        Y.applyUpdate(doc, update);
        return gate.settle(transaction, { actor });
      });
    },
  };
}

function clientOf(relay: Y.Doc, judge: Judge, clientID: number, roles: readonly string[] = ["editor"]) {
  const doc = new Y.Doc();
  doc.clientID = clientID;
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(relay), "relay");
  const gate = createGate(doc, { observer: observePatches(doc, { roots }, () => {}), judge });
  const actor: Actor = { user: `user ${clientID}`, session: "", roles };
  const sent: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== "relay") sent.push(update);
  });
  return { doc, actor, sent, gate, propose: (edit: () => void) => gate.propose(edit, { actor }) };
}

/** A relay and a client of the same kind, of a document in which something is. */
function world(begin: (doc: Y.Doc) => void = () => {}, rules: KindRules = kind) {
  const judge = createJudge(rules);
  const relay = relayOf(judge);
  relay.doc.transact(() => begin(relay.doc));
  const client = clientOf(relay.doc, judge, 100);

  /** The relay takes what was sent, the client hears of it, and both are the same. */
  function sync(): Verdict["type"][] {
    const types = client.sent.splice(0).map(update => relay.take(update, client.actor).type);
    for (const update of relay.updates.splice(0)) Y.applyUpdate(client.doc, update, "relay");
    expect(read(client.doc, roots)).toEqual(read(relay.doc, roots));
    expect(Y.encodeStateVector(client.doc)).toEqual(Y.encodeStateVector(relay.doc));
    return types;
  }

  return { relay, ...client, sync, json: () => read(client.doc, roots) };
}

const map = (doc: Y.Doc) => doc.getMap("m");
const list = (doc: Y.Doc) => doc.getArray("list");
const text = (doc: Y.Doc) => doc.getText("text");
const rich = (doc: Y.Doc) => doc.getText("rich");
const bytes = (...updates: readonly Uint8Array[]) => Buffer.concat(updates).toString("latin1");

const refusals: readonly [string, begin: (doc: Y.Doc) => void, refused: (doc: Y.Doc) => void][] = [
  ["an overwrite", doc => map(doc).set("a", 1), doc => map(doc).set("a", secret)],
  ["a new key", doc => map(doc).set("a", 1), doc => map(doc).set("b", secret)],
  [
    "an overwrite again and again",
    doc => map(doc).set("a", 1),
    doc => {
      for (let i = 0; i < 5; i++) map(doc).set("a", secret + i);
    },
  ],
  [
    "an overwrite of a type",
    doc => map(doc).set("a", new Y.Map([["deep", new Y.Text("kept")]])),
    doc => map(doc).set("a", secret),
  ],
  ["plain values in each other", () => {}, doc => map(doc).set("a", [1, { deep: [secret] }])],
  [
    "a deletion",
    doc => map(doc).set("a", new Y.Map([["kept", new Y.Text("it stays")]])),
    doc => map(doc).delete("a"),
  ],
  ["a text insertion", doc => text(doc).insert(0, "hello"), doc => text(doc).insert(2, secret)],
  [
    "a text replaced",
    doc => text(doc).insert(0, "hello"),
    doc => {
      text(doc).delete(1, 3);
      text(doc).insert(1, secret);
    },
  ],
  [
    "formatted text",
    doc => rich(doc).insert(0, "hello", { bold: true }),
    doc => rich(doc).insert(2, secret, { italic: true }),
  ],
  ["elements of a list", doc => list(doc).insert(0, ["a", "b"]), doc => list(doc).insert(1, [secret])],
  ["a field that contradicts another", doc => map(doc).set("to", 3), doc => map(doc).set("from", 4)],
];

describe("a proposed edit", () => {
  it("that is good leaves like every other", () => {
    const { doc, propose, sent, sync } = world();
    const verdict = propose(() => map(doc).set("a", 1));
    expect(verdict).toMatchObject({ type: "accepted", issues: [], wrote: false });
    expect(sent).toHaveLength(1);
    expect(sync()).toEqual(["accepted"]);
  });

  it.each(refusals)("that is bad is taken back before it leaves: %s", (_name, begin, refused) => {
    const { doc, propose, sent, sync, json, relay } = world(begin);
    const before = json();
    const verdict = propose(() => refused(doc));
    expect(verdict.type).toBe("refused");
    expect(verdict.issues).not.toEqual([]);
    expect(json()).toEqual(before);
    expect(doc.clientID).toBe(100);
    expect(sent).toHaveLength(1);
    expect(bytes(...sent, Y.encodeStateAsUpdate(doc))).not.toContain(secret);
    expect(sync()).toEqual(["unchanged"]);
    expect(json()).toEqual(before);

    propose(() => {
      map(doc).set("z", "later");
      text(doc).insert(0, "later");
      rich(doc).insert(rich(doc).length, "later");
      list(doc).push(["later"]);
    });
    expect(sync()).toEqual(["accepted"]);
    expect(map(relay.doc).get("z")).toBe("later");
  });

  it("loses no more than what is bad of it", () => {
    const { doc, propose, sent, sync, json } = world();
    const verdict = propose(() => {
      map(doc).set("good", 1);
      map(doc).set("bad", secret);
      text(doc).insert(0, "good");
      list(doc).insert(0, ["good", secret, "too"]);
    });
    expect(verdict).toMatchObject({
      type: "repaired",
      issues: [{ pointer: "/m/bad" }, { pointer: "/list/1" }],
    });
    expect(json()).toMatchObject({ m: { good: 1 }, text: "good", list: ["good", "too"] });
    expect(bytes(...sent)).not.toContain(secret);
    expect(sync()).toEqual(["accepted"]);
  });

  it("is cleaned where the kind says so, and the relay has nothing left to clean", () => {
    const rules = { sanitize: { "/text": html() } };
    const { doc, propose, sent, sync, json } = world(() => {}, rules);
    const verdict = propose(() => text(doc).insert(0, `<p>fine<script>${secret}</script></p>`));
    expect(verdict).toMatchObject({ type: "accepted", issues: [{ code: "sanitized" }] });
    expect(json().text).toBe("<p>fine</p>");
    expect(bytes(...sent)).not.toContain(secret);
    expect(sync()).toEqual(["accepted"]);
  });

  it("of one who may not write is refused whole", () => {
    const { doc, gate, actor, json } = world();
    const verdict = gate.propose(() => map(doc).set("a", 1), { actor, mayWrite: false });
    expect(verdict).toMatchObject({ type: "refused", issues: [{ code: "permission-denied" }] });
    expect(json().m).toEqual({});
  });

  it("bears the origin that it is given", () => {
    const { doc, gate, actor } = world();
    const origins: unknown[] = [];
    doc.on("update", (_update: Uint8Array, origin: unknown) => origins.push(origin));
    gate.propose(() => map(doc).set("a", secret), { actor, origin: "form" });
    expect(origins).toEqual(["form"]);
  });

  it("may be transactions inside of each other", () => {
    const { doc, propose, sent } = world();
    const verdict = propose(() => {
      doc.transact(() => map(doc).set("a", 1));
      doc.transact(() => map(doc).set("b", secret));
    });
    expect(verdict.type).toBe("repaired");
    expect(sent).toHaveLength(1);
  });

  it("cannot be made within a transaction or an observer, where it would be judged with others", () => {
    const { doc, propose, json } = world();
    const write = () => propose(() => map(doc).set("b", 2));
    expect(() => doc.transact(write)).toThrow(TypeError);
    expect(() => propose(write)).toThrow(TypeError);
    map(doc).observe(write);
    expect(() => map(doc).set("a", 1)).toThrow(TypeError);
    map(doc).unobserve(write);
    expect(json().m).toEqual({ a: 1 });
    expect(write().type).toBe("accepted");
  });

  it("that throws leaves nothing behind, and what it threw is thrown on", () => {
    const begin = (doc: Y.Doc) => text(doc).insert(0, "hello");
    const { doc, propose, sent, sync, json } = world(begin);
    const before = json();
    const error = new Error("in the middle");
    const edit = () => {
      text(doc).delete(0, 2);
      map(doc).set("a", secret);
      throw error;
    };
    expect(() => propose(edit)).toThrow(error);
    expect(json()).toEqual(before);
    expect(bytes(...sent)).not.toContain(secret);
    expect(sync()).toEqual(["unchanged"]);
    expect(propose(() => text(doc).insert(5, "!")).type).toBe("accepted");
    expect(sync()).toEqual(["accepted"]);
    expect(json().text).toBe("hello!");
  });
});

describe("in a client with an UndoManager", () => {
  it("what was refused is in no byte, though the UndoManager keeps what is deleted", () => {
    const { doc, propose, sent, sync } = world(doc => map(doc).set("a", "before"));
    const undo = new Y.UndoManager([map(doc), text(doc), list(doc)], { captureTimeout: 0 });
    propose(() => {
      map(doc).set("a", secret);
      map(doc).set("b", new Y.Map([["deep", [secret]]]));
      text(doc).insert(0, secret);
      list(doc).insert(0, [secret]);
    });
    expect(bytes(...sent, Y.encodeStateAsUpdate(doc))).not.toContain(secret);
    expect(sync()).toEqual(["accepted"]);
    const left = { m: { a: "before", b: {} }, text: "", list: [] };
    expect(read(doc, roots)).toMatchObject(left);
    undo.undo();
    expect(map(doc).has("b")).toBe(false);
    undo.redo();
    expect(bytes(...sent, Y.encodeStateAsUpdate(doc))).not.toContain(secret);
    expect(sync()).toEqual(["accepted", "accepted"]);
    expect(read(doc, roots)).toMatchObject(left);
  });

  it("what was accepted can be undone and done again around it", () => {
    const { doc, propose, sync } = world(doc => map(doc).set("a", "before"));
    const undo = new Y.UndoManager(map(doc), { captureTimeout: 0 });
    propose(() => map(doc).set("a", "good"));
    propose(() => map(doc).set("a", secret));
    undo.undo();
    expect(map(doc).get("a")).toBe("good");
    undo.undo();
    expect(map(doc).get("a")).toBe("before");
    undo.redo();
    undo.redo();
    expect(map(doc).get("a")).toBe("good");
    for (const type of sync()) expect(["accepted", "unchanged"]).toContain(type);
  });
});

describe("a client that is not alone in its document", () => {
  it("does not judge conflicts, which are a matter of the relay's order", () => {
    const { doc, propose, relay, actor, sent } = world(doc => map(doc).set("status", "draft"));
    map(relay.doc).set("status", "sent");
    expect(propose(() => map(doc).set("status", "paid")).type).toBe("accepted");
    expect(relay.take(sent[0]!, actor)).toMatchObject({ type: "refused", issues: [{ code: "conflict" }] });
  });

  it("may mend and extend what did not satisfy the schema before", () => {
    const { doc, propose, sync, json } = world(doc => {
      map(doc).set("old", secret);
      map(doc).set("sound", 1);
    });
    expect(propose(() => map(doc).set("sound", 2)).type).toBe("accepted");
    expect(propose(() => map(doc).set("new", secret)).type).toBe("refused");
    expect(propose(() => map(doc).set("old", "mended")).type).toBe("accepted");
    expect(sync()).toEqual(["accepted", "unchanged", "accepted"]);
    expect(json().m).toEqual({ old: "mended", sound: 2 });
  });

  it("is not held to what was written past it meanwhile", () => {
    const { doc, propose } = world();
    expect(propose(() => list(doc).insert(0, [secret])).type).toBe("refused");
    list(doc).insert(0, [new Y.Map([["note", secret]])]);
    const [element] = list(doc).toArray() as Y.Map<unknown>[];
    expect(propose(() => element!.set("note", `${secret}!`)).type).toBe("accepted");
    expect(propose(() => element!.set("other", secret)).type).toBe("refused");
  });
});

it("never sends what a relay of its kind refuses, when it has seen everything", () => {
  const judge = createJudge(kind, { deadline: Number.POSITIVE_INFINITY });
  forEachSeed(
    seed => {
      const random = createRandom(seed);
      const relay = relayOf(judge);
      const clients = [
        clientOf(relay.doc, judge, 16 + between(random, 0, 500)),
        clientOf(relay.doc, judge, 600 + between(random, 0, 500), []),
      ];
      const wire: Uint8Array[] = [];
      for (let step = 0; step < 20; step++) {
        const client = clients[between(random, 0, 1)]!;
        if (between(random, 0, 9) === 0)
          new Y.UndoManager([map(client.doc), text(client.doc), list(client.doc)]);
        const before = read(client.doc, roots);
        const { type } = client.propose(() => editAtRandom(client.doc, random, step));
        if (type === "refused") expect(read(client.doc, roots)).toEqual(before);
        const updates = client.sent.splice(0);
        wire.push(...updates);
        expect(updates.length).toBeLessThanOrEqual(1);
        for (const update of updates) {
          const verdict = relay.take(update, client.actor);
          expect(verdict.issues.filter(({ severity }) => severity === "error")).toEqual([]);
          expect(verdict.type).toBe(type === "refused" || type === "unchanged" ? "unchanged" : "accepted");
        }
        for (const update of relay.updates.splice(0)) {
          for (const { doc } of clients) Y.applyUpdate(doc, update, "relay");
        }
      }
      for (const { doc } of clients) {
        expect(read(doc, roots)).toEqual(read(relay.doc, roots));
        expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(relay.doc));
      }
      expect(bytes(...wire, Y.encodeStateAsUpdate(relay.doc))).not.toContain(secret);
    },
    { share: 0.5 },
  );
});

it("converges with the relay and others, whatever each has not seen yet", () => {
  const judge = createJudge(kind, { deadline: Number.POSITIVE_INFINITY });
  forEachSeed(
    seed => {
      const random = createRandom(seed);
      const relay = relayOf(judge);
      const clients = [0, 1, 2].map(i => clientOf(relay.doc, judge, 16 + between(random, 0, 1000) * 3 + i));
      const heard = clients.map(() => 0);
      const wire: Uint8Array[] = [];
      const exchange = (i: number) => {
        const { doc, sent, actor } = clients[i]!;
        for (const update of sent.splice(0)) {
          wire.push(update);
          relay.take(update, actor);
          expect(judge.judgeDocument(read(relay.doc, roots), actor)).toEqual([]);
        }
        for (const update of relay.updates.slice(heard[i])) Y.applyUpdate(doc, update, "relay");
        heard[i] = relay.updates.length;
      };
      for (let step = 0; step < 20; step++) {
        const i = between(random, 0, 2);
        if (between(random, 0, 2) === 0) exchange(i);
        else clients[i]!.propose(() => editAtRandom(clients[i]!.doc, random, step));
      }
      for (const i of [0, 1, 2, 0, 1, 2]) exchange(i);
      for (const { doc } of clients) {
        expect(read(doc, roots)).toEqual(read(relay.doc, roots));
        expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(relay.doc));
      }
      expect(bytes(...wire, Y.encodeStateAsUpdate(relay.doc))).not.toContain(secret);
    },
    { share: 0.5 },
  );
});

/** A few changes, good and bad, as one edit. */
function editAtRandom(doc: Y.Doc, random: Random, step: number): void {
  const mark = `<${doc.clientID}.${step}>`;
  const upTo = (length: number) => between(random, 0, length);
  const actions: readonly (() => void)[] = [
    () => map(doc).set(mark, mark),
    () => map(doc).set("shared", step),
    () => map(doc).set("shared", new Y.Map([["kept", new Y.Text(mark)]])),
    () => map(doc).delete("shared"),
    () => map(doc).set("status", mark),
    () => map(doc).set("latest", mark),
    () => map(doc).set("from", step % 7),
    () => map(doc).set("to", step % 5),
    () => text(doc).insert(upTo(text(doc).length), mark),
    () => text(doc).length > 0 && text(doc).delete(upTo(text(doc).length - 1), 1),
    () => rich(doc).insert(upTo(rich(doc).length), mark, { bold: true }),
    () => rich(doc).length > 0 && rich(doc).format(upTo(rich(doc).length - 1), 1, { italic: true }),
    () => list(doc).insert(upTo(list(doc).length), [mark, new Y.Map([["deep", new Y.Array()]])]),
    () => list(doc).length > 0 && list(doc).delete(upTo(list(doc).length - 1), 1),
    () => map(doc).set("shared", secret),
    () => map(doc).set(`bad ${step}`, new Y.Map([["deep", new Y.Text(secret)]])),
    () => map(doc).set("locked", mark),
    () => text(doc).insert(upTo(text(doc).length), secret),
    () => rich(doc).insert(upTo(rich(doc).length), secret, { bold: true }),
    () => list(doc).insert(upTo(list(doc).length), [1, secret, 2]),
  ];
  for (let count = between(random, 1, 4); count > 0; count--) actions[upTo(actions.length - 1)]!();
}
