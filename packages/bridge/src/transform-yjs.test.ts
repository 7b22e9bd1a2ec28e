/** What two changes come to by transformation is what Yjs makes of two documents, as far as `transform.ts` says so. */
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { type Change, type Operation, pathsEqual } from "./change.js";
import { cloneJson, type JsonObject, type MutableJsonObject } from "./json.js";
import { observePatches } from "./observe.js";
import { read } from "./read.js";
import { applyChange } from "./replay.js";
import { createRandom, editRandomly, forEachSeed, openRoots, type Random } from "./testing.js";
import { type Transformed, transformChange } from "./transform.js";

const roots = { map: "map", list: "array", text: "text", rich: "richText", xml: "xmlFragment" } as const;

describe("two documents that are edited at once", () => {
  it("come to what Yjs merges wherever nothing is touched by both, whoever wins", () => {
    let free = 0;
    forEachSeed(seed => {
      const random = createRandom(seed);
      const edit = (doc: Y.Doc) => editRandomly(doc, random, { richText: true });
      const story = tell(random, { edit, before: 10, after: 4 });
      if (story.isHidden || story.transformed.touched.length > 0) return;
      free++;
      expect(story.json).toEqual(story.merged);
      expect(story.otherwise).toEqual(story.merged);
    });
    expect(free).toBeGreaterThan(0);
  });

  it("come to what Yjs merges where both insert and set, when the higher client id wins", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const writer = createWriter(random);
      const story = tell(random, { edit: writer.write, prepare: writer.edit, before: 8, after: 6 });
      expect(story.json).toEqual(story.merged);
    });
  });

  it("and where they delete too, unless a key is removed by one and set by the other", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const { edit } = createWriter(random);
      const story = tell(random, { edit, before: 8, after: 6 });
      if (!story.isContested) expect(story.json).toEqual(story.merged);
    });
  });

  it("and where one transaction makes several edits, unless it deletes and inserts in one place", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const writer = createWriter(random);
      const edit = (doc: Y.Doc) => {
        doc.transact(() => {
          for (let n = 1 + random.below(4); n > 0; n--) writer.editKeepingKeys(doc);
        });
      };
      const story = tell(random, { edit, prepare: writer.edit, before: 8, after: 3 });
      if (!story.replaces) expect(story.json).toEqual(story.merged);
    });
  });

  it("come to what Yjs does not where a key is removed, for to Yjs that is nothing new", () => {
    const [yours, theirs] = [open(7), open(3)];
    yours.getMap("map").set("a", 1);
    Y.applyUpdate(theirs, Y.encodeStateAsUpdate(yours));
    const base = read(yours, roots);
    yours.getMap("map").delete("a");
    theirs.getMap("map").set("a", 2);
    Y.applyUpdate(yours, Y.encodeStateAsUpdate(theirs));
    expect(yours.getMap("map").toJSON()).toEqual({ a: 2 });
    const removal: Change = [{ type: "set", path: ["map"], key: "a", before: 1, after: undefined }];
    const set: Change = [{ type: "set", path: ["map"], key: "a", before: 1, after: 2 }];
    const wins = (side: "yours" | "theirs") =>
      applied(base, set, transformChange(removal, set, { wins: side }).yours).map;
    expect(wins("yours")).toEqual({});
    expect(wins("theirs")).toEqual({ a: 2 });
  });
});

interface Branch {
  readonly doc: Y.Doc;
  readonly change: Change;
  /** Whether something was written that no change shows. */
  readonly isHidden: boolean;
  /** Whether a transaction has both deleted and inserted in one place. */
  readonly replaces: boolean;
}

interface Story {
  readonly transformed: Transformed;
  readonly json: JsonObject;
  /** The JSON if the lower client id had won. */
  readonly otherwise: JsonObject;
  readonly merged: JsonObject;
  readonly isHidden: boolean;
  readonly replaces: boolean;
  /** Whether one side has removed a key that the other has set. */
  readonly isContested: boolean;
}

