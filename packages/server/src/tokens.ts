/**
 * Authentication by API tokens that the relay itself has given out.
 *
 *     form ─▶ tag (µs) ─▶ record: revoked? expired? ─▶ seen before? ─▶ Argon2id (tens of ms, a few at a time)
 *
 * A token that was verified once is known by the SHA-256 of its secret as long as the process lives: clients that come
 * back, all at once after a restart of their network too, cost next to nothing. The record is read each time, so a
 * revoked token is refused at once.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { bulkhead, isBulkheadRejectedError } from "cockatiel";
import { LRUCache } from "lru-cache";
import type { Profile } from "./actor.js";
import { type Auth, type Authentication, identified, refused } from "./auth.js";
import { createSecretHashing, type SecretHashing, type SecretHashingOptions } from "./secret-hashing.js";
import { parseToken, type Token } from "./token.js";
import { openTokenStore, type StoredToken } from "./token-store.js";

export interface TokensOptions {
  /** How secrets are hashed. */
  readonly hashing?: SecretHashingOptions;
  /**
   * Whether somebody unknown may register with a token that he has made up, `<id>.<secret>`: who it is then, or `null`
   * for nobody. From that first use on the id is his who knows the secret. A user who has a token already cannot be
   * taken over so.
   * @default nobody may
   */
  readonly register?: (id: string) => Profile | null | Promise<Profile | null>;
}

/** Tokens whose secrets were verified, by id, that are remembered. */
const remembered = 10_000;
/** Registrations that wait at most; they are made one by one. */
const waitingRegistrations = 100;

export function tokens({ hashing: hashingOptions, register }: TokensOptions = {}): Auth {
  return {
    name: "API tokens",
    anonymous: null,
    async open({ records, clock }) {
      const hashing = createSecretHashing(hashingOptions);
      const store = await openTokenStore({ records, hashing, now: clock.now });
      const verifySecret = createVerifier(hashing);
      const registrations = bulkhead(1, waitingRegistrations);

      return {
        tokens: store,
        async authenticate({ token: text }) {
          if (text === null) return refused("token-missing");
          const token = parseToken(text);
          if (token === null) return refused("token-invalid");
          if (!store.wasMinted(token) && register === undefined) return refused("token-invalid");
          const stored = await store.get(token.id);
          if (stored !== undefined) return authenticateStored(stored, token.secret);
          if (register === undefined || store.wasMinted(token)) return refused("token-invalid");
          return registerFirst(token, register);
        },
      };

      async function authenticateStored(stored: StoredToken, secret: string): Promise<Authentication> {
        if (stored.revoked !== null) return refused("token-revoked");
        if (stored.expires !== null && stored.expires <= clock.now()) return refused("token-expired");
        const verified = await verifySecret(stored, secret);
        if (verified === "busy") return refused("unavailable");
        if (!verified) return refused("token-invalid");
        return identityOf(stored);
      }

      function identityOf(stored: StoredToken): Authentication {
        const { id, expires } = stored;
        return identified(stored, { expires, onRevoked: listener => store.onRevoked(id, listener) });
      }

      async function registerFirst(
        token: Token,
        profileOf: NonNullable<TokensOptions["register"]>,
      ): Promise<Authentication> {
        try {
          return await registrations.execute(async () => {
            // Somebody may have been quicker.
            const stored = await store.get(token.id);
            if (stored !== undefined) return authenticateStored(stored, token.secret);
            const profile = await profileOf(token.id);
            if (profile === null || (await store.knowsUser(profile.user))) return refused("token-invalid");
            const registered = await store.register(token, profile);
            return registered === "busy" ? refused("unavailable") : identityOf(registered);
          });
        } catch (error) {
          if (isBulkheadRejectedError(error)) return refused("unavailable");
          throw error;
        }
      }
    },
  };
}

/** Whether a secret is that of a token, hashed as seldom as possible. */
function createVerifier(
  hashing: SecretHashing,
): (stored: StoredToken, secret: string) => Promise<boolean | "busy"> {
  const known = new LRUCache<string, { readonly hash: string; readonly digest: Buffer }>({ max: remembered });
  const underWay = new Map<string, Promise<boolean | "busy">>();

  return async ({ id, hash }, secret) => {
    const digest = createHash("sha256").update(secret).digest();
    const verified = known.get(id);
    // A token has one secret: with the right one known, any other is wrong without hashing it.
    if (verified?.hash === hash) return timingSafeEqual(verified.digest, digest);
    const attempt = `${id}.${digest.toString("base64")}`;
    let verifying = underWay.get(attempt);
    if (verifying === undefined) {
      verifying = hashing
        .verify(hash, secret)
        .then(result => {
          if (result === true) known.set(id, { hash, digest });
          return result;
        })
        .finally(() => underWay.delete(attempt));
      underWay.set(attempt, verifying);
    }
    return verifying;
  };
}
