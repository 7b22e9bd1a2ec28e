/**
 * What an API token looks like: `id.secret`.
 *
 *     id       12 characters, at random
 *     secret   48 characters: 24 random bytes, and 12 bytes of HMAC-SHA256 over the id and them
 *
 * in base64url. The tag is made with a key of the store. It tells a token of this store from garbage in microseconds, so
 * that nobody can keep the relay busy hashing secrets that were never given out; it proves nothing else.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface Token {
  readonly id: string;
  readonly secret: string;
}

const [idBytes, randomPart, tagPart] = [9, 24, 12];

export function mintToken(key: Uint8Array): Token {
  let id = "";
  // A command line would take one that begins with a hyphen for a flag.
  do id = randomBytes(idBytes).toString("base64url");
  while (id.startsWith("-"));
  const random = randomBytes(randomPart);
  const secret = Buffer.concat([random, tagOf(key, { id, random })]).toString("base64url");
  return { id, secret };
}

/** Whether the token was minted with this key. */
export function wasMinted({ id, secret }: Token, key: Uint8Array): boolean {
  const bytes = Buffer.from(secret, "base64url");
  if (bytes.length !== randomPart + tagPart) return false;
  const random = bytes.subarray(0, randomPart);
  return timingSafeEqual(bytes.subarray(randomPart), tagOf(key, { id, random }));
}

export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`;
}

/** `null` for what has not the form of a token, minted here or not. */
export function parseToken(text: string): Token | null {
  const [, id, secret] = /^([\w-]{1,64})\.([\w-]{24,256})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** Whether a text has the form of an id. */
export function isTokenId(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}

function tagOf(key: Uint8Array, { id, random }: { id: string; random: Uint8Array }): Buffer {
  return createHmac("sha256", key).update(`${id}.`).update(random).digest().subarray(0, tagPart);
}
