import { BridgeError, type Json, type Patch, read } from "@verso/bridge";
import { createRandom, editRandomly, forEachSeed, type Random } from "@verso/bridge/testing";
import { describe, expect, it, vi } from "vitest";
import * as Y from "yjs";
import { createEditing, type Editing } from "./editing.js";

type Tree = Record<string, Node>;
type Node = null | boolean | number | string | Node[] | { [key: string]: Node };

describe("change", () => {
  it("makes the document what a random recipe makes of its JSON", () => {
    forEachSeed(seed => {
      const random = createRandom(seed);
      const { doc, editing } = open();
      for (let round = 0; round < 6; round++) {
        const recipeSeed = random.below(2 ** 31);
        const expected = copyOf(editing);
        editRoots(expected, createRandom(recipeSeed));
        editing.change(draft => editRoots(draft, createRandom(recipeSeed)));
        expect(editing.getSnapshot()).toEqual(expected);
        expect(read(doc, editing.roots)).toEqual(expected);
      }
    });
  });

  it("converges where two edit at once, and what the relay would send is what they have", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const [ann, ben] = [open(), open()];
        for (let round = 0; round < 5; round++) {
          for (const { editing } of [ann, ben])
            editing.change(draft => editRoots(draft, createRandom(random.below(2 ** 31))));
          exchange(ann.doc, ben.doc);
          expect(ann.editing.getSnapshot()).toEqual(ben.editing.getSnapshot());
        }
      },
      { usually: 300 },
    );
  });

  it("edits around formatted text and XML, and what contradicts its type, as it does around anything", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const { doc, editing } = open();
        doc.getMap("map");
        doc.getArray("list");
        for (let round = 0; round < 10; round++) editRandomly(doc, random, { richText: true });
        const expected = copyOf(editing);
        const edit = (draft: Tree) => {
          if (Array.isArray(draft.list)) draft.list.reverse();
          if (isMembers(draft.map)) draft.map.copy = [draft.list ?? null];
        };
        try {
          editing.change(draft => edit(draft));
        } catch (error) {
          // Undefined, subdocuments and the like have no way into a list.
          expect(error).toBeInstanceOf(BridgeError);
          expect(editing.getSnapshot()).toEqual(expected);
          return;
        }
        edit(expected);
        expect(editing.getSnapshot()).toEqual(expected);
      },
      { usually: 300 },
    );
  });

  it("keeps the identity of list elements that a recipe has not replaced, whatever it does around them", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const { doc, editing } = open();
        editing.change(draft => {
          draft.list = Array.from({ length: 6 }, (_, name) => ({ name, done: false }));
        });
        const ids = () =>
          new Map(doc.getArray<Y.Map<number>>("list").map(each => [each.get("name"), each._item?.id]));
        const before = ids();
        const gone = random.below(6);
        editing.change(draft => {
          const list = draft.list as { name: number; done: boolean }[];
          list.splice(gone, 1);
          list.splice(random.below(6), 0, { name: 100, done: false });
          for (const each of list) if (random.chance(0.5)) each.done = !each.done;
        });
        for (const [name, id] of ids()) if (name !== 100) expect(id).toBe(before.get(name));
      },
      { usually: 200 },
    );
  });

  it("writes nothing where everything is equal, and one transaction otherwise", () => {
    const { doc, editing } = open();
    editing.change(draft => {
      draft.map = { a: { b: [1, { c: 2 }] } };
      draft.text = "hello";
      draft.list = [{ x: 1 }, "two"];
    });
    const update = vi.fn();
    doc.on("update", update);
    editing.change(draft => {
      draft.map = { a: { b: [1, { c: 2 }] } };
      draft.text = `hel${"lo"}`;
      draft.list = [{ x: 1 }, "two"];
      (draft.list as Node[]).reverse();
      (draft.list as Node[]).reverse();
    });
    editing.change(() => {});
    editing.patch([]);
    expect(update).not.toHaveBeenCalled();
    editing.change(draft => {
      draft.map = {};
      draft.text = "";
      draft.list = [];
    });
    expect(update).toHaveBeenCalledTimes(1);
  });

  it("moves with the fewest new elements: one that goes to another place", () => {
    const { doc, editing } = open();
    editing.change(draft => {
      draft.list = ["a", "b", "c", "d"].map(name => ({ name }));
    });
    const ids = () =>
      doc.getArray<Y.Map<string>>("list").map(each => `${each.get("name")} ${each._item?.id.clock}`);
    const before = ids();
    editing.change(draft => {
      const list = draft.list as Node[];
      list.push(list.shift()!);
    });
    expect(ids().slice(0, 3)).toEqual(before.slice(1));
    expect(editing.getSnapshot().list).toEqual(["b", "c", "d", "a"].map(name => ({ name })));
  });

  it("edits a text where it differs, so that what others type meanwhile stays where they typed it", () => {
    const [ann, ben] = [open(), open()];
    ann.editing.change(draft => {
      draft.text = "The quick fox jumps over the lazy dog.";
    });
    exchange(ann.doc, ben.doc);
    ann.editing.change(draft => {
      draft.text = "A quick fox jumps over the lazy cat.";
    });
    ben.doc.getText("text").insert(10, "brown ");
    exchange(ann.doc, ben.doc);
    expect(ann.editing.getSnapshot().text).toBe("A quick brown fox jumps over the lazy cat.");
    expect(ben.editing.getSnapshot()).toEqual(ann.editing.getSnapshot());
  });

  it("splits no surrogate pair", () => {
    const { doc, editing } = open();
    editing.change(draft => {
      draft.text = "a😀b";
    });
    const deltas: unknown[] = [];
    doc.getText("text").observe(({ delta }) => deltas.push(delta));
    editing.change(draft => {
      draft.text = "a😁b";
    });
    editing.change(draft => {
      draft.text = "a😁😁b";
    });
    expect(editing.getSnapshot().text).toBe("a😁😁b");
    expect(deltas).toEqual([
      [{ retain: 1 }, { delete: 2 }, { insert: "😁" }],
      [{ retain: 3 }, { insert: "😁" }],
    ]);
  });

  it("makes texts where the kind says so", () => {
    const doc = new Y.Doc();
    const editing = createEditing<Tree>(doc, { textAt: path => path.at(-1) === "body" });
    editing.change(draft => {
      draft.notes = { one: { title: "t", body: "hello" } };
    });
    const one = doc.getMap<Y.Map<unknown>>("notes").get("one")!;
    expect([one.get("title"), one.get("body")]).toEqual(["t", expect.any(Y.Text)]);
    const body = one.get("body");
    editing.change(draft => {
      (draft.notes as { one: { body: string } }).one.body = "hello!";
    });
    expect(one.get("body")).toBe(body);
    expect(String(body)).toBe("hello!");
  });

  it("changes nothing when the recipe throws, and when it returns a promise", () => {
    const { doc, editing } = open();
    const update = vi.fn();
    doc.on("update", update);
    const fault = new Error("no");
    expect(() =>
      editing.change(draft => {
        draft.text = "x";
        throw fault;
      }),
    ).toThrow(fault);
    expect(() =>
      editing.change(async draft => {
        draft.text = "x";
      }),
    ).toThrow(TypeError);
    expect(update).not.toHaveBeenCalled();
  });

  it("ends its drafts with the recipe", () => {
    const { editing } = open();
    let kept: Tree = {};
    editing.change(draft => {
      kept = draft;
      draft.map = { a: {} };
    });
    expect(() => kept.map).toThrow(TypeError);
    expect(() => {
      kept.text = "late";
    }).toThrow(TypeError);
  });

  it("takes what a recipe has made of drafts: copies, moves, and one draft in two places", () => {
    const { editing } = open();
    editing.change(draft => {
      draft.map = { a: { n: 1 }, list: [{ n: 1 }, { n: 2 }] };
    });
    editing.change(draft => {
      const map = draft.map as { a: { n: number }; b?: Node; list: Node[]; all?: Node };
      map.a.n = 5;
      map.b = map.a;
      map.all = { wrapped: [map.a, { ...map.a, n: 6 }] };
      map.list = map.list.toReversed();
      map.list.push(map.a);
    });
    expect(editing.getSnapshot().map).toEqual({
      a: { n: 5 },
      b: { n: 5 },
      all: { wrapped: [{ n: 5 }, { n: 6 }] },
      list: [{ n: 2 }, { n: 1 }, { n: 5 }],
    });
  });

  it("keeps a plain object of Yjs plain", () => {
    const { doc, editing } = open();
    doc.getMap("map").set("address", { city: "Ulm", tags: [1] });
    doc.getArray("list").push([{ x: 1 }, { x: 2 }]);
    editing.change(draft => {
      (draft.map as { address: { city: string } }).address.city = "Bonn";
      (draft.list as { x: number }[])[1]!.x = 3;
    });
    expect(doc.getMap("map").get("address")).toEqual({ city: "Bonn", tags: [1] });
    expect(doc.getArray("list").toArray()).toEqual([{ x: 1 }, { x: 3 }]);
  });

  it("moves formatted texts and elements with what is around them", () => {
    const { doc, editing } = open();
    const text = new Y.Text();
    text.applyDelta([{ insert: "bold", attributes: { bold: true } }, { insert: { image: 1 } }]);
    text.setAttribute("lang", "en");
    const element = new Y.XmlElement("p");
    element.setAttribute("align", "left");
    element.insert(0, [new Y.XmlText("hi")]);
    const block = new Y.Map<unknown>();
    doc.getArray("list").push(["first", block]);
    block.set("text", text);
    block.set("page", element);
    const before = editing.getSnapshot();
    editing.change(draft => {
      (draft.list as Node[]).reverse();
    });
    expect(editing.getSnapshot().list).toEqual([...(before.list as Json[])].reverse());
  });

  describe("refuses with a pointer, and writes nothing:", () => {
    const cases: [string, string, string, (draft: Tree) => void][] = [
      [
        "the inside of a formatted text",
        "not-editable",
        "/map/rich/delta/0/insert",
        draft => {
          (draft.map as { rich: { delta: { insert: string }[] } }).rich.delta[0]!.insert = "x";
        },
      ],
      [
        "a root that is formatted",
        "not-editable",
        "/page",
        draft => {
          draft.page = { $y: "frag", children: [] };
        },
      ],
      [
        "a root that goes",
        "fixed-root",
        "/text",
        draft => {
          delete draft.text;
        },
      ],
      [
        "a root that becomes another kind",
        "fixed-root",
        "/list",
        draft => {
          draft.list = {};
        },
      ],
      [
        "undefined",
        "invalid-value",
        "/map/x",
        draft => {
          (draft.map as Tree).x = undefined as never;
        },
      ],
      [
        "a date",
        "invalid-value",
        "/map/x",
        draft => {
          (draft.map as Tree).x = [new Date(0) as never];
        },
      ],
      [
        "a function, deep in a new element",
        "invalid-value",
        "/list/0",
        draft => {
          (draft.list as Node[]).push({ a: { b: (() => 1) as never } });
        },
      ],
      [
        "a hole",
        "invalid-value",
        "/list/0",
        draft => {
          (draft.list as Node[])[4] = 1;
        },
      ],
      [
        "half a character",
        "invalid-value",
        "/text",
        draft => {
          draft.text = "\ud800";
        },
      ],
      [
        "a key that names a prototype",
        "forbidden-key",
        "/map/constructor",
        draft => {
          (draft.map as Tree).constructor = 1 as never;
        },
      ],
      [
        "a draft in itself",
        "invalid-value",
        "",
        draft => {
          (draft.map as Tree).self = [draft.map!];
        },
      ],
      [
        "a tag that says nothing",
        "invalid-value",
        "/map/x",
        draft => {
          (draft.map as Tree).x = { $y: "text" };
        },
      ],
    ];
    it.each(cases)("%s", (_, code, pointer, recipe) => {
      const { doc, editing } = open();
      const rich = new Y.Text();
      doc.getMap("map").set("rich", rich);
      rich.insert(0, "bold", { bold: true });
      doc.getXmlFragment("page").insert(0, [new Y.XmlElement("p")]);
      editing.getSnapshot();
      const before = Y.encodeStateAsUpdate(doc);
      let error: unknown;
      try {
        editing.change(draft => {
          (draft.list as Node[]).push(1);
          (draft.list as Node[]).pop();
          (draft.map as Tree).written = true;
          recipe(draft);
        });
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(BridgeError);
      expect(error).toMatchObject({ code, ...(pointer !== "" && { pointer }) });
      expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
    });
  });
});

