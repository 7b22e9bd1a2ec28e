/**
 * Programs and a Yjs client on one document, from one seed: every run is another story, and the same seed the same.
 *
 * Whatever they do at once, and however slowly they read: who has subscribed hears of every commit once and in order,
 * applies the patches, and has the document as the relay has it.
 */
import { applyPatchToJson, type Json, type Patch } from "@verso/bridge";
import { createRandom } from "@verso/bridge/testing";
import type { JsonServerMessage } from "@verso/protocol";
import { expect, it } from "vitest";
import * as Y from "yjs";
import { createJsonWorld, type Program } from "./json-harness.js";

const stories = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 50);
const firstSeed = Number(process.env.VERSO_SEED ?? 1);
const steps = 80;

it(`who has subscribed has the document, in ${stories} stories from seed ${firstSeed}`, async () => {
  const lived = { answers: 0, events: 0, resumed: 0 };
  for (let seed = firstSeed; seed < firstSeed + stories; seed++) {
    const story = await live(seed).catch(error => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
    for (const key of ["answers", "events", "resumed"] as const) lived[key] += story[key];
  }
  // Stories in which nothing happens prove nothing.
  for (const [what, count] of Object.entries(lived)) expect(count, what).toBeGreaterThan(stories);
}, 120_000);

async function live(seed: number) {
  const random = createRandom(seed);
  const json = await createJsonWorld();
  const { world } = json;
  const story = { answers: 0, events: 0, resumed: 0 };
  try {
    // Nobody takes back that it was made.
    const maker = await json.enter("maker");
    const document = { id: "plan", title: "A plan", content: { n: 0, list: [1], map: {} } };
    await maker.ask({ type: "create_document", document }, "document_created");
    const doc = new Y.Doc();
    doc.clientID = 100;
    const client = world.connect("plan", doc);
    await world.exchange([client]);
    const shared = doc.getMap("document").get("content") as Y.Map<unknown>;
    const followers = [];
    for (const user of ["ann", "bob", "zoe"]) followers.push(follow(await json.enter(user)));
    for (const follower of followers) follower.subscribe();

    for (let step = 0; step < steps; step++) {
      const follower = random.pick(followers);
      const { program } = follower;
      const base = random.chance(0.3) && follower.revision !== null ? { revision_id: follower.revision } : {};
      const what = random.below(100);
      if (what < 40) {
        const operation = random.pick([
          { op: "replace", path: "/n", value: step },
          { op: "replace", path: "/n", value: 7 },
          { op: "add", path: "/list/-", value: step },
          { op: "add", path: `/map/${random.below(3)}`, value: { step } },
        ]);
        const patch = { document_id: "plan", patch: [operation], strategy: "latest-wins", ...base };
        const named = random.chance(0.3) ? { edit_id: `${random.below(20)}` } : {};
        program.send({ type: "update_document", patch, id: step, ...named });
      } else if (what < 50) {
        program.send({ type: random.pick(["undo", "redo"]), document_id: "plan", id: step });
      } else if (what < 55) {
        program.send({ type: "unsubscribe", document_id: "plan" });
        follower.subscribe();
      } else if (what < 60) {
        program.send({ type: "get_document", document_id: "plan", id: step });
      } else if (what < 65) {
        program.reading = !program.reading;
      } else if (what < 85) {
        shared.set("n", -step);
        client.deliver("to relay");
      } else {
        for (const each of followers) await each.flush();
        client.deliver("from relay");
      }
    }
    for (const { program } of followers) program.reading = true;
    for (let rounds = 0; rounds < 60; rounds++) for (const each of followers) await each.flush();
    const last = await maker.ask({ type: "get_document", document_id: "plan" }, "document");
    const { title, content } = last.document;
    for (const each of followers) {
      expect(each.sequence).toBe(last.sequence);
      expect(each.json).toEqual({ title, content });
    }
    await world.exchange([client]);
    expect(shared.toJSON()).toEqual(content);
    expect(json.heard.filter(({ event }) => event !== "answered")).toEqual([]);
  } finally {
    await json.close();
  }
  return story;

  /** A program that keeps the document by what it hears. */
  function follow(program: Program) {
    /** Behind which versions was asked for what has changed, where no answer has come yet. */
    const asked: number[] = [];
    let next = 0;
    const follower = {
      program,
      json: null as Json,
      sequence: 0,
      revision: null as string | null,
      subscribe() {
        const since = follower.json === null || random.chance(0.3) ? {} : { since: follower.sequence };
        asked.push(since.since ?? 0);
        program.send({ type: "subscribe", document_id: "plan", ...since });
      },
      async flush() {
        await program.flush();
        for (const message of program.news()) hear(message);
      },
    };
    return follower;

    function hear(message: JsonServerMessage): void {
      if (message.type === "error") throw new Error(`It was answered ${JSON.stringify(message)}.`);
      if (message.type === "subscribed") begin(message);
      if (message.type !== "document_updated") return;
      const isAnswer = message.id !== undefined;
      // What was not made now: it is so already, or was made before.
      if (isAnswer && message.sequence < next) return;
      expect(message.sequence).toBe(next++);
      if (isAnswer) story.answers++;
      else story.events++;
      // What has come in the meantime comes again to who goes on from an older version.
      if (message.sequence > follower.sequence) apply(message);
    }

    function begin({ sequence, document }: Extract<JsonServerMessage, { type: "subscribed" }>): void {
      const since = asked.shift()!;
      next = (document === undefined ? since : sequence) + 1;
      if (document === undefined) story.resumed++;
      else {
        follower.json = { title: document.title, content: document.content } as Json;
        follower.sequence = sequence;
      }
    }

    function apply(update: Extract<JsonServerMessage, { type: "document_updated" }>): void {
      const patch = update.patch as Patch;
      const { title, content } = follower.json as { title: Json; content: Json };
      follower.json =
        update.target === "document"
          ? applyPatchToJson(follower.json, patch)
          : { title, content: applyPatchToJson(content, patch) };
      follower.sequence = update.sequence;
      follower.revision = update.revision_id;
    }
  }
}
