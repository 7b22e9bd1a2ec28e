/**
 * Documents as they were, and what was done to them taken back. Long, because stories and random ones share the relay
 * and the record of what each version was.
 */
import { applyPatchToJson, emptyDocument, type Patch, type Roots, read } from "@verso/bridge";
import { editRandomly, type Random } from "@verso/bridge/testing";
import { verifyLedger } from "@verso/storage";
import { rule } from "@verso/validation";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { actorOf, cases, copy, createStory, forEachStory, stories } from "./history-harness.js";
import { knownRoots } from "./kinds.js";
import type { World, WorldOptions } from "./testing.js";
import { createReplay } from "./verify.js";

const declared: Roots = { map: "map", list: "array", text: "text", rich: "richText", xml: "xmlFragment" };

/** Two clients write what they like, with snapshots and restarts in between; each edit is a commit. */
async function live(random: Random, steps: number) {
  const isDeclared = random.chance(0.5);
  const story = await createStory({ documents: { "*": { roots: isDeclared ? declared : {} } } });
  const docs = [story.join(101, declared), story.join(900, declared)];
  await story.flush();
  for (let step = 0; step < steps; step++) {
    const at = random.below(docs.length);
    const doc = docs[at]!;
    doc.transact(() => {
      for (let n = 1 + random.below(4); n > 0; n--) editRandomly(doc, random, { richText: true });
    });
    story.clients[at]!.deliver("to relay");
    await story.world.pass(5);
    await story.record();
    if (random.chance(0.4)) for (const client of story.clients) client.deliver("from relay");
    if (random.chance(0.06)) await story.snapshot();
    if (random.chance(0.03)) await story.restart();
  }
  await story.flush();
  return story;
}

/** Which versions can be had from what the ledger still has, forward from a snapshot or backward from the end. */
async function keptWays(ledger: World["ledger"]) {
  const lacking = { update: [] as number[], change: [] as number[] };
  const snapshots = [0];
  for await (const { sequence, update, change } of ledger.read("doc")) {
    if (update === undefined) lacking.update.push(sequence);
    if (change === undefined) lacking.change.push(sequence);
    const snapshot = await ledger.snapshot("doc", { notAfter: sequence });
    if (snapshot !== undefined && !snapshots.includes(snapshot.sequence)) snapshots.push(snapshot.sequence);
  }
  return {
    forward: (to: number) =>
      snapshots.some(from => from <= to && !lacking.update.some(gone => gone > from && gone <= to)),
    backward: (to: number) =>
      [...snapshots, Number.POSITIVE_INFINITY].some(
        from => from >= to && !lacking.change.some(gone => gone > to && gone <= from),
      ),
  };
}

