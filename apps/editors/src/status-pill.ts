/** How far the document is from the relay, in a few words, seen and, where it matters, heard. */
import type { ReplicaStatus } from "@verso/client";
import { element } from "./element.js";

type Standing = "offline" | "connecting" | "syncing" | "saved" | "closed";

const words: Readonly<Record<Standing, string>> = {
  offline: "Offline",
  connecting: "Connecting…",
  syncing: "Syncing",
  saved: "All changes saved",
  closed: "Closed by the relay",
};

export interface Pill {
  readonly element: HTMLElement;
  show(
    replica: { readonly status: ReplicaStatus; readonly unsyncedChanges: number },
    isOnline: boolean,
  ): void;
}

export function createStatusPill(): Pill {
  const shown = element("span", { "aria-hidden": true });
  // Counting aloud with every keystroke would be a nuisance: only where things stand is announced, and not in passing.
  const announced = element("span", { class: "spoken", role: "status" });
  const pill = element("span", { class: "pill" }, element("span", { class: "pill-dot" }), shown, announced);
  return {
    element: pill,
    show({ status, unsyncedChanges: count }, isOnline) {
      const standing = standingOf(status, count, isOnline);
      pill.dataset.standing = standing;
      const waiting = standing === "syncing" ? ` ${count}` : ` · ${count} unsent`;
      shown.textContent = words[standing] + (count === 0 ? "" : waiting);
      if (standing !== "syncing" && announced.textContent !== words[standing])
        announced.textContent = words[standing];
    },
  };
}

function standingOf({ synced, stopped }: ReplicaStatus, count: number, isOnline: boolean): Standing {
  if (stopped !== null) return "closed";
  if (!isOnline) return "offline";
  if (!synced) return "connecting";
  return count > 0 ? "syncing" : "saved";
}
