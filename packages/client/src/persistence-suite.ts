/**
 * The contract of a persistence, as tests.
 *
 * They need no particular runner, and nothing of Node.js: anything with `describe` and `test` will do, in a page too.
 * Each test is a story of one document. Two stores on it stand for two tabs.
 */
import { equalityDeep } from "lib0/function";
import * as Y from "yjs";
import { ClientError, type ClientErrorCode } from "./errors.js";
import type { Persistence, ReplicaStore } from "./persistence.js";

/** An empty place for one test. */
export interface PersistenceFixture {
  readonly persistence: Persistence;
  /** What the next process or page finds. Stores that are open are left without a word, or closed where they must be. */
  restart(open: readonly ReplicaStore[]): Promise<Persistence>;
  /**
   * From now until `restart` records are kept and updates of the document are not: a crash between the two.
   */
  breakUpdates?(): void;
  /** Removes everything. */
  dispose(): Promise<void>;
}

export interface PersistenceSuiteOptions {
  readonly name: string;
  /** Whether fixtures have `breakUpdates`; without, the stories of such a crash are left out. */
  readonly breaks: boolean;
  readonly open: () => Promise<PersistenceFixture>;
  readonly runner: {
    describe(name: string, body: () => void): void;
    test(name: string, body: () => Promise<void>): void;
  };
  /** How many steps the comparison with a model takes. @default 200 */
  readonly cases?: number;
  /** @default 1 */
  readonly seed?: number;
}

