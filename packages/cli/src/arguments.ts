/** What arguments of several commands mean. */
import { InvalidArgumentError } from "commander";

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
