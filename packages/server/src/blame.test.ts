/** Who wrote what, on a simulated relay. Long, because stories and random ones share the relay and its words. */
import {
  decodeChange,
  type Json,
  type JsonObject,
  type Operation,
  parsePointer,
  type Roots,
  toPointer,
} from "@verso/bridge";
import type { Random } from "@verso/bridge/testing";
import { blame as blameShape } from "@verso/protocol";
import { html } from "@verso/validation";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { documentOf } from "./fork-store.js";
import { actorOf, createStory, forEachStory, stories } from "./history-harness.js";
import type { WorldOptions } from "./testing.js";

const roots: Roots = { map: "map", list: "array", text: "text", rich: "richText", xml: "xmlFragment" };

type Story = Awaited<ReturnType<typeof createStory>>;

/** Ann and Bob, each with the document in front of them. */
async function pair({ documents = { "*": { roots } } }: Pick<WorldOptions, "documents"> = {}) {
  const story = await createStory({ documents });
  const ann = story.join(101, roots, { user: "ann", roles: ["editor"] });
  const bob = story.join(202, roots, { user: "bob" });
  await story.flush();
  return {
    story,
    ann,
    bob,
    /** One edit, which is one commit. */
    async edit(doc: Y.Doc, make: (doc: Y.Doc) => void) {
      doc.transact(() => make(doc));
      await story.flush();
    },
    blame: (pointer: string, at?: number) => blame(story, pointer, at),
    /** The parts at a pointer in words: `0-4@1`, or `/map/key@1`. */
    parts: async (pointer: string, at?: number) => inWords(await blame(story, pointer, at)),
    act: (what: "undo" | "redo", user: string) =>
      afterwards(story, story.world.history[what]("doc", actorOf(user))),
    go: (what: "revert" | "undoTo" | "restore", sequence: number, user: string) =>
      afterwards(story, story.world.history[what]("doc", actorOf(user), sequence)),
  };
}

async function blame(story: Story, pointer: string, at?: number) {
  const found = await story.ask(story.world.history.blame("doc", parsePointer(pointer), at));
  expect(blameShape.parse(found)).toEqual(found);
  return found;
}

function inWords({ parts }: Awaited<ReturnType<typeof blame>>): string[] {
  return parts.map(part =>
    part.type === "member" ? `${part.pointer}@${part.by}` : `${part.from}-${part.to}@${part.by}`,
  );
}

async function afterwards<T>(story: Story, asked: Promise<T>): Promise<T> {
  const done = await story.ask(asked);
  await story.flush();
  return done;
}

