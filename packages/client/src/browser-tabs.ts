/**
 * The tabs of one browser: who leads is who holds a Web Lock, and what they tell one another goes through a
 * BroadcastChannel. The browser gives the lock on when its holder closes, crashes or is killed.
 *
 * Where either is missing the tabs cannot find one another: each leads, and says that it is alone.
 */
import type { Tabs } from "./persistence.js";

export interface BrowserTabsOptions {
  /**
   * That of the persistence that the tabs share: who keeps something else is led by somebody else.
   * @default ""
   */
  readonly prefix?: string;
  /** @default the browser's, where it has them */
  readonly locks?: Pick<LockManager, "request"> | undefined;
  /** @default the browser's, where it has it */
  readonly BroadcastChannel?: typeof globalThis.BroadcastChannel | undefined;
}

export interface BrowserTabs extends Tabs {
  /** Whether this tab leads without having asked the others, because the browser has no way to, or has refused. */
  readonly isAlone: boolean;
}

export function browserTabs({
  prefix = "",
  // Neither is everywhere, whatever their types say: in workers, old browsers and Node.js.
  locks = (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined,
  BroadcastChannel = globalThis.BroadcastChannel as typeof globalThis.BroadcastChannel | undefined,
}: BrowserTabsOptions = {}): BrowserTabs {
  let isAlone = locks === undefined || BroadcastChannel === undefined;
  return {
    get isAlone() {
      return isAlone;
    },
    lead,
    channel(name, receive) {
      if (BroadcastChannel === undefined) return { send() {}, close() {} };
      const channel = new BroadcastChannel(nameOf(name));
      channel.onmessage = ({ data }) => receive(data);
      return {
        // A copy, for with a view the whole buffer beneath it would be sent.
        send: message => channel.postMessage(new Uint8Array(message)),
        close: () => channel.close(),
      };
    },
  };

  /** Locks and channels are shared with everything else of the origin. */
  function nameOf(name: string): string {
    return `verso:${prefix}${name}`;
  }

  function lead(name: string, gained: () => void): () => void {
    const waiting = new AbortController();
    let release = () => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const begin = () => {
      if (!waiting.signal.aborted) gained();
    };
    if (locks === undefined || isAlone) queueMicrotask(begin);
    else {
      let isGranted = false;
      const ask = locks.request(nameOf(name), { signal: waiting.signal }, () => {
        isGranted = true;
        begin();
        return held;
      });
      ask.catch(error => {
        if (waiting.signal.aborted) return;
        if (isGranted) throw error;
        // Pages of no origin, such as those in a sandbox, may not ask.
        isAlone = true;
        begin();
      });
    }
    return () => {
      waiting.abort();
      release();
    };
  }
}
