/** Programs without a replica and Yjs clients in one document: what becomes of patches, by the version they were made on. */
import type { Patch } from "@verso/bridge";
import { verifyLedger } from "@verso/storage";
import { text } from "@verso/validation";
import { describe, expect, it } from "vitest";
import type * as Y from "yjs";
import { z } from "zod";
import { actorOf, createStory } from "./history-harness.js";
import type { EditRequest, JsonEdit } from "./json-edits.js";
import type { WorldOptions } from "./testing.js";
import { createReplay } from "./verify.js";

const ann = actorOf("ann");
const bob = actorOf("bob");

async function begin(
  content: { readonly [name: string]: unknown } = {},
  options: Pick<WorldOptions, "documents"> = {},
) {
  const story = await createStory(options);
  const { ask } = story;
  const room = () => story.world.rooms.get("doc");
  const relay = {
    story,
    create: (given = content) =>
      ask(story.world.edits.create("doc", ann, { title: "A plan", content: given as never })),
    patch: (patch: Patch, request: EditRequest = {}, actor = ann) =>
      ask(story.world.edits.patch("doc", actor, { ...request, patch })),
    edits: () => story.world.edits,
    present: () => ask(room().view(({ head, content }) => ({ head: head!, json: content() }))),
    async content() {
      const { json } = await relay.present();
      return (json.document as { content: unknown }).content;
    },
    async revision() {
      return { revision: (await relay.present()).head.revision };
    },
    /** A Yjs client of the document, who has heard of everything. */
    async client(clientId = 500): Promise<Y.Doc> {
      const doc = story.join(clientId);
      await story.flush();
      return doc;
    },
    /** What is wrong with the chain, or with what its changes come to; the relay is gone after it. */
    async faults() {
      await story.world.close();
      const backend = await story.store.open();
      const faults: string[] = [];
      await verifyLedger(backend, {
        replay: () => createReplay(),
        onIssue: ({ detail }) => void faults.push(detail),
      });
      await backend.close();
      return faults;
    },
  };
  expect(await relay.create()).toMatchObject({ type: "done", sequence: 1, kind: "create" });
  return relay;
}

function contentOf(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap("document").get("content") as Y.Map<unknown>;
}

const set = (path: string, value: unknown): Patch => [{ op: "add", path, value: value as never }];

function conflictOf(edit: JsonEdit) {
  if (edit.type !== "conflict") throw new Error(`It is ${JSON.stringify(edit)}.`);
  return edit.conflict;
}