describe("a version", () => {
  it("is the JSON that was shown then, for every commit, and so is the Yjs document", async () => {
    let versions = 0;
    await forEachStory(async random => {
      const { world, recorded, ask } = await live(random, 40);
      const last = Math.max(...recorded.keys());
      expect(recorded.size).toBeGreaterThanOrEqual(last);
      for (const [sequence, json] of recorded) {
        if (sequence === 0) continue;
        versions++;
        const { content } = await ask(world.history.at("doc", sequence));
        expect(content, `at ${sequence} of ${last}`).toEqual(json);
        const doc = new Y.Doc();
        Y.applyUpdate(doc, await world.history.state("doc", sequence));
        const kinds = Object.entries(knownRoots((await world.ledger.head("doc"))?.roots));
        const shown = Object.fromEntries(kinds.filter(([name]) => name in json));
        expect(copy(read(doc, shown)), `state at ${sequence} of ${last}`).toEqual(json);
      }
      await world.close();
    });
    expect(versions).toBeGreaterThan(stories);
  }, 600_000);

  it("is led to from any other by a patch, in both dialects", async () => {
    await forEachStory(async random => {
      const { world, recorded } = await live(random, 20);
      const sequences = [...recorded.keys()].filter(sequence => sequence > 0);
      if (sequences.length === 0) return;
      for (let pairs = 0; pairs < 10; pairs++) {
        const [from, to] = [random.pick(sequences), random.pick(sequences)];
        const { extended, rfc6902 } = await world.history.diff("doc", from, to);
        const [before, after] = [recorded.get(from)!, recorded.get(to)!];
        expect(applyPatchToJson(before, copy(extended)), `${from} to ${to}`).toEqual(after);
        const plain = applyPatchToJson(before, copy(rfc6902) as Patch, { dialect: "rfc6902" });
        expect(plain, `${from} to ${to}`).toEqual(after);
      }
      await world.close();
    });
  }, 600_000);

  it("can be asked for by its time", async () => {
    const story = await createStory();
    const doc = story.join(101, { text: "text" });
    const begun = story.world.clock.now();
    await story.flush();
    const times: number[] = [];
    for (const word of ["one ", "two ", "three "]) {
      await story.world.pass(60_000);
      doc.getText("text").insert(0, word);
      await story.flush();
      times.push(story.world.clock.now());
    }
    const { history } = story.world;
    const at = (time: number) => story.ask(history.at("doc", new Date(time)));
    expect(await at(times[0]!)).toMatchObject({ sequence: 1, content: { text: "one " } });
    expect(await at(times[1]! + 30_000)).toMatchObject({ sequence: 2, content: { text: "two one " } });
    expect(await at(times[2]! + 1e9)).toMatchObject({ sequence: 3 });
    await expect(at(begun)).rejects.toMatchObject({ code: "version-unknown" });
  });

  it("that never was is said to be unknown", async () => {
    const story = await createStory();
    await expect(story.ask(story.world.history.at("doc", 1))).rejects.toMatchObject({
      code: "version-unknown",
    });
    story.join(101).getText("text").insert(0, "one");
    await story.flush();
    const { history } = story.world;
    for (const sequence of [0, 2]) {
      await expect(story.ask(history.at("doc", sequence))).rejects.toMatchObject({ code: "version-unknown" });
    }
    await expect(history.state("doc", 2)).rejects.toMatchObject({ code: "version-unknown" });
    await expect(history.diff("doc", 0, 2)).rejects.toMatchObject({ code: "version-unknown" });
  });

  it("is what it was as long as retention keeps what leads there, and then said to be dropped", async () => {
    const seen = { kept: 0, dropped: 0 };
    await forEachStory(async random => {
      const { world, recorded, ask, snapshot } = await live(random, 30);
      if (random.chance(0.5)) await snapshot();
      const last = (await world.ledger.head("doc"))?.sequence ?? 0;
      for (const part of ["update", "change"] as const) {
        if (random.chance(0.8)) {
          await world.ledger.dropParts({
            document: "doc",
            before: 1 + random.below(last + 1),
            parts: [part],
          });
        }
      }
      const ways = await keptWays(world.ledger);
      for (const [sequence, json] of recorded) {
        if (sequence === 0) continue;
        const version = ask(world.history.at("doc", sequence));
        const isKept = ways.forward(sequence) || ways.backward(sequence);
        seen[isKept ? "kept" : "dropped"]++;
        if (isKept) expect((await version).content, `at ${sequence} of ${last}`).toEqual(json);
        else await expect(version).rejects.toMatchObject({ code: "version-dropped" });
        const state = world.history.state("doc", sequence);
        if (ways.forward(sequence)) expect((await state).length).toBeGreaterThan(0);
        else await expect(state).rejects.toMatchObject({ code: "version-dropped" });
      }
      await world.close();
    });
    expect(seen.kept).toBeGreaterThan(0);
    expect(seen.dropped).toBeGreaterThan(0);
  }, 600_000);

  it("is there as long as one of the two ways to it is, and then said to be dropped", async () => {
    const story = await createStory();
    const doc = story.join(101, { text: "text" });
    for (const word of "one two three four five six".split(" ")) {
      doc.getText("text").insert(0, word);
      await story.flush();
      if (word === "four") await story.snapshot();
    }
    const { ledger, history } = story.world;
    const at = (sequence: number) => story.ask(history.at("doc", sequence));
    await ledger.dropParts({ document: "doc", before: 5, parts: ["update"] });
    for (const sequence of [1, 3, 4, 6])
      expect((await at(sequence)).content).toEqual(story.recorded.get(sequence));
    await expect(history.state("doc", 3)).rejects.toMatchObject({ code: "version-dropped" });
    await expect(history.diff("doc", 3, 5)).rejects.toMatchObject({ code: "version-dropped" });

    await ledger.dropParts({ document: "doc", before: 6, parts: ["change"] });
    for (const sequence of [4, 5, 6])
      expect((await at(sequence)).content).toEqual(story.recorded.get(sequence));
    await expect(at(3)).rejects.toMatchObject({ code: "version-dropped" });
  });
});

