/** Answers that are not the one that was asked for, as errors. */
import type { JsonServerMessage } from "@verso/protocol";
import { ClientError } from "./errors.js";

type Message<Type extends JsonServerMessage["type"]> = Extract<JsonServerMessage, { type: Type }>;

/** The answer, when it is the one that was asked for. Throws a `ClientError` when it is not. */
export function expect<Type extends JsonServerMessage["type"]>(
  answer: JsonServerMessage,
  type: Type,
): Message<Type> {
  if (answer.type === type) return answer as Message<Type>;
  if (answer.type === "error") throw refused(answer);
  throw unexpected(answer);
}

/** Of an answer that is none to what was asked. */
export function unexpected({ type }: JsonServerMessage): ClientError {
  return new ClientError("protocol", `The relay answers by ${JSON.stringify(type)}.`);
}

export function refused({ message, code: relayCode, pointer }: Message<"error">): ClientError {
  return new ClientError("refused", message, { relayCode, ...(pointer !== undefined && { pointer }) });
}
