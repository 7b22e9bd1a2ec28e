/** The commands that name, prove and erase, on a folder and at a relay. */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tag } from "@verso/protocol";
import { openLedger, openLevelBackend } from "@verso/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));

let folder: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "verso-history-"));
  await using ledger = await openLedger({ open: () => openLevelBackend(join(folder, "data")) });
  const { log } = await ledger.open("invoice/42");
  for (const user of ["ada", "bob", "eve"]) {
    await log.append([{ actor: { user }, kind: "update", notes: { dependsOn: [1] } }]);
  }
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function verso(...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    execFile(process.execPath, [launcher, ...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

/** A relay on the folder, for whoever is on this machine. */
async function serve(config = ""): Promise<string> {
  writeFileSync(join(folder, "verso.config.mjs"), `export default { ${config} };`);
  const child = spawn(process.execPath, [launcher, "serve", "--port", "0"], { cwd: folder });
  const exited = new Promise(resolve => child.on("close", resolve));
  ends.push(() => {
    child.kill("SIGTERM");
    return exited;
  });
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", line => {
        lines.push(line);
        const found = /"url":"([^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    void exited.then(code => reject(new Error(`ended with ${code}: ${lines.join("\n")}`)));
  });
}

describe("verso prove and check-proof", () => {
  it("prove a commit to a head signed by a key of one's own", async () => {
    const made = await verso("keygen", "key.pem");
    expect(made.out).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(join(folder, "key.pem")).mode & 0o077).toBe(0);
    const proven = await verso("prove", "invoice/42", "2", "--signing-key", "key.pem");
    expect([proven.code, proven.err]).toEqual([0, ""]);
    writeFileSync(join(folder, "proof.json"), proven.out);
    for (const key of ["key.pem.pub", made.out.trim()]) {
      const checked = await verso("check-proof", "proof.json", "--key", key);
      expect([checked.code, checked.err]).toEqual([0, ""]);
      expect(checked.out).toMatch(/^proven\n {2}document {3}invoice\/42\n {2}commit {5}2-[0-9a-f]{12}\n/);
      expect(checked.out).toContain("  actor      bob\n");
      expect(checked.out).toContain(` by ${made.out}`);
    }
    const { out } = await verso("check-proof", "proof.json", "--json");
    expect(JSON.parse(out)).toMatchObject({ outcome: "proven", commit: { sequence: 2 } });
  });

  it("refuse a proof that was changed, and one of another key", async () => {
    await verso("keygen", "key.pem");
    await verso("keygen", "other.pem");
    const { out } = await verso("prove", "invoice/42", "2", "--signing-key", "key.pem");
    writeFileSync(join(folder, "proof.json"), out);
    expect(await verso("check-proof", "proof.json", "--key", "other.pem.pub")).toMatchObject({
      code: 5,
      out: expect.stringContaining("refuted (other-key)"),
    });
    writeFileSync(join(folder, "proof.json"), out.replace(/invoice\/42/g, "invoice/43"));
    expect(await verso("check-proof", "proof.json")).toMatchObject({
      code: 5,
      out: expect.stringContaining("refuted (other-head)"),
    });
  });

  it("say so when nobody vouches for the head, or one whom nobody named", async () => {
    const unsigned = await verso("prove", "invoice/42", "3");
    expect(unsigned).toMatchObject({ code: 0, err: expect.stringContaining("not signed") });
    writeFileSync(join(folder, "proof.json"), unsigned.out);
    expect((await verso("check-proof", "proof.json")).err).toContain("Nobody vouches");
    await verso("keygen", "key.pem");
    writeFileSync(
      join(folder, "proof.json"),
      (await verso("prove", "invoice/42", "3", "--signing-key", "key.pem")).out,
    );
    expect((await verso("check-proof", "proof.json")).err).toContain("a key that you did not name");
  });

  it("work at a running relay, which signs with its own key", async () => {
    await verso("keygen", "key.pem");
    const url = await serve('signing: { key: "key.pem", exportTo: "heads" }');
    const proven = await verso("prove", "invoice/42", "1", "--url", url);
    expect([proven.code, proven.err]).toEqual([0, ""]);
    writeFileSync(join(folder, "proof.json"), proven.out);
    expect((await verso("check-proof", "proof.json", "--key", "key.pem.pub")).code).toBe(0);
    expect(await verso("prove", "invoice/42", "9", "--url", url)).toMatchObject({ code: 3 });
    expect(await verso("prove", "none", "1", "--url", url)).toMatchObject({ code: 3 });
    expect(await verso("prove", "invoice/42", "1")).toMatchObject({
      code: 69,
      err: expect.stringContaining("--url"),
    });
  });

  it("answer wrong commands with what is wrong", async () => {
    await verso("keygen", "key.pem");
    const before = readFileSync(join(folder, "key.pem"), "utf8");
    expect((await verso("keygen", "key.pem")).code).toBe(2);
    expect(readFileSync(join(folder, "key.pem"), "utf8")).toBe(before);
    expect((await verso("prove", "invoice/42", "0")).code).toBe(2);
    expect((await verso("prove", "invoice/42", "4")).code).toBe(3);
    expect((await verso("prove", "invoice/42", "1", "--signing-key", "key.pem.pub")).code).toBe(2);
    expect((await verso("check-proof", "none.json")).code).toBe(3);
    expect((await verso("check-proof", "key.pem")).code).toBe(5);
  });
});