describe("who wrote what", () => {
  it("is told of every character, and by which commit", async () => {
    const { story, ann, bob, edit, blame, parts } = await pair();
    await edit(ann, doc => doc.getText("text").insert(0, "The fox jumps."));
    await edit(bob, doc => doc.getText("text").insert(4, "quick "));
    await edit(ann, doc => doc.getText("text").delete(0, 2));
    expect(ann.getText("text").toString()).toBe("e quick fox jumps.");
    const { sequence, by, commits, revision_id } = await blame("/text");
    expect({ sequence, by }).toEqual({ sequence: 3, by: null });
    expect(await parts("/text")).toEqual(["0-2@1", "2-8@2", "8-18@1"]);
    expect(revision_id).toMatch(/^3-[0-9a-f]{12}$/);
    expect(commits.map(({ sequence, user_id, kind }) => [sequence, user_id, kind])).toEqual([
      [1, "ann", "update"],
      [2, "bob", "update"],
    ]);
    expect(Date.parse(commits[0]!.created_at)).toBeLessThanOrEqual(story.world.clock.now());
  });

  it("is told of two who write at once", async () => {
    const { story, ann, bob, parts } = await pair();
    ann.getText("text").insert(0, "ann");
    bob.getText("text").insert(0, "bob");
    await story.flush();
    const ranges = await parts("/text");
    const [first, second] = ann.getText("text").toString() === "annbob" ? [1, 2] : [2, 1];
    expect(ranges).toEqual([`0-3@${first}`, `3-6@${second}`]);
  });

  it("is told of keys and elements, and of what is in them by their own pointers", async () => {
    const { ann, bob, edit, blame, parts } = await pair();
    await edit(ann, doc => {
      doc.getMap("map").set("a/b", new Y.Map<unknown>([["x", 1]]));
      doc.getMap("map").set("plain", { deep: [1] });
    });
    await edit(bob, doc => (doc.getMap("map").get("a/b") as Y.Map<unknown>).set("y", new Y.Array()));
    await edit(ann, doc => {
      const y = (doc.getMap("map").get("a/b") as Y.Map<Y.Array<unknown>>).get("y")!;
      y.insert(0, ["one", "two"]);
    });
    await edit(bob, doc => {
      doc.getMap("map").set("plain", 2);
      (doc.getMap("map").get("a/b") as Y.Map<Y.Array<unknown>>).get("y")!.insert(1, ["three"]);
    });
    expect(await parts("/map")).toEqual(["/map/a~1b@1", "/map/plain@4"]);
    expect(await parts("/map/a~1b")).toEqual(["/map/a~1b/x@1", "/map/a~1b/y@2"]);
    expect(await parts("/map/a~1b/y")).toEqual(["0-1@3", "1-2@4", "2-3@3"]);
    expect((await blame("/map/a~1b/y")).by).toBe(2);
    expect((await blame("/map/a~1b/y/1")).by).toBe(4);
    expect(await blame("/map/plain/deep/0", 3)).toMatchObject({ by: 1, parts: [] });
    expect(await blame("")).toMatchObject({ by: null, commits: [] });
    expect(await parts("")).toEqual(Object.keys(roots).map(name => `/${name}@null`));
  });

  it("is told of formatted text with embeds, and of XML", async () => {
    const { ann, bob, edit, blame, parts } = await pair();
    await edit(ann, doc => {
      doc.getText("rich").insert(0, "bold text");
      const p = new Y.XmlElement("p");
      doc.getXmlFragment("xml").insert(0, [p, new Y.XmlElement("hr")]);
      p.insert(0, [new Y.XmlText("words")]);
    });
    await edit(bob, doc => {
      doc.getText("rich").format(0, 4, { bold: true });
      doc.getText("rich").insertEmbed(5, { image: 1 });
      doc.getText("rich").setAttribute("align", "left");
      (doc.getXmlFragment("xml").get(0) as Y.XmlElement).setAttribute("id", "first");
    });
    expect(await parts("/rich")).toEqual(["/rich/attrs/align@2", "0-5@1", "5-6@2", "6-10@1"]);
    expect(await parts("/xml/children/0")).toEqual(["/xml/children/0/attrs/id@2", "0-1@1"]);
    expect((await blame("/xml/children/0")).parts[1]).toMatchObject({
      pointer: "/xml/children/0/children",
    });
    expect(await parts("/xml")).toEqual(["0-2@1"]);
    expect((await blame("/xml/children/0/attrs/id")).by).toBe(2);
  });

  it("is the first author of what was deleted and has come back", async () => {
    const { story, ann, bob, edit, parts, act, go } = await pair();
    await edit(ann, doc => doc.getText("text").insert(0, "one two three"));
    await edit(bob, doc => doc.getText("text").insert(4, "HALF "));
    await edit(bob, doc => doc.getText("text").delete(2, 10));
    expect(await parts("/text")).toEqual(["0-8@1"]);
    await act("undo", "bob");
    const all = ["0-4@1", "4-9@2", "9-18@1"];
    expect(await parts("/text")).toEqual(all);
    await act("redo", "bob");
    await story.snapshot();
    await story.restart();
    await act("undo", "bob");
    expect(await parts("/text")).toEqual(all);
    // All of it goes and comes back, as the undoing of the undoing of the insertions.
    await go("undoTo", 0, "ann");
    expect(await parts("/text")).toEqual([]);
    await act("redo", "ann");
    expect(await parts("/text")).toEqual(all);
    expect(await parts("/text", 2)).toEqual(all);
  });

  it("is the first author of what was in something that has come back, whoever deleted it", async () => {
    const { ann, bob, edit, blame, parts, act } = await pair();
    await edit(ann, doc => doc.getMap("map").set("page", new Y.Map([["body", new Y.Text("ab")]])));
    await edit(bob, doc => (doc.getMap("map").get("page") as Y.Map<Y.Text>).get("body")!.insert(1, "x"));
    await edit(bob, doc => doc.getMap("map").delete("page"));
    await act("undo", "bob");
    expect(await blame("/map/page")).toMatchObject({ sequence: 4, by: 1 });
    expect(await parts("/map/page/body")).toEqual(["0-1@1", "1-2@2", "2-3@1"]);
  });

  it("is the first author of what somebody was not allowed to delete", async () => {
    const permissions = { "/text": { delete: ["editor"] }, "/map": { delete: ["editor"] } };
    const { story, ann, bob, edit, blame, parts } = await pair({
      documents: { "*": { roots, permissions } },
    });
    await edit(ann, doc => {
      doc.getText("text").insert(0, "kept");
      doc.getMap("map").set("key", 1);
    });
    await edit(bob, doc => doc.getText("text").delete(1, 2));
    await edit(bob, doc => doc.getMap("map").delete("key"));
    expect(story.recorded.get(3)).toMatchObject({ text: "kept", map: { key: 1 } });
    expect(await parts("/text")).toEqual(["0-4@1"]);
    expect(await blame("/map/key")).toMatchObject({ sequence: 3, by: 1 });
  });

  it("is the commit in which the gate has cleaned it", async () => {
    const { ann, bob, edit, parts } = await pair({
      documents: { "*": { roots, sanitize: { "/map/*": html() } } },
    });
    await edit(ann, doc => doc.getMap("map").set("body", "<p>fine</p>"));
    await edit(bob, doc => doc.getMap("map").set("body", "<p onclick='x()'>fine</p>"));
    expect(ann.getMap("map").toJSON()).toEqual({ body: "<p>fine</p>" });
    expect(await parts("/map")).toEqual(["/map/body@2"]);
  });

  it("is the proposer of what was merged", async () => {
    const { story, ann, edit, parts, blame } = await pair();
    await edit(ann, doc => doc.getText("text").insert(0, "The end."));
    const { forks } = story.world;
    const proposer = actorOf("eva");
    const fork = (await story.ask(forks.fork("doc", { proposer })))!;
    const doc = new Y.Doc();
    const client = story.world.connect(documentOf(fork), doc, { user: "eva" });
    await story.world.exchange([client]);
    doc.getText("text").insert(4, "happy ");
    await story.world.exchange([client]);
    await story.ask(forks.merge(fork, { by: actorOf("ann") }));
    await story.flush();
    expect(ann.getText("text").toString()).toBe("The happy end.");
    expect(await parts("/text")).toEqual(["0-4@1", "4-10@2", "10-14@1"]);
    expect((await blame("/text")).commits[1]).toMatchObject({ user_id: "eva" });
  });

  it("is told of old versions", async () => {
    const { ann, bob, edit, parts, blame } = await pair();
    await edit(ann, doc => doc.getText("text").insert(0, "one"));
    await edit(bob, doc => doc.getText("text").insert(0, "two"));
    await edit(ann, doc => doc.getText("text").delete(1, 4));
    expect(await parts("/text", 2)).toEqual(["0-3@2", "3-6@1"]);
    expect(await parts("/text", 1)).toEqual(["0-3@1"]);
    expect(await blame("/text", 3)).toEqual(await blame("/text"));
    await expect(blame("/map/later", 3)).rejects.toMatchObject({ code: "pointer-unknown" });
    for (const unknown of [0, 4]) {
      await expect(blame("/text", unknown)).rejects.toMatchObject({ code: "version-unknown" });
    }
  });

  it("is told as long as the inverse record or the update of its commit is kept", async () => {
    const { story, ann, bob, edit, parts } = await pair();
    await edit(ann, doc => doc.getText("text").insert(0, "one "));
    await edit(bob, doc => doc.getText("text").insert(4, "two "));
    await edit(ann, doc => doc.getText("text").insert(8, "three"));
    await story.snapshot();
    const { ledger } = story.world;
    await ledger.dropParts({ document: "doc", before: 3, parts: ["change", "inverse"] });
    expect(await parts("/text")).toEqual(["0-4@1", "4-8@2", "8-13@3"]);
    await ledger.dropParts({ document: "doc", before: 2, parts: ["update"] });
    expect(await parts("/text")).toEqual(["0-4@null", "4-8@2", "8-13@3"]);
    await ledger.dropParts({ document: "doc", before: 4, parts: ["update"] });
    expect(await parts("/text")).toEqual(["0-8@null", "8-13@3"]);
  });

  it("is the commit that wrote it out again where it could not be had by ids", async () => {
    const { story, ann, bob, edit, parts, go } = await pair();
    await edit(ann, doc => doc.getText("text").insert(0, "one two"));
    await edit(bob, doc => doc.getText("text").delete(3, 4));
    await story.snapshot();
    await story.world.ledger.dropParts({ document: "doc", before: 3, parts: ["inverse"] });
    await go("restore", 1, "bob");
    expect(ann.getText("text").toString()).toBe("one two");
    expect(await parts("/text")).toEqual(["0-3@1", "3-7@3"]);
  });

  it("is not told of a document or a place that is not there", async () => {
    const { ann, edit, blame } = await pair();
    await expect(blame("/text")).rejects.toMatchObject({ code: "version-unknown" });
    await edit(ann, doc => doc.getText("text").insert(0, "one"));
    for (const pointer of ["/text/0", "/map/key", "/nowhere", "/list/0"]) {
      await expect(blame(pointer)).rejects.toMatchObject({ code: "pointer-unknown" });
    }
    expect((await blame("/list")).parts).toEqual([]);
  });
});