/** A total that is at least what is asked for. */
const sums = {
  roots: { text: "text", map: "map" },
  schema: z.object({
    text: z.string(),
    map: z.object({ total: z.number().optional(), least: z.number().optional() }),
  }),
  rules: [
    rule({
      name: "enough",
      reads: ["/map/total", "/map/least"],
      check: ([total, least]) => Number(total ?? 0) >= Number(least ?? 0) || "is too little",
    }),
  ],
} as const;

const ann = { user: "ann" };
const bob = { user: "bob" };

/** Ann and Bob, each with a text and a map in front of them. */
async function pair(options: Pick<WorldOptions, "documents"> = {}) {
  const story = await createStory(options);
  const roots: Roots = { text: "text", map: "map" };
  const [hers, his] = [story.join(101, roots, ann), story.join(202, roots, bob)];
  await story.flush();
  const write = async (doc: Y.Doc, at: number, words: string) => {
    doc.getText("text").insert(at, words);
    await story.flush();
  };
  return {
    story,
    hers,
    his,
    write,
    text: () => hers.getText("text").toString(),
    map: () => hers.getMap("map").toJSON(),
    history: () => story.world.history,
    async act(what: "undo" | "redo", { user }: { user: string }) {
      const done = await story.ask(story.world.history[what]("doc", actorOf(user)));
      await story.flush();
      expect(his.getText("text").toString()).toBe(hers.getText("text").toString());
      return done;
    },
    async go(what: "revert" | "undoTo" | "restore", sequence: number, { user }: { user: string } = ann) {
      const done = await story.ask(story.world.history[what]("doc", actorOf(user), sequence));
      await story.flush();
      return done;
    },
  };
}

async function kinds({ ledger }: World) {
  const found: string[] = [];
  for await (const { kind, actor, notes } of ledger.read("doc")) {
    found.push(`${actor.user}: ${kind}${notes.undoes.map(sequence => ` ${sequence}`).join("")}`);
  }
  return found;
}