describe("a document that a program creates", () => {
  it("is an ordinary Yjs document with a root map", async () => {
    const relay = await begin({ text: "hello", list: [1] });
    const doc = await relay.client();
    expect(doc.getMap("document").toJSON()).toEqual({
      id: "doc",
      title: "A plan",
      content: { text: "hello", list: [1] },
    });
    contentOf(doc).set("text", "bye");
    await relay.story.flush();
    expect(await relay.content()).toEqual({ text: "bye", list: [1] });
    expect(await relay.patch(set("/text", "hello again"))).toMatchObject({ type: "done", sequence: 3 });
    await relay.story.flush();
    expect(contentOf(doc).get("text")).toBe("hello again");
  });

  it("is created once", async () => {
    const relay = await begin();
    await expect(relay.create()).rejects.toMatchObject({ code: "document-exists" });
  });

  it("is created by one of two who do it at once", async () => {
    const { ask, world, record } = await createStory();
    const create = (title: string) => ask(world.edits.create("doc", ann, { title, content: {} }));
    const [first, second] = await Promise.allSettled([create("one"), create("two")]);
    expect(first).toMatchObject({ value: { type: "done" } });
    expect(second).toMatchObject({ reason: { code: "document-exists" } });
    expect(await record()).toMatchObject({ sequence: 1, json: { document: { title: "one" } } });
  });

  it("has shared texts where its kind says so, which clients and programs edit together", async () => {
    const documents = { "*": { roots: { document: "map" as const }, texts: ["/document/content/text"] } };
    const relay = await begin({ text: "one three", label: "a" }, { documents });
    const doc = await relay.client();
    const base = await relay.revision();
    (contentOf(doc).get("text") as Y.Text).insert(0, "zero ");
    await relay.story.flush();
    const patch: Patch = [{ op: "str_ins", path: "/text", pos: 4, str: "two " }];
    expect(await relay.patch(patch, { base })).toMatchObject({ type: "done" });
    expect(await relay.content()).toEqual({ text: "zero one two three", label: "a" });
    await relay.story.flush();
    expect(String(contentOf(doc).get("text"))).toBe("zero one two three");
  });

  it("of a kind with other roots is its roots, and has no title", async () => {
    const documents = { "*": { roots: { list: "array" as const, notes: "text" as const } } };
    const story = await createStory({ documents });
    const { edits } = story.world;
    const create = (request: object) => story.ask(edits.create("doc", ann, { content: {}, ...request }));
    await expect(create({ title: "no" })).rejects.toMatchObject({
      code: "content-invalid",
      pointer: "/title",
    });
    await expect(create({ content: { other: 1 } })).rejects.toMatchObject({ pointer: "/other" });
    expect(await create({ content: { list: [1] } })).toMatchObject({ type: "done" });
    await expect(story.ask(edits.patch("doc", ann, { patch: set("/other", {}) }))).rejects.toMatchObject({
      code: "patch-invalid",
      pointer: "/other",
    });
    expect(await story.ask(edits.patch("doc", ann, { patch: set("/list/-", 2) }))).toMatchObject({
      type: "done",
    });
    expect((await story.record()).json).toEqual({ list: [1, 2], notes: "" });
  });

  it("is judged by its kind, and leaves nothing when it is refused", async () => {
    const schema = z.object({
      document: z.looseObject({ content: z.object({ text: text({ maxLength: 5 }) }) }),
    });
    const documents = { "*": { roots: { document: "map" as const }, schema } };
    const story = await createStory({ documents });
    const create = (value: string) =>
      story.ask(story.world.edits.create("doc", ann, { content: { text: value } }));
    expect(await create("too long")).toMatchObject({
      type: "rejected",
      sequence: null,
      issues: [{ pointer: "/document/content/text" }],
    });
    expect(await story.ask(story.world.ledger.head("doc"))).toBeUndefined();
    expect(await create("short")).toMatchObject({ type: "done", sequence: 1 });
    const refused = await story.ask(story.world.edits.patch("doc", ann, { patch: set("/text", "too long") }));
    expect(refused).toMatchObject({ type: "rejected", sequence: 2 });
    expect((await story.record()).json).toMatchObject({ document: { content: { text: "short" } } });
  });
});

