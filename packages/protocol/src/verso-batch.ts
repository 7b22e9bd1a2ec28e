/**
 * Messages of the Verso dialect in the body of an HTTP request or answer, for where WebSockets do not get through: frames,
 * each behind its length, one after the other.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

export const versoBatchMediaType = "application/vnd.verso.batch";

export function encodeVersoBatch(frames: readonly Uint8Array[]): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const frame of frames) encoding.writeVarUint8Array(encoder, frame);
  return encoding.toUint8Array(encoder);
}

/** The frames, as views of the body; `null` when it is no batch. */
export function decodeVersoBatch(body: Uint8Array): Uint8Array[] | null {
  const decoder = decoding.createDecoder(body);
  const frames: Uint8Array[] = [];
  try {
    while (decoding.hasContent(decoder)) frames.push(decoding.readVarUint8Array(decoder));
    return frames;
  } catch {
    // Cut off, or no batch at all.
    return null;
  }
}