describe("undo and redo", () => {
  it("take back one's own edits, the latest first, and leave those of others", async () => {
    const { story, hers, his, write, text, act } = await pair();
    await write(hers, 0, "The fox jumps.");
    await write(his, 4, "quick ");
    await write(hers, 9, " brown");
    expect(text()).toBe("The quick brown fox jumps.");
    expect(await act("undo", ann)).toMatchObject({ type: "done", sequence: 4, undoes: [3], unrestored: [] });
    expect(text()).toBe("The quick fox jumps.");
    expect(await act("undo", ann)).toMatchObject({ undoes: [1] });
    expect(text()).toBe("quick ");
    expect(await act("undo", ann)).toMatchObject({ type: "nothing" });
    expect(await act("redo", ann)).toMatchObject({ undoes: [5] });
    expect(await act("redo", ann)).toMatchObject({ undoes: [4] });
    expect(await act("redo", ann)).toMatchObject({ type: "nothing" });
    expect(text()).toBe("The quick brown fox jumps.");
    expect(await kinds(story.world)).toEqual([
      "ann: update",
      "bob: update",
      "ann: update",
      "ann: undo 3",
      "ann: undo 1",
      "ann: redo 5",
      "ann: redo 4",
    ]);
  });

  it("go on after a restart, and do not bring content back twice", async () => {
    const { story, hers, write, text, act } = await pair();
    await write(hers, 0, "hello");
    hers.getText("text").delete(0, 5);
    await story.flush();
    for (let rounds = 0; rounds < 3; rounds++) {
      await act("undo", ann);
      expect(text()).toBe("hello");
      if (rounds === 1) await story.snapshot();
      await story.restart();
      await act("redo", ann);
      expect(text()).toBe("");
      await story.restart();
    }
  });

  it("know no redo any more after a new edit", async () => {
    const { hers, his, write, text, act } = await pair();
    await write(hers, 0, "one");
    await act("undo", ann);
    await write(his, 0, "his");
    expect(await act("redo", ann)).toMatchObject({ type: "done" });
    await act("undo", ann);
    await write(hers, 0, "two");
    expect(await act("redo", ann)).toMatchObject({ type: "nothing" });
    expect(text()).toContain("two");
    expect(await act("undo", ann)).toMatchObject({ undoes: [6] });
  });

  it("pass over what somebody else has taken back", async () => {
    const { hers, write, text, act, go } = await pair();
    await write(hers, 0, "one ");
    await write(hers, 4, "two");
    expect(await go("revert", 2, bob)).toMatchObject({ type: "done", sequence: 3, undoes: [2] });
    expect(await act("undo", ann)).toMatchObject({ undoes: [1] });
    expect(text()).toBe("");
    // Taking back his revert brings hers back into force, to be undone again.
    expect(await act("undo", bob)).toMatchObject({ undoes: [3] });
    expect(text()).toBe("two");
    expect(await act("undo", ann)).toMatchObject({ undoes: [2] });
    expect(text()).toBe("");
  });

  it("say what did not come back", async () => {
    const { story, hers, his, map, act } = await pair();
    hers.getMap("map").set("color", "red");
    await story.flush();
    hers.getMap("map").set("color", "green");
    await story.flush();
    his.getMap("map").set("color", "blue");
    await story.flush();
    expect(await act("undo", ann)).toMatchObject({
      type: "nothing",
      unrestored: [{ reason: "overwritten", key: "color", content: ["red"] }],
    });
    expect(map()).toEqual({ color: "blue" });
  });

  it("are refused by a kind that does not allow it, with its reasons, and then change nothing", async () => {
    const { story, hers, his, map, act } = await pair({ documents: { "*": sums } });
    const set = async (doc: Y.Doc, key: string, value: number) => {
      doc.getMap("map").set(key, value);
      await story.flush();
    };
    await set(hers, "total", 2);
    await set(hers, "total", 9);
    await set(his, "least", 5);
    expect(await act("undo", ann)).toMatchObject({
      type: "refused",
      sequence: 4,
      issues: [{ pointer: "/map/total", rule: "enough" }],
    });
    expect([map(), his.getMap("map").toJSON()]).toEqual(Array(2).fill({ total: 9, least: 5 }));
    expect((await kinds(story.world)).at(-1)).toBe("ann: refused");
    // It is still the next to be undone.
    await act("undo", bob);
    expect(await act("undo", ann)).toMatchObject({ type: "done", undoes: [2] });
    expect(map()).toEqual({ total: 2 });
    expect(await act("redo", bob)).toMatchObject({ type: "refused" });
  });
});

describe("an old commit", () => {
  it("is taken back with later edits kept, by anybody", async () => {
    const { hers, his, write, text, go } = await pair();
    await write(hers, 0, "The quick fox jumps.");
    his.getText("text").delete(4, 5);
    await write(his, 4, "SLOW");
    await write(hers, 8, "!");
    expect(text()).toBe("The SLOW! fox jumps.");
    expect(await go("revert", 2)).toMatchObject({ type: "done", undoes: [2], unrestored: [] });
    expect(text()).toBe("The quick! fox jumps.");
    expect(await go("revert", 4)).toMatchObject({ type: "done", undoes: [4] });
    expect(text()).toBe("The SLOW! fox jumps.");
    await expect(go("revert", 99)).rejects.toMatchObject({ code: "version-unknown" });
    await expect(go("revert", 0.5)).rejects.toThrow(TypeError);
  });
});

