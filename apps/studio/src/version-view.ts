/** The document as of a commit beside the present, with what differs coloured on both sides. */
import type { DocumentContent } from "@verso/protocol";
import type { BlameCard } from "./blame-card.js";
import { differenceOf, type Side, type View } from "./document-difference.js";
import { documentView } from "./document-view.js";
import { element } from "./element.js";
import type { HistoryApi } from "./history-api.js";
import { createLatest } from "./latest.js";
import { RelayProblem, troubleOf } from "./problem.js";

export interface VersionView {
  readonly element: HTMLElement;
  /** Shows the version `from` beside the version `to`, which is the present. */
  show(versions: Versions): void;
  cancel(): void;
}

export interface Versions {
  readonly from: number;
  readonly to: number;
}

export interface VersionViewOptions {
  readonly api: Pick<HistoryApi, "version" | "difference">;
  readonly blame: BlameCard;
}

/** A slider moves faster than a relay should be asked. */
const pause = 120;
const mostVersions = 30;
const nothing: Versions = { from: 0, to: 0 };

export function createVersionView({ api, blame }: VersionViewOptions): VersionView {
  const then = column("before");
  const now = column("after");
  const trouble = element("p", { class: "version-trouble", role: "alert" });
  const versions = new Map<number, DocumentContent>();
  let shown = nothing;
  let wanted = nothing;
  const reading = createLatest(read, { pause });
  blame.watch(then.body, () => shown.from);
  blame.watch(now.body, () => shown.to);
  const view = element("div", { class: "versions" }, trouble, then.element, now.element);

  return {
    element: view,
    show(asked) {
      if (asked.from === wanted.from && asked.to === wanted.to) return;
      wanted = asked;
      if (asked.to === 0) return;
      view.setAttribute("aria-busy", "true");
      reading.ask(asked);
    },
    cancel() {
      reading.cancel();
      wanted = nothing;
    },
  };

  async function read({ from, to }: Versions, signal: AbortSignal): Promise<void> {
    try {
      const { content } = await version(from, signal);
      const difference =
        from === to ? { patch: [], rfc6902_patch: [] } : await differenceBetween({ from, to }, signal);
      if (signal.aborted) return;
      // Whoever has scrolled to a place there stays at it for as long as it is the same version.
      const seek = from !== shown.from;
      shown = { from, to };
      blame.hide();
      then.title.textContent = `As of commit ${from}`;
      now.title.textContent = to === from ? "The present" : `The present, commit ${to}`;
      if (difference === null) {
        trouble.textContent = "What has changed since is no longer kept: the differences cannot be told.";
        then.show({ kind: "value", json: content, isMarked: false }, { seek });
        now.show({ kind: "value", json: (await version(to, signal)).content, isMarked: false }, { seek });
      } else {
        const { before, after } = differenceOf(content, difference);
        trouble.textContent = "";
        then.show(before, { seek });
        now.show(after, { seek });
      }
    } catch (error) {
      if (signal.aborted) return;
      trouble.textContent = `Commit ${from} cannot be shown. ${troubleOf(error)}`;
      // It is read when it is asked for again.
      wanted = nothing;
    }
    view.removeAttribute("aria-busy");
  }

  /** `null` where retention has let go of what leads from one to the other. */
  async function differenceBetween(asked: Versions, signal: AbortSignal) {
    try {
      return await api.difference(asked, signal);
    } catch (error) {
      if (error instanceof RelayProblem && error.code === "version-dropped") return null;
      throw error;
    }
  }

  async function version(sequence: number, signal: AbortSignal): Promise<DocumentContent> {
    const known = versions.get(sequence);
    if (known !== undefined) return known;
    const read = await api.version(sequence, signal);
    if (versions.size >= mostVersions) versions.clear();
    versions.set(sequence, read);
    return read;
  }
}

interface Column {
  readonly element: HTMLElement;
  readonly title: HTMLElement;
  readonly body: HTMLElement;
  /** Scrolls to the first difference where it is to be sought. */
  show(document: View, options: { readonly seek: boolean }): void;
}

function column(side: Side): Column {
  const title = element("h3", { id: `version-${side}` }, side === "before" ? "Then" : "The present");
  const body = element("div", { class: "version-body" });
  return {
    element: element(
      "section",
      { class: `version version-${side}`, "aria-labelledby": title.id },
      title,
      body,
    ),
    title,
    body,
    show(document, { seek }) {
      const { scrollTop } = body;
      body.replaceChildren(...documentView(document, side));
      // One stop of the tab key for all members; the arrow keys lead from one to the next.
      body.querySelector(".doc-member")?.setAttribute("tabindex", "0");
      const first = seek ? body.querySelector<HTMLElement>("ins, del") : null;
      body.scrollTop = first === null ? scrollTop : Math.max(0, first.offsetTop - body.clientHeight / 2);
    },
  };
}
