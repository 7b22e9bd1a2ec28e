/** A document's life on a simulated relay, for tests of its history: clients, restarts, and what it was at each commit. */
import type { JsonObject, Roots } from "@verso/bridge";
import { createRandom, openRoots, type Random } from "@verso/bridge/testing";
import { createMemoryStore } from "@verso/storage";
import * as Y from "yjs";
import { type Actor, toActor } from "./actor.js";
import {
  createWorld,
  type SimulatedClient,
  type World,
  type WorldActor,
  type WorldOptions,
} from "./testing.js";

const firstSeed = Number(process.env.VERSO_SEED ?? 1);
export const cases = Number(process.env.VERSO_CASES ?? 1000);
/** One story is worth many cases: it has a commit for each step. */
export const stories = Math.ceil(cases / 25);

/** A relay that can be restarted, and clients who hear of each other now and then. */
export async function createStory(options: Pick<WorldOptions, "documents"> = {}) {
  const store = createMemoryStore();
  const open = () => createWorld({ open: store.open, ...options });
  const actors = new Map<Y.Doc, Partial<WorldActor>>();
  const story = {
    store,
    world: await open(),
    clients: [] as SimulatedClient[],
    /** The JSON that the relay showed at each sequence. */
    recorded: new Map<number, JsonObject>(),
    join(clientId: number, roots: Roots = {}, actor: Partial<WorldActor> = {}): Y.Doc {
      const doc = new Y.Doc();
      doc.clientID = clientId;
      openRoots(doc, roots);
      actors.set(doc, actor);
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
      for (const doc of docs) story.clients.push(story.world.connect("doc", doc, actors.get(doc)));
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

export function copy<T>(json: T): T {
  return JSON.parse(JSON.stringify(json)) as T;
}

export async function forEachStory(run: (random: Random) => Promise<void>, count = stories): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      await run(createRandom(seed));
    } catch (cause) {
      throw new Error(`Seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

/** Somebody whom nobody has vouched for. */
export function actorOf(user: string, roles: readonly string[] = []): Actor {
  return toActor({ user, roles }, { authenticated: false });
}