/** Which commit first brought each value, by its change: what blame must say, found without any ids. */
function createFirstBrought() {
  const first = new Map<string | number, number>();
  let read = 0;
  return {
    of: (value: string | number) => first.get(value),
    async readOn({ ledger }: Story["world"]) {
      for await (const { sequence, change } of ledger.read("doc", { from: read + 1 })) {
        for (const value of decodeChange(change!).flatMap(broughtBy)) {
          if (!first.has(value)) first.set(value, sequence);
        }
        read = sequence;
      }
    },
  };
}

function broughtBy(operation: Operation): (string | number)[] {
  switch (operation.type) {
    case "set":
      return valuesIn(operation.after ?? null);
    case "insert":
      return operation.values.flatMap(valuesIn);
    case "textInsert":
      return valuesIn(operation.text);
    case "delta":
      return operation.delta.flatMap(part => ("insert" in part ? valuesIn(part.insert) : []));
    default:
      return [];
  }
}

function valuesIn(json: Json): (string | number)[] {
  if (typeof json === "string") return json.split("");
  if (typeof json === "number") return [json];
  return typeof json === "object" && json !== null ? Object.values(json).flatMap(valuesIn) : [];
}

/** Writes whatever comes to mind, everything only once, so that each character and number tells its author. */
function createWriter(random: Random) {
  let character = 0x4e00;
  let number = 1000;
  const word = () => String.fromCharCode(...Array.from({ length: 1 + random.below(4) }, () => character++));
  const value = () => (random.chance(0.6) ? number++ : note());
  const note = () =>
    new Y.Map<unknown>([
      ["id", number++],
      ["body", new Y.Text(word())],
      ["list", Y.Array.from([number++, number++])],
    ]);
  const cut = (length: number, remove: (from: number, count: number) => void) => {
    if (length === 0) return;
    const from = random.below(length);
    remove(from, 1 + random.below(Math.min(4, length - from)));
  };
  function writeText(text: Y.Text): void {
    if (random.chance(0.35)) cut(text.length, (from, count) => text.delete(from, count));
    else text.insert(random.below(text.length + 1), word());
  }
  function writeList(list: Y.Array<unknown>): void {
    if (random.chance(0.35)) cut(list.length, (from, count) => list.delete(from, count));
    else list.insert(random.below(list.length + 1), random.chance(0.5) ? [value()] : [number++, number++]);
  }
  function writeRich(text: Y.Text): void {
    if (random.chance(0.2)) text.insertEmbed(random.below(text.length + 1), { image: number++ });
    else if (random.chance(0.3)) cut(text.length, (from, count) => text.format(from, count, { bold: true }));
    else writeText(text);
  }
  function writeMap(map: Y.Map<unknown>): void {
    const key = random.pick(["a", "b", "c"]);
    const held = map.get(key);
    if (held instanceof Y.Map && random.chance(0.6)) writeNote(held);
    else if (random.chance(0.25)) map.delete(key);
    else map.set(key, value());
  }
  function writeNote(held: Y.Map<unknown>): void {
    const what = random.pick(["body", "list", "key"] as const);
    if (what === "body") writeText(held.get("body") as Y.Text);
    else if (what === "list") writeList(held.get("list") as Y.Array<unknown>);
    else held.set(random.pick(["x", "y"]), number++);
  }
  return (doc: Y.Doc) => {
    const root = random.pick(["text", "text", "rich", "list", "map", "map"] as const);
    if (root === "text") writeText(doc.getText("text"));
    else if (root === "rich") writeRich(doc.getText("rich"));
    else if (root === "list") writeList(doc.getArray("list"));
    else writeMap(doc.getMap("map"));
  };
}