/** Two clients edit one document without hearing of each other; the higher client id wins. */
function tell(
  random: Random,
  {
    edit,
    prepare = edit,
    before,
    after,
  }: { edit: (doc: Y.Doc) => void; prepare?: (doc: Y.Doc) => void; before: number; after: number },
): Story {
  const base = open(random.pick([1, 5, 9]));
  for (let n = before; n > 0; n--) prepare(base);
  const json = read(base, roots);
  const ids = random.pick([
    [3, 7],
    [7, 3],
  ]);
  const [yours, theirs] = ids.map(id => branch(base, id, { edit, count: 1 + random.below(after) })) as [
    Branch,
    Branch,
  ];
  const [wins, loses] = ids[0] === 7 ? (["yours", "theirs"] as const) : (["theirs", "yours"] as const);
  const transformed = transformChange(yours.change, theirs.change, { wins });
  const otherwise = transformChange(yours.change, theirs.change, { wins: loses });
  const changes = [yours, theirs].flatMap(({ change }) => transformChange(change, [], { wins }).yours);
  Y.applyUpdate(yours.doc, Y.encodeStateAsUpdate(theirs.doc));
  return {
    transformed,
    json: applied(json, theirs.change, transformed.yours),
    otherwise: applied(json, theirs.change, otherwise.yours),
    merged: read(yours.doc, roots),
    isHidden: yours.isHidden || theirs.isHidden,
    replaces: yours.replaces || theirs.replaces,
    isContested: changes.some(isRemoval) && transformed.touched.some(({ reason }) => reason === "key"),
  };
}

function branch(
  base: Y.Doc,
  clientId: number,
  { edit, count }: { edit: (doc: Y.Doc) => void; count: number },
): Branch {
  const doc = open(clientId);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(base));
  const change: Operation[] = [];
  let [isHidden, replaces] = [false, false];
  const observer = observePatches(doc, { roots }, span => {
    change.push(...span.change);
    isHidden ||= span.change.length === 0;
    replaces ||= replacesInOnePlace(span.change);
  });
  for (let n = count; n > 0; n--) edit(doc);
  observer.close();
  return { doc, change, isHidden, replaces };
}

function open(clientId: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  openRoots(doc, roots);
  return doc;
}

function applied(base: JsonObject, ...changes: readonly Change[]): JsonObject {
  const json = cloneJson(base) as MutableJsonObject;
  for (const change of changes) applyChange(json, change, "forward");
  return json;
}

function isRemoval(operation: Operation): boolean {
  return operation.type === "set" && operation.after === undefined;
}

/** Whether something is deleted next to where something is inserted. */
function replacesInOnePlace(change: Change): boolean {
  return change.some((operation, i) => {
    const next = change[i + 1];
    if (operation.type === "delta") {
      const types = operation.delta.map(step => ("retain" in step ? " " : "insert" in step ? "i" : "d"));
      return /id|di/.test(types.join(""));
    }
    return (
      (operation.type === "delete" || operation.type === "textDelete") &&
      (next?.type === "insert" || next?.type === "textInsert") &&
      pathsEqual(operation.path, next.path) &&
      operation.index === next.index
    );
  });
}

/** Edits of which each has values of its own, so that none is equal to what was there or what another has written. */
function createWriter(random: Random) {
  let count = 0;
  const unique = () => `v${count++}`;
  const value = (): unknown =>
    random.pick([
      unique,
      unique,
      () => new Y.Map([["a", unique()]]),
      () => Y.Array.from([unique(), unique()]),
      () => new Y.Text(characters(3)),
    ])();
  const characters = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(0x4e00 + count++)).join("");
  const write = (doc: Y.Doc) => {
    const type = random.pick(typesIn(doc));
    if (type instanceof Y.Map) type.set(random.pick(["a", "b", "c"]), value());
    else if (type instanceof Y.Array) {
      const values = Array.from({ length: 1 + random.below(2) }, value);
      type.insert(random.below(type.length + 1), values as string[]);
    } else type.insert(random.below(type.length + 1), characters(1 + random.below(3)));
  };
  const remove = (doc: Y.Doc) => {
    const type = random.pick(typesIn(doc));
    if (type instanceof Y.Map) type.delete(random.pick(["a", "b", "c"]));
    else cut(type);
  };
  const cut = (type: Y.Array<unknown> | Y.Text) => {
    if (type.length === 0) return;
    const index = random.below(type.length);
    type.delete(index, Math.min(1 + random.below(3), type.length - index));
  };
  return {
    /** Sets and inserts only. */
    write,
    edit: (doc: Y.Doc) => (random.chance(0.4) ? remove(doc) : write(doc)),
    /** Removes no keys. */
    editKeepingKeys(doc: Y.Doc) {
      const type = random.pick(typesIn(doc));
      if (random.chance(0.4) && !(type instanceof Y.Map)) cut(type);
      else write(doc);
    },
  };
}

function typesIn(doc: Y.Doc): (Y.Map<unknown> | Y.Array<unknown> | Y.Text)[] {
  const types: (Y.Map<unknown> | Y.Array<unknown> | Y.Text)[] = [];
  const visit = (value: unknown) => {
    if (value instanceof Y.Map || value instanceof Y.Array || value instanceof Y.Text) types.push(value);
    if (value instanceof Y.Map || value instanceof Y.Array) value.forEach(visit);
  };
  for (const root of [doc.getMap("map"), doc.getArray("list"), doc.getText("text"), doc.getText("rich")]) {
    visit(root);
  }
  return types;
}
