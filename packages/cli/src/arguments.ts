/** What arguments of several commands mean. */
import { InvalidArgumentError } from "commander";

export function toSequence(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("It is a whole number from 1.");
  return Number(text);
}
