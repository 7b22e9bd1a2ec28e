/** The text at a place of a document's JSON, as a field shows it. */
import { type Json, parsePointer, valueAt } from "@verso/bridge";

/** Empty where there is none. Throws a `BridgeError` for what is no JSON Pointer. */
export function textAt(json: unknown, pointer: string): string {
  const value = valueAt(json as Json, parsePointer(pointer));
  return typeof value === "string" ? value : "";
}
