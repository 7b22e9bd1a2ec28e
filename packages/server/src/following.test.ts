/** Followers of documents: they hear of every commit once, in order, however slow they are. */
import { type Change, encodeChange } from "@verso/bridge";
import { createRandom } from "@verso/bridge/testing";
import type { ChangeEvent, FeedChange } from "@verso/protocol";
import { createMemoryStore, type Ledger, type OpenedDocument, openLedger } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { toActor } from "./actor.js";
import { createFollowing, type Following, type FollowingEnd } from "./following.js";
import { createWorld } from "./testing.js";

let ledger: Ledger;
let following: Following;
let logs: Map<string, Promise<OpenedDocument>>;
let read: { document: string; sequence: number }[];

beforeEach(async () => {
  read = [];
  logs = new Map();
  ledger = await openLedger({ open: createMemoryStore().open });
  following = createFollowing({ ...ledger, read: counted(ledger) });
});
afterEach(async () => {
  following.close();
  await ledger.close();
});

/** Notes every commit that is read. */
function counted({ read: readCommits }: Ledger): Ledger["read"] {
  return async function* (document, options) {
    for await (const commit of readCommits(document, options)) {
      read.push({ document, sequence: commit.sequence });
      yield commit;
    }
  };
}

async function append(document: string, count = 1, notices = following.notices): Promise<void> {
  const change: Change = [{ type: "set", path: [], key: "m", before: undefined, after: {}, kind: "map" }];
  const opened = logs.get(document) ?? ledger.open(document);
  logs.set(document, opened);
  const { log } = await opened;
  await log.append(
    Array.from({ length: count }, () => ({
      actor: { user: "ann" },
      kind: "update",
      change: encodeChange(change),
    })),
  );
  notices.appended({ documentId: document });
}

async function erase(document: string): Promise<void> {
  await ledger.erase(document, { actor: { user: "root" } });
  following.notices.erased({ documentId: document });
}

/** A listener that tells what it hears, and can be kept from being ready. */
function listener<T extends ChangeEvent | FeedChange>() {
  const heard: string[] = [];
  const ends: FollowingEnd[] = [];
  const waiting: { count: number; holds: () => boolean; resolve: () => void }[] = [];
  let ready: Promise<void> = Promise.resolve();
  let release = () => {};
  const look = () => {
    for (const each of waiting.splice(0)) {
      if (each.holds()) each.resolve();
      else waiting.push(each);
    }
  };
  return {
    heard,
    ends,
    pages: [] as number[],
    hold() {
      release();
      ready = new Promise(resolve => {
        release = resolve;
      });
    },
    release: () => release(),
    async changed(changes: readonly T[]) {
      this.pages.push(changes.length);
      heard.push(
        ...changes.map(
          ({ document_id, sequence, kind }) => `${document_id} ${kind === "erase" ? kind : sequence}`,
        ),
      );
      look();
      await ready;
    },
    ended(end: FollowingEnd) {
      ends.push(end);
      look();
    },
    until(holds: () => boolean): Promise<void> {
      return new Promise(resolve => {
        waiting.push({ count: 0, holds, resolve });
        look();
      });
    },
    count(n: number) {
      return this.until(() => heard.length >= n);
    },
  };
}

