/**
 * The API tokens of a store: whose they are, until when, and the hashes of their secrets.
 *
 * They lie in the relay's own store, beside the documents. A revoked token stays in it, so that its owner is told what
 * happened and an id is never used twice. Everything is as durable as a commit when a promise resolves.
 */
import { randomBytes } from "node:crypto";
import { type Records, StorageError } from "@verso/storage";
import { z } from "zod";
import { type Profile, profileSchema } from "./actor.js";
import type { Cancel } from "./clock.js";
import type { SecretHashing } from "./secret-hashing.js";
import { formatToken, isTokenId, mintToken, type Token, wasMinted } from "./token.js";

const recordSchema = z.looseObject({
  ...profileSchema.shape,
  /** Argon2id, in PHC form. */
  hash: z.string(),
  created: z.int(),
  expires: z.int().nullable(),
  revoked: z.int().nullable(),
});

/** What is kept of a token. Times are in milliseconds since 1970. */
export type StoredToken = z.output<typeof recordSchema> & { readonly id: string };

export interface TokenStore {
  /** Mints a token. Its secret is in the answer, and nowhere else from then on; `busy` when too many are hashed. */
  create(
    owner: Profile,
    options?: { readonly expires?: number | null },
  ): Promise<{ readonly token: string; readonly stored: StoredToken } | "busy">;
  /** Keeps a token that its owner has made up, whose id must be free. */
  register(token: Token, owner: Profile): Promise<StoredToken | "busy">;
  get(id: string): Promise<StoredToken | undefined>;
  /** In the order of the ids. */
  list(options?: { readonly after?: string; readonly limit?: number }): AsyncIterable<StoredToken>;
  /** The token as it is now; `undefined` when there is none of that id. Revoking again changes nothing. */
  revoke(id: string): Promise<StoredToken | undefined>;
  /** Whether the token was minted by this store; it may have been revoked since. */
  wasMinted(token: Token): boolean;
  /** Whether any token, also one that does not hold any more, is this user's. */
  knowsUser(user: string): Promise<boolean>;
  /** Calls the listener when the token is revoked, or soon when it has been since the store was opened. */
  onRevoked(id: string, listener: () => void): Cancel;
}

export interface TokenStoreOptions {
  readonly records: (namespace: string) => Records;
  readonly hashing: SecretHashing;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

export async function openTokenStore({ records, hashing, now }: TokenStoreOptions): Promise<TokenStore> {
  const tokens = records("tokens");
  const key = await readKey(records("token-key"));
  const revokedSinceOpening = new Set<string>();
  const listeners = new Map<string, Set<() => void>>();
  /** Filled when it is first asked for. */
  let users: Set<string> | null = null;

  const store: TokenStore = {
    async create(owner, { expires = null } = {}) {
      const token = mintToken(key);
      const stored = await keep(token, owner, expires);
      return stored === "busy" ? stored : { token: formatToken(token), stored };
    },
    register: (token, owner) => keep(token, owner, null),
    async get(id) {
      const bytes = isTokenId(id) ? await tokens.get(id) : undefined;
      return bytes === undefined ? undefined : decode(id, bytes);
    },
    async *list(options) {
      for await (const [id, bytes] of tokens.entries(options)) yield decode(id, bytes);
    },
    async revoke(id) {
      const stored = await store.get(id);
      if (stored === undefined || stored.revoked !== null) return stored;
      const revoked = { ...stored, revoked: now() };
      await put(revoked);
      revokedSinceOpening.add(id);
      for (const listener of listeners.get(id) ?? []) listener();
      return revoked;
    },
    wasMinted: token => wasMinted(token, key),
    async knowsUser(user) {
      if (users === null) {
        const found = new Set<string>();
        for await (const stored of store.list()) found.add(stored.user);
        users = found;
      }
      return users.has(user);
    },
    onRevoked(id, listener) {
      const heard = listeners.get(id) ?? new Set();
      listeners.set(id, heard);
      heard.add(listener);
      if (revokedSinceOpening.has(id)) {
        queueMicrotask(() => {
          if (heard.has(listener)) listener();
        });
      }
      return () => {
        heard.delete(listener);
        if (heard.size === 0 && listeners.get(id) === heard) listeners.delete(id);
      };
    },
  };
  return store;

  async function keep(
    { id, secret }: Token,
    owner: Profile,
    expires: number | null,
  ): Promise<StoredToken | "busy"> {
    const profile = profileSchema.parse(owner);
    const hash = await hashing.hash(secret);
    if (hash === "busy") return hash;
    const stored = { ...profile, id, hash, created: now(), expires, revoked: null };
    await put(stored);
    users?.add(stored.user);
    return stored;
  }

  async function put({ id, ...record }: StoredToken): Promise<void> {
    await tokens.put(id, Buffer.from(JSON.stringify(record)));
  }
}

/** The key of the store's tags, made when it is first needed. */
async function readKey(records: Records): Promise<Uint8Array> {
  const name = "hmac-sha256";
  const known = await records.get(name);
  if (known !== undefined) return known;
  const key = randomBytes(32);
  await records.put(name, key);
  return key;
}

function decode(id: string, bytes: Uint8Array): StoredToken {
  const parsed = recordSchema.safeParse(parseJson(bytes));
  if (!parsed.success) throw new StorageError("corrupted", `the record of the token ${id} is none`);
  return { ...parsed.data, id };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
