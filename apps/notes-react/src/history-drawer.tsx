/** What was done to the note: who, when and what. One can go back to any of it. */
import { type RecentHistory, useHistory, useStatus } from "@verso/react";
import { useState } from "react";
import { colorOf } from "./place.js";
import { troubleOf } from "./trouble.js";

type Commit = RecentHistory["commits"][number];

export function HistoryDrawer({ id }: { readonly id: `notes/${string}` }) {
  const { commits, isLoading, error, hasMore, restore } = useHistory(id, { limit: 200 });
  const isOnline = useStatus(id, ({ connection }) => connection === "connected");
  const [trouble, setTrouble] = useState("");
  const goBack = async (sequence: number) => setTrouble(await troubleOf(restore(sequence)));
  return (
    <aside className="history" aria-label="History" aria-busy={isLoading}>
      <h2>History</h2>
      <p role="alert">{error?.message ?? trouble}</p>
      <ol>
        {commits.filter(isLastOfItsKind).map(commit => (
          <li key={commit.sequence} className="commit">
            <span className="commit-who" style={{ borderColor: colorOf(commit.user_id) }}>
              {commit.user_id}
            </span>
            <time dateTime={commit.created_at}>{timeOf(commit)}</time>
            <span className="commit-what">{whatOf(commit)}</span>
            {commit !== commits[0] && !commit.refused && (
              <button
                type="button"
                className="small-button"
                disabled={!isOnline}
                onClick={() => goBack(commit.sequence)}
              >
                Restore<span className="spoken"> what it was after {whatOf(commit)}</span>
              </button>
            )}
          </li>
        ))}
      </ol>
      {hasMore && <p className="history-more">There are older ones.</p>}
    </aside>
  );
}

/** What somebody types is many commits, the last of which is shown. */
function isLastOfItsKind(commit: Commit, index: number, commits: readonly Commit[]): boolean {
  const next = commits[index - 1];
  return next === undefined || next.user_id !== commit.user_id || whatOf(next) !== whatOf(commit);
}

function whatOf({ kind, forward_patch, refused }: Commit): string {
  if (refused) return "refused";
  if (kind !== "update") return kind;
  const patch = Array.isArray(forward_patch) ? forward_patch : [];
  const parts = patch.map(({ path }) => path.replace("/note/", "/").split("/")[1]);
  return `edit of ${[...new Set(parts)].join(", ")}`;
}

function timeOf({ created_at }: Commit): string {
  return new Date(created_at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
