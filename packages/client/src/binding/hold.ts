/**
 * How long a document stays open: as long as anybody holds it, and a moment more.
 *
 * A component that is shown again at once, as React's StrictMode and a change of page do it, finds its document as it left
 * it. What the program has opened by itself is the program's, and stays open.
 */
import type { Document } from "../documents.js";
import { createSession, type Session } from "./session.js";

/** Milliseconds for which a document stays open that nobody holds any more. */
const patience = 1_000;

export interface Hold<T> {
  /** Of the document while it is open. */
  readonly session: Session<T> | null;
  /**
   * Opens the document, if it must, and keeps it open until what is returned is called. `attach` is called with every
   * session, at once if it is open, and what it returns when that ends; `changed` when a session came or went later.
   */
  take(attach: (session: Session<T>) => () => void, changed?: () => void): () => void;
}

interface Holder<T> {
  readonly attach: (session: Session<T>) => () => void;
  readonly changed: () => void;
  detach: (() => void) | null;
}

export function createHold<T>(
  client: { isOpen(documentId: string): boolean; open(documentId: string): unknown },
  documentId: string,
  opened: (session: Session<T>) => void,
): Hold<T> {
  const holders = new Set<Holder<T>>();
  let session: Session<T> | null = null;
  let isOwn = true;
  let closing: Promise<void> | null = null;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  return {
    get session() {
      return session;
    },
    take(attach, changed = () => {}) {
      clearTimeout(leaving);
      if (session === null && closing === null) open();
      const holder: Holder<T> = { attach, changed, detach: session && attach(session) };
      holders.add(holder);
      return () => {
        if (!holders.delete(holder)) return;
        holder.detach?.();
        if (holders.size === 0) leaving = setTimeout(leave, patience);
      };
    },
  };

  function open(): void {
    isOwn = !client.isOpen(documentId);
    session = createSession(client.open(documentId) as Document<T>);
    session.document.once("epoch", () => end(true));
    opened(session);
  }

  function leave(): void {
    end(isOwn);
  }

  /** Whoever comes while the document is being closed, or is still here then, gets a new one. */
  function end(isToClose: boolean): void {
    const ended = session;
    if (ended === null) return;
    for (const holder of holders) holder.detach?.();
    ended.end();
    session = null;
    if (isToClose) closing = ended.document.close().finally(reopen);
  }

  function reopen(): void {
    closing = null;
    if (holders.size === 0) return;
    open();
    for (const holder of [...holders]) {
      holder.detach = session && holder.attach(session);
      holder.changed();
    }
  }
}