/** Calls back for each unit and member in a document that can be told from all others, with the commit that is blamed. */
async function eachBlamed(
  story: Story,
  { json, at, pointer = "" }: { json: Json; at: number | undefined; pointer?: string },
  visit: (place: string, value: string | number, by: number | null) => void,
): Promise<void> {
  const { by, parts } = await blame(story, pointer, at);
  const identity = (json as JsonObject).id;
  if (typeof identity === "number") visit(pointer, identity, by);
  const units = unitsOf(json);
  const inRanges = parts.flatMap(part => (part.type === "range" ? [part] : []));
  expect(inRanges.reduce((end, { from, to }) => (from === end ? to : Number.NaN), 0)).toBe(units.length);
  for (const range of inRanges) {
    for (const [offset, unit] of units.slice(range.from, range.to).entries()) {
      const place = `${pointer}:${range.from + offset}`;
      const [value] = valuesIn(isNote(unit) ? unit.id! : unit);
      visit(place, value!, range.by);
    }
  }
  for (const part of parts) {
    if (part.type !== "member") continue;
    const value = (json as JsonObject)[parsePointer(part.pointer).at(-1)!];
    if (typeof value === "number") visit(part.pointer, value, part.by);
    else if (isNote(value)) visit(part.pointer, value.id as number, part.by);
    // Nobody ever sets these again, so they came with what they are in.
    else if (isNote(json)) expect(part.by, part.pointer).toBe(by);
  }
  const inside = json !== null && typeof json === "object" && !("$y" in json) ? Object.entries(json) : [];
  for (const [key, value] of inside) {
    if (typeof value === "number") continue;
    await eachBlamed(story, { json: value, at, pointer: pointer + toPointer([key]) }, visit);
  }
}

