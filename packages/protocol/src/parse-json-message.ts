/**
 * Reading a request of the JSON dialect from a text frame that anybody may have sent.
 *
 * What is too long, too deep or too much is refused before a schema sees it, at a cost that grows with the frame's length
 * and no faster.
 */
import { checkJsonBounds, defaultJsonBounds, type JsonBounds, pointerOf } from "./json-bounds.js";
import { type JsonClientMessage, jsonClientMessage, requestId } from "./json-messages.js";
import { safeParse } from "./safe-parse.js";

export interface JsonMessageLimits extends JsonBounds {
  /** UTF-16 units of the text of one message. */
  readonly length: number;
}

export const defaultJsonMessageLimits: JsonMessageLimits = {
  ...defaultJsonBounds,
  length: 10 * 1024 * 1024,
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
  const given = safeParse(requestId, sent.id);
  const reply = given.success ? { id: given.data } : {};
  const fault = checkJsonBounds(sent, limits);
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
  const parsed = safeParse(jsonClientMessage, sent);
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