describe("a patch", () => {
  it("is all or nothing, and says what is wrong where its author put it", async () => {
    const relay = await begin({ a: 1 });
    const bad: Patch = [
      { op: "add", path: "/b", value: 2 },
      { op: "test", path: "/a", value: 7 },
    ];
    await expect(relay.patch(bad)).rejects.toMatchObject({ code: "test-failed", pointer: "/a" });
    await expect(relay.patch([{ op: "remove", path: "/c" }])).rejects.toMatchObject({
      code: "patch-invalid",
      pointer: "/c",
    });
    for (const key of ["__proto__", "constructor", "prototype"]) {
      await expect(relay.patch(set(`/${key}`, 1))).rejects.toMatchObject({ code: "patch-invalid" });
    }
    expect(await relay.content()).toEqual({ a: 1 });
    expect((await relay.present()).head.sequence).toBe(1);
  });

  it("that changes nothing is no commit", async () => {
    const relay = await begin({ a: 1 });
    expect(await relay.patch(set("/a", 1))).toMatchObject({ type: "unchanged", sequence: 1 });
  });

  it("nests no deeper and copies no more than anybody may", async () => {
    const relay = await begin({ a: {} });
    let deep: unknown = 1;
    for (let i = 0; i < 70; i++) deep = [deep];
    await expect(relay.patch(set("/deep", deep))).rejects.toMatchObject({ code: "content-invalid" });
    const doubling = Array.from({ length: 40 }, (_, i) => ({
      op: "copy" as const,
      from: "/a",
      path: `/a/${i}`,
    }));
    await expect(
      relay.patch([{ op: "add", path: "/a/x", value: "x".repeat(100) }, ...doubling]),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/patch-invalid|content-invalid/),
    });
    expect(await relay.content()).toEqual({ a: {} });
  });

  it("bears the name that its author gave it, and is made once", async () => {
    const relay = await begin({ n: [] });
    const add = (actor = ann) => relay.patch(set("/n/-", 1), { dedupe: "e1" }, actor);
    const [first, twin] = await Promise.all([add(), add()]);
    expect(first).toMatchObject({ type: "done", sequence: 2 });
    expect(twin).toEqual(first);
    await relay.story.restart();
    expect(await add()).toEqual(first);
    expect(await add(bob)).toMatchObject({ type: "done", sequence: 3 });
    expect(await relay.content()).toEqual({ n: [1, 1] });
  });

  it("many at once are commits of their own, in the order in which they came", async () => {
    const relay = await begin({ n: [] });
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => relay.patch(set("/n/-", i))));
    expect(all.map(edit => edit.type === "done" && edit.sequence)).toEqual(all.map((_, i) => i + 2));
    expect(await relay.content()).toEqual({ n: all.map((_, i) => i) });
    expect(await relay.faults()).toEqual([]);
  });

  it("keeps its place in the order, whether it has a name or not", async () => {
    const relay = await begin({ n: [] });
    const add = (i: number) => relay.patch(set("/n/-", i), i % 3 === 0 ? {} : { dedupe: `edit ${i}` });
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => add(i)));
    expect(all.map(edit => edit.type === "done" && edit.sequence)).toEqual(all.map((_, i) => i + 2));
    expect(await relay.content()).toEqual({ n: all.map((_, i) => i) });
    expect(await add(1)).toEqual(all[1]);
    expect(await relay.faults()).toEqual([]);
  });

  it("tells of what came before it in the same turn", async () => {
    const relay = await begin({ a: 1 });
    const base = await relay.revision();
    const [set2, same, late, tested] = await Promise.allSettled([
      relay.patch(set("/a", 2)),
      relay.patch(set("/a", 2)),
      relay.patch(set("/a", 3), { base, exact: true }),
      relay.patch([{ op: "test", path: "/a", value: 1 }]),
    ]);
    if (set2.status !== "fulfilled" || set2.value.type !== "done") throw new Error("It was not made.");
    const { sequence, revision, vectorClock } = set2.value;
    expect(same).toMatchObject({ value: { type: "unchanged", sequence, revision, vectorClock } });
    expect(late).toMatchObject({ value: { type: "mismatch", sequence, revision, vectorClock } });
    expect(tested).toMatchObject({ reason: { code: "test-failed" } });
  });

  it("names the version that its author had seen", async () => {
    const relay = await begin({ a: 1 });
    const base = await relay.revision();
    await relay.patch(set("/b", 1));
    await relay.patch(set("/c", 1), { base });
    const seen: (readonly number[])[] = [];
    for await (const { notes } of relay.story.world.ledger.read("doc")) seen.push(notes.dependsOn);
    expect(seen).toEqual([[], [1], [1]]);
  });
});

