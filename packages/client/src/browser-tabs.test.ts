import { afterEach, describe, expect, test, vi } from "vitest";
import { browserTabs } from "./browser-tabs.js";

/** Web Locks as tabs of one origin see them: one holder of a name, the others in line. */
function createLocks() {
  const lines = new Map<string, { readonly grant: () => Promise<unknown> }[]>();
  const next = async (name: string): Promise<void> => {
    const [first] = lines.get(name) ?? [];
    if (first === undefined) return;
    await first.grant();
    lines.get(name)!.shift();
    await next(name);
  };
  const request = (
    name: string,
    options: { readonly signal?: AbortSignal },
    callback: (lock: null) => Promise<unknown>,
  ) =>
    new Promise<unknown>((resolve, reject) => {
      const line = lines.get(name) ?? [];
      lines.set(name, line);
      let isGranted = false;
      const waiter = {
        grant: () => {
          isGranted = true;
          const done = callback(null);
          done.then(resolve, reject);
          return done;
        },
      };
      line.push(waiter);
      options.signal?.addEventListener("abort", () => {
        if (isGranted) return;
        line.splice(line.indexOf(waiter), 1);
        reject(options.signal!.reason);
      });
      if (line.length === 1) void next(name);
    });
  return { request } as Pick<LockManager, "request">;
}

const settled = () => new Promise(resolve => setImmediate(resolve));

afterEach(() => void vi.unstubAllGlobals());

describe("who leads", () => {
  test("the first tab leads; when it gives up, the next", async () => {
    const locks = createLocks();
    const leaders: string[] = [];
    const [a, b, c] = ["a", "b", "c"].map(name =>
      browserTabs({ locks }).lead("invoice/42", () => leaders.push(name)),
    );
    await settled();
    expect(leaders).toEqual(["a"]);
    b!();
    a!();
    await settled();
    expect(leaders).toEqual(["a", "c"]);
    c!();
    c!();
    await settled();
    expect(leaders).toEqual(["a", "c"]);
  });

  test("each name has its own leader, and so has each prefix", async () => {
    const locks = createLocks();
    const leaders: string[] = [];
    browserTabs({ locks }).lead("x", () => leaders.push("x"));
    browserTabs({ locks }).lead("y", () => leaders.push("y"));
    browserTabs({ locks, prefix: "ada:" }).lead("x", () => leaders.push("ada's x"));
    await settled();
    expect(leaders).toEqual(["x", "y", "ada's x"]);
  });

  test("without Web Locks each leads, and says that it is alone; never at once, and not once it has given up", async () => {
    vi.stubGlobal("navigator", undefined);
    const tabs = browserTabs();
    const leaders: string[] = [];
    tabs.lead("x", () => leaders.push("first"));
    tabs.lead("x", () => leaders.push("second"))();
    expect(leaders).toEqual([]);
    await settled();
    expect(leaders).toEqual(["first"]);
    expect(tabs.isAlone).toBe(true);
  });

  test("without BroadcastChannel each leads, for it would not hear of what others send", async () => {
    vi.stubGlobal("BroadcastChannel", undefined);
    const locks = createLocks();
    const tabs = [browserTabs({ locks }), browserTabs({ locks })];
    const leaders: number[] = [];
    for (const [at, tab] of tabs.entries()) tab.lead("x", () => leaders.push(at));
    await settled();
    expect(leaders).toEqual([0, 1]);
    expect(tabs.map(({ isAlone }) => isAlone)).toEqual([true, true]);
    const channel = tabs[0]!.channel("x", () => expect.unreachable());
    channel.send(Uint8Array.of(1));
    channel.close();
  });

  test("where the browser refuses the lock it leads, and says that it is alone", async () => {
    const request = () => Promise.reject(new DOMException("Not here.", "SecurityError"));
    const tabs = browserTabs({ locks: { request } });
    expect(tabs.isAlone).toBe(false);
    let leads = 0;
    tabs.lead("x", () => leads++);
    await settled();
    expect(leads).toBe(1);
    expect(tabs.isAlone).toBe(true);
  });
});

describe("what tabs send one another", () => {
  test("others hear it under the same name, the bytes alone, and the sender does not", async () => {
    const heard: string[] = [];
    await new Promise<void>(resolve => {
      const hear = (who: string, then: () => void) => (message: Uint8Array) => {
        heard.push(`${who} ${message} of ${message.buffer.byteLength}`);
        then();
      };
      const a = browserTabs().channel(
        "invoice/42",
        hear("a", () => close()),
      );
      const b = browserTabs().channel(
        "invoice/42",
        hear("b", () => b.send(Uint8Array.of(9))),
      );
      const other = browserTabs().channel(
        "invoice/43",
        hear("other", () => close()),
      );
      const close = () => {
        for (const channel of [a, b, other]) channel.close();
        resolve();
      };
      other.send(Uint8Array.of(1));
      a.send(Uint8Array.of(1, 2, 3).subarray(1));
    });
    expect(heard).toEqual(["b 2,3 of 2", "a 9 of 1"]);
  });
});