describe("patch", () => {
  it("edits in place, keeps identities, and is one transaction", () => {
    const { doc, editing } = open();
    editing.change(draft => {
      draft.list = [{ n: 1, tags: [] }, { n: 2 }, { n: 3 }];
      draft.text = "hello";
    });
    const second = doc.getArray("list").get(1);
    const third = doc.getArray("list").get(2);
    const update = vi.fn();
    doc.on("update", update);
    editing.patch([
      { op: "test", path: "/list/0/n", value: 1 },
      { op: "replace", path: "/list/1/n", value: 20 },
      { op: "remove", path: "/list/0" },
      { op: "add", path: "/list/-", value: { n: 4 } },
      { op: "str_ins", path: "/text", pos: 5, str: " world" },
      { op: "str_del", path: "/text", pos: 0, str: "h" },
    ]);
    expect(editing.getSnapshot()).toMatchObject({
      list: [{ n: 20 }, { n: 3 }, { n: 4 }],
      text: "ello world",
    });
    expect(doc.getArray("list").slice(0, 2)).toEqual([second, third]);
    expect(update).toHaveBeenCalledTimes(1);
  });

  it("says at which operation it does not fit, and writes nothing of those before it", () => {
    const { doc, editing } = open();
    const before = Y.encodeStateAsUpdate(doc);
    const patch: Patch = [
      { op: "add", path: "/map/a", value: 1 },
      { op: "remove", path: "/map/b" },
    ];
    expect(() => editing.patch(patch)).toThrow(
      expect.objectContaining({ code: "path-not-found", operation: 1, pointer: "/map/b" }),
    );
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
  });
});