const commits = (document: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${document} ${from + i}`);

describe("who follows a document", () => {
  it("hears what there was behind a sequence, and then what comes", async () => {
    await append("a", 3);
    const ann = listener<ChangeEvent>();
    following.follow({ documentId: "a", since: 1 }, ann);
    await ann.count(2);
    await append("a", 2);
    await append("b");
    await append("a");
    await ann.count(5);
    expect(ann.heard).toEqual(commits("a", 2, 6));
  });

  it("waits for what is not there yet", async () => {
    await append("a", 2);
    const [ann, witness] = [listener<ChangeEvent>(), listener<ChangeEvent>()];
    following.follow({ documentId: "a", since: 3 }, ann);
    following.follow({ documentId: "a", since: 0 }, witness);
    await append("a", 2);
    await Promise.all([ann.count(1), witness.count(4)]);
    expect(ann.heard).toEqual(["a 4"]);
  });

  it("may do so before there is anything", async () => {
    const ann = listener<ChangeEvent>();
    following.follow({ documentId: "a", since: 0 }, ann);
    await append("a");
    await ann.count(1);
    expect(ann.heard).toEqual(["a 1"]);
  });

  it("gets no more before it is ready, and misses nothing then", async () => {
    const slow = listener<ChangeEvent>();
    following.follow({ documentId: "a", since: 0 }, slow);
    slow.hold();
    await append("a");
    await slow.count(1);
    const witness = listener<ChangeEvent>();
    following.follow({ documentId: "a", since: 0 }, witness);
    for (let n = 0; n < 30; n++) await append("a", 10);
    await witness.count(301);
    expect(slow.heard).toEqual(["a 1"]);
    slow.release();
    await slow.count(301);
    expect(slow.heard).toEqual(commits("a", 1, 301));
    expect(Math.max(...slow.pages)).toBeLessThanOrEqual(100);
  });

  it("shares what is read with all who follow it", async () => {
    const all = Array.from({ length: 25 }, () => listener<ChangeEvent>());
    for (const each of all) following.follow({ documentId: "a", since: 0 }, each);
    for (let n = 0; n < 10; n++) {
      await append("a", 2);
      await Promise.all(all.map(each => each.count(2 * (n + 1))));
    }
    expect(read.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    for (const { heard } of all) expect(heard).toEqual(commits("a", 1, 20));
  });

  it("hears nothing after it has stopped", async () => {
    const [ann, witness] = [listener<ChangeEvent>(), listener<ChangeEvent>()];
    const stop = following.follow({ documentId: "a", since: 0 }, ann);
    following.follow({ documentId: "a", since: 0 }, witness);
    await append("a");
    await Promise.all([ann.count(1), witness.count(1)]);
    stop();
    stop();
    await append("a");
    await witness.count(2);
    following.close();
    expect([ann.heard, ann.ends]).toEqual([["a 1"], []]);
  });

  it("hears that the document was erased, and gets nothing of it any more", async () => {
    await append("a", 3);
    const ann = listener<ChangeEvent>();
    following.follow({ documentId: "a", since: 0 }, ann);
    await ann.count(3);
    await erase("a");
    await ann.until(() => ann.ends.length > 0);
    expect(ann.ends).toEqual([{ type: "erased" }]);
    const late = listener<ChangeEvent>();
    following.follow({ documentId: "a", since: 0 }, late);
    await late.until(() => late.ends.length > 0);
    expect([late.heard, late.ends]).toEqual([[], [{ type: "erased" }]]);
  });

  it("is told when following ends with the relay, and whoever comes later too", async () => {
    const [ann, late] = [listener<ChangeEvent>(), listener<FeedChange>()];
    following.follow({ documentId: "a", since: 0 }, ann);
    following.close();
    following.followAll({ since: 0, mayRead: async () => true }, late);
    await late.until(() => late.ends.length > 0);
    expect([...ann.ends, ...late.ends]).toEqual([{ type: "closed" }, { type: "closed" }]);
  });

  it("is told why it cannot be read on", async () => {
    const broken = new Error("broken");
    const failing = createFollowing({ ...ledger, head: () => Promise.reject(broken) });
    const [ann, bob] = [listener<ChangeEvent>(), listener<ChangeEvent>()];
    failing.follow({ documentId: "a", since: 0 }, ann);
    await ann.until(() => ann.ends.length > 0);
    expect(ann.ends).toEqual([{ type: "failed", cause: broken }]);
    bob.changed = () => Promise.reject(broken);
    await append("a");
    following.follow({ documentId: "a", since: 0 }, bob);
    await bob.until(() => bob.ends.length > 0);
    expect(bob.ends).toEqual([{ type: "failed", cause: broken }]);
  });
});

describe("who follows all documents", () => {
  it("hears of those that he may read, in one order", async () => {
    const ann = listener<FeedChange>();
    await append("a", 2);
    following.followAll({ since: 1, mayRead: async id => id !== "secret" }, ann);
    await append("secret", 3);
    await append("b");
    await append("a");
    await ann.count(3);
    await erase("b");
    await ann.count(4);
    expect(ann.heard).toEqual(["a 2", "b 1", "a 3", "b erase"]);
  });

  it("is not kept from it by pages of what he may not read", async () => {
    for (let n = 0; n < 3; n++) await append("secret", 150);
    await append("a");
    const ann = listener<FeedChange>();
    following.followAll({ since: 0, mayRead: async id => id === "a" }, ann);
    await ann.count(1);
    expect(ann.heard).toEqual(["a 1"]);
  });
});

describe("random stories", () => {
  const first = Number(process.env.VERSO_SEED ?? 1);
  const stories = Math.ceil(Number(process.env.VERSO_CASES ?? 1000) / 20);

  it("of many followers, quick and slow: each hears everything once", async () => {
    for (let seed = first; seed < first + stories; seed++) {
      const random = createRandom(seed);
      const documents = [`${seed}/a`, `${seed}/b`];
      const written = new Map(documents.map(id => [id, 0]));
      const followers: { of: string; since: number; told: ReturnType<typeof listener<ChangeEvent>> }[] = [];
      const appending: Promise<void>[] = [];
      for (let step = 0; step < 25; step++) {
        const document = random.pick(documents);
        const last = written.get(document)!;
        const what = random.below(4);
        if (what < 2) {
          const count = 1 + random.below(random.chance(0.1) ? 150 : 3);
          appending.push(append(document, count));
          written.set(document, last + count);
          // Else others act while it is on its way.
          if (random.chance(0.5)) await Promise.all(appending);
        } else if (what === 2) {
          const told = listener<ChangeEvent>();
          const since = random.below(last + 1);
          following.follow({ documentId: document, since }, told);
          followers.push({ of: document, since, told });
        } else if (followers.length > 0) {
          const { told } = random.pick(followers);
          if (random.chance(0.5)) told.hold();
          else told.release();
        }
      }
      await Promise.all(appending);
      for (const { of, since, told } of followers) {
        told.release();
        const all = commits(of, since + 1, written.get(of)!);
        const patience = new Promise<void>((_, reject) => {
          setTimeout(
            () => reject(new Error(`Seed ${seed}: ${told.heard.length} of ${all.length}.`)),
            5000,
          ).unref();
        });
        await Promise.race([told.count(all.length), patience]);
        expect(told.heard, `seed ${seed}`).toEqual(all);
      }
    }
  });
});

describe("a room", () => {
  it("tells of every commit, whatever has made it", async () => {
    let followed: Following | null = null;
    const world = await createWorld({
      open: createMemoryStore().open,
      documents: { "kind/:id": { roots: { m: "map" }, initial: { m: { begun: 1 } } }, "*": { roots: {} } },
      events: {
        appended: event => followed?.notices.appended(event),
        erased: event => followed?.notices.erased(event),
      },
    });
    followed = createFollowing(world.ledger);
    const told = listener<FeedChange>();
    followed.followAll({ since: 0, mayRead: async () => true }, told);
    const doc = new Y.Doc();
    const clients = [world.connect("plain", doc, { user: "ann" })];
    await world.exchange(clients);
    doc.getMap("m").set("k", 1);
    await world.exchange(clients);
    const ann = toActor({ user: "ann" }, { authenticated: true });
    const undoing = world.history.undo("plain", ann);
    await world.pass(10);
    await undoing;
    await world.exchange([world.connect("kind/1", new Y.Doc())]);
    await world.rooms.erase("plain", { actor: { user: "root" } });
    await told.count(4);
    expect(told.heard).toEqual(["plain 1", "plain 2", "kind/1 1", "plain erase"]);
    followed.close();
    await world.close();
  });
});
