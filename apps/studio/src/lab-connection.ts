/** How one device stands with the relay, in a pill and a table of facts. */
import type { ReplicaStatus } from "@verso/client";
import { element } from "./element.js";
import type { Device } from "./lab-device.js";
import { createRedraw } from "./redraw.js";

type Standing = "offline" | "connecting" | "sending" | "synced" | "stopped";

const words: Readonly<Record<Standing, string>> = {
  offline: "Offline",
  connecting: "Connecting…",
  sending: "Sending…",
  synced: "Synced",
  stopped: "Stopped",
};

/** The pill of the same colour, whose style is that of every page. */
const pills: Readonly<Record<Standing, string>> = {
  offline: "offline",
  connecting: "connecting",
  sending: "connecting",
  synced: "synced",
  stopped: "closed",
};

export function createStanding(device: Device): HTMLElement {
  const { replica, network } = device;
  const shown = element("span", { "aria-hidden": true });
  const announced = element("span", { class: "spoken", role: "status" });
  const pill = element("span", { class: "pill" }, element("span", { class: "pill-dot" }), shown, announced);
  const redraw = createRedraw(() => {
    const { status, unsyncedChanges } = replica;
    const standing = standingOf(status, { unsyncedChanges, isOnline: network.conditions.online });
    pill.dataset.status = pills[standing];
    const text =
      unsyncedChanges === 0
        ? words[standing]
        : `${words[standing]} · ${unsyncedChanges.toLocaleString("en")} unsynced`;
    if (shown.textContent !== text) shown.textContent = text;
    // Counting aloud would be a nuisance: only how it stands is announced.
    if (announced.textContent !== words[standing]) announced.textContent = words[standing];
  });
  device.subscribe(redraw);
  return pill;
}

export function createFacts(device: Device): HTMLElement {
  const { replica } = device;
  const transport = fact("Way");
  const breaker = fact("Breaker");
  const attempt = fact("Next attempt");
  const sequence = fact("Commit");
  const tab = fact("Tab");
  const store = fact("Store");
  const list = element(
    "dl",
    { class: "lab-facts" },
    ...[transport, breaker, attempt, sequence, tab, store].map(({ element }) => element),
  );
  const redraw = createRedraw(() => {
    const { status } = replica;
    transport.show(wayWords(status));
    breaker.show(status.breaker, { isBad: status.breaker === "open" });
    attempt.show(attemptWords(device.nextAttempt));
    sequence.show(status.sequence === 0 ? "none" : status.sequence.toLocaleString("en"));
    tab.show(status.leads ? "leads" : "follows");
    const { storageError } = device;
    store.show(storageError === null ? "keeps all" : storageError.code, { isBad: storageError !== null });
  });
  device.subscribe(redraw);
  setInterval(redraw, 250);
  return list;
}

function standingOf(
  { stopped, synced }: ReplicaStatus,
  { unsyncedChanges, isOnline }: { unsyncedChanges: number; isOnline: boolean },
): Standing {
  if (stopped !== null) return "stopped";
  if (!isOnline) return "offline";
  if (!synced) return "connecting";
  return unsyncedChanges > 0 ? "sending" : "synced";
}

function wayWords({ transport, stopped }: ReplicaStatus): string {
  if (stopped !== null) return `${stopped.reason} (${stopped.code})`;
  return transport === null ? "none" : { websocket: "WebSocket", http: "HTTP" }[transport];
}

function attemptWords(nextAttempt: number | null): string {
  if (nextAttempt === null) return "none waits";
  const seconds = Math.max(0, nextAttempt - Date.now()) / 1000;
  return `in ${seconds.toFixed(1)} s`;
}

function fact(term: string) {
  const value = element("dd", {});
  return {
    element: element("div", {}, element("dt", {}, term), value),
    show(text: string, { isBad = false }: { isBad?: boolean } = {}) {
      if (value.textContent !== text) value.textContent = text;
      value.dataset.bad = String(isBad);
    },
  };
}