function isNote(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && "id" in json;
}

/** The elements of a list, or the characters and embeds of a text. */
function unitsOf(json: Json): readonly Json[] {
  if (typeof json === "string") return json.split("");
  if (Array.isArray(json)) return json as readonly Json[];
  const { delta = [] } = json as { readonly delta?: readonly { readonly insert: Json }[] };
  return delta.flatMap(({ insert }): readonly Json[] =>
    typeof insert === "string" ? insert.split("") : [insert],
  );
}

describe("whatever is written, deleted and brought back", () => {
  const gated = {
    permissions: {
      "/text": { delete: ["editor"] },
      "/list": { delete: ["editor"] },
      "/map": { delete: ["editor"] },
    },
    conflicts: { "/map/a": "server-wins", "/map/b": "latest-wins" },
  } as const;

  it("everything is blamed on the commit whose change first brought it", async () => {
    const seen = { units: 0, dropped: 0, restored: 0, refused: 0 };
    await forEachStory(async random => {
      const isGated = random.chance(0.4);
      const { story, ann, bob } = await pair({
        documents: { "*": isGated ? { roots, ...gated } : { roots } },
      });
      const docs = [
        { doc: ann, actor: actorOf("ann", ["editor"]) },
        { doc: bob, actor: actorOf("bob") },
      ];
      const write = createWriter(random);
      const first = createFirstBrought();
      let kept = 1;
      const check = async (at: number | undefined, json: JsonObject) => {
        await eachBlamed(story, { json, at }, (place, value, by) => {
          const author = first.of(value);
          seen.units++;
          if (author !== undefined && author < kept && by === null) seen.dropped++;
          else expect(by, `${place} at ${at ?? "the end"}: ${value}`).toBe(author);
        });
      };
      for (let step = 0; step < 25; step++) {
        const { sequence } = await story.record();
        const { doc, actor } = random.pick(docs);
        const { history } = story.world;
        const what = random.pick([
          "write",
          "write",
          "write",
          "write",
          "undo",
          "undo",
          "redo",
          "revert",
          "back",
        ] as const);
        if (what === "write" || sequence === 0) {
          // Sometimes both at once, each without having seen what the other writes.
          for (const writing of random.chance(0.3) ? docs : [{ doc }]) {
            writing.doc.transact(() => {
              for (let n = 1 + random.below(3); n > 0; n--) write(writing.doc);
            });
          }
        } else {
          const point = 1 + random.below(sequence);
          const done = await story.ask(
            what === "undo" || what === "redo"
              ? history[what]("doc", actor)
              : history[what === "revert" ? what : random.pick(["undoTo", "restore"] as const)](
                  "doc",
                  actor,
                  point,
                ),
          );
          if (done.type === "done") seen.restored++;
          if (done.type === "refused") seen.refused++;
        }
        await story.flush();
        await first.readOn(story.world);
        if (random.chance(0.08)) await story.snapshot();
        if (random.chance(0.05)) await story.restart();
        await first.readOn(story.world);
      }
      const { sequence: last, json } = await story.record();
      for (const at of [undefined, 1 + random.below(last), 1 + random.below(last)]) {
        const then = at === undefined ? json : story.recorded.get(at);
        if (then !== undefined) await check(at, then);
      }
      // The updates before some commit go, and the inverse records before another.
      await story.snapshot();
      const [updates, inverses] = [1 + random.below(last + 1), 1 + random.below(last + 1)];
      const { ledger } = story.world;
      await ledger.dropParts({ document: "doc", before: updates, parts: ["update"] });
      await ledger.dropParts({ document: "doc", before: inverses, parts: ["change", "inverse"] });
      kept = Math.min(updates, inverses);
      await check(undefined, json);
      await story.world.close();
    });
    expect(seen.units).toBeGreaterThan(0);
    if (stories > 20) expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  }, 600_000);
});