describe("verso tag", () => {
  it("names versions, lists them and lets go of them, on a folder and at a relay", async () => {
    expect((await verso("tag", "invoice/42", "first", "1")).code).toBe(0);
    const url = await serve();
    const last = await verso("tag", "invoice/42", "last one", "--url", url, "--json");
    expect(tag.parse(JSON.parse(last.out))).toMatchObject({ name: "last one", sequence: 3 });
    const list = await verso("tag", "invoice/42", "--list", "--url", url);
    expect(list.out).toMatch(/^first {5}1-\w+ .* by operator\nlast one {2}3-\w+ .* by \S+\n$/);
    expect((await verso("tag", "invoice/42", "first", "2", "--url", url)).code).toBe(1);
    expect((await verso("tag", "invoice/42", "first", "--delete", "--url", url)).code).toBe(0);
    expect((await verso("tag", "invoice/42", "first", "--delete", "--url", url)).code).toBe(3);
    for (const end of ends.splice(0)) await end();
    expect((await verso("tag", "invoice/42", "--list", "--json")).out.trim().split("\n")).toHaveLength(1);
    expect((await verso("tag", "invoice/42", "last one", "1")).code).toBe(1);
    expect((await verso("tag", "invoice/42", "v2", "9")).code).toBe(3);
    expect((await verso("tag", "none", "v2")).code).toBe(3);
    for (const wrong of [[], ["--delete"], ["a", "--list"], ["a", "1", "--delete"], [" a"], ["a", "x"]]) {
      expect((await verso("tag", "invoice/42", ...wrong)).code, wrong.join(" ")).toBe(2);
    }
  });
});

describe("verso erase", () => {
  it("erases for good, on a folder and at a relay", async () => {
    await using ledger = await openLedger({ open: () => openLevelBackend(join(folder, "data")) });
    const { log } = await ledger.open("invoice/43");
    await log.append([{ actor: { user: "ada" }, kind: "update" }]);
    await ledger.close();
    const first = await verso("erase", "invoice/42");
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^invoice\/42 {2}erased with its 3 /),
    });
    expect(await verso("erase", "invoice/42")).toEqual(first);
    expect((await verso("erase", "none")).code).toBe(3);
    const url = await serve();
    expect((await verso("erase", "invoice/43", "--url", url)).code).toBe(0);
    expect(await verso("erase", "invoice/43", "--url", url)).toMatchObject({
      code: 3,
      err: expect.stringContaining("deleted"),
    });
    for (const end of ends.splice(0)) await end();
    expect(await verso("verify", "data")).toMatchObject({
      code: 0,
      out: "0 documents, 0 commits, 0 snapshots: no issues\n",
    });
  });
});
