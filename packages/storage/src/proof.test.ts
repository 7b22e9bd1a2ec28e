import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createMemoryStore } from "./backends/memory.js";
import type { CommitDraft } from "./commit.js";
import { sealed } from "./encoding.js";
import { commitKey, documentKey } from "./keys.js";
import { openLedger } from "./ledger.js";
import { checkProof, formatProof, type InclusionProof } from "./proof.js";
import { createRandom } from "./random.js";
import {
  formatSignedHead,
  isSigned,
  parseSignedHead,
  readPrivateKey,
  readPublicKey,
  signHead,
} from "./signed-head.js";

const SEED = Number(process.env.VERSO_SEED ?? 61);
const CASES = Number(process.env.VERSO_CASES ?? 1000);

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const key = readPublicKey(publicKey.export({ type: "spki", format: "pem" }).toString());
const stranger = generateKeyPairSync("ed25519").privateKey;
const time = 1_763_700_000_000;

/** A ledger with one document of so many commits, some with notes, some without changes. */
async function history(commits: number, document = "invoice/42") {
  const store = createMemoryStore();
  const ledger = await openLedger({ open: () => store.open(), now: () => time });
  const { log } = await ledger.open(document);
  for (let made = 1; made <= commits; made++) {
    const draft: CommitDraft = {
      actor: { user: made % 2 === 0 ? "ada" : "bob", session: `s${made}`, tenant: "acme" },
      kind: made === 1 ? "create" : "update",
      update: Buffer.from(`update ${made}`),
      ...(made % 3 === 0 ? {} : { change: Buffer.from(`change ${made}`) }),
      ...(made % 4 === 0 ? { notes: { dependsOn: [made - 1] } } : {}),
    };
    await log.append([draft]);
  }
  const sign = async () => signHead((await ledger.head(document))!, { privateKey, time });
  const prove = async (sequence: number, signed = true) =>
    formatProof((await ledger.prove(document, sequence, signed ? { head: await sign() } : {}))!);
  return { ledger, log, store, sign, prove, document };
}

/** The same proof with something changed. */
function altered(text: string, change: (proof: InclusionProof) => object): string {
  const proof: InclusionProof = JSON.parse(text);
  return formatProof({ ...proof, ...change(proof) });
}

describe("a proof of a commit", () => {
  test("says what was written by whom, when, and to which signed head it leads", async () => {
    const { prove, ledger, document } = await history(9);
    const { revision: last } = (await ledger.head(document))!;
    for await (const { sequence, actor, kind, revision } of ledger.read(document)) {
      expect(checkProof(await prove(sequence), { key })).toMatchObject({
        outcome: "proven",
        document,
        commit: { sequence, actor, kind, revision, time },
        head: { sequence: 9, revision: last },
        signed: { key, time: new Date(time).toISOString() },
      });
    }
  });

  test("holds to the present head without a signature, and says that nobody vouches for it", async () => {
    const { prove } = await history(3);
    const text = await prove(2, false);
    expect(checkProof(text)).toMatchObject({ outcome: "proven", signed: null });
    expect(checkProof(text, { key })).toMatchObject({ outcome: "refuted", code: "unsigned" });
  });

  test("still holds when the parts are dropped, to the byte", async () => {
    const { prove, ledger, log, document } = await history(8);
    const before = await prove(2);
    await log.saveSnapshot({ sequence: 8, state: Buffer.from("state") });
    await ledger.dropParts({ document, before: 9, parts: ["update", "change", "inverse"] });
    expect(await prove(2)).toBe(before);
    expect(checkProof(before, { key })).toMatchObject({ outcome: "proven" });
  });

  test("of a commit that there is not is none", async () => {
    const { ledger, document, sign } = await history(3);
    const head = await sign();
    expect(await ledger.prove(document, 4)).toBeUndefined();
    expect(await ledger.prove(document, 4, { head })).toBeUndefined();
    expect(await ledger.prove(document, 0)).toBeUndefined();
    expect(await ledger.prove("none", 1)).toBeUndefined();
  });

  test("leads to an older signed head, and is shorter", async () => {
    const { ledger, log, document, sign } = await history(3);
    const head = await sign();
    for (let more = 0; more < 50; more++) await log.append([{ actor: { user: "ada" }, kind: "update" }]);
    const short = formatProof((await ledger.prove(document, 2, { head }))!);
    const long = formatProof((await ledger.prove(document, 2))!);
    expect(checkProof(short, { key })).toMatchObject({ outcome: "proven", head: { sequence: 3 } });
    expect(short.length).toBeLessThan(long.length / 3);
  });

  test("grows by less than 400 bytes with each commit after it", async () => {
    const { prove } = await history(101);
    const growth = ((await prove(1)).length - (await prove(101)).length) / 100;
    expect(growth).toBeLessThan(400);
  });

  test("is refused by a store that was rewritten since the head was signed", async () => {
    const { ledger, document, sign } = await history(4);
    const forged = await history(4, document);
    await forged.log.append([{ actor: { user: "eve" }, kind: "update" }]);
    await ledger.open(document).then(({ log }) => log.append([{ actor: { user: "ada" }, kind: "update" }]));
    const head = await sign();
    await expect(forged.ledger.prove(document, 2, { head })).rejects.toMatchObject({ code: "corrupted" });
  });

  test("is not given by a store in which the hashes do not hold", async () => {
    const { ledger, store, document } = await history(4);
    await ledger.close();
    const backend = await store.open();
    const place = commitKey(documentKey(document), 3);
    const bytes = Buffer.from((await backend.get(place))!);
    bytes[bytes.indexOf("update 3")] = 0x55;
    await backend.batch([{ type: "put", key: place, value: sealed(place, bytes.subarray(0, -4)) }]);
    await backend.close();
    const damaged = await openLedger({ open: () => store.open() });
    await expect(damaged.prove(document, 2)).rejects.toMatchObject({ code: "corrupted", sequence: 3 });
  });
});

