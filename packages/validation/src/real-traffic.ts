/**
 * Traffic as a relay gets it from stock clients, for tests that nothing of it is refused or asked for again.
 *
 * Some people edit one document in several tabs each. Tabs go offline, come back with everything that they did as one
 * update, hear of each other past the relay, answer for each other, paste large texts, and send twice. Whatever they
 * send needs only what the relay has by then.
 */
import * as Y from "yjs";
import { between, createRandom, editOnce, type Random } from "./honest.js";

export interface Delivery {
  readonly update: Uint8Array;
  /** Whether it is an answer to the relay's state vector, or everything that the client has. */
  readonly fullState: boolean;
  readonly user: string;
}

export interface RealTraffic {
  readonly seed: number;
  /** How many deliveries to make; a few more to let everybody have everything. */
  readonly deliveries: number;
  /** The relay's document, which takes what `deliver` is called with. */
  readonly relay: Y.Doc;
  readonly deliver: (delivery: Delivery) => void;
  /** Whether people bring each other's edits as well; else only tabs of the same person do. @default false */
  readonly strangersRelay?: boolean;
}

interface Tab {
  readonly user: string;
  readonly doc: Y.Doc;
  readonly undo: Y.UndoManager | null;
  online: boolean;
  outbox: Uint8Array[];
  inbox: Uint8Array[];
  last: Uint8Array | null;
}

/** Whose client id it is. */
export type Owners = ReadonlyMap<number, string>;

const people = ["ann", "ann", "bob", "bob"];
const elsewhere = "not from here";

/** Returns the tabs' documents, which are then equal to the relay's. */
export function playRealTraffic(
  { seed, deliveries, relay, deliver, strangersRelay = false }: RealTraffic,
  started: (owners: Owners) => void = () => {},
): readonly Y.Doc[] {
  const random = createRandom(seed);
  let delivered = 0;
  const tabs = people.map((user, i) => createTab(user, i));
  started(new Map(tabs.map(({ user, doc }) => [doc.clientID, user])));
  const hears = (update: Uint8Array) => {
    for (const tab of tabs) if (tab.online) tab.inbox.push(update);
  };
  relay.on("update", hears);

  while (delivered < deliveries) {
    const tab = oneOf(tabs);
    const dice = between(random, 0, 99);
    if (dice < 50) edit(random, tab);
    else if (dice < 72) send(tab, between(random, 1, 6));
    else if (dice < 88) hear(tab, between(random, 1, 6));
    else if (dice < 92) share(tab, oneOf(tabs));
    else if (dice < 95) tab.online ? leave(tab) : comeBack(tab);
    else if (dice < 97 && tab.online) answer(tab);
    else if (tab.online && tab.last !== null) give(tab, tab.last, false);
  }
  for (const tab of tabs) if (!tab.online) comeBack(tab);
  for (const tab of tabs) send(tab, Number.POSITIVE_INFINITY);
  for (const tab of tabs) hear(tab, Number.POSITIVE_INFINITY);
  relay.off("update", hears);
  for (const { undo } of tabs) undo?.destroy();
  return tabs.map(({ doc }) => doc);

  function createTab(user: string, index: number): Tab {
    const doc = new Y.Doc({ gc: index !== 1 });
    doc.clientID = between(random, 16, 0xffff_ffff);
    const roots = [doc.getMap("map"), doc.getArray("array"), doc.getText("text"), doc.getXmlFragment("xml")];
    const undo = index % 2 === 0 ? null : new Y.UndoManager(roots, { captureTimeout: 0 });
    const tab: Tab = { user, doc, undo, online: true, outbox: [], inbox: [], last: null };
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== elsewhere && tab.online) tab.outbox.push(update);
    });
    return tab;
  }

  function oneOf<T>(values: readonly T[]): T {
    return values[between(random, 0, values.length - 1)]!;
  }

  function give(tab: Tab, update: Uint8Array, fullState: boolean): void {
    delivered++;
    tab.last = update;
    deliver({ update, fullState, user: tab.user });
  }

  function send(tab: Tab, count: number): void {
    for (const update of tab.outbox.splice(0, count)) give(tab, update, false);
  }

  function hear(tab: Tab, count: number): void {
    for (const update of tab.inbox.splice(0, count)) Y.applyUpdate(tab.doc, update, elsewhere);
  }

  /** Everything on its way is lost. */
  function leave(tab: Tab): void {
    tab.online = false;
    tab.outbox = [];
    tab.inbox = [];
  }

  function comeBack(tab: Tab): void {
    tab.online = true;
    answer(tab);
    tab.inbox.push(Y.encodeStateAsUpdate(relay, Y.encodeStateVector(tab.doc)));
  }

  /** A sync step 2; now and then with all that the tab has. What is in its outbox comes once more. */
  function answer(tab: Tab): void {
    const vector = between(random, 0, 2) === 0 ? undefined : Y.encodeStateVector(relay);
    give(tab, Y.encodeStateAsUpdate(tab.doc, vector), true);
  }

  /** One tab tells another past the relay, and the other, if it is heard, tells the relay before it builds on that. */
  function share(from: Tab, to: Tab): void {
    if (from === to || (from.user !== to.user && !strangersRelay)) return;
    const update = Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc));
    Y.applyUpdate(to.doc, update, elsewhere);
    if (to.online) answer(to);
  }
}

/** One transaction, or several that an undo makes of one. */
function edit(random: Random, { doc, undo }: Tab): void {
  const dice = between(random, 0, 99);
  if (dice < 8) undo?.undo();
  else if (dice < 14) undo?.redo();
  else if (dice === 14) paste(random, doc);
  else if (dice < 24) {
    doc.transact(() => {
      for (let i = between(random, 2, 12); i > 0; i--) editOnce(random, doc);
    });
  } else editOnce(random, doc);
}

const lines = ["Lörem ipsum 😀 dolor sit amet.\n", "1,2,3\t", "漢字 "];

/** Up to 300 kB of text, or a list of 500 objects. */
function paste(random: Random, doc: Y.Doc): void {
  if (between(random, 0, 2) > 0) {
    const times = between(random, 0, 3) === 0 ? between(random, 1_000, 9_000) : between(random, 100, 1_000);
    const text = lines[between(random, 0, lines.length - 1)]!.repeat(times);
    doc.getText("text").insert(0, text);
    return;
  }
  doc.getArray("array").push(Array.from({ length: 500 }, (_, i) => ({ i, text: `line ${i}` })));
}
