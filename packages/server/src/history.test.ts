/** Documents as they were, and what was done to them taken back. */
import { applyPatchToJson, type JsonObject, type Patch, type Roots, read } from "@verso/bridge";
import { createRandom, editRandomly, openRoots, type Random } from "@verso/bridge/testing";
import { createMemoryStore } from "@verso/storage";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { knownRoots } from "./kinds.js";
import {
  createWorld,
  type SimulatedClient,
  type World,
  type WorldActor,
  type WorldOptions,
} from "./testing.js";

const firstSeed = Number(process.env.VERSO_SEED ?? 1);
/** One story is worth many cases: it has a commit for each step. */
const stories = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 25);

/** A relay that can be restarted, and clients who hear of each other now and then. */
async function createStory(options: Pick<WorldOptions, "documents"> = {}) {
  const store = createMemoryStore();
  const open = () => createWorld({ open: store.open, ...options });
  const story = {
    world: await open(),
    clients: [] as SimulatedClient[],
    /** The JSON that the relay showed at each sequence. */
    recorded: new Map<number, JsonObject>(),
    join(clientId: number, roots: Roots = {}, actor: Partial<WorldActor> = {}): Y.Doc {
      const doc = new Y.Doc();
      doc.clientID = clientId;
      openRoots(doc, roots);
      story.clients.push(story.world.connect("doc", doc, actor));
      return doc;
    },
    /** Lets everybody hear of everything. */
    async flush() {
      for (let rounds = 0; rounds < 4; rounds++) {
        for (const client of story.clients) client.deliver("to relay");
        await story.world.pass(5);
        for (const client of story.clients) client.deliver("from relay");
      }
      await story.record();
    },
    async record() {
      const room = story.world.rooms.get("doc");
      const view = room.view(({ head, content }) => ({
        sequence: head?.sequence ?? 0,
        json: copy(content()),
      }));
      const { sequence, json } = await during(story.world, view);
      story.recorded.set(sequence, json);
      return { sequence, json };
    },
    async snapshot() {
      const { world } = story;
      await during(world, world.rooms.get("doc").compact(0));
    },
    async restart() {
      await story.world.close();
      story.world = await open();
      const docs = story.clients.splice(0).map(({ doc }) => doc);
      for (const doc of docs) story.clients.push(story.world.connect("doc", doc));
      await story.flush();
    },
    /** What the relay is asked takes turns, which take time. */
    ask: <T>(answer: Promise<T>): Promise<T> => during(story.world, answer),
  };
  return story;
}

async function during<T>(world: World, answer: Promise<T>): Promise<T> {
  let settled = false;
  const done = answer.finally(() => {
    settled = true;
  });
  done.catch(() => undefined);
  while (!settled) await world.pass(5);
  return await done;
}

function copy<T>(json: T): T {
  return JSON.parse(JSON.stringify(json)) as T;
}

async function forEachStory(run: (random: Random) => Promise<void>): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + stories; seed++) {
    try {
      await run(createRandom(seed));
    } catch (cause) {
      throw new Error(`Seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

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
    expect(versions).toBeGreaterThan(10 * stories);
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