describe("a proof that was tampered with", () => {
  test(`is refuted whatever byte was changed, put in or taken out (seed ${SEED})`, async () => {
    const random = createRandom(SEED);
    const { prove } = await history(6, "Rechnung/é");
    for (let tried = 0; tried < CASES; tried++) {
      const signed = random.int(2) === 0;
      const bytes = Buffer.from(await prove(1 + random.int(6), signed));
      const at = random.int(bytes.length);
      const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
      const other = (bytes[at]! + 1 + random.int(255)) % 256;
      const changed = random.pick([
        Buffer.concat([before, Buffer.of(other), behind]),
        Buffer.concat([before, behind]),
        Buffer.concat([before, Buffer.of(other), bytes.subarray(at)]),
        before,
      ]);
      const { outcome } = checkProof(changed.toString());
      expect(outcome, `seed ${SEED}, case ${tried}: ${changed}`).toBe("refuted");
    }
  });

  test("is refuted when a commit of the chain is left out, put in or exchanged", async () => {
    const { prove } = await history(6);
    const text = await prove(2);
    const { commits }: InclusionProof = JSON.parse(text);
    for (let index = 0; index < commits.length; index++) {
      expect(checkProof(altered(text, () => ({ commits: commits.toSpliced(index, 1) }))).outcome).toBe(
        "refuted",
      );
      const doubled = altered(text, () => ({ commits: commits.toSpliced(index, 0, commits[0]!) }));
      expect(checkProof(doubled).outcome).toBe("refuted");
    }
    expect(checkProof(altered(text, () => ({ commits: commits.toReversed() }))).outcome).toBe("refuted");
    expect(checkProof(altered(text, () => ({ commits: [] })))).toMatchObject({ code: "malformed" });
  });

  test("is refuted when it is said to be of another document, or of a first commit", async () => {
    const { prove } = await history(4);
    const text = await prove(2);
    expect(checkProof(altered(text, () => ({ document: "invoice/43" })))).toMatchObject({
      code: "other-head",
    });
    const renamed = altered(text, ({ head }) => ({
      document: "invoice/43",
      head: { ...head, document: "invoice/43" },
    }));
    expect(checkProof(renamed)).toMatchObject({ code: "other-head" });
    expect(checkProof(altered(text, () => ({ previous: "00".repeat(32) })))).toMatchObject({
      code: "broken-chain",
    });
  });

  test("is refuted when its head is forged", async () => {
    const { prove, ledger, document } = await history(4);
    const text = await prove(2);
    const head = (await ledger.head(document))!;
    const forged = signHead(head, { privateKey: stranger, time });
    expect(checkProof(altered(text, () => ({ head: { ...forged, key } })))).toMatchObject({
      code: "bad-signature",
    });
    const later = altered(text, proof => ({ head: { ...proof.head, time: "2027-01-01T00:00:00.000Z" } }));
    expect(checkProof(later)).toMatchObject({ code: "bad-signature" });
    const another = altered(text, () => ({ head: forged }));
    expect(checkProof(another)).toMatchObject({ outcome: "proven" });
    expect(checkProof(another, { key })).toMatchObject({ outcome: "refuted", code: "other-key" });
  });

  test("is refuted when its JSON says the same in another way", async () => {
    const { prove } = await history(2);
    const text = await prove(1);
    for (const same of [JSON.stringify(JSON.parse(text), null, 2), text.trimEnd(), ` ${text}`]) {
      expect(checkProof(same)).toMatchObject({ code: "malformed" });
    }
  });
});

describe("a signed head", () => {
  test("comes back from its line, and from no other", async () => {
    const { sign } = await history(2);
    const line = formatSignedHead(await sign());
    expect(parseSignedHead(line)).toEqual(await sign());
    expect(isSigned(parseSignedHead(line)!)).toBe(true);
    expect(Object.keys(JSON.parse(line))).toEqual(Object.keys(JSON.parse(line)).sort());
    for (const other of ["", "{}", `${line} `, line.replace(key, key.toUpperCase()), line.slice(0, -1)]) {
      expect(parseSignedHead(other)).toBeUndefined();
    }
  });

  test("is Ed25519 over the JCS of all but the signature (RFC 8032, test 2, signs and verifies)", () => {
    const seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex").toString("base64");
    const known = readPrivateKey(`-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`);
    const head = signHead(
      { document: "a", sequence: 1, hash: Buffer.alloc(32) },
      { privateKey: known, time },
    );
    expect(head.key).toBe("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    expect(isSigned(head)).toBe(true);
  });

  test("takes a key of Ed25519 and no other", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const pem = { type: "spki", format: "pem" } as const;
    expect(() => readPublicKey("none")).toThrow(TypeError);
    expect(() => readPublicKey(rsa.publicKey.export(pem).toString())).toThrow("no public key of Ed25519");
    expect(() => readPrivateKey(publicKey.export(pem).toString())).toThrow("no private key");
    expect(readPublicKey(key.toUpperCase())).toBe(key);
  });
});