describe("a version that everything is taken back to", () => {
  it("is exact, as an undo or as a new edit, and can be left again", async () => {
    const { hers, his, write, text, act, go } = await pair();
    await write(hers, 0, "one ");
    await write(his, 4, "two ");
    hers.getText("text").delete(0, 4);
    await write(hers, 0, "three ");
    expect(await go("undoTo", 1, bob)).toMatchObject({ type: "done", undoes: [2, 3] });
    expect(text()).toBe("one ");
    expect(await act("redo", bob)).toMatchObject({ undoes: [4] });
    expect(text()).toBe("three two ");
    expect(await go("restore", 2, bob)).toMatchObject({ type: "done" });
    expect(text()).toBe("one two ");
    expect(await act("undo", bob)).toMatchObject({ undoes: [6] });
    expect(text()).toBe("three two ");
    expect(await go("undoTo", 7)).toMatchObject({ type: "nothing" });
    await expect(go("restore", 99)).rejects.toMatchObject({ code: "version-unknown" });
  });
});

describe("whatever is done", () => {
  it("undoing all and redoing all of it changes nothing, with restarts and snapshots in between", async () => {
    await forEachStory(async random => {
      const { story, hers } = await pair({ documents: { "*": { roots: declared } } });
      for (let steps = 3 + random.below(12); steps > 0; steps--) {
        hers.transact(() => {
          for (let n = 1 + random.below(3); n > 0; n--) editRandomly(hers, random, { richText: true });
        });
        await story.flush();
      }
      // What the firewall has stopped would come again after a restart, as a new edit.
      if (story.clients.some(({ closed }) => closed !== null)) return await story.world.close();
      const { json: before } = await story.record();
      const repeat = async (what: "undo" | "redo") => {
        for (let done = 0; ; done++) {
          const { type } = await story.ask(story.world.history[what]("doc", actorOf("ann")));
          if (type !== "done") return done;
          if (random.chance(0.1)) await story.snapshot();
          if (random.chance(0.1)) await story.restart();
        }
      };
      for (let rounds = 0; rounds < 2; rounds++) {
        const undone = await repeat("undo");
        expect((await story.record()).json).toEqual(emptyDocument(declared));
        expect(await repeat("redo")).toBe(undone);
        expect((await story.record()).json).toEqual(before);
      }
      await story.world.close();
    });
  }, 600_000);

  it("going back to a version is exact, and leaving it again too", async () => {
    await forEachStory(async random => {
      const story = await live(random, 12);
      const { sequence: last, json: before } = await story.record();
      const goal = random.below(last + 1);
      const kinds = knownRoots((await story.world.ledger.head("doc"))?.roots);
      if (last === 0) return;
      const then = { ...emptyDocument(kinds), ...(goal === 0 ? {} : story.recorded.get(goal)) };
      const { history } = story.world;
      const what = random.pick(["undoTo", "restore"] as const);
      const done = await story.ask(history[what]("doc", actorOf("ann"), goal));
      expect((await story.record()).json, `${what} ${goal} of ${last}`).toEqual(then);
      if (done.type === "done") await story.ask(history.revert("doc", actorOf("bob"), done.sequence));
      expect((await story.record()).json, `${what} ${goal} of ${last}, reverted`).toEqual(before);
      await story.world.close();
    }, cases / 4);
  }, 600_000);

  it("taking back one commit leaves every character that others have written or deleted as they left it", async () => {
    await forEachStory(async random => {
      const { story, hers, his } = await pair();
      /** Every character is written once, so it is its own id. */
      const chars = new Map<string, { by: number; deletedBy: number | null }>();
      let next = 0x4e00;
      const steps = 4 + random.below(12);
      for (let step = 1; step <= steps; step++) {
        const text = random.pick([hers, his]).getText("text");
        const [at, length] = [random.below(text.length + 1), 1 + random.below(4)];
        if (text.length > 0 && random.chance(0.4)) {
          const from = Math.min(at, text.length - 1);
          const gone = text.toString().slice(from, from + length);
          for (const char of gone) chars.get(char)!.deletedBy = step;
          text.delete(from, gone.length);
        } else {
          const word = String.fromCharCode(...Array.from({ length }, () => next++));
          for (const char of word) chars.set(char, { by: step, deletedBy: null });
          text.insert(at, word);
        }
        await story.flush();
        if (random.chance(0.1)) await story.snapshot();
        if (random.chance(0.05)) await story.restart();
      }
      const taken = 1 + random.below(steps);
      const before = hers.getText("text").toString();
      await story.ask(story.world.history.revert("doc", actorOf("cy"), taken));
      await story.flush();
      const after = hers.getText("text").toString();
      const expected = [...chars].flatMap(([char, { by, deletedBy }]) =>
        by !== taken && (deletedBy === null || deletedBy === taken) ? [char] : [],
      );
      expect([...after].sort(), `commit ${taken} of ${steps}`).toEqual(expected.sort());
      // Nothing has changed places: neither what was there just now, nor what was there before the commit.
      const then = String(story.recorded.get(taken - 1)?.text ?? "");
      for (const version of [before, then]) {
        const [inBoth, inVersion] = [new Set(version), new Set(after)];
        expect([...after].filter(char => inBoth.has(char))).toEqual(
          [...version].filter(char => inVersion.has(char)),
        );
      }
      expect(his.getText("text").toString()).toBe(after);
      await story.world.close();
    }, 1.5 * cases);
  }, 600_000);

  it("rules hold, refusals change nothing, everybody sees the same, and the ledger replays", async () => {
    const seen = { done: 0, refused: 0, nothing: 0 };
    await forEachStory(async random => {
      const { story, hers, his } = await pair({ documents: { "*": sums } });
      for (let step = 0; step < 25; step++) {
        const [doc, user] = random.pick([
          [hers, "ann"],
          [his, "bob"],
        ] as const);
        const { sequence, json: before } = await story.record();
        const what = random.pick([
          "edit",
          "edit",
          "edit",
          "undo",
          "undo",
          "redo",
          "revert",
          "undoTo",
          "restore",
        ] as const);
        if (what === "edit" || sequence === 0) {
          if (random.chance(0.4))
            doc.getText("text").insert(random.below(doc.getText("text").length + 1), "ab");
          else doc.getMap("map").set(random.pick(["total", "least"]), random.below(10));
        } else {
          const { history } = story.world;
          const point = random.below(sequence) + 1;
          const actor = actorOf(user);
          const asked =
            what === "undo" || what === "redo"
              ? history[what]("doc", actor)
              : history[what]("doc", actor, point);
          const { type } = await story.ask(asked);
          seen[type]++;
          if (type !== "done") expect((await story.record()).json).toEqual(before);
          else if (what === "undoTo" || what === "restore") {
            expect((await story.record()).json).toEqual(story.recorded.get(point));
          }
        }
        await story.flush();
        const { json } = await story.record();
        expect({ text: hers.getText("text").toString(), map: hers.getMap("map").toJSON() }).toEqual(json);
        expect(his.getText("text").toString()).toBe(json.text);
        const { total = 0, least = 0 } = json.map as { total?: number; least?: number };
        expect(total).toBeGreaterThanOrEqual(least);
        if (random.chance(0.05)) await story.snapshot();
        if (random.chance(0.05)) await story.restart();
      }
      for (const [sequence, json] of story.recorded) {
        if (sequence === 0) continue;
        expect((await story.ask(story.world.history.at("doc", sequence))).content).toEqual(json);
      }
      await story.world.close();
      const backend = await story.store.open();
      const issues: string[] = [];
      await verifyLedger(backend, {
        replay: () => createReplay(),
        onIssue: ({ detail }) => void issues.push(detail),
      });
      await backend.close();
      expect(issues).toEqual([]);
    });
    expect(seen.done).toBeGreaterThan(0);
    expect(seen.nothing).toBeGreaterThan(0);
    if (stories > 20) expect(seen.refused).toBeGreaterThan(0);
  }, 600_000);
});