describe("a patch on an older version", () => {
  it("goes to the same elements and characters, wherever they are by now", async () => {
    const relay = await begin({ list: ["a", "b", "c"], o: {} });
    const base = await relay.revision();
    await relay.patch([{ op: "add", path: "/list/0", value: "new" }]);
    const patch: Patch = [
      { op: "replace", path: "/list/2", value: "C" },
      { op: "add", path: "/o/x", value: 1 },
    ];
    expect(await relay.patch(patch, { base })).toMatchObject({ type: "done" });
    expect(await relay.content()).toEqual({ list: ["new", "a", "b", "C"], o: { x: 1 } });
  });

  it("is found by revision, sequence and clock, by the earliest with that clock", async () => {
    const relay = await begin({ list: ["a", "b", "c"] });
    const created = await relay.patch(set("/x", 1));
    if (created.type !== "done") throw new Error("It was not made.");
    await relay.patch([{ op: "remove", path: "/list/0" }]);
    await relay.patch([{ op: "remove", path: "/list/0" }]);
    const bases = [{ revision: created.revision }, { sequence: 2 }, { vectorClock: created.vectorClock }];
    for (const base of bases) {
      expect(await relay.patch(set("/list/2", "d"), { base }), JSON.stringify(base)).toMatchObject({
        type: "done",
      });
    }
    expect(await relay.content()).toMatchObject({ list: ["d", "d", "d", "c"] });
    for (const base of [{ revision: "2-000000000000" }, { sequence: 99 }, { vectorClock: { 4: 1 } }]) {
      await expect(relay.patch(set("/y", 1), { base })).rejects.toMatchObject({ code: "base-unknown" });
    }
  });

  it("is not made when nothing may have changed, and something has", async () => {
    const relay = await begin({ a: 1 });
    const base = await relay.revision();
    expect(await relay.patch(set("/a", 2), { base, exact: true })).toMatchObject({ type: "done" });
    expect(await relay.patch(set("/b", 2), { base, exact: true })).toMatchObject({
      type: "mismatch",
      sequence: 2,
    });
    for (const revision of ["2-000000000000", "99-000000000000", "", "any"]) {
      const edit = await relay.patch(set("/b", 2), { base: { revision }, exact: true });
      expect(edit, revision).toMatchObject({ type: "mismatch", sequence: 2 });
    }
    const deletion = relay.edits().delete("doc", ann, { base, exact: true });
    expect(await relay.story.ask(deletion)).toMatchObject({ type: "mismatch", sequence: 2 });
    expect(await relay.content()).toEqual({ a: 2 });
  });
});