export function persistenceSuite({
  name,
  breaks,
  open,
  runner,
  cases = 200,
  seed = 1,
}: PersistenceSuiteOptions): void {
  const test = (title: string, body: (story: Story) => Promise<void>) =>
    runner.test(title, async () => {
      const story = await createStory(open);
      try {
        await body(story);
      } finally {
        await story.end();
      }
    });

  runner.describe(name, () => {
    test("a document that nobody has written is empty", async ({ open }) => {
      const store = open();
      equal(await store.load(), { updates: [], outbox: [], meta: null });
      equal(await store.outboxSince(0), []);
    });

    test("what was added is there after a restart: the text, and a record of each transaction", async story => {
      const store = story.open();
      equal(await store.add({ madeAt: 1000, update: story.type("he") }), 1);
      equal(await store.add({ madeAt: 2000.5, update: story.type("llo") }), 2);
      const again = await story.reopen();
      const { updates, outbox, meta } = await again.load();
      equal(textOf(updates), "hello");
      equal(
        outbox.map(({ clientSequence, madeAt }) => [clientSequence, madeAt]),
        [
          [1, 1000],
          [2, 2000.5],
        ],
      );
      equal(textOf(outbox.map(({ update }) => update)), "hello");
      equal(meta, null);
    });

    test("transactions are numbered in the order of the calls, also when none is waited for", async story => {
      const store = story.open();
      const adding = Array.from({ length: 100 }, (_, at) =>
        store.add({ madeAt: at, update: story.type(String(at % 10)) }),
      );
      const numbers = await Promise.all(adding);
      equal(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
      const { outbox } = await (await story.reopen()).load();
      equal(
        outbox.map(({ madeAt }) => madeAt),
        Array.from({ length: 100 }, (_, at) => at),
      );
      equal(
        outbox.map(({ clientSequence }) => clientSequence),
        numbers,
      );
    });

    test("a record that is settled is gone, and its text stays", async story => {
      const store = story.open();
      for (const letter of "abcd") await store.add({ madeAt: 1, update: story.type(letter) });
      await store.settle([1, 3]);
      equal(sequencesOf(await store.outboxSince(0)), [2, 4]);
      const { updates, outbox } = await (await story.reopen()).load();
      equal(sequencesOf(outbox), [2, 4]);
      equal(textOf(updates), "abcd");
    });

    test("settling twice, nothing, or what never was, does nothing", async story => {
      const store = story.open();
      await store.settle([7]);
      await store.add({ madeAt: 1, update: story.type("a") });
      await store.settle([1]);
      await store.settle([1, 99]);
      await store.settle([]);
      const { updates, outbox } = await (await story.reopen()).load();
      equal(outbox, []);
      equal(textOf(updates), "a");
    });

    test("no number is given twice, not when all is settled, and not after a restart", async story => {
      const store = story.open();
      await store.add({ madeAt: 1, update: story.type("a") });
      await store.add({ madeAt: 2, update: story.type("b") });
      await store.settle([1, 2]);
      const again = await story.reopen();
      equal(await again.add({ madeAt: 3, update: story.type("c") }), 3);
    });

    test("what came from the relay is in the document, and in no record", async story => {
      const store = story.open();
      await store.addRemote([story.type("a"), story.type("b")], { replicaId: "r", epoch: 1, sequence: 2 });
      await store.addRemote([story.type("c")]);
      await store.addRemote([], { sequence: 3 });
      const { updates, outbox, meta } = await (await story.reopen()).load();
      equal(textOf(updates), "abc");
      equal(outbox, []);
      equal(meta, { replicaId: "r", epoch: 1, sequence: 3 });
    });

    test("metadata is kept before anything else is known", async story => {
      await story.open().addRemote([], { replicaId: "r" });
      equal((await (await story.reopen()).load()).meta, { replicaId: "r", epoch: 0, sequence: 0 });
    });

    test("two tabs write at once: all is kept, and every number is given once", async story => {
      const tabs = [story.open(), story.open()];
      const numbers = await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          tabs[at % 2]!.add({ madeAt: at, update: story.type(String(at % 10)) }),
        ),
      );
      equal(new Set(numbers).size, 60);
      const each = [0, 1].map(tab => numbers.filter((_, at) => at % 2 === tab));
      for (const own of each)
        equal(
          own,
          [...own].sort((a, b) => a - b),
        );
      const { updates, outbox } = await (await story.reopen()).load();
      equal(textOf(updates), "0123456789".repeat(6));
      equal(
        sequencesOf(outbox),
        [...numbers].sort((a, b) => a - b),
      );
    });

    test("a tab sees what others have added since a number", async story => {
      const [first, second] = [story.open(), story.open()];
      await first.load();
      const known = await first.add({ madeAt: 1, update: story.type("a") });
      const seen = await second.add({ madeAt: 2, update: story.type("b") });
      equal(sequencesOf(await first.outboxSince(known)), [seen]);
      equal(await first.outboxSince(seen), []);
      await first.settle([seen]);
      equal(sequencesOf(await second.outboxSince(0)), [known]);
    });

    const testOfCrash: typeof test = (title, body) => void (breaks && test(title, body));

    testOfCrash(
      "a crash between record and document costs nothing, now or when the record is settled",
      async story => {
        const store = story.open();
        await store.add({ madeAt: 1, update: story.type("a") });
        story.breakUpdates();
        await rejected(store.add({ madeAt: 2, update: story.type("b") }), "storage-failed");

        const again = await story.reopen();
        const found = await again.load();
        equal(sequencesOf(found.outbox), [1, 2]);
        equal(textOf(found.updates), "ab");
        await again.settle([1, 2]);

        const last = await (await story.reopen()).load();
        equal(last.outbox, []);
        equal(textOf(last.updates), "ab");
      },
    );

    test("a large transaction is kept whole, and so is one that is a part of a larger buffer", async story => {
      const large = story.type("x".repeat(9 * 1024 * 1024));
      const frame = new Uint8Array(large.byteLength + 20).fill(255);
      frame.set(large, 10);
      const store = story.open();
      await store.add({ madeAt: 1, update: frame.subarray(10, 10 + large.byteLength) });
      const { updates, outbox } = await (await story.reopen()).load();
      equal(outbox[0]!.update.byteLength, large.byteLength);
      equal(
        outbox[0]!.update.every((byte, at) => byte === large[at]),
        true,
      );
      equal(textOf(updates).length, 9 * 1024 * 1024);
    });

    test("compaction leaves one update that holds all", async story => {
      const store = story.open();
      for (const letter of "abc") await store.addRemote([story.type(letter)]);
      await store.load();
      for (const letter of "def") await store.addRemote([story.type(letter)]);
      await store.compact(Y.encodeStateAsUpdate(story.doc));
      const { updates } = await (await story.reopen()).load();
      equal(updates.length, 1);
      equal(textOf(updates), "abcdef");
    });

    test("compaction keeps what others have written meanwhile, and records, however often", async story => {
      const [leader, other] = [story.open(), story.open()];
      const own = new Y.Doc();
      const known = (update: Uint8Array) => {
        Y.applyUpdate(own, update);
        return update;
      };
      await leader.addRemote([known(story.type("a"))]);
      await leader.load();
      await other.add({ madeAt: 1, update: story.type("b") });
      await Promise.all([
        leader.compact(Y.encodeStateAsUpdate(own)),
        leader.addRemote([known(story.type("c"))]),
        other.addRemote([story.type("d")]),
      ]);
      await leader.compact(Y.encodeStateAsUpdate(own));
      await leader.compact(Y.encodeStateAsUpdate(own));
      const { updates, outbox } = await (await story.reopen()).load();
      equal(textOf(updates), "abcd");
      equal(sequencesOf(outbox), [1]);
    });

    test("what others have written is compacted by whoever has loaded it", async story => {
      const [leader, other] = [story.open(), story.open()];
      await leader.load();
      for (const letter of "abc") await other.addRemote([story.type(letter)]);
      await leader.load();
      await leader.compact(Y.encodeStateAsUpdate(story.doc));
      equal((await leader.load()).updates.length, 1);
    });

    testOfCrash("a record that lost its update to a crash is safe behind a compaction", async story => {
      story.breakUpdates();
      await rejected(story.open().add({ madeAt: 1, update: story.type("a") }), "storage-failed");
      const store = await story.reopen();
      await store.load();
      await store.compact(Y.encodeStateAsUpdate(story.doc));
      await store.settle([1]);
      const { updates, outbox } = await (await story.reopen()).load();
      equal(outbox, []);
      equal(updates.length, 1);
      equal(textOf(updates), "a");
    });

    testOfCrash("a compaction that cannot be done changes nothing", async story => {
      const store = story.open();
      for (const letter of "abc") await store.addRemote([story.type(letter)]);
      story.breakUpdates();
      await rejected(store.compact(Y.encodeStateAsUpdate(story.doc)), "storage-failed");
      const { updates } = await (await story.reopen()).load();
      equal(updates.length, 3);
      equal(textOf(updates), "abc");
    });

    test("a document that is cleared is empty, and its numbers go on", async story => {
      const store = story.open();
      await store.add({ madeAt: 1, update: story.type("secret") });
      await store.addRemote([], { replicaId: "r" });
      await store.clear();
      equal(await store.load(), { updates: [], outbox: [], meta: null });
      const again = await story.reopen();
      equal(await again.load(), { updates: [], outbox: [], meta: null });
      equal(await again.add({ madeAt: 2, update: story.type("!") }), 2);
    });

    test("clearing what was never written does nothing", async story => {
      await story.open().clear();
      equal(await story.open().load(), { updates: [], outbox: [], meta: null });
    });

    test("documents keep apart, whatever their ids", async story => {
      const ids = ["a", "a/b", "a/1", "a@2", "A", " ", "ä 🙂", "..", "%2F", "a!b"];
      for (const id of ids) {
        await story.open(id).add({ madeAt: 1, update: story.typeInto(id) });
      }
      await story.restart();
      for (const id of ids) {
        const { updates, outbox } = await story.open(id).load();
        equal(textOf(updates), id);
        equal(sequencesOf(outbox), [1]);
      }
    });

    test("epochs keep apart, and the newest that was written to is found without its number", async story => {
      await story.open("d").addRemote([story.typeInto("first")], { replicaId: "r1", epoch: 1 });
      await story.open("d", 3).load();
      equal(textOf((await story.open("d").load()).updates), "first");
      await story.open("d", 3).addRemote([story.typeInto("third")], { replicaId: "r3", epoch: 3 });
      await story.open("d", 2).addRemote([story.typeInto("second")], { replicaId: "r2", epoch: 2 });
      await story.restart();
      const found = await story.open("d").load();
      equal(textOf(found.updates), "third");
      equal(found.meta?.replicaId, "r3");
      for (const [epoch, text] of [
        [1, "first"],
        [2, "second"],
        [3, "third"],
      ] as const) {
        equal(textOf((await story.open("d", epoch).load()).updates), text);
      }
      await story.open("d", 1).clear();
      await story.open("d", 3).clear();
      equal((await story.open("d").load()).updates, []);
      equal(textOf((await story.open("d", 2).load()).updates), "second");
    });

    test("closing waits for what is under way, and may be done twice", async story => {
      const store = story.open();
      const adding = [store.add({ madeAt: 1, update: story.type("a") }), store.addRemote([story.type("b")])];
      await store.close();
      await Promise.all(adding);
      await store.close();
      const { updates, outbox } = await (await story.reopen()).load();
      equal(textOf(updates), "ab");
      equal(sequencesOf(outbox), [1]);
    });

    test("a store that was closed rejects everything, and others go on", async story => {
      const [closed, other] = [story.open(), story.open()];
      await closed.load();
      await closed.close();
      const update = story.type("a");
      await rejected(closed.load(), "closed");
      await rejected(closed.add({ madeAt: 1, update }), "closed");
      await rejected(closed.addRemote([update]), "closed");
      await rejected(closed.settle([1]), "closed");
      await rejected(closed.outboxSince(0), "closed");
      await rejected(closed.compact(update), "closed");
      await rejected(closed.clear(), "closed");
      equal(await other.add({ madeAt: 1, update }), 1);
    });

    test(`any two tabs, restarted now and then, keep what a model keeps (seed ${seed})`, story =>
      compareWithModel(story, { cases, seed }));
  });
}

