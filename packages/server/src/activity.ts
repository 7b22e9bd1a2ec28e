/**
 * Who has worked on a document and when: its commits, those of one user that follow each other without a long pause as
 * one session of work, whatever others do meanwhile.
 */
import { type Change, decodeChange, type Json, type Operation, toPointer } from "@verso/bridge";
import type { ActivityPage, WorkSession } from "@verso/protocol";
import type { Commit, Head, Ledger } from "@verso/storage";
import { nameOf } from "./leases.js";
import type { Versions } from "./versions.js";

export interface ActivityOptions {
  /** The name of the only user who is asked for; whoever has it, in whatever tenant. */
  readonly user?: string | undefined;
  /** Only commits made from this time on, and before that one. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Minutes without a commit after which a session has ended. */
  readonly idle: number;
  /** Only commits behind this sequence. */
  readonly since: number;
  /** Sessions. */
  readonly limit: number;
}

/**
 * One page of a document's sessions, those that began first first. Looks through 10,000 commits at most, so a page may be
 * short, or empty, and still have a next one. Times are looked up as if the relay's clock had never been set back.
 */
export async function readActivity(
  { ledger, versions }: { readonly ledger: Ledger; readonly versions: Pick<Versions, "sequenceAt"> },
  head: Head,
  { user, from, to, idle, since, limit }: ActivityOptions,
): Promise<ActivityPage> {
  const before = async (time: Date) => versions.sequenceAt(time.getTime() - 1, head);
  const first = 1 + Math.max(since, from === undefined ? 0 : await before(from));
  const last = to === undefined ? head.sequence : await before(to);
  const sessions: Session[] = [];
  const current = new Map<string, Session>();
  const page = (next: number | null) => ({ sessions: sessions.map(describe), next });
  if (first > last) return page(null);

  let looked = first - 1;
  for await (const commit of ledger.read(head.document, { from: first, to: last, limit: commitsLooked })) {
    if (user === undefined || commit.actor.user === user) {
      const name = nameOf(commit.actor);
      let session = current.get(name);
      if (session === undefined || commit.time - session.last.time > idle * 60_000) {
        if (sessions.length === limit) return page(looked);
        session = createSession(commit);
        sessions.push(session);
        current.set(name, session);
      }
      take(session, commit);
    }
    looked = commit.sequence;
  }
  return page(looked < last ? looked : null);
}

const commitsLooked = 10_000;
const pointersTold = 20;

interface Session {
  readonly first: Moment;
  last: Moment;
  readonly kinds: Map<string, number>;
  readonly pointers: Map<string, number>;
  /** `null` once the change of a commit is no longer kept. */
  units: Units | null;
}

type Moment = Pick<Commit, "sequence" | "time" | "actor">;

interface Units {
  readonly inserted: number;
  readonly deleted: number;
}

const noUnits: Units = { inserted: 0, deleted: 0 };

function createSession({ sequence, time, actor }: Commit): Session {
  const moment = { sequence, time, actor };
  return { first: moment, last: moment, kinds: new Map(), pointers: new Map(), units: noUnits };
}

function take(session: Session, { sequence, time, actor, kind, change }: Commit): void {
  session.last = { sequence, time, actor };
  count(session.kinds, kind);
  if (kind === "refused") return;
  if (change === undefined) {
    session.units = null;
    return;
  }
  const operations = change.length === 0 ? [] : decodeChange(change);
  for (const operation of operations) count(session.pointers, toPointer(placeOf(operation)));
  const units = unitsOf(operations);
  session.units &&= {
    inserted: session.units.inserted + units.inserted,
    deleted: session.units.deleted + units.deleted,
  };
}

function placeOf(operation: Operation) {
  return operation.type === "set" ? [...operation.path, operation.key] : operation.path;
}

/**
 * How many UTF-16 units and embeds of texts and elements of lists came and went. An element counts once, whatever is in it;
 * a member of an object does not count, nor what it holds, unless it is a root that appears with its first content; and
 * neither does a text that was replaced as a whole because it got its first format.
 */
function unitsOf(change: Change): Units {
  let [inserted, deleted] = [0, 0];
  for (const operation of change) {
    switch (operation.type) {
      case "insert":
        inserted += operation.values.length;
        break;
      case "delete":
        deleted += operation.values.length;
        break;
      case "textInsert":
        inserted += operation.text.length;
        break;
      case "textDelete":
        deleted += operation.text.length;
        break;
      case "delta":
        for (const part of operation.delta) {
          if ("insert" in part) inserted += lengthOf(part.insert);
          else if ("delete" in part) deleted += part.delete;
        }
        break;
      case "set":
        if (operation.kind !== undefined) inserted += sizeOf(operation.after);
    }
  }
  return { inserted, deleted };
}

/** The units or elements of a root. */
function sizeOf(root: Json | undefined): number {
  if (typeof root === "string" || Array.isArray(root)) return root.length;
  if (typeof root !== "object" || root === null) return 0;
  const { $y: form, delta, children } = root as { readonly [name: string]: Json };
  if (form === undefined) return 0;
  if (Array.isArray(children)) return children.length;
  const inserts = (delta ?? []) as readonly { readonly insert: Json }[];
  return inserts.reduce((sum, { insert }) => sum + lengthOf(insert), 0);
}

function lengthOf(insert: Json): number {
  return typeof insert === "string" ? insert.length : 1;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function describe({ first, last, kinds, pointers, units }: Session): WorkSession {
  const { user, tenant } = first.actor;
  const mostFrequent = [...pointers].sort(([, a], [, b]) => b - a).slice(0, pointersTold);
  return {
    user_id: user,
    ...(tenant === undefined ? {} : { tenant_id: tenant }),
    from: new Date(first.time).toISOString(),
    to: new Date(last.time).toISOString(),
    first_sequence: first.sequence,
    last_sequence: last.sequence,
    commits: Object.fromEntries(kinds),
    inserted: units?.inserted ?? null,
    deleted: units?.deleted ?? null,
    pointers: mostFrequent.map(([pointer]) => pointer),
  };
}
