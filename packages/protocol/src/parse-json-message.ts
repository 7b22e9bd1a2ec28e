/**
 * Reading a request of the JSON dialect from a text frame that anybody may have sent.
 *
 * What is too long, too deep or too much is refused before a schema sees it, at a cost that grows with the frame's length
 * and no faster.
 */
import { type JsonClientMessage, jsonClientMessage, requestId } from "./json-messages.js";

export interface JsonMessageLimits {
  /** UTF-16 units of the text of one message. */
  readonly length: number;
  /** Objects and arrays inside one another. */
  readonly depth: number;
  /** Values in one message, members and elements counted. */
  readonly values: number;
}

export const defaultJsonMessageLimits: JsonMessageLimits = {
  length: 10 * 1024 * 1024,
  depth: 64,
  values: 200_000,
};

interface Fault {
  readonly code: "bad-request" | "bad-document-id" | "too-large";
  readonly detail: string;
  /** JSON Pointer into the message. */
  readonly pointer?: string;
}

/** A request, or why there is none; `id` is that of the request, where it had one that could be read. */
export type JsonMessageResult =
  | { readonly ok: true; readonly message: JsonClientMessage }
  | ({ readonly ok: false; readonly id?: string | number } & Fault);

/** Reads a request from a text frame that anybody may have sent; never throws. */
export function parseJsonMessage(
  text: string,
  { limits = defaultJsonMessageLimits }: { limits?: JsonMessageLimits } = {},
): JsonMessageResult {
  if (text.length > limits.length) {
    return { ok: false, code: "too-large", detail: `A message has at most ${limits.length} characters.` };
  }
  let sent: unknown;
  try {
    sent = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, code: "bad-request", detail: "A message is one JSON object; this is no JSON." };
  }
  if (!isObject(sent)) return { ok: false, code: "bad-request", detail: "A message is one JSON object." };
  const given = requestId.safeParse(sent.id);
  const reply = given.success ? { id: given.data } : {};
  const fault = walk(sent, limits);
  if (fault !== null) return { ok: false, ...reply, ...fault };
  if (typeof sent.type !== "string" || !requestTypes.has(sent.type)) {
    return {
      ok: false,
      ...reply,
      code: "bad-request",
      detail: "There is no such request.",
      pointer: "/type",
    };
  }
  const parsed = jsonClientMessage.safeParse(sent);
  if (parsed.success) return { ok: true, message: parsed.data };
  const [first] = parsed.error.issues;
  const unnamed = first?.code === "custom" && first.params?.code === "bad-document-id";
  return {
    ok: false,
    ...reply,
    code: unnamed ? "bad-document-id" : "bad-request",
    detail: first?.message ?? "The request is not valid.",
    pointer: pointerOf(first?.path ?? []),
  };
}

const requestTypes: ReadonlySet<string> = new Set(
  jsonClientMessage.options.map(option => option.shape.type.value),
);

interface Container {
  readonly value: object;
  readonly depth: number;
  /** Where it stands, as what holds it and the name there; the message itself stands nowhere. */
  readonly place: { readonly holder: Container; readonly key: string } | null;
}

/**
 * Looks at every value once, without recursion: what is behind this has as few values and as little depth as a schema can
 * walk through. `__proto__` is refused and not passed over, since then less would be written than was sent.
 */
function walk(message: object, { depth, values }: JsonMessageLimits): Fault | null {
  const open: Container[] = [{ value: message, depth: 1, place: null }];
  let seen = 0;
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    if (holder.depth > depth) {
      return { code: "too-large", detail: `A message is at most ${depth} levels deep.` };
    }
    for (const key of Object.keys(holder.value)) {
      if (++seen > values) return { code: "too-large", detail: `A message has at most ${values} values.` };
      const at = (detail: string): Fault => ({
        code: "bad-request",
        detail,
        pointer: pointerOf([...pathOf(holder), key]),
      });
      if (key === "__proto__") return at("No member may have this name.");
      const member = (holder.value as Readonly<Record<string, unknown>>)[key];
      if (typeof member === "object" && member !== null) {
        open.push({ value: member, depth: holder.depth + 1, place: { holder, key } });
      }
      // `1e999` is read as Infinity, and would be written as null.
      if (typeof member === "number" && !Number.isFinite(member)) return at("The number is too large.");
    }
  }
  return null;
}

function pathOf(container: Container): string[] {
  const path: string[] = [];
  for (let { place } = container; place !== null; place = place.holder.place) path.unshift(place.key);
  return path;
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map(key => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