interface Story {
  /** What all tabs have typed. */
  readonly doc: Y.Doc;
  /** Types at the end; the update of that. */
  type(text: string): Uint8Array;
  /** The update that makes an empty document out of nothing but this text. */
  typeInto(text: string): Uint8Array;
  open(documentId?: string, epoch?: number): ReplicaStore;
  restart(): Promise<void>;
  reopen(): Promise<ReplicaStore>;
  breakUpdates(): void;
  end(): Promise<void>;
}

async function createStory(openFixture: () => Promise<PersistenceFixture>): Promise<Story> {
  const fixture = await openFixture();
  let { persistence } = fixture;
  let stores: ReplicaStore[] = [];
  const doc = new Y.Doc();
  const story: Story = {
    doc,
    type(text) {
      const before = Y.encodeStateVector(doc);
      doc.getText("text").insert(doc.getText("text").length, text);
      return Y.encodeStateAsUpdate(doc, before);
    },
    typeInto(text) {
      const empty = new Y.Doc();
      empty.getText("text").insert(0, text);
      return Y.encodeStateAsUpdate(empty);
    },
    open(documentId = "document", epoch) {
      const store = persistence.open(documentId, epoch);
      stores.push(store);
      return store;
    },
    async restart() {
      persistence = await fixture.restart(stores);
      stores = [];
    },
    async reopen() {
      await story.restart();
      return story.open();
    },
    breakUpdates: () => fixture.breakUpdates?.(),
    async end() {
      await Promise.all(stores.map(store => store.close()));
      await fixture.dispose();
    },
  };
  return story;
}

