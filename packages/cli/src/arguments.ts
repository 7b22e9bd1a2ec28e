/** What arguments of several commands mean. */
import { checkDocumentId, forkOf } from "@verso/protocol";
import { InvalidArgumentError } from "commander";

/** How long an id may be is for the configuration to say. */
export function toDocumentId(text: string): string {
  const checked = checkDocumentId(text, { maxBytes: Number.POSITIVE_INFINITY });
  if (!checked.ok && forkOf(text) === null) throw new InvalidArgumentError(checked.detail);
  return text;
}

export function toJsonPointer(text: string): string {
  const isPointer = text === "" || (text.startsWith("/") && !/~(?![01])/.test(text));
  if (!isPointer)
    throw new InvalidArgumentError("A JSON Pointer begins with a slash; a tilde is ~0, a slash ~1.");
  return text;
}

export function toWholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("It is a whole number from 1.");
  return Number(text);
}

/** A user or a tenant. */
export function toName(text: string): string {
  if (text === "" || text.length > 256) throw new InvalidArgumentError("It has 1 to 256 characters.");
  return text;
}

export function toNames(text: string): string[] {
  return text.split(",").flatMap(name => name.trim() || []);
}
