/**
 * Heads that somebody has signed: what a document's history was at a time, to be checked without its store.
 *
 * The hash of a head covers every commit of the document, so whoever keeps a signed head outside of the store can tell
 * whether anything before it was changed since, be it by one who can write to the store and compute all hashes anew.
 *
 * A signed head is one line of JSON in the form of JCS (RFC 8785), and the signature, Ed25519 (RFC 8032), is over the
 * UTF-8 of the same object without its member `signature`:
 *
 * ```
 * {"document":"invoice/42","hash":"<64>","key":"<64>","sequence":12,"signature":"<128>","time":"2026-01-31T10:00:00.000Z","type":"verso-head-1"}
 * ```
 *
 * `hash` is that of commit `sequence`, `key` the 32 bytes of the public key; bytes are in lower-case hex. All members are
 * strings of well-formed Unicode and whole numbers below 2^53, so with its members in order `JSON.stringify` gives JCS.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** A head, signed or not. */
export interface PlainHead {
  readonly document: string;
  /** Hash of the last commit, in hex. */
  readonly hash: string;
  readonly sequence: number;
}

export interface SignedHead extends PlainHead {
  readonly type: typeof HEAD_TYPE;
  /** The 32 bytes of the public key, in hex. */
  readonly key: string;
  /** When it was signed, as ISO 8601 in UTC with milliseconds. */
  readonly time: string;
  /** 64 bytes, in hex. */
  readonly signature: string;
}

export const HEAD_TYPE = "verso-head-1";

/**
 * Signs a head.
 *
 * @param time milliseconds since 1970
 */
export function signHead(
  { document, sequence, hash }: { document: string; sequence: number; hash: Uint8Array },
  { privateKey, time }: { readonly privateKey: KeyObject; readonly time: number },
): SignedHead {
  const statement = {
    type: HEAD_TYPE,
    document,
    sequence,
    hash: Buffer.from(hash).toString("hex"),
    key: rawPublicKey(createPublicKey(privateKey)),
    time: new Date(time).toISOString(),
  } as const;
  const signature = sign(null, Buffer.from(canonicalJson(statement)), privateKey).toString("hex");
  return { ...statement, signature };
}

/** Whether the signature is that of the key which the head names. Whose key that is it cannot say. */
export function isSigned({ signature, ...statement }: SignedHead): boolean {
  const publicKey = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(statement.key, "hex").toString("base64url") },
    format: "jwk",
  });
  return verify(null, Buffer.from(canonicalJson(statement)), publicKey, Buffer.from(signature, "hex"));
}

/** The line that is exported, without a line feed. */
export function formatSignedHead(head: SignedHead): string {
  return canonicalJson(head);
}

/** The head in an exported line; `undefined` when it is none, or not written exactly as it would be exported. */
export function parseSignedHead(line: string): SignedHead | undefined {
  const head = parsedJson(line);
  return isSignedHead(head) && canonicalJson(head) === line ? head : undefined;
}

/** JSON in the form of JCS, for what holds objects, arrays, well-formed strings and whole numbers. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member !== "object" || member === null || Array.isArray(member)
      ? member
      : Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

/** `undefined` for what is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isSignedHead(value: unknown): value is SignedHead {
  if (!isPlainHead(value, ["document", "hash", "key", "sequence", "signature", "time", "type"])) return false;
  const { type, key, time, signature } = value as Partial<SignedHead>;
  return type === HEAD_TYPE && isHex(key, 32) && isHex(signature, 64) && isTime(time);
}

/** Whether it has exactly these members, and is a head. */
export function isPlainHead(
  value: unknown,
  members: readonly string[] = ["document", "hash", "sequence"],
): value is PlainHead {
  if (!hasExactly(value, members)) return false;
  const { document, hash, sequence } = value as Partial<PlainHead>;
  return isText(document) && isHex(hash, 32) && Number.isSafeInteger(sequence) && sequence! > 0;
}

/** Whether it is an object with these members and no others. */
export function hasExactly(value: unknown, members: readonly string[]): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  return names.length === members.length && members.every(name => Object.hasOwn(value, name));
}

export function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value);
}

/** Whether it is so many bytes in lower-case hex. */
export function isHex(value: unknown, bytes?: number): value is string {
  if (typeof value !== "string" || !/^(?:[0-9a-f]{2})+$/.test(value)) return false;
  return bytes === undefined || value.length === bytes * 2;
}

function isTime(value: unknown): boolean {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
}

/**
 * The private key in a PEM file (PKCS #8), as `openssl genpkey -algorithm ed25519` makes it.
 *
 * @throws TypeError when it is none of Ed25519.
 */
export function readPrivateKey(pem: string): KeyObject {
  return ed25519(() => createPrivateKey(pem), "private");
}

/**
 * The public key in a PEM file, in hex; what is 64 hex digits already is given back.
 *
 * @throws TypeError when it is none of Ed25519.
 */
export function readPublicKey(text: string): string {
  const key = text.trim().toLowerCase();
  return isHex(key, 32) ? key : rawPublicKey(ed25519(() => createPublicKey(text), "public"));
}

function ed25519(read: () => KeyObject, which: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new TypeError(`this is no ${which} key in PEM`, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") throw new TypeError(`this is no ${which} key of Ed25519`);
  return key;
}

function rawPublicKey(key: KeyObject): string {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
}
