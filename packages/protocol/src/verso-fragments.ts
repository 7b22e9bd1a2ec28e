/**
 * Large messages of the Verso dialect in parts, so that what is small need not wait behind them.
 *
 * The fragments of a message have a `batch` in common and come in their order. Other messages may come between them, those
 * of other batches too. The message counts as said with its last fragment.
 */
import * as encoding from "lib0/encoding";
import { encodeVersoClientMessage } from "./verso-codec.js";
import { malformed, type VersoFragment, type VersoMalformed } from "./verso-messages.js";

/** Bytes from which a message travels in fragments, and of a fragment's part of it. */
export const fragmentBytes = 256 * 1024;

export interface FragmentLimits {
  /** Bytes of a message, and of all that are not complete together. */
  readonly frameBytes: number;
  /** Fragments of one message. */
  readonly fragments: number;
  /** Messages that are begun and not complete. */
  readonly batches: number;
}

export interface Fragments {
  /**
   * Takes the next fragment: the whole message with the last one, `null` before. After `malformed` the socket must be
   * closed. Parts are kept as they are, so their bytes must not change.
   */
  take(fragment: VersoFragment): Uint8Array | VersoMalformed | null;
  /** Bytes that wait for the rest of their messages. */
  readonly bytes: number;
}

/**
 * A message's frame as the frames to be sent: itself, or its fragments, which are the same whichever side sends them.
 * `batch` is a number that no other message has which this side has begun to send.
 */
export function fragmentsOf(frame: Uint8Array, batch: number): Uint8Array[] {
  if (frame.length <= fragmentBytes) return [frame];
  const count = Math.ceil(frame.length / fragmentBytes);
  return Array.from({ length: count }, (_, index) => {
    const bytes = frame.subarray(index * fragmentBytes, (index + 1) * fragmentBytes);
    return encodeVersoClientMessage({ type: "fragment", batch, index, count, bytes });
  });
}

/** Puts together what comes in fragments, under limits. */
export function createFragments({ frameBytes, fragments, batches }: FragmentLimits): Fragments {
  const open = new Map<number, { readonly count: number; readonly parts: Uint8Array[] }>();
  let total = 0;

  return {
    take({ batch, index, count, bytes }) {
      const begun = open.get(batch) ?? { count, parts: [] };
      const isNext = count === begun.count && index === begun.parts.length && bytes.length > 0;
      if (!isNext || count < 2 || count > fragments)
        return malformed(`fragment ${index} of ${count} with ${bytes.length} bytes`);
      if (total + bytes.length > frameBytes || (index === 0 && open.size >= batches))
        return malformed("more in fragments than is taken");
      open.set(batch, begun);
      begun.parts.push(bytes);
      total += bytes.length;
      if (begun.parts.length < count) return null;
      open.delete(batch);
      const frame = encoding.encode(encoder => {
        for (const part of begun.parts) encoding.writeUint8Array(encoder, part);
      });
      total -= frame.length;
      return frame;
    },
    get bytes() {
      return total;
    },
  };
}