/** Letters are typed by two tabs; a model knows which were kept and which are not settled. */
async function compareWithModel(
  story: Story,
  { cases, seed }: { readonly cases: number; readonly seed: number },
): Promise<void> {
  const random = createRandom(seed);
  let tabs = [story.open(), story.open()];
  /** What each tab holds: what it has loaded and what it has written. */
  let held = tabs.map(() => new Y.Doc());
  const waiting = new Map<number, Uint8Array>();
  const kept = new Y.Doc();

  for (let step = 0; step < cases; step++) {
    const at = random(2);
    const [tab, doc] = [tabs[at]!, held[at]!];
    switch (random(8)) {
      case 0:
      case 1:
      case 2: {
        const updates = Array.from({ length: 1 + random(4) }, () => story.type("x"));
        const numbers = await Promise.all(updates.map(update => tab.add({ madeAt: step, update })));
        for (const [index, number] of numbers.entries()) waiting.set(number, updates[index]!);
        for (const update of updates) for (const each of [kept, doc]) Y.applyUpdate(each, update);
        break;
      }
      case 3: {
        const update = story.type("y");
        await tab.addRemote([update], { sequence: step });
        for (const each of [kept, doc]) Y.applyUpdate(each, update);
        break;
      }
      case 4: {
        const settled = [...waiting.keys()].filter(() => random(2) === 0);
        await tab.settle(settled);
        for (const number of settled) waiting.delete(number);
        break;
      }
      case 5:
        await tab.compact(Y.encodeStateAsUpdate(doc));
        break;
      case 6: {
        await story.restart();
        tabs = [story.open(), story.open()];
        held = tabs.map(() => new Y.Doc());
        for (const [index, store] of tabs.entries()) {
          for (const update of (await store.load()).updates) Y.applyUpdate(held[index]!, update);
        }
        break;
      }
      default: {
        const { updates, outbox } = await tab.load();
        for (const update of updates) Y.applyUpdate(doc, update);
        equal(textOf(updates), kept.getText("text").toString());
        equal(
          sequencesOf(outbox),
          [...waiting.keys()].sort((a, b) => a - b),
        );
        for (const { clientSequence, update } of outbox) equal(update, waiting.get(clientSequence));
      }
    }
  }
}

/** Numbers below a bound, the same ones for the same seed (xorshift32). */
function createRandom(seed: number): (below: number) => number {
  let state = (seed * 0x9e3779b1) | 1;
  return below => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function textOf(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText("text").toString();
}

function sequencesOf(records: readonly { readonly clientSequence: number }[]): number[] {
  return records.map(({ clientSequence }) => clientSequence);
}

function equal(actual: unknown, expected: unknown): void {
  if (equalityDeep(actual, expected)) return;
  throw new Error(`Expected ${JSON.stringify(expected)}, and got ${JSON.stringify(actual)}`);
}

async function rejected(promise: Promise<unknown>, code: ClientErrorCode): Promise<void> {
  const error = await promise.then(
    () => undefined,
    reason => reason,
  );
  if (!(error instanceof ClientError && error.code === code)) {
    throw new Error(`Expected a rejection with ${code}, and got ${error}`, { cause: error });
  }
}
