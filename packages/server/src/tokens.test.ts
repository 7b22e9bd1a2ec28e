import { createMemoryStore, type Ledger, type MemoryStore, openLedger } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Authentication, type Authenticator, type AuthFailure, watchIdentity } from "./auth.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { formatToken, mintToken, parseToken, wasMinted } from "./token.js";
import type { TokenStore } from "./token-store.js";
import { type TokensOptions, tokens } from "./tokens.js";

let memory: MemoryStore;
let ledger: Ledger;
let clock: ManualClock;
beforeEach(async () => {
  clock = createManualClock();
  memory = createMemoryStore();
  ledger = await openLedger({ open: () => memory.open(), now: clock.now });
});
afterEach(() => ledger.close());

/** One secret is hashed at a time, and nobody waits for it: whoever would have to is turned away. */
const hashing = { parallel: 1, waiting: 0 };

async function open(
  options: TokensOptions = {},
): Promise<{ authenticator: Authenticator; store: TokenStore }> {
  const authenticator = await tokens({ hashing, ...options }).open({ records: ledger.records, clock });
  if (authenticator.tokens === undefined) throw new Error("It has no tokens.");
  return { authenticator, store: authenticator.tokens };
}

async function created(store: TokenStore, user: string, expires: number | null = null): Promise<string> {
  const result = await store.create({ user }, { expires });
  if (result === "busy") throw new Error("busy");
  return result.token;
}

/** Who shows these tokens, all at once: a user, or why not. */
async function showAll(authenticator: Authenticator, shown: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(
    shown.map(token => authenticator.authenticate({ token, name: null, address: "", headers: {} })),
  );
  return answers.map(answer => (answer.ok ? answer.identity.actor.user : answer.code));
}

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
/** Tokens of the right form that nobody was given. */
const garbage = (count: number) => times(count, i => formatToken(mintToken(Buffer.alloc(32, i + 1))));

describe("a token", () => {
  const key = Buffer.alloc(32, 7);

  it("is read again as it was minted, and known to be so by its key", () => {
    const token = mintToken(key);
    expect(parseToken(formatToken(token))).toEqual(token);
    expect(formatToken(token)).toMatch(/^[\w-]{12}\.[\w-]{48}$/);
    expect(wasMinted(token, key)).toBe(true);
    expect(wasMinted(token, Buffer.alloc(32, 8))).toBe(false);
    expect(wasMinted({ ...token, id: mintToken(key).id }, key)).toBe(false);
    expect(wasMinted({ ...token, secret: mintToken(key).secret }, key)).toBe(false);
    expect(wasMinted({ ...token, secret: token.secret.slice(0, -4) }, key)).toBe(false);
  });

  it("has an id that no command line takes for a flag", () => {
    for (const { id } of times(500, () => mintToken(Buffer.alloc(32)))) expect(id).toMatch(/^[^-]/);
  });

  it.each([
    "",
    ".",
    "a",
    "a.b",
    `.${"s".repeat(40)}`,
    `a.${"s".repeat(40)}.c`,
    `a b.${"s".repeat(40)}`,
    `é.${"s".repeat(40)}`,
  ])("is not %j", text => {
    expect(parseToken(text)).toBeNull();
  });
});

describe("verifying", () => {
  it("hashes no garbage, and turns away those whom it would have to let wait", async () => {
    const { authenticator, store } = await open();
    const [ann, bob] = [await created(store, "ann"), await created(store, "bob")];
    const answers = await showAll(authenticator, [...garbage(500), ann, bob, ...garbage(500)]);
    expect(answers.filter(answer => answer === "token-invalid")).toHaveLength(1000);
    expect(answers.slice(500, 502).sort()).toEqual([expect.stringMatching(/ann|bob/), "unavailable"]);
  });

  it("hashes the secret of those who come back, and of many who come at once with one token, no second time", async () => {
    const { authenticator, store } = await open();
    const [ann, bob] = [await created(store, "ann"), await created(store, "bob")];
    expect(
      await showAll(
        authenticator,
        times(50, () => ann),
      ),
    ).toEqual(times(50, () => "ann"));
    expect(await showAll(authenticator, [bob, ...times(50, () => ann)])).toEqual([
      "bob",
      ...times(50, () => "ann"),
    ]);
  });

  it("knows a wrong secret without hashing it, once it knows the right one", async () => {
    const { authenticator } = await open({ register: id => ({ user: id }) });
    const secret = (letter: string) => `carl.${letter.repeat(40)}`;
    expect(await showAll(authenticator, [secret("a")])).toEqual(["carl"]);
    expect(await showAll(authenticator, [secret("a")])).toEqual(["carl"]);
    const wrong = times(50, i => `carl.${String(i).padStart(40, "0")}`);
    expect(await showAll(authenticator, [...wrong, secret("a")])).toEqual([
      ...times(50, () => "token-invalid"),
      "carl",
    ]);
  });

  it("sees each time whether the token has expired or was revoked", async () => {
    const { authenticator, store } = await open();
    const [ann, bob] = [await created(store, "ann", clock.now() + 1000), await created(store, "bob")];
    for (const token of [ann, bob]) await showAll(authenticator, [token]);
    clock.advance(999);
    expect(await showAll(authenticator, [ann, bob])).toEqual(["ann", "bob"]);
    clock.advance(1);
    await store.revoke(parseToken(bob)?.id ?? "");
    expect(await showAll(authenticator, [ann, bob])).toEqual(["token-expired", "token-revoked"]);
  });
});

