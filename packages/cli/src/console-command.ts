/**
 * A line of the console of `verso connect`, read: a word, and behind it what the word asks for.
 *
 * Pure. A value is JSON, or, where it is none, the text as it stands: `set /name Ada` and `set /name "Ada"` say the same.
 */
import type { Json, JsonObject, Patch } from "@verso/client/json";

export type ConsoleCommand =
  | { readonly type: "open"; readonly document: string }
  | { readonly type: "create"; readonly document: string; readonly content: JsonObject }
  | { readonly type: "show"; readonly pointer: string }
  | { readonly type: "set"; readonly pointer: string; readonly value: Json }
  | { readonly type: "edit"; readonly pointer: string; readonly text: string }
  | { readonly type: "remove"; readonly pointer: string }
  | { readonly type: "title"; readonly title: string }
  | { readonly type: "patch"; readonly patch: Patch }
  | { readonly type: "watch"; readonly on: boolean }
  | { [Word in Lone]: { readonly type: Word } }[Lone]
  | { readonly type: "undo-to"; readonly sequence: number }
  | { readonly type: "restore"; readonly point: { readonly sequence: number } | { readonly tag: string } }
  | { readonly type: "history"; readonly since: number }
  | { readonly type: "resolve"; readonly conflict: string; readonly take: "yours" | "theirs" | "merge" }
  | { readonly type: "resolve"; readonly conflict: string; readonly patch: Patch };

/** Words that stand alone. */
type Lone = "delete" | "list" | "offline" | "online" | "queue" | "users" | "undo" | "redo" | "help" | "quit";

export type LineResult =
  | { readonly ok: true; readonly command: ConsoleCommand }
  /** An empty line, or a comment. */
  | { readonly ok: true; readonly command: null }
  | { readonly ok: false; readonly detail: string };

interface Word {
  /** What stands behind the word, for people. */
  readonly usage: string;
  readonly help: string;
  /** The command, or why there is none. `rest` has no spaces at its ends. */
  readonly read: (rest: string) => ConsoleCommand | string;
}

