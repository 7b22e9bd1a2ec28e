import { createClient } from "@verso/client";
import { judge } from "@verso/client/judge";
import { expect, it } from "vitest";
import { note } from "./kind.js";

const kinds = { "notes/:id": note } as const;

it.each([
  [{ title: "Minutes", tags: ["a-tag", "2026"] }, []],
  [{ title: "" }, ["/note/title"]],
  [{ title: "x".repeat(61) }, ["/note/title"]],
  [{ tags: ["Two words"] }, ["/note/tags/0"]],
  [{ tags: ["x".repeat(21)] }, ["/note/tags/0"]],
  [{ tags: ["once", "twice", "twice"] }, ["/note/tags/2"]],
  [{ tags: Array.from("abcdefghi") }, ["/note/tags"]],
])("a note with %j has issues at %j", async (edit, pointers) => {
  const client = createClient({ url: "ws://127.0.0.1:1", connect: false, kinds, judge: judge(kinds) });
  const { issues } = client.open("notes/1").propose(draft => Object.assign(draft.note, edit));
  expect(issues.map(({ pointer }) => pointer)).toEqual(pointers);
  await client.close();
});
