/**
 * Argon2id for the secrets of tokens, a few at a time.
 *
 * One hashing takes 19 MiB and some 30 ms of a core, on threads that the store needs as well. So only a few run at once,
 * a bounded number waits, and what comes on top of that is turned away rather than everybody kept waiting.
 *
 * Parameters: OWASP Password Storage Cheat Sheet (m = 19 MiB, t = 2, p = 1).
 */
import { hash, verify } from "@node-rs/argon2";
import { bulkhead, isBulkheadRejectedError } from "cockatiel";

export interface SecretHashing {
  /** The secret's hash in PHC form, or `busy`. */
  hash(secret: string): Promise<string | "busy">;
  verify(hash: string, secret: string): Promise<boolean | "busy">;
}

export interface SecretHashingOptions {
  /** How many run at once. @default 2 */
  readonly parallel?: number;
  /** How many wait at most. @default 100 */
  readonly waiting?: number;
}

const parameters = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

export function createSecretHashing({
  parallel = 2,
  waiting = 100,
}: SecretHashingOptions = {}): SecretHashing {
  const queue = bulkhead(parallel, waiting);
  return {
    hash: secret => unlessBusy(() => hash(secret, parameters)),
    verify: (hashed, secret) => unlessBusy(() => verify(hashed, secret)),
  };

  async function unlessBusy<T>(run: () => Promise<T>): Promise<T | "busy"> {
    try {
      return await queue.execute(run);
    } catch (error) {
      if (isBulkheadRejectedError(error)) return "busy";
      throw error;
    }
  }
}
