/**
 * Whose client id is whose.
 *
 * Yjs takes every struct that it has not seen under an id as the next one of that client. Whoever writes under
 * another's id makes what that one does next look known, and lost. So an id is bound to the user who first wrote under
 * it, and while it is bound to nobody, to the user whose session announces it as its own. Other users' structs under it
 * are not applied; they may well be honest, since replicas pass on what they heard from each other, and then their
 * owner brings them himself. For the same reason a user who brings what may be another's gets no lease.
 *
 * Leases hold between authenticated users. All others are nobody in particular: what they write is bound to nobody, and
 * they write under no id that is somebody's. The ledger keeps a lease in the commit that it began with.
 */
import type { Actor } from "./actor.js";

/** Ids below this are the relay's own, and no client may write under them. */
export const firstClientId = 16;

/** As much of an actor as says who he is. */
export type Owner = Pick<Actor, "user" | "authenticated" | "tenant">;

export interface Leases<Author> {
  /** Whether new structs under this id may come from this author. Changes nothing. */
  admits(author: Author, client: number): boolean;
  /** Notes that an author brought new structs under these ids, each once; gives those that are his from now on. */
  bind(author: Author, written: readonly { readonly client: number }[]): readonly number[];
  /** Whether an id is bound to nobody, and nobody who is connected announces it. */
  isFree(client: number): boolean;
  /** Binds ids that are free to the one who alone can have written under them; gives those that are his from now on. */
  grant(owner: Owner, written: readonly { readonly client: number }[]): readonly number[];
  /** Whether a session of this author may announce an id as its own. */
  mayAnnounce(author: Author, client: number): boolean;
}

/** Who is connected, and which id is whose as they say. */
export interface Announced<Author> {
  holderOf(client: number): Author | undefined;
  idOf(author: Author): number | undefined;
}

/** Client id to the user whose it is. */
export type LeaseTable = Map<number, string>;

export function createLeases<Author extends { readonly actor: Actor }>(
  table: LeaseTable,
  announced: Announced<Author>,
): Leases<Author> {
  const leases: Leases<Author> = {
    admits(author, client) {
      if (client < firstClientId) return false;
      const owner = table.get(client);
      if (owner !== undefined) return owner === userOf(author.actor);
      const holder = announced.holderOf(client);
      if (holder === undefined || !holder.actor.authenticated) return true;
      return userOf(holder.actor) === userOf(author.actor);
    },
    bind(author, written) {
      const user = userOf(author.actor);
      if (user === null) return none;
      const free = written.map(({ client }) => client).filter(client => !table.has(client));
      if (free.length === 0) return none;
      const own = announced.idOf(author);
      // Who announces nothing and brings the structs of several may have any of them from others.
      const bound = own === undefined && free.length === 1 ? free : free.filter(client => client === own);
      for (const client of bound) table.set(client, user);
      return bound;
    },
    isFree: client => !table.has(client) && announced.holderOf(client) === undefined,
    grant(owner, written) {
      if (!owner.authenticated) return none;
      const clients = written.map(({ client }) => client);
      for (const client of clients) table.set(client, nameOf(owner));
      return clients;
    },
    mayAnnounce: (author, client) => client < firstClientId || leases.admits(author, client),
  };
  return leases;
}

const none: readonly number[] = [];

/** A name for the user behind an authenticated actor; `null` for all others. */
function userOf(actor: Actor): string | null {
  if (!actor.authenticated) return null;
  let user = users.get(actor);
  if (user === undefined) {
    user = nameOf(actor);
    users.set(actor, user);
  }
  return user;
}

const users = new WeakMap<Actor, string>();

/** The name of a user whom somebody has vouched for, as the ledger has him. */
export function nameOf({
  user,
  tenant,
}: {
  readonly user: string;
  readonly tenant?: string | undefined;
}): string {
  return JSON.stringify([tenant ?? null, user]);
}