function open(): { doc: Y.Doc; editing: Editing<Tree> } {
  const doc = new Y.Doc();
  return { doc, editing: createEditing<Tree>(doc, { roots: { map: "map", list: "array", text: "text" } }) };
}

function copyOf({ getSnapshot }: Editing<Tree>): Tree {
  return JSON.parse(JSON.stringify(getSnapshot()));
}

function exchange(a: Y.Doc, b: Y.Doc): void {
  const [ofA, ofB] = [a, b].map(doc => Y.encodeStateAsUpdate(doc));
  Y.applyUpdate(b, ofA!);
  Y.applyUpdate(a, ofB!);
}

/** Edits like a program's: the same draws give the same edits, of a draft and of a plain copy. */
function editRoots(roots: Tree, random: Random): void {
  for (let edits = random.below(4); edits >= 0; edits--) {
    if (random.chance(0.2)) roots.text = editText(roots.text as string, random);
    else if (random.chance(0.05)) roots.others ??= [{ first: [] }];
    else editWithin(random.pick([roots.map!, roots.list!]), random);
  }
}

function editWithin(node: Node, random: Random): void {
  const children = Array.isArray(node) ? node : Object.values(node as object);
  const containers = children.filter((child: Node) => typeof child === "object" && child !== null);
  if (containers.length > 0 && random.chance(0.6)) editWithin(random.pick(containers), random);
  else if (Array.isArray(node)) editList(node, random);
  else editMembers(node as Tree, random);
}