/** All words, in the order in which help lists them. */
export const words: Readonly<Record<string, Word>> = {
  open: { usage: "DOCUMENT", help: "follow a document", read: document => named(document, { type: "open" }) },
  create: {
    usage: "DOCUMENT [CONTENT]",
    help: "make a document, and follow it",
    read(rest) {
      const [document, json] = split(rest);
      const content = json === "" ? {} : valueOfText(json);
      return isObject(content)
        ? named(document, { type: "create", content })
        : "The content is a JSON object.";
    },
  },
  list: { usage: "", help: "the documents that you may read", read: alone({ type: "list" }) },
  show: {
    usage: "[POINTER]",
    help: "the document, or what is at a pointer",
    read: pointer => placed(pointer, { type: "show" }),
  },
  set: {
    usage: "POINTER VALUE",
    help: "put a value there: JSON, or else text",
    read(rest) {
      const [pointer, value] = split(rest);
      return value === ""
        ? "There is no value."
        : placed(pointer, { type: "set", value: valueOfText(value) });
    },
  },
  edit: {
    usage: "POINTER TEXT",
    help: "make a text read so, and leave what is equal to others",
    read(rest) {
      const [pointer, text] = split(rest);
      return placed(pointer, { type: "edit", text });
    },
  },
  rm: { usage: "POINTER", help: "remove it", read: pointer => placed(pointer, { type: "remove" }) },
  title: { usage: "TEXT", help: "give the document a title", read: title => ({ type: "title", title }) },
  patch: {
    usage: "PATCH",
    help: "a JSON Patch, with str_ins and str_del",
    read(rest) {
      const patch = patchOf(rest);
      return patch === null ? "A patch is a JSON array of operations." : { type: "patch", patch };
    },
  },
  delete: { usage: "", help: "delete the document; its history stays", read: alone({ type: "delete" }) },
  watch: {
    usage: "[off]",
    help: "tell of changes as they happen, or no more",
    read: rest =>
      rest === "" || rest === "off" ? { type: "watch", on: rest === "" } : "It is `watch` or `watch off`.",
  },
  users: { usage: "", help: "who is here", read: alone({ type: "users" }) },
  offline: { usage: "", help: "go offline; edits wait", read: alone({ type: "offline" }) },
  online: { usage: "", help: "connect again, and send what waits", read: alone({ type: "online" }) },
  queue: { usage: "", help: "the edits that wait", read: alone({ type: "queue" }) },
  undo: { usage: "", help: "take back your latest edit", read: alone({ type: "undo" }) },
  redo: { usage: "", help: "take back your latest undo", read: alone({ type: "redo" }) },
  "undo-to": {
    usage: "SEQUENCE",
    help: "take back everything behind it",
    read: rest => sequenced(rest, sequence => ({ type: "undo-to", sequence })),
  },
  restore: {
    usage: "SEQUENCE|tag:NAME",
    help: "write that version anew",
    read: rest =>
      rest.startsWith("tag:")
        ? { type: "restore", point: { tag: rest.slice("tag:".length) } }
        : sequenced(rest, sequence => ({ type: "restore", point: { sequence } })),
  },
  history: {
    usage: "[SEQUENCE]",
    help: "the commits, or those behind one",
    read: rest => sequenced(rest || "0", since => ({ type: "history", since })),
  },
  resolve: {
    usage: "CONFLICT yours|theirs|merge|PATCH",
    help: "decide a conflict",
    read(rest) {
      const [conflict, how] = split(rest);
      if (how === "yours" || how === "theirs" || how === "merge")
        return { type: "resolve", conflict, take: how };
      const patch = patchOf(how);
      return patch === null
        ? "Take yours, theirs or merge, or give a patch."
        : { type: "resolve", conflict, patch };
    },
  },
  help: { usage: "", help: "this list", read: alone({ type: "help" }) },
  quit: { usage: "", help: "leave", read: alone({ type: "quit" }) },
};

export function readLine(line: string): LineResult {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return { ok: true, command: null };
  const [name, rest] = split(text);
  const word = Object.hasOwn(words, name) ? words[name] : undefined;
  if (word === undefined) return { ok: false, detail: `There is no command "${name}"; try help.` };
  const read = word.read(rest);
  if (typeof read !== "string") return { ok: true, command: read };
  return { ok: false, detail: `${read} Usage: ${`${name} ${word.usage}`.trim()}` };
}

/** JSON, or text that is none. */
export function valueOfText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** A patch from its JSON, or `null`. Its operations are for the client to check. */
export function patchOf(text: string): Patch | null {
  const patch = valueOfText(text);
  const isPatch =
    Array.isArray(patch) && patch.every(step => isObject(step) && typeof step.path === "string");
  return isPatch ? (patch as unknown[] as Patch) : null;
}

function isObject(json: Json): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** The first word, and what stands behind it. */
function split(text: string): [first: string, rest: string] {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(text) ?? [];
  return [first, rest];
}

function alone(command: ConsoleCommand): Word["read"] {
  return rest => (rest === "" ? command : "Nothing stands behind it.");
}

function named<Part extends object>(document: string, command: Part): (Part & { document: string }) | string {
  return document === "" || /\s/.test(document) ? "Give the id of a document." : { ...command, document };
}

function placed<Part extends object>(pointer: string, command: Part): (Part & { pointer: string }) | string {
  const isPointer = pointer === "" || (pointer.startsWith("/") && !/~(?![01])/.test(pointer));
  return isPointer ? { ...command, pointer } : "A JSON Pointer begins with a slash.";
}

function sequenced(text: string, command: (sequence: number) => ConsoleCommand): ConsoleCommand | string {
  return /^\d{1,15}$/.test(text) ? command(Number(text)) : "It is a sequence.";
}