describe("the store", () => {
  it("has Argon2id hashes with the recommended parameters, and no secret anywhere", async () => {
    const { store } = await open();
    const token = await created(store, "ann");
    const { id, secret } = parseToken(token) ?? { id: "", secret: "" };
    expect((await store.get(id))?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await ledger.close();
    const backend = await memory.open();
    let bytes = "";
    for await (const [, value] of backend.range()) bytes += Buffer.from(value).toString("latin1");
    await backend.close();
    expect(bytes).toContain("argon2id");
    expect(bytes).not.toContain(secret);
  });

  it("says that it is damaged rather than let anybody in", async () => {
    const { authenticator, store } = await open();
    const token = await created(store, "ann");
    const id = parseToken(token)?.id ?? "";
    for (const damage of ["", "{", "null", '{"user":"ann"}']) {
      await ledger.records("tokens").put(id, Buffer.from(damage));
      await expect(showAll(authenticator, [token]), damage).rejects.toMatchObject({ code: "corrupted" });
    }
  });

  it("revokes a token once, and says when there is none", async () => {
    const { store } = await open();
    const id = parseToken(await created(store, "ann"))?.id ?? "";
    const revoked = await store.revoke(id);
    clock.advance(1000);
    expect(await store.revoke(id)).toEqual(revoked);
    expect(await store.revoke("none")).toBeUndefined();
    expect(await store.knowsUser("ann")).toBe(true);
    expect(await store.knowsUser("bob")).toBe(false);
  });
});

describe("an identity that is watched", () => {
  /** What the watcher was told, and how to stop watching. */
  function watch(authentication: Authentication): { told: AuthFailure[]; stop: () => void } {
    if (!authentication.ok) throw new Error(authentication.code);
    const told: AuthFailure[] = [];
    const stop = watchIdentity(authentication.identity, { clock, ended: code => told.push(code) });
    return { told, stop };
  }
  const show = (authenticator: Authenticator, token: string) =>
    authenticator.authenticate({ token, name: null, address: "", headers: {} });

  it("ends with its time, to the millisecond, however far away that is", async () => {
    const { authenticator, store } = await open();
    for (const life of [1, 1000, 90 * 24 * 3600 * 1000]) {
      const { told } = watch(await show(authenticator, await created(store, "ann", clock.now() + life)));
      clock.advance(life - 1);
      expect(told).toEqual([]);
      clock.advance(1);
      expect(told).toEqual(["token-expired"]);
    }
  });

  it("ends when it is revoked, also between being found out and being watched, and only once", async () => {
    const { authenticator, store } = await open();
    const token = await created(store, "ann", clock.now() + 1000);
    const id = parseToken(token)?.id ?? "";
    const authentication = await show(authenticator, token);
    const early = watch(authentication);
    await store.revoke(id);
    const late = watch(authentication);
    await null;
    clock.advance(2000);
    expect([early.told, late.told]).toEqual([["token-revoked"], ["token-revoked"]]);
  });

  it("is not spoken of when nobody listens any more", async () => {
    const { authenticator, store } = await open();
    const token = await created(store, "ann", clock.now() + 1000);
    const { told, stop } = watch(await show(authenticator, token));
    stop();
    await store.revoke(parseToken(token)?.id ?? "");
    clock.advance(2000);
    expect(told).toEqual([]);
  });
});