function editMembers(node: Tree, random: Random): void {
  const key = random.pick(["a", "b", "c", "$y.", "$$y", "0"]);
  if (random.chance(0.25)) delete node[key];
  else if (typeof node[key] === "string" && random.chance(0.5)) node[key] = editText(node[key], random);
  else node[key] = random.chance(0.1) ? { ...node } : value(random, 0);
}

function editList(list: Node[], random: Random): void {
  const index = random.below(list.length + 1);
  switch (random.below(7)) {
    case 0:
    case 1:
      list.splice(index, random.below(3), ...Array.from({ length: random.below(3) }, () => value(random, 0)));
      break;
    case 2:
      list.push(value(random, 0));
      break;
    case 3:
      if (list.length > 0) list.unshift(list.pop()!);
      break;
    case 4:
      list.reverse();
      break;
    case 5:
      if (index < list.length) list[index] = value(random, 0);
      break;
    default:
      list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
}

function editText(text: string, random: Random): string {
  const letters = [...text];
  for (let edits = random.below(3); edits >= 0; edits--)
    letters.splice(
      random.below(letters.length + 1),
      random.below(4),
      ...random.pick(["", "a", "ab", "😀", "\n😁x"]),
    );
  return letters.join("");
}

function value(random: Random, depth: number): Node {
  if (depth < 2 && random.chance(0.5)) {
    const parts = Array.from({ length: random.below(4) }, () => value(random, depth + 1));
    if (random.chance(0.5)) return parts;
    return Object.fromEntries(parts.map((part, i) => [random.pick(["a", "b", "$$y", `k${i}`]), part]));
  }
  return random.pick<Node>([null, true, 0, 1.5, "", "text", "😀", random.below(100)]);
}

function isMembers(node: Node | undefined): node is Tree {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !("$y" in node);
}
