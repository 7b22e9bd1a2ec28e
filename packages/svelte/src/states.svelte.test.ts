/** What is peculiar to Svelte's side: effects that depend on a document, and everything that is not an effect. */
import { createClient } from "@verso/client";
import { flushSync } from "svelte";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { DocumentState, OthersState, PresenceState, shallow, TextState, UndoState } from "./index.js";

const kinds = {
  "note/:id": {
    roots: { title: "text", likes: "map" },
    schema: z.object({ title: z.string(), likes: z.record(z.string(), z.number()) }),
  },
} as const;

function start() {
  return createClient({ url: "ws://relay.test", connect: false, kinds });
}

let client = start();
let endEffects: (() => void)[] = [];

afterEach(async () => {
  for (const end of endEffects) end();
  endEffects = [];
  await client.close();
  client = start();
});

/** What an effect has read, each time that it ran. */
function readings<T>(read: () => T): T[] {
  const seen: T[] = [];
  endEffects.push(
    $effect.root(() => {
      $effect(() => void seen.push(read()));
    }),
  );
  flushSync();
  return seen;
}

describe("what an effect reads", () => {
  it("runs it again when that has changed, and for nothing else", () => {
    const title = new DocumentState("note/1", { client, select: ({ title }) => title });
    const likes = new DocumentState("note/1", {
      client,
      select: ({ likes }) => Object.values(likes),
      isEqual: shallow,
    });
    const titles = readings(() => title.current);
    const counts = readings(() => likes.current);
    title.change(draft => {
      draft.likes.ada = 1;
    });
    flushSync();
    title.change(draft => {
      draft.title = "Plan";
    });
    flushSync();
    expect(titles).toEqual(["", "Plan"]);
    expect(counts).toEqual([[], [1]]);
  });

  it("is selected anew when reactive state that the selection reads has changed", () => {
    let who = $state("ada");
    const likes = new DocumentState("note/1", { client, select: ({ likes }) => likes[who] });
    const seen = readings(() => likes.current);
    likes.change(draft => Object.assign(draft.likes, { ada: 1, ben: 2 }));
    flushSync();
    who = "ben";
    flushSync();
    // To what was seen of the other before.
    likes.change(draft => Object.assign(draft.likes, { ben: 1 }));
    flushSync();
    expect(seen).toEqual([undefined, 1, 2, 1]);
  });

  it("is of the document that the id says now", () => {
    let id = $state<"note/1" | "note/2">("note/1");
    const title = new TextState(() => id, "/title", { client });
    const seen = readings(() => title.current);
    title.current = "first";
    flushSync();
    id = "note/2";
    flushSync();
    title.current = "second";
    flushSync();
    client.open("note/1").patch([{ op: "replace", path: "/title", value: "unseen" }]);
    flushSync();
    expect(seen).toEqual(["", "first", "", "second"]);
  });

  it("may be gone: the selection of a component that is about to go disturbs nobody", () => {
    let isShown = $state(true);
    const first = new DocumentState("note/1", {
      client,
      select: ({ likes }) => {
        if (!("ada" in likes)) throw new Error("Ada is gone.");
        return likes.ada;
      },
    });
    const all = new DocumentState("note/1", { client, select: ({ likes }) => Object.keys(likes) });
    client.open("note/1").change(draft => {
      draft.likes.ada = 1;
    });
    const keys = readings(() => all.current);
    const seen = readings(() => isShown && first.current);
    isShown = false;
    first.change(draft => {
      delete draft.likes.ada;
    });
    flushSync();
    expect(seen).toEqual([1, false]);
    expect(keys).toEqual([["ada"], []]);
  });
});

describe("what no effect reads", () => {
  it("is a plain value, and opens nothing", () => {
    const note = new DocumentState("note/1", { client });
    const undo = new UndoState("note/1", { client });
    expect(note.current).toEqual({ title: "", likes: {} });
    expect(undo.canUndo).toBe(false);
    expect(client.isOpen("note/1")).toBe(false);
    expectTypeOf(note.current.likes).toEqualTypeOf<{ readonly [x: string]: number }>();
  });

  it("can be written all the same", () => {
    const note = new DocumentState("note/1", { client });
    note.change(draft => {
      draft.title = "Plan";
    });
    expect(note.current.title).toBe("Plan");
  });
});

describe("presence", () => {
  it("is what was set, one member beside the other", () => {
    const presence = new PresenceState("note/1", { client });
    const others = new OthersState("note/1", { client });
    const seen = readings(() => presence.current);
    presence.set({ user: "Ada" });
    presence.set({ at: 3 });
    flushSync();
    expect(seen.at(-1)).toEqual({ user: "Ada", at: 3 });
    expect(others.current).toEqual([]);
  });
});

it("asks for a client where none is given", () => {
  expect(() => new DocumentState("note/1")).toThrow(/outside/);
});
