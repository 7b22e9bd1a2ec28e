/**
 * WebSocket messages made ready to be written: encoded once, shared by every socket that gets them.
 *
 * Without compression a frame of a server is the same bytes for every receiver, so a turn becomes one buffer and
 * costs each receiver one write to its socket. With compression every socket has its own state, and messages go
 * through `ws` one by one.
 */
import { Sender } from "ws";

// `ws` exports it by name since version 8, and its types have not followed.
declare module "ws" {
  const Sender: {
    frame(
      data: Buffer,
      options: { fin: boolean; mask: boolean; opcode: number; readOnly: boolean; rsv1: boolean },
    ): Buffer[];
  };
}

export class Frames {
  readonly messages: readonly Uint8Array[];
  /** Whether the messages are text, in UTF-8, and not binary. */
  readonly isText: boolean;
  #bytes: Buffer | null = null;

  constructor(messages: readonly Uint8Array[], { isText = false }: { readonly isText?: boolean } = {}) {
    this.messages = messages;
    this.isText = isText;
  }

  /** All messages, framed by RFC 6455, one after the other. */
  get bytes(): Buffer {
    this.#bytes ??= Buffer.concat(
      this.messages.flatMap(message =>
        Sender.frame(
          Buffer.from(message.buffer, message.byteOffset, message.length),
          this.isText ? text : binary,
        ),
      ),
    );
    return this.#bytes;
  }
}

/** One message of text. */
export function textFrame(text: string): Frames {
  return new Frames([Buffer.from(text)], { isText: true });
}

const binary = { fin: true, mask: false, opcode: 2, readOnly: true, rsv1: false };
const text = { ...binary, opcode: 1 };
