/** Who has worked on a document and when, on a simulated relay whose time the tests let pass. */
import type { Roots } from "@verso/bridge";
import { activityPage } from "@verso/protocol";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import type { ActivityOptions } from "./activity.js";
import { actorOf, createStory } from "./history-harness.js";
import type { WorldOptions } from "./testing.js";

const roots: Roots = { map: "map", list: "array", text: "text", rich: "richText" };

/** Ann and Bob, each with the document in front of them. */
async function pair({ documents = { "*": { roots } } }: Pick<WorldOptions, "documents"> = {}) {
  const story = await createStory({ documents });
  const ann = story.join(101, roots, { user: "ann", roles: ["editor"] });
  const bob = story.join(202, roots, { user: "bob", tenant: "acme" });
  await story.flush();
  const { clock, history, ledger } = story.world;
  return {
    story,
    ann,
    bob,
    history,
    ledger,
    now: () => new Date(clock.now()),
    minutes: (count: number) => clock.advance(count * 60_000),
    /** One edit, which is one commit. */
    async edit(doc: Y.Doc, make: (doc: Y.Doc) => void) {
      doc.transact(() => make(doc));
      await story.flush();
    },
    type: async (doc: Y.Doc, words: string) => {
      doc.getText("text").insert(0, words);
      await story.flush();
    },
    async activity(options: Partial<ActivityOptions> = {}) {
      const asked = { idle: 30, since: 0, limit: 100, ...options };
      const page = await story.ask(history.activity("doc", asked));
      return activityPage.parse(page);
    },
  };
}

/** A session in words: who, and from which commit to which. */
function inWords({ sessions }: Awaited<ReturnType<Awaited<ReturnType<typeof pair>>["activity"]>>) {
  return sessions.map(
    ({ user_id, first_sequence, last_sequence }) => `${user_id} ${first_sequence}-${last_sequence}`,
  );
}