/** What each strategy comes to where two set one key, worked out by hand. */
describe("two who set one key on one version", () => {
  async function odds(request: EditRequest, options: Pick<WorldOptions, "documents"> = {}) {
    const relay = await begin({ status: "open", other: 1 }, options);
    const base = await relay.revision();
    await relay.patch(set("/status", "paid"), {}, bob);
    const patch: Patch = [...set("/status", "void"), ...set("/other", 2)];
    return { relay, edit: await relay.patch(patch, { base, ...request }) };
  }

  it("merge: what is in force stands, and the rest is made", async () => {
    const { relay, edit } = await odds({ strategy: "merge" });
    expect(edit).toMatchObject({ type: "done", sequence: 3 });
    expect(await relay.content()).toEqual({ status: "paid", other: 2 });
    expect(await relay.faults()).toEqual([]);
  });

  it("latest-wins: the later stands, and nothing is refused", async () => {
    const { relay, edit } = await odds({ strategy: "latest-wins" });
    expect(edit).toMatchObject({ type: "done", sequence: 3 });
    expect(await relay.content()).toEqual({ status: "void", other: 2 });
  });

  for (const strategy of ["server-wins", "reject"] as const) {
    it(`${strategy}: nothing is made, and both sides are told`, async () => {
      const { relay, edit } = await odds({ strategy });
      expect(conflictOf(edit)).toMatchObject({
        conflict_id: null,
        strategy,
        pointers: ["/status"],
        theirs: [{ op: "replace", path: "/status", value: "paid" }],
        yours: [...set("/status", "void"), ...set("/other", 2)],
        commits: [{ sequence: 2, user_id: "bob", depends_on: [] }],
        document: { sequence: 2, title: "A plan", content: { status: "paid", other: 1 } },
      });
      expect(await relay.content()).toEqual({ status: "paid", other: 1 });
      expect(await relay.edits().conflicts("doc")).toEqual([]);
    });
  }

  it("manual: both are kept until somebody resolves, over restarts", async () => {
    const outcomes = {
      yours: { status: "void", other: 2 },
      theirs: { status: "paid", other: 1 },
      merge: { status: "paid", other: 2 },
    };
    for (const take of ["yours", "theirs", "merge"] as const) {
      const { relay, edit } = await odds({ strategy: "manual" });
      const { conflict_id: name } = conflictOf(edit);
      await relay.story.restart();
      expect(await relay.edits().conflicts("doc")).toEqual([conflictOf(edit)]);
      const resolved = await relay.story.ask(relay.edits().resolve("doc", bob, name!, { take }));
      expect(resolved.type).toBe(take === "theirs" ? "unchanged" : "done");
      expect(await relay.content(), take).toEqual(outcomes[take]);
      expect(await relay.edits().conflicts("doc")).toEqual([]);
      await expect(relay.edits().resolve("doc", bob, name!, { take })).rejects.toMatchObject({
        code: "conflict-unknown",
      });
    }
  });

  it("manual: or something else is written", async () => {
    const { relay, edit } = await odds({ strategy: "manual" });
    const patch = set("/status", "paid and void");
    await relay.story.ask(relay.edits().resolve("doc", ann, conflictOf(edit).conflict_id!, { patch }));
    expect(await relay.content()).toEqual({ status: "paid and void", other: 1 });
  });

  it("the kind's default counts where the request does not say", async () => {
    const documents = { "*": { roots: { document: "map" as const }, jsonConflicts: "reject" as const } };
    expect((await odds({}, { documents })).edit.type).toBe("conflict");
    expect((await odds({ strategy: "latest-wins" }, { documents })).edit.type).toBe("done");
  });

  it("a policy for the key stands above every strategy", async () => {
    const kind = (policy: "server-wins" | "latest-wins" | "merge") => ({
      documents: {
        "*": { roots: { document: "map" as const }, conflicts: { "/document/content/status": policy } },
      },
    });
    for (const strategy of ["merge", "latest-wins", "reject", "manual", "server-wins"] as const) {
      const serverWins = await odds({ strategy }, kind("server-wins"));
      expect(serverWins.edit, strategy).toMatchObject({ type: "rejected", issues: [{ code: "conflict" }] });
      expect(await serverWins.relay.content(), strategy).toEqual({ status: "paid", other: 1 });
      const latestWins = await odds({ strategy }, kind("latest-wins"));
      expect(latestWins.edit.type, strategy).toBe("done");
      expect(await latestWins.relay.content(), strategy).toEqual({ status: "void", other: 2 });
      const merge = await odds({ strategy }, kind("merge"));
      expect(await merge.relay.content(), strategy).toEqual({ status: "paid", other: 2 });
    }
  });
});

