/**
 * What a user can undo and redo next, read from the ledger alone: so it is the same on every device, and after every
 * restart.
 *
 * Each user has a stack, as in an editor. A commit that undoes, redoes, reverts or restores names the commits whose
 * effect it takes away, and an effect is *gone* as long as a commit that took it away is itself in force: so undoing an
 * undo brings it back, whoever does it.
 *
 * - *Undo* takes the latest commit of the user that is in force and no undo. A redo is one: undoing it is what undoing
 *   the original again would be.
 * - *Redo* takes the latest undo of the user that is in force, unless he has changed anything since that was neither an
 *   undo nor a redo.
 *
 * Refused commits count for neither. A commit that changed nothing to be seen, as when an editor tidies up marks or sets
 * what was there already, is no step of its own: it goes together with the one before it. Where it is asked for, so do
 * updates that followed each other closely.
 */
import { decodeChange } from "@verso/bridge";
import type { Commit, CommitActor, Ledger } from "@verso/storage";
import { nameOf } from "./leases.js";

export interface Stack {
  readonly document: string;
  /** The last commit to look at. */
  readonly head: number;
  readonly actor: CommitActor;
}

/**
 * What there is to undo, the next first. Going on means that what was given so far is taken for undone. Costs the
 * commits of everybody down to there.
 */
export async function* undoable(ledger: Ledger, { document, head, actor }: Stack): AsyncGenerator<Commit> {
  const gone = new Set<number>();
  for await (const commit of ledger.read(document, { to: head, reverse: true })) {
    if (commit.kind === "refused" || gone.has(commit.sequence)) continue;
    const isOwn = nameOf(commit.actor) === nameOf(actor);
    if (isOwn && commit.kind !== "undo") yield commit;
    else for (const sequence of commit.notes.undoes) gone.add(sequence);
  }
}

/** What there is to redo, likewise: undos. */
export async function* redoable(ledger: Ledger, { document, head, actor }: Stack): AsyncGenerator<Commit> {
  const gone = new Set<number>();
  for await (const commit of ledger.read(document, { to: head, reverse: true })) {
    if (commit.kind === "refused") continue;
    const isOwn = nameOf(commit.actor) === nameOf(actor);
    if (isOwn && commit.kind !== "undo" && commit.kind !== "redo" && showsAnything(commit)) return;
    if (gone.has(commit.sequence)) continue;
    if (isOwn && commit.kind !== "redo") yield commit;
    else for (const sequence of commit.notes.undoes) gone.add(sequence);
  }
}

/**
 * These commits, the latest first, as steps: the commits of each ascending. Updates at most `within` milliseconds apart
 * are one step; what was undone, redone, reverted or restored is never part of another.
 */
export async function* stepsOf(commits: AsyncIterable<Commit>, within?: number): AsyncGenerator<Commit[]> {
  let step: Commit[] = [];
  let shows = false;
  const end = () => {
    const ended = step.reverse();
    step = [];
    shows = false;
    return ended;
  };
  const belongs = (commit: Commit, next: Commit | undefined) =>
    isUpdate(commit) && within !== undefined && next !== undefined && next.time - commit.time <= within;

  for await (const commit of commits) {
    if (shows && !belongs(commit, step.at(-1))) yield end();
    step.push(commit);
    shows ||= showsAnything(commit);
    // To look at what is before it takes time, and where it cannot belong to the step, for nothing.
    if (shows && (within === undefined || !isUpdate(commit))) yield end();
  }
  if (shows) yield end();
}

function isUpdate({ kind }: Commit): boolean {
  return kind === "update" || kind === "create";
}

/** Whether a commit changed anything to be seen. */
function showsAnything({ change }: Commit): boolean {
  // Where retention has let go of the change, it may have.
  return change === undefined || (change.length > 0 && decodeChange(change).length > 0);
}
