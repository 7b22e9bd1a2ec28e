import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createdToken, tokenDescription } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const launcher = fileURLToPath(new URL("../bin/verso.js", import.meta.url));

let folder: string;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verso-token-"));
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that any process of a test has written. */
const written: string[] = [];
beforeEach(() => {
  written.length = 0;
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function verso(args: string[], environment: Record<string, string> = {}): Promise<Outcome> {
  const env = { ...process.env, ...environment };
  return new Promise(resolve => {
    execFile(process.execPath, [launcher, ...args], { cwd: folder, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

/** A relay that listens; it is stopped when the test is over. */
async function serve(...args: string[]): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const all = ["serve", "--port", "0", "--auth", "tokens", "--log-level", "debug", ...args];
  const child = spawn(process.execPath, [launcher, ...all], { cwd: folder });
  const exited = new Promise(resolve => child.on("close", resolve));
  const stop = () => {
    child.kill("SIGTERM");
    return exited;
  };
  ends.push(stop);
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", line => {
        written.push(line);
        const found = /"url":"([^"]+)"/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    void exited.then(code => reject(new Error(`ended with ${code}: ${written.join("\n")}`)));
  });
  return { url, stop };
}

async function create(...args: string[]): Promise<string> {
  const { code, out, err } = await verso(["token", "create", ...args]);
  expect(code, err).toBe(0);
  return out.trim();
}

const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const idOf = (token: string) => token.split(".")[0] ?? "";

describe("verso token on a folder", () => {
  it("creates the first token before the first start, and shows the secret once", async () => {
    const { code, out, err } = await verso(["token", "create", "--user", "root", "--roles", "admin, editor"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^[\w-]{12}\.[\w-]{48}\n$/);
    expect(err).toContain("roles admin,editor");
    expect(err).toContain("cannot be shown again");
    const [id = "", secret = ""] = out.trim().split(".");
    const listed = await verso(["token", "list"]);
    expect(listed.out).toContain(id);
    expect(listed.out + listed.err + err).not.toContain(secret);
    const { url } = await serve();
    expect((await fetch(`${url}/api/admin/tokens`, bearing(out.trim()))).status).toBe(200);
  });

  it("keeps all that is said of a user", async () => {
    const { out } = await verso([
      ...["token", "create", "--json", "--user", "ann", "--roles", "editor", "--tenant", "acme"],
      ...["--clearance", "2", "--compartments", "red,blue", "--expires", "2999-01-01"],
    ]);
    const { token, ...description } = createdToken.parse(JSON.parse(out));
    expect(description).toMatchObject({
      user: "ann",
      roles: ["editor"],
      tenant: "acme",
      clearance: 2,
      compartments: ["red", "blue"],
      expires_at: "2999-01-01T00:00:00.000Z",
      revoked_at: null,
    });
    const listed = await verso(["token", "list", "--json"]);
    expect(tokenDescription.parse(JSON.parse(listed.out))).toEqual(description);
    expect((await verso(["token", "list"])).out).toBe(
      `${idOf(token)}  ann of acme  roles editor  clearance 2  compartments red,blue  valid until 2999-01-01T00:00:00.000Z\n`,
    );
  });

  it("revokes, and says so in the list", async () => {
    const token = await create("--user", "ann", "--expires", "30d");
    const revoked = await verso(["token", "revoke", idOf(token)]);
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining("revoked 2") });
    expect((await verso(["token", "list"])).out).toBe(revoked.out);
    expect(await verso(["token", "revoke", "none"])).toMatchObject({
      code: 3,
      err: expect.stringContaining("not-found"),
    });
  });

  it("lists and revokes in no store that is not there, and makes none", async () => {
    for (const args of [["list"], ["revoke", "x"]]) {
      expect((await verso(["token", ...args, "--data", "nowhere"])).code).toBe(3);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("sends those to the relay who come while it runs", async () => {
    await create("--user", "ann");
    await serve();
    expect(await verso(["token", "list"])).toMatchObject({ code: 69, err: expect.stringContaining("--url") });
  });

  it.each([
    [["token"], "Usage"],
    [["token", "create"], "--user"],
    [["token", "create", "--user", "ann", "--expires", "soon"], "ISO date"],
    [["token", "create", "--user", "ann", "--expires", "2001-01-01"], "over already"],
    [["token", "create", "--user", "ann", "--expires", "0d"], "over already"],
    [["token", "create", "--user", "ann", "--clearance", "-1"], "whole number"],
    [["token", "create", "--user", ""], "user"],
    [["token", "list", "--url", "http://localhost", "--data", "x"], "cannot be used with"],
    [["token", "list", "--url", "nonsense"], "no URL"],
    [["token", "bogus"], "unknown command"],
  ])("ends with 2 for a wrong command line: %j", async (args, message) => {
    expect(await verso(args)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("verso token at a running relay", () => {
  it("creates, lists and revokes", async () => {
    const admin = await create("--user", "root", "--roles", "admin");
    const { url } = await serve();
    const environment = { VERSO_URL: url, VERSO_TOKEN: admin };
    const made = await verso(["token", "create", "--user", "ann", "--roles", "editor"], environment);
    const token = made.out.trim();
    expect((await fetch(`${url}/api/documents`, bearing(token))).status).toBe(200);
    expect((await verso(["token", "list"], environment)).out).toContain("ann  roles editor  valid since");
    expect((await verso(["token", "revoke", idOf(token), "--url", url, "--token", admin])).code).toBe(0);
    expect((await fetch(`${url}/api/documents`, bearing(token))).status).toBe(401);
    expect((await verso(["token", "list"], environment)).out).toContain("ann  roles editor  revoked");
  });

  it("ends with 4 when the token is none or may not, 3 for no such token, 69 when nobody answers", async () => {
    const [admin, ann] = [await create("--user", "root", "--roles", "admin"), await create("--user", "ann")];
    const { url, stop } = await serve();
    const at = (token: string) => ["--url", url, "--token", token];
    expect(await verso(["token", "list", ...at("garbage")])).toMatchObject({
      code: 4,
      err: expect.stringContaining("token-invalid"),
    });
    expect(await verso(["token", "list", "--url", url])).toMatchObject({ code: 4 });
    expect(await verso(["token", "list", ...at(ann)])).toMatchObject({ code: 4 });
    expect(await verso(["token", "revoke", "none", ...at(admin)])).toMatchObject({ code: 3 });
    await stop();
    expect(await verso(["token", "list", ...at(admin)])).toMatchObject({
      code: 69,
      err: expect.stringContaining("relay-unreachable"),
    });
  });
});

describe("a secret", () => {
  it("stands in no log, no problem and no reason for closing, wherever it was shown", async () => {
    writeFileSync(
      join(folder, "verso.config.mjs"),
      `export default {
        tokenInUrl: true,
        access: (actor, id) => {
          if (id === "failing") throw new Error("no answer");
          return id !== "forbidden" && (id !== null || actor.roles.includes("admin"));
        },
      };`,
    );
    const admin = await create("--user", "root", "--roles", "admin");
    const expiring = await create("--user", "ann", "--expires", "1m");
    const revoked = await create("--user", "bob");
    await verso(["token", "revoke", idOf(revoked)]);
    const { url, stop } = await serve();
    const given = await verso(["token", "create", "--user", "eve", "--url", url, "--token", admin]);
    const late = given.out.trim();

    const tokens = [admin, expiring, revoked, late, `${admin}x`, `${idOf(admin)}.${"s".repeat(48)}`];
    const secrets = tokens.map(token => token.slice(token.indexOf(".") + 1));
    for (const token of tokens) {
      for (const path of [
        "documents",
        "documents/none",
        "documents/forbidden",
        "documents/failing",
        "nothing",
      ]) {
        const response = await fetch(`${url}/api/${path}?token=${token}&limit=0`, bearing(token));
        written.push(`${JSON.stringify([...response.headers])} ${await response.text()}\n`);
      }
      const listed = await fetch(`${url}/api/admin/tokens`, bearing(token));
      written.push(await listed.text());
      for (const id of ["notes", "forbidden", "failing", "a%00b"]) {
        written.push(await ending(url, `/yjs/${id}?token=${token}`));
        written.push(await ending(url, `/yjs/${id}`, ["y-websocket", `bearer.${token}`]));
      }
    }
    const revoking = await verso(["token", "revoke", idOf(late), "--url", url], { VERSO_TOKEN: admin });
    written.push(revoking.out + revoking.err);
    await stop();

    const all = written.join("\n");
    expect(all).toContain("was turned away");
    for (const told of ["token-revoked: ", "forbidden: ", "internal: ", "malformed-message: "]) {
      expect(all).toContain(told);
    }
    expect(all).toContain("no answer");
    for (const secret of secrets) expect(all).not.toContain(secret);
  });
});

/** All bytes that the opening of a WebSocket brings, until it is closed; it says something that makes the relay close. */
function ending(url: string, path: string, protocols: string[] = []): Promise<string> {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...(protocols.length === 0 ? {} : { "sec-websocket-protocol": protocols.join(", ") }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url + path, { headers });
    asked.on("upgrade", (response, socket, head) => {
      let heard = `${JSON.stringify(response.headers)} ${head.toString("latin1")}`;
      socket.on("data", data => {
        heard += data.toString("latin1");
      });
      socket.on("end", () => resolve(`${heard}\n`));
      // Masked with zeros: text, which is no message here, and behind it the frame that closes.
      socket.write(Buffer.from("818200000000", "hex"));
      socket.write(Buffer.concat([Buffer.from("no"), Buffer.from("888000000000", "hex")]));
    });
    asked.on("error", reject).end();
  });
}