describe("a whole document", () => {
  it("is replaced by the least edits of the version it was read at", async () => {
    const relay = await begin({ list: [1, 2, 3], a: { b: 1 }, gone: true });
    const base = await relay.revision();
    await relay.patch(set("/a/c", "meanwhile"));
    const replaced = await relay.story.ask(
      relay.edits().replace("doc", ann, { base, title: "B", content: { list: [1, 3, 4], a: { b: 2 } } }),
    );
    expect(replaced.type).toBe("done");
    expect((await relay.present()).json).toEqual({
      document: { id: "doc", title: "B", content: { list: [1, 3, 4], a: { b: 2, c: "meanwhile" } } },
    });
  });

  it("takes a merge patch", async () => {
    const relay = await begin({ a: { b: 1, c: 2 }, d: [1] });
    const mergePatch = { a: { b: null, e: { f: null, g: 1 } }, d: "x" };
    await relay.story.ask(relay.edits().merge("doc", ann, { mergePatch }));
    expect(await relay.content()).toEqual({ a: { c: 2, e: { g: 1 } }, d: "x" });
    await relay.story.ask(
      relay.edits().merge("doc", ann, { mergePatch: { title: "C" }, target: "document" }),
    );
    expect((await relay.present()).json).toMatchObject({ document: { title: "C", content: { d: "x" } } });
    await expect(relay.story.ask(relay.edits().merge("doc", ann, { mergePatch: [1] }))).rejects.toMatchObject(
      {
        code: "content-invalid",
      },
    );
  });

  it("is deleted, lets nobody in, and comes back as it was", async () => {
    const relay = await begin({ a: { b: 1 } });
    const doc = await relay.client();
    expect(await relay.story.ask(relay.edits().delete("doc", bob))).toMatchObject({
      type: "done",
      kind: "delete",
    });
    expect(relay.story.clients[0]!.closed).toMatchObject({ code: 4404 });
    await expect(relay.patch(set("/x", 1))).rejects.toMatchObject({ code: "document-deleted" });
    await expect(relay.create()).rejects.toMatchObject({ code: "document-deleted" });
    await relay.story.restart();
    doc.getMap("document").set("title", "from beyond");
    await relay.story.flush();
    expect((await relay.present()).head).toMatchObject({ sequence: 2, deleted: { actor: { user: "bob" } } });

    await relay.story.ask(relay.story.world.history.restore("doc", ann, 1));
    expect((await relay.present()).head.deleted).toBeUndefined();
    expect(await relay.content()).toEqual({ a: { b: 1 } });
    expect(await relay.faults()).toEqual([]);
  });

  it("comes back only by what takes the deletion back", async () => {
    const relay = await begin({ a: 1 });
    const { story } = relay;
    const { history } = story.world;
    await relay.patch(set("/b", 2), {}, bob);
    const fork = await story.ask(story.world.forks.fork("doc", { proposer: bob }));
    const isDeleted = async () => (await relay.present()).head.deleted !== undefined;
    const remove = (actor = bob) => story.ask(relay.edits().delete("doc", actor));
    await remove();
    for (const accident of [
      () => history.undo("doc", ann),
      () => history.redo("doc", bob),
      () => history.revert("doc", ann, 2),
      () => history.undoTo("doc", ann, 3),
      () => history.restore("doc", ann, 3),
      () => story.world.forks.fork("doc", { proposer: bob }),
      () => story.world.forks.review(fork!, { by: bob }),
      () => story.world.forks.merge(fork!, { by: bob }),
    ]) {
      await expect(story.ask<unknown>(accident())).rejects.toMatchObject({ code: "document-deleted" });
    }
    expect(await isDeleted()).toBe(true);
    for (const bringBack of [
      () => history.undo("doc", bob),
      () => history.revert("doc", ann, 5),
      () => history.undoTo("doc", ann, 6),
      () => history.restore("doc", ann, 2),
    ]) {
      if (!(await isDeleted())) await remove();
      expect(await story.ask(bringBack())).toMatchObject({ type: "done" });
      expect(await isDeleted()).toBe(false);
      expect(await relay.content()).toEqual({ a: 1, b: 2 });
    }
    expect(await relay.faults()).toEqual([]);
  });

  it("comes back also when there was nothing in it", async () => {
    const documents = { "*": { roots: { list: "array" as const } } };
    const { ask, world } = await createStory({ documents });
    expect(await ask(world.edits.create("doc", ann, { content: {} }))).toMatchObject({ kind: "create" });
    await ask(world.edits.replace("doc", ann, { content: { list: [1] } }));
    await ask(world.edits.replace("doc", ann, { content: {} }));
    expect(await ask(world.edits.delete("doc", ann))).toMatchObject({ type: "done", sequence: 4 });
    expect(await ask(world.history.restore("doc", bob, 3))).toMatchObject({ type: "done", sequence: 5 });
    expect(await ask(world.edits.patch("doc", ann, { patch: set("/list/-", 2) }))).toMatchObject({
      type: "done",
    });
  });
});
