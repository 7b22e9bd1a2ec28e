/**
 * The awareness update of y-protocols: who is present, each with a clock and a JSON state.
 *
 *     varUint(count), then count times: varUint(client id), varUint(clock), string(JSON of the state, `null` = gone)
 *
 * States stay JSON text here: a relay passes them on and never looks inside.
 * Source: y-protocols 1.0.7 `awareness.js`, `encodeAwarenessUpdate` and `applyAwarenessUpdate`.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { defaultFrameLimits, type FrameLimits } from "./limits.js";

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** JSON text of the state; `null` says that the client has left. */
  readonly state: string | null;
}

export type AwarenessResult =
  | { readonly type: "entries"; readonly entries: readonly AwarenessEntry[] }
  | { readonly type: "malformed"; readonly detail: string }
  | { readonly type: "too-large"; readonly detail: string };

/**
 * Reads an awareness update; never throws.
 *
 * With `only`, the states of all other clients are skipped without being decoded: a stock client repeats
 * everything it hears, and most of what a relay receives is about others.
 */
export function decodeAwareness(
  payload: Uint8Array,
  { limits = defaultFrameLimits, only }: { limits?: FrameLimits; only?: (clientId: number) => boolean } = {},
): AwarenessResult {
  const decoder = decoding.createDecoder(payload);
  const entries: AwarenessEntry[] = [];
  try {
    const count = decoding.readVarUint(decoder);
    // An entry is three bytes at the least, so a larger count is a lie and must not cost a loop.
    if (count > payload.length / 3) return { type: "malformed", detail: `announces ${count} clients` };
    if (count > limits.awarenessClients) return { type: "too-large", detail: `${count} clients` };
    for (let i = 0; i < count; i++) {
      const clientId = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      const bytes = decoding.readVarUint8Array(decoder);
      if (only !== undefined && !only(clientId)) continue;
      if (bytes.length > limits.awarenessStateBytes) {
        return { type: "too-large", detail: `a state of ${bytes.length} bytes` };
      }
      const text = utf8.decode(bytes);
      // Parsed to be sure that no receiver's JSON.parse throws inside its provider; the text is what travels.
      entries.push({ clientId, clock, state: JSON.parse(text) === null ? null : text });
    }
    if (decoding.hasContent(decoder)) return { type: "malformed", detail: "bytes after the last client" };
    return { type: "entries", entries };
  } catch (error) {
    return { type: "malformed", detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Writes an awareness update. */
export function encodeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, state ?? "null");
  }
  return encoding.toUint8Array(encoder);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
