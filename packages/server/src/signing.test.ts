/** Heads are signed in their time, exported, and what leads to them can be proven. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkProof,
  createMemoryStore,
  isSigned,
  type Ledger,
  openLedger,
  parseSignedHead,
  readPublicKey,
} from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.js";
import { nextSignedHead, proofOf } from "./signed-heads.js";
import { type Signing, startSigning } from "./signing.js";

const hour = 60 * 60 * 1000;
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const key = readPublicKey(publicKey.export({ type: "spki", format: "pem" }).toString());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-signing-"));
  writeFileSync(join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start() {
  const clock = createManualClock({ now: 1_763_700_000_000 });
  const store = createMemoryStore();
  const ledger = await openLedger({ open: () => store.open(), now: clock.now });
  let told: (run: { heads: number; file: string | undefined } | Error) => void = () => {};
  const begin = (watched: Ledger = ledger, exportTo = join(folder, "heads")): Promise<Signing> =>
    startSigning(
      { key: join(folder, "key.pem"), everyHours: 6, exportTo },
      {
        ledger: watched,
        clock,
        onSigned: run => told(run),
        onError: error => told(error instanceof Error ? error : new Error(String(error))),
      },
    );
  return {
    clock,
    ledger,
    begin,
    async write(document: string, commits = 1) {
      const { log } = await ledger.open(document);
      for (let made = 0; made < commits; made++)
        await log.append([{ actor: { user: "ada" }, kind: "update" }]);
    },
    /** Lets time pass until a run has ended. */
    pass(milliseconds: number) {
      return new Promise<{ heads: number; file: string | undefined } | Error>(resolve => {
        told = resolve;
        clock.advance(milliseconds);
      });
    },
    exported() {
      return readdirSync(join(folder, "heads")).sort();
    },
    heads(file: string) {
      const lines = readFileSync(join(folder, "heads", file), "utf8")
        .trimEnd()
        .split("\n");
      return lines.map(line => parseSignedHead(line)!);
    },
  };
}

describe("signing", () => {
  it("signs each document that was written to, once in its time, and exports a line for each", async () => {
    const { begin, write, pass, exported, heads } = await start();
    await write("a", 3);
    await write("b");
    const signing = await begin();
    expect(await pass(0)).toMatchObject({ heads: 2 });
    await write("b");
    expect(await pass(6 * hour)).toMatchObject({ heads: 1 });
    expect(exported()).toEqual([
      "heads-2025-11-21T04-40-00-000Z.jsonl",
      "heads-2025-11-21T10-40-00-000Z.jsonl",
    ]);
    const [first, second] = exported().map(heads);
    expect(first?.map(({ document, sequence }) => [document, sequence])).toEqual([
      ["a", 3],
      ["b", 1],
    ]);
    expect(second?.map(({ document, sequence }) => [document, sequence])).toEqual([["b", 2]]);
    expect([...first!, ...second!].every(head => head.key === key && isSigned(head))).toBe(true);
    await signing.close();
  });

  it("keeps to its hours over a restart, and goes on where it was", async () => {
    const { begin, write, pass, clock, exported } = await start();
    await write("a");
    const before = await begin();
    await pass(0);
    await before.close();
    clock.advance(4 * hour);
    await write("b");
    const after = await begin();
    clock.advance(hour);
    await new Promise(resolve => setImmediate(resolve));
    expect(exported()).toHaveLength(1);
    expect(await pass(hour)).toMatchObject({ heads: 1 });
    await after.close();
  });

  it("tries again when it fails, and no head is missing from the files then", async () => {
    const { begin, write, pass, ledger, exported, heads } = await start();
    await write("a");
    await write("b");
    let failing = true;
    const watched: Ledger = {
      ...ledger,
      head: async document => {
        if (failing && document === "b") throw new Error("the disk is away");
        return ledger.head(document);
      },
    };
    const signing = await begin(watched);
    expect(await pass(0)).toBeInstanceOf(Error);
    failing = false;
    expect(await pass(60_000)).toMatchObject({ heads: 2 });
    const whole = exported().filter(file => file.endsWith(".jsonl"));
    expect(whole.flatMap(heads).map(({ document }) => document)).toEqual(["a", "b"]);
    await signing.close();
  });

  it("passes over what was erased", async () => {
    const { begin, write, pass, ledger, exported, heads } = await start();
    await write("a");
    await write("b");
    await ledger.erase("a", { actor: { user: "root" } });
    const signing = await begin();
    await pass(0);
    expect(exported().flatMap(heads)).toMatchObject([{ document: "b" }]);
    await signing.close();
  });

  it("does not begin with a key that is none", async () => {
    const { begin } = await start();
    writeFileSync(join(folder, "key.pem"), "none");
    await expect(begin()).rejects.toMatchObject({ code: "config-invalid", path: "signing.key" });
    rmSync(join(folder, "key.pem"));
    await expect(begin()).rejects.toMatchObject({ code: "config-invalid", path: "signing.key" });
  });
});

describe("a proof", () => {
  it("leads to the next signed head, or to one that is signed for it", async () => {
    const { begin, write, pass, ledger, clock } = await start();
    await write("a", 4);
    const signing = await begin();
    await pass(0);
    await write("a", 4);
    const { signer } = signing;
    const prove = async (sequence: number) =>
      checkProof((await proofOf(ledger, "a", { sequence, signer }))!, { key });
    const unsigned = async (sequence: number) =>
      checkProof((await proofOf(ledger, "a", { sequence, signer: undefined }))!);
    for (const sequence of [1, 3, 4])
      expect(await prove(sequence)).toMatchObject({ outcome: "proven", head: { sequence: 4 } });
    expect(await unsigned(6)).toMatchObject({ signed: null, head: { sequence: 8 } });
    expect(await nextSignedHead(ledger, "a", 5)).toBeUndefined();
    clock.advance(hour);
    expect(await prove(6)).toMatchObject({ signed: { key }, head: { sequence: 8 } });
    expect(await nextSignedHead(ledger, "a", 5)).toMatchObject({ sequence: 8 });
    expect(await proofOf(ledger, "a", { sequence: 9, signer })).toBeUndefined();
    expect(await proofOf(ledger, "none", { sequence: 1, signer })).toBeUndefined();
    await signing.close();
  });
});