describe("activity", () => {
  it("is sessions of work, each of one user, that end with a pause", async () => {
    const { ann, bob, type, minutes, activity, now } = await pair();
    const begun = now();
    await type(ann, "one");
    minutes(10);
    await type(bob, "two");
    minutes(29);
    await type(ann, "three");
    minutes(29);
    await type(ann, "four");
    const ended = now();
    minutes(31);
    await type(ann, "five");
    const page = await activity();
    expect(inWords(page)).toEqual(["ann 1-1", "bob 2-2", "ann 3-4", "ann 5-5"]);
    expect(page.next).toBeNull();
    expect(page.sessions[1]).toMatchObject({ user_id: "bob", tenant_id: "acme" });
    expect(page.sessions[0]).not.toHaveProperty("tenant_id");
    expect(inWords(await activity({ idle: 60 }))).toEqual(["ann 1-5", "bob 2-2"]);
    const [hers] = (await activity({ idle: 60 })).sessions;
    expect(Date.parse(hers!.from)).toBeGreaterThanOrEqual(begun.getTime());
    expect(Date.parse(hers!.to)).toBeGreaterThan(ended.getTime());
    expect(hers).toMatchObject({ commits: { update: 4 }, inserted: 16, deleted: 0, pointers: ["/text"] });
  });

  it("is of one user, or of a time, when that is asked for", async () => {
    const { ann, bob, type, minutes, activity, now } = await pair();
    await type(ann, "one");
    minutes(60);
    const noon = now();
    await type(bob, "two");
    await type(ann, "three");
    minutes(60);
    const evening = now();
    await type(bob, "four");
    expect(inWords(await activity({ user: "bob" }))).toEqual(["bob 2-2", "bob 4-4"]);
    expect(inWords(await activity({ from: noon, to: evening }))).toEqual(["bob 2-2", "ann 3-3"]);
    expect(inWords(await activity({ from: evening }))).toEqual(["bob 4-4"]);
    expect(inWords(await activity({ to: noon }))).toEqual(["ann 1-1"]);
    expect(await activity({ from: evening, to: noon })).toEqual({ sessions: [], next: null });
    expect(await activity({ user: "eve" })).toEqual({ sessions: [], next: null });
  });

  it("counts what came and went: characters, embeds and elements", async () => {
    const { ann, edit, activity } = await pair();
    await edit(ann, doc => {
      doc.getText("text").insert(0, "ab😀");
      doc.getArray("list").insert(0, [1, new Y.Map([["inside", new Y.Text("not counted")]])]);
      doc.getText("rich").insert(0, "bold", { bold: true });
      doc.getText("rich").insertEmbed(4, { image: 1 });
      doc.getMap("map").set("key", "a member");
    });
    expect((await activity()).sessions).toMatchObject([{ inserted: 4 + 2 + 5, deleted: 0 }]);
    await edit(ann, doc => {
      doc.getText("text").delete(0, 1);
      doc.getArray("list").delete(0, 2);
      doc.getText("rich").delete(3, 2);
      doc.getMap("map").delete("key");
    });
    const { sessions } = await activity();
    expect(sessions).toMatchObject([{ inserted: 11, deleted: 5, commits: { update: 2 } }]);
    expect(new Set(sessions[0]!.pointers)).toEqual(new Set(["/text", "/list", "/rich", "/map/key"]));
  });

  it("counts the first content of a root that nobody declared", async () => {
    const { ann, edit, activity } = await pair({ documents: { "*": { roots: {} } } });
    await edit(ann, doc => {
      doc.getText("text").insert(0, "four");
      doc.getArray("list").insert(0, [1, 2]);
      doc.getText("rich").insert(0, "bold", { bold: true });
      doc.getMap("map").set("key", "a member");
    });
    expect((await activity()).sessions).toMatchObject([{ inserted: 4 + 2 + 4, deleted: 0 }]);
  });

  it("names what was changed most often first, and no more than twenty", async () => {
    const { ann, edit, activity } = await pair();
    for (let key = 0; key < 25; key++) await edit(ann, doc => doc.getMap("map").set(`k${key}`, 1));
    for (let times = 0; times < 2; times++) await edit(ann, doc => doc.getMap("map").set("k24", times));
    await edit(ann, doc => doc.getMap("map").set("k7", 2));
    const [session] = (await activity()).sessions;
    expect(session!.pointers).toHaveLength(20);
    expect(session!.pointers.slice(0, 3)).toEqual(["/map/k24", "/map/k7", "/map/k0"]);
  });

  it("has what was refused and what was undone by their kinds", async () => {
    const permissions = { "/text": { delete: ["editor"] } };
    const { story, history, ann, bob, type, edit, activity } = await pair({
      documents: { "*": { roots, permissions } },
    });
    await type(ann, "kept");
    await edit(bob, doc => doc.getText("text").delete(0, 4));
    await story.ask(history.undo("doc", actorOf("ann", ["editor"])));
    const { sessions } = await activity();
    expect(sessions).toMatchObject([
      { user_id: "ann", commits: { update: 1, undo: 1 }, inserted: 4, deleted: 4 },
      { user_id: "bob", commits: { refused: 1 }, inserted: 0, deleted: 0, pointers: [] },
    ]);
  });

  it("does not count what is no longer kept", async () => {
    const { story, ledger, ann, bob, type, activity } = await pair();
    await type(ann, "one");
    await type(bob, "two");
    await type(ann, "three");
    await story.snapshot();
    await ledger.dropParts({ document: "doc", before: 2, parts: ["change"] });
    expect((await activity()).sessions).toMatchObject([
      { user_id: "ann", commits: { update: 2 }, inserted: null, deleted: null, pointers: ["/text"] },
      { user_id: "bob", inserted: 3, deleted: 0 },
    ]);
  });

  it("comes in pages, and what goes on behind one is another session there", async () => {
    const { ann, bob, type, minutes, activity } = await pair();
    for (let round = 0; round < 2; round++) {
      await type(ann, "a");
      await type(bob, "b");
      await type(ann, "a");
      minutes(60);
    }
    const first = await activity({ limit: 1 });
    expect([inWords(first), first.next]).toEqual([["ann 1-1"], 1]);
    const second = await activity({ limit: 2, since: first.next! });
    expect([inWords(second), second.next]).toEqual([["bob 2-2", "ann 3-3"], 3]);
    const third = await activity({ limit: 2, since: second.next! });
    expect([inWords(third), third.next]).toEqual([["ann 4-6", "bob 5-5"], null]);
    expect(await activity({ since: 6 })).toEqual({ sessions: [], next: null });
  });

  it("of a long history looks through so much at a time", async () => {
    const { story, ledger, activity } = await pair();
    const { log } = await ledger.open("doc");
    const quiet = { actor: { user: "ann", session: "" }, kind: "update" } as const;
    for (let made = 0; made < 10_500; made += 500) await log.append(Array(500).fill(quiet));
    await log.append([{ ...quiet, actor: { user: "bob", session: "" } }]);
    await log.close();
    const first = await activity({ user: "bob" });
    expect(first).toEqual({ sessions: [], next: 10_000 });
    const second = await activity({ user: "bob", since: first.next! });
    expect([inWords(second), second.next]).toEqual([["bob 10501-10501"], null]);
    await story.world.close();
  });

  it("is none of a document that is not there", async () => {
    const { activity } = await pair();
    await expect(activity()).rejects.toMatchObject({ code: "version-unknown" });
  });
});
