/** The commits of the document that a page shows, kept up to date, and the line that tells of trouble with the relay. */
import type { ChangeEvent } from "@verso/protocol";
import { type Doc, decodeStateVector, encodeStateVector } from "yjs";
import { type CommitFeed, createCommitFeed, type FeedState } from "./commit-feed.js";
import { type CommitList, createCommitList } from "./commit-list.js";
import type { LinkView } from "./link.js";
import { createNotice } from "./notice.js";

/** A document in this window, and its connection. */
export interface Replica {
  readonly doc: Doc;
  readonly link: LinkView;
}

export interface LiveCommits {
  readonly notice: HTMLElement;
  readonly list: HTMLElement;
}

export interface LiveCommitsOptions {
  readonly documentId: string;
  /** Of that document. */
  readonly replicas: readonly Replica[];
  /** Oldest first, each once. */
  readonly onCommits?: (commits: readonly ChangeEvent[]) => void;
}

export function createLiveCommits({ documentId, replicas, onCommits }: LiveCommitsOptions): LiveCommits {
  const links = replicas.map(({ link }) => link);
  const notice = createNotice();
  const commits = createCommitList();
  let feedState: FeedState | null = null;

  const feed = createCommitFeed({
    documentId,
    onCommits(read) {
      commits.add(read);
      onCommits?.(read);
    },
    onState(state) {
      feedState = state;
      commits.show(state);
      notice.show(warning(links, state));
    },
  });
  for (const link of links) link.on("change", () => notice.show(warning(links, feedState)));
  follow(replicas, { feed, commits });
  return { notice: notice.element, list: commits.element };
}

/** What is wrong with the way to the relay, or `null`. */
function warning(links: readonly LinkView[], feed: FeedState | null): string | null {
  for (const { state } of links) {
    if (state.status !== "closed") continue;
    const { code, reason } = state.trouble;
    return `The relay has closed a connection for good: ${reason || "it gave no reason"} (${code}).`;
  }
  const cut = links.some(({ state }) => state.status === "connecting" && state.trouble !== null);
  if (!cut && feed?.kind !== "unreachable") return null;
  return "The relay cannot be reached. You can go on writing: the changes wait here until it is back.";
}

/** Reads after every change of either document, and now and then for what others write while both are offline. */
function follow(
  replicas: readonly Replica[],
  { feed, commits }: { feed: CommitFeed; commits: CommitList },
): void {
  const pause = 150;
  const patience = 2000;
  /** Whether the relay has a commit: to ask for a document that it has not is an error, which browsers report. */
  let recorded = false;
  let sent = false;
  let waiting = false;

  for (const { doc, link } of replicas) {
    doc.on("update", soon);
    link.on("change", soon);
  }
  document.addEventListener("visibilitychange", soon);
  setInterval(() => {
    if (document.hidden) return;
    // Where no other editor is online nothing comes back: what was sent so long ago is taken for recorded.
    recorded ||= sent;
    sent = replicas.some(({ doc, link }) => link.state.status === "synced" && !isEmpty(doc));
    read();
  }, patience);

  function soon(): void {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      read();
    }, pause);
  }

  function read(): void {
    recorded ||= replicas.some(({ link }) => link.recorded);
    if (recorded) feed.read();
    else if (replicas.some(({ link }) => link.state.status === "synced")) commits.show({ kind: "empty" });
  }
}

/** Whether nobody has ever written to the document, as far as this replica knows. */
function isEmpty(doc: Doc): boolean {
  return decodeStateVector(encodeStateVector(doc)).size === 0;
}
