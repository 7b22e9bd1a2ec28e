/**
 * The document of the lab: what thermometers have read, and a note. The relay takes no reading beyond 40 °C, above or below.
 */
import type { Doc } from "yjs";

/** The document's text. */
export function noteOf(doc: Doc) {
  return doc.getText("note");
}

export function readingsOf(doc: Doc) {
  return doc.getArray<unknown>("readings");
}

/** Takes a reading, in one transaction. */
export function addReading(doc: Doc, celsius: number): void {
  readingsOf(doc).push([{ id: crypto.randomUUID(), celsius }]);
}

export interface Burst {
  readonly edits: number;
  /** How many of them the relay will refuse. */
  readonly bad: number;
}

/** Takes many readings, each in a transaction of its own, with the bad ones evenly among them. */
export function addReadings(doc: Doc, { edits, bad }: Burst): void {
  for (let i = 0; i < edits; i++) {
    const isBad = Math.floor(((i + 1) * bad) / edits) > Math.floor((i * bad) / edits);
    addReading(doc, isBad ? brokenThermometer : Math.round((2 + 6 * Math.random()) * 10) / 10);
  }
}

export const brokenThermometer = 99;

/** `null` where there is no reading; anything can stand in a document. */
export function celsiusOf(value: unknown): number | null {
  const { celsius } = (value ?? {}) as { readonly celsius?: unknown };
  return typeof celsius === "number" ? celsius : null;
}

export function celsiusWords(celsius: number): string {
  return `${celsius.toLocaleString("en", { maximumFractionDigits: 1 }).replace("-", "−")} °C`;
}
