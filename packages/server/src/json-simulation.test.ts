/**
 * Programs and Yjs clients write at random to one document: on any version, by every strategy, with messages late and
 * out of order, disconnections and restarts. Every accepted edit is one commit, whatever was accepted is there once, and
 * whatever was not is nowhere.
 */
import type { Json, Patch } from "@verso/bridge";
import type { Random } from "@verso/bridge/testing";
import { verifyLedger } from "@verso/storage";
import { describe, expect, it } from "vitest";
import type * as Y from "yjs";
import type { Base } from "./edit-base.js";
import { actorOf, createStory, forEachStory } from "./history-harness.js";
import type { JsonEdit } from "./json-edits.js";
import { createReplay } from "./verify.js";

const strategies = ["merge", "server-wins", "latest-wins", "reject", "manual"] as const;
const roots = { document: "map" } as const;
const documents = { "*": { roots, texts: ["/document/content/text"] } };

describe("programs and Yjs clients", () => {
  it("lose nothing, and agree", async () => {
    const seen: Record<string, number> = {};
    await forEachStory(async random => {
      const story = await createStory({ documents });
      const content = { list: [] as Json[], text: ".", map: {} };
      await story.ask(story.world.edits.create("doc", actorOf("ann"), { content }));
      const docs = [story.join(101), story.join(900)];
      await story.flush();
      await story.record();
      const programs = ["p1", "p2", "p3"].map(name => ({ actor: actorOf(name), base: 1 }));
      /** Marks that were accepted, by where they are to be; and those that were not. */
      const accepted = { list: new Set<string>(), text: new Set<string>() };
      const refused = new Set<string>();
      const held: { readonly name: string; readonly mark: string; readonly place: "list" | "text" }[] = [];
      const revisions = new Map<number, string>();
      let marks = 0;
      const newMark = () => `[${++marks}]`;

      for (let step = 0; step < 40; step++) {
        const what = random.below(100);
        if (what < 45) await program(random.pick(programs));
        else if (what < 75) client(random.pick(docs));
        else if (what < 90) await exchange();
        else if (what < 94) await story.snapshot();
        else if (what < 96) await story.restart();
        else await resolve();
      }
      await story.flush();

      const { json } = await story.record();
      const { list, text } = (json.document as { content: { list: string[]; text: string } }).content;
      for (const mark of accepted.list) expect(count(list, mark), `list ${mark}`).toBe(1);
      for (const mark of accepted.text) expect(text.split(mark).length - 1, `text ${mark}`).toBe(1);
      for (const mark of refused) expect([count(list, mark), text.includes(mark)], mark).toEqual([0, false]);
      for (const doc of docs) expect(doc.getMap("document").toJSON()).toEqual(json.document);

      await story.world.close();
      const backend = await story.store.open();
      const issues: string[] = [];
      await verifyLedger(backend, {
        replay: () => createReplay(),
        onIssue: ({ detail }) => void issues.push(detail),
      });
      await backend.close();
      expect(issues).toEqual([]);

      async function program(one: (typeof programs)[number]): Promise<void> {
        const { sequence } = await story.record();
        const { revision } = await story.ask(story.world.rooms.get("doc").view(({ head }) => head!));
        revisions.set(sequence, revision);
        if (random.chance(0.5)) one.base = sequence;
        const at = story.recorded.get(one.base)!.document as unknown as { content: typeof content };
        const mark = newMark();
        const place = random.chance(0.5) ? "list" : "text";
        const patch: Patch = [
          place === "list"
            ? { op: "add", path: `/list/${random.below(at.content.list.length + 1)}`, value: mark }
            : { op: "str_ins", path: "/text", pos: gapIn(at.content.text, random), str: mark },
          ...(random.chance(0.3)
            ? [{ op: "add" as const, path: `/map/k${random.below(3)}`, value: marks }]
            : []),
        ];
        // By a revision it is looked for in memory first, by a sequence in the ledger.
        const byRevision = revisions.get(one.base);
        const named: Base =
          byRevision !== undefined && random.chance(0.7) ? { revision: byRevision } : { sequence: one.base };
        const base = random.chance(0.9) ? named : undefined;
        if (base === undefined && one.base !== sequence) return;
        const before = sequence;
        const strategy = random.pick(strategies);
        const edit = await story.ask(story.world.edits.patch("doc", one.actor, { patch, base, strategy }));
        seen[`${strategy} ${edit.type}`] = (seen[`${strategy} ${edit.type}`] ?? 0) + 1;
        note(edit, { mark, place });
        expect((await story.record()).sequence - before).toBe(edit.type === "done" ? 1 : 0);
      }

      function note(edit: JsonEdit, { mark, place }: { mark: string; place: "list" | "text" }): void {
        if (edit.type === "done") accepted[place].add(mark);
        else refused.add(mark);
        if (edit.type === "conflict" && edit.conflict.conflict_id !== null) {
          held.push({ name: edit.conflict.conflict_id, mark, place });
        }
      }

      async function resolve(): Promise<void> {
        const next = held.shift();
        if (next === undefined) return;
        const take = random.pick(["yours", "theirs", "merge"] as const);
        const edit = await story.ask(story.world.edits.resolve("doc", actorOf("judge"), next.name, { take }));
        if (edit.type !== "done") return;
        refused.delete(next.mark);
        accepted[next.place].add(next.mark);
      }

      function client(doc: Y.Doc): void {
        const shown = doc.getMap("document").get("content") as Y.Map<unknown>;
        const mark = newMark();
        if (random.chance(0.4)) {
          const list = shown.get("list") as Y.Array<string>;
          list.insert(random.below(list.length + 1), [mark]);
          accepted.list.add(mark);
        } else if (random.chance(0.7)) {
          const text = shown.get("text") as Y.Text;
          text.insert(gapIn(text.toString(), random), mark);
          accepted.text.add(mark);
        } else (shown.get("map") as Y.Map<number>).set(`k${random.below(3)}`, marks);
      }

      async function exchange(): Promise<void> {
        for (const each of story.clients) {
          if (random.chance(0.7)) each.deliver("to relay", 1 + random.below(3));
          await story.world.pass(5);
          if (random.chance(0.7)) each.deliver("from relay", 1 + random.below(3));
        }
      }
    });
    if (Object.values(seen).reduce((sum, n) => sum + n, 0) > 200) {
      for (const strategy of strategies) expect(seen[`${strategy} done`], strategy).toBeGreaterThan(0);
      for (const strategy of ["server-wins", "reject", "manual"]) {
        expect(seen[`${strategy} conflict`], strategy).toBeGreaterThan(0);
      }
    }
  }, 600_000);
});

function count(list: readonly string[], mark: string): number {
  return list.filter(each => each === mark).length;
}

/** A place in the text that is in no mark. */
function gapIn(text: string, random: Random): number {
  const gaps = [0, ...[...text.matchAll(/[\].]/g)].map(({ index }) => index + 1)];
  return random.pick(gaps);
}
