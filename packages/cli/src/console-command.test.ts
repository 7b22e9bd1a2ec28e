import { describe, expect, it } from "vitest";
import { type ConsoleCommand, readLine, words } from "./console-command.js";

const lines: [string, ConsoleCommand][] = [
  ["open invoice/42", { type: "open", document: "invoice/42" }],
  ["  show  ", { type: "show", pointer: "" }],
  ["show /a~1b/0", { type: "show", pointer: "/a~1b/0" }],
  ['create note {"text":"a b"}', { type: "create", document: "note", content: { text: "a b" } }],
  ["create note", { type: "create", document: "note", content: {} }],
  ["set /total 7", { type: "set", pointer: "/total", value: 7 }],
  ['set /name "Ada"', { type: "set", pointer: "/name", value: "Ada" }],
  ["set /name Ada Lovelace", { type: "set", pointer: "/name", value: "Ada Lovelace" }],
  ["set /tags [1, null]", { type: "set", pointer: "/tags", value: [1, null] }],
  ["edit /text 7 days", { type: "edit", pointer: "/text", text: "7 days" }],
  ["edit /text", { type: "edit", pointer: "/text", text: "" }],
  ["rm /total", { type: "remove", pointer: "/total" }],
  ["title A letter", { type: "title", title: "A letter" }],
  [
    'patch [{"op":"str_ins","path":"/t","pos":0,"str":"a"}]',
    { type: "patch", patch: [{ op: "str_ins", path: "/t", pos: 0, str: "a" }] },
  ],
  ["watch", { type: "watch", on: true }],
  ["watch off", { type: "watch", on: false }],
  ["undo-to 0", { type: "undo-to", sequence: 0 }],
  ["restore 4", { type: "restore", point: { sequence: 4 } }],
  ["restore tag:as signed", { type: "restore", point: { tag: "as signed" } }],
  ["history", { type: "history", since: 0 }],
  ["history 12", { type: "history", since: 12 }],
  ["resolve c1 theirs", { type: "resolve", conflict: "c1", take: "theirs" }],
  ["resolve c1 []", { type: "resolve", conflict: "c1", patch: [] }],
  ...(["delete", "list", "users", "offline", "online", "queue", "undo", "redo", "help", "quit"] as const).map(
    (type): [string, ConsoleCommand] => [type, { type }],
  ),
];

describe("a line of the console", () => {
  it.each(lines)("%s", (line, command) => {
    expect(readLine(line)).toEqual({ ok: true, command });
  });

  it("is tried above for every word there is", () => {
    const tried = new Set(lines.map(([line]) => line.trim().split(" ")[0]));
    expect([...tried].sort()).toEqual(Object.keys(words).sort());
  });

  it.each(["", "   ", "# a comment"])("may say nothing: %j", line => {
    expect(readLine(line)).toEqual({ ok: true, command: null });
  });

  it.each([
    ["drop", 'There is no command "drop"'],
    ["constructor", 'There is no command "constructor"'],
    ["open", "Usage: open DOCUMENT"],
    ["open a b", "Usage: open DOCUMENT"],
    ["create note [1]", "The content is a JSON object."],
    ["create note {", "The content is a JSON object."],
    ["show a", "A JSON Pointer begins with a slash."],
    ["show /~2", "A JSON Pointer begins with a slash."],
    ["set /a", "There is no value."],
    ["patch {}", "A patch is a JSON array of operations."],
    ["patch [1]", "A patch is a JSON array of operations."],
    ["patch [", "A patch is a JSON array of operations."],
    ["watch on", "Usage: watch [off]"],
    ["undo now", "Nothing stands behind it. Usage: undo"],
    ["undo-to x", "It is a sequence."],
    ["resolve c1 ours", "Take yours, theirs or merge, or give a patch."],
  ])("%s is none, and says how it would be", (line, detail) => {
    expect(readLine(line)).toEqual({ ok: false, detail: expect.stringContaining(detail) });
  });
});
