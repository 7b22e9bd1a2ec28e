import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTcp } from "node:net";
import { changePage, createdToken, encodeSyncStep1, tokenList } from "@verso/protocol";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { anonymous, type Credentials, jwt, tokens } from "./index.js";
import { arrival, bearing, createRelayHarness, problemOf, type RelayHarness } from "./relay-harness.js";

let relay: RelayHarness;
beforeEach(() => {
  relay = createRelayHarness();
});
afterEach(() => relay.dispose());

/** Who wrote the commits of a document, when there are so many. */
async function authors(documentId: string, count: number, token?: string): Promise<string[]> {
  for (;;) {
    const response = await relay.get(`/api/documents/${encodeURIComponent(documentId)}/changes`, token);
    if (response.status === 404) continue;
    const { changes } = changePage.parse(await response.json());
    if (changes.length >= count) return changes.map(change => change.user_id);
  }
}

describe("anonymous", () => {
  it("lets in whoever comes, and calls everybody the same", async () => {
    await relay.start();
    const { doc } = await relay.open("notes", { params: { name: "Ann" } });
    doc.getText("t").insert(0, "x");
    expect(await authors("notes", 1)).toEqual(["anonymous"]);
  });

  it("takes a name where that is allowed, and knows what the configuration says of it", async () => {
    const asked: (string | null)[] = [];
    await relay.start({
      auth: anonymous({ allowName: true, roles: name => (name === "Ann" ? ["editor"] : []) }),
      access(actor, _documentId, action) {
        if (action === "write") asked.push(actor.roles.includes("editor") ? actor.user : null);
        return action !== "write" || actor.roles.includes("editor");
      },
    });
    await relay.open("notes");
    const { doc } = await relay.open("notes", { params: { name: "Ann" } });
    doc.getText("t").insert(0, "x");
    expect(await authors("notes", 1)).toEqual(["Ann"]);
    expect(asked).toEqual([null, "Ann"]);
  });

  it("refuses a name that is none", async () => {
    await relay.start({ auth: anonymous({ allowName: true }) });
    for (const name of ["%00", "", "x".repeat(65)]) {
      const { closed } = relay.connect(`/yjs/notes?name=${name}`);
      expect(await closed).toMatchObject({ code: 4400, reason: expect.stringContaining("bad-request") });
      expect(await problemOf(await relay.get(`/api/documents?name=${name}`))).toEqual({
        status: 400,
        code: "bad-request",
      });
    }
  });
});

describe("an API token", () => {
  it("is shown by stock clients as a subprotocol, and by programs as a bearer", async () => {
    const ann = await relay.createToken({ user: "ann", tenant: "acme", roles: ["editor"] });
    const bob = await relay.createToken({ user: "bob" });
    await relay.start({ auth: "tokens" });
    const [hers, his] = [
      await relay.open("notes", { token: ann }),
      await relay.open("notes", { token: bob }),
    ];
    hers.doc.getText("t").insert(0, "hello");
    await arrival(his.doc, () => his.doc.getText("t").toString() === "hello");
    his.doc.getText("t").insert(5, " you");
    expect(await authors("notes", 2, bob)).toEqual(["ann", "bob"]);
    expect((await relay.get("/api/documents", ann)).status).toBe(200);
    const { socket, opened } = relay.connect("/yjs/notes", { headers: { authorization: `Bearer ${ann}` } });
    await opened;
    expect(socket.protocol).toBe("");
  });

  it("is never sent back: the relay chooses the name of the dialect, or nothing", async () => {
    const token = await relay.createToken({ user: "ann" });
    await relay.start({ auth: "tokens" });
    for (const protocols of [bearing(token), bearing(token).reverse()]) {
      const { socket, opened } = relay.connect("/yjs/notes", { protocols });
      await opened;
      expect(socket.protocol).toBe("y-websocket");
    }
    const { opened } = relay.connect("/yjs/notes", { protocols: [`bearer.${token}`] });
    await expect(opened).rejects.toThrow("Server sent no subprotocol");
  });

  it("is taken from the URL only where the operator allows it, and for WebSockets only", async () => {
    const token = await relay.createToken({ user: "ann" });
    await relay.start({ auth: "tokens" });
    const { closed } = relay.connect(`/yjs/notes?token=${token}`);
    expect(await closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token-missing") });
    await relay.start({ auth: "tokens", tokenInUrl: true });
    await relay.open("notes", { params: { token } });
    expect(await problemOf(await relay.get(`/api/documents?token=${token}`))).toMatchObject({
      code: "token-missing",
    });
  });

  it("that is missing, garbage or somebody else's is refused for good", async () => {
    const ann = await relay.createToken({ user: "ann" });
    const bob = await relay.createToken({ user: "bob" });
    await relay.start({ auth: "tokens" });
    const [annId] = ann.split(".");
    const [, bobSecret] = bob.split(".");
    const flipped = ann.slice(0, -1) + (ann.endsWith("A") ? "B" : "A");
    const wrong = ["garbage", `${annId}.${bobSecret}`, flipped, `${ann}x`, "a.b", `x.${"y".repeat(48)}`];
    for (const [token, code] of [[undefined, "token-missing"], ...wrong.map(w => [w, "token-invalid"])]) {
      const protocols = token === undefined ? [] : bearing(token);
      const { closed } = relay.connect("/yjs/notes", { protocols });
      expect(await closed, token).toMatchObject({ code: 4401, reason: expect.stringContaining(`${code}: `) });
      const response = await relay.get("/api/documents", token);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
      expect(await problemOf(response), token).toEqual({ status: 401, code });
    }
  });

  it("that is refused makes a stock client give up, and say why", async () => {
    await relay.start({ auth: "tokens" });
    const { provider } = relay.visit("notes", { token: "garbage" });
    const end = await new Promise(resolve => provider.once("closed", resolve));
    expect(end).toEqual({ code: 4401, reason: "token-invalid: the token is not valid" });
    expect(provider.shouldConnect).toBe(false);
  });

  it("ends with its time, in mid-session too", async () => {
    const token = await relay.createToken({ user: "ann" }, { expires: Date.now() + 1000 });
    await relay.start({ auth: "tokens" });
    const { opened, closed } = relay.connect("/yjs/notes", { protocols: bearing(token) });
    await opened;
    expect(await closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token-expired") });
    expect(await problemOf(await relay.get("/api/documents", token))).toMatchObject({
      status: 401,
      code: "token-expired",
    });
  });

  it("that is revoked ends its sessions at once, those of others not, and holds no more after a restart", async () => {
    const admin = await relay.createToken({ user: "root", roles: ["admin"] });
    await relay.start({ auth: "tokens" });
    const body = { user: "ann", roles: ["editor"], expires_at: "2999-01-01T00:00:00Z" };
    const created = await relay.send("POST", "/api/admin/tokens", { token: admin, body });
    expect(created.status).toBe(201);
    expect(created.headers.get("cache-control")).toBe("no-store");
    const { id, token } = createdToken.parse(await created.json());
    const sessions = ["/yjs/notes", "/yjs/other"].map(path =>
      relay.connect(path, { protocols: bearing(token) }),
    );
    const bystander = relay.connect("/yjs/notes", { protocols: bearing(admin) });
    await Promise.all([...sessions, bystander].map(({ opened }) => opened));

    expect((await relay.send("DELETE", `/api/admin/tokens/${id}`, { token: admin })).status).toBe(200);
    for (const { closed } of sessions) {
      expect(await closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token-revoked") });
    }
    expect(bystander.socket.readyState).toBe(bystander.socket.OPEN);
    for (const restart of [false, true]) {
      if (restart) await relay.start({ auth: "tokens" });
      const again = relay.connect("/yjs/notes", { protocols: bearing(token) });
      expect(await again.closed).toMatchObject({ code: 4401, reason: expect.stringContaining("revoked") });
      expect(await problemOf(await relay.get("/api/documents", token))).toMatchObject({
        code: "token-revoked",
      });
    }
    const list = tokenList.parse(await (await relay.get("/api/admin/tokens", admin)).json());
    expect(list.tokens.find(each => each.id === id)).toMatchObject({
      user: "ann",
      roles: ["editor"],
      expires_at: "2999-01-01T00:00:00.000Z",
      revoked_at: expect.any(String),
    });
  });
});

describe("the administration of tokens", () => {
  it("is for administrators, and there is none where there are no tokens", async () => {
    const ann = await relay.createToken({ user: "ann" });
    await relay.start({ auth: "tokens" });
    for (const [method, path] of [
      ["GET", "/api/admin/tokens"],
      ["POST", "/api/admin/tokens"],
      ["DELETE", "/api/admin/tokens/x"],
    ] as const) {
      expect(await problemOf(await relay.send(method, path))).toMatchObject({ status: 401 });
      expect(await problemOf(await relay.send(method, path, { token: ann }))).toEqual({
        status: 403,
        code: "forbidden",
      });
    }
    await relay.start({ auth: anonymous({ roles: ["admin"] }) });
    expect(await problemOf(await relay.get("/api/admin/tokens"))).toMatchObject({ code: "not-found" });
  });

  it("lists page by page, without secrets, and says what it cannot read", async () => {
    const admin = await relay.createToken({ user: "root", roles: ["admin"] });
    for (const user of ["ann", "bob"]) await relay.createToken({ user });
    await relay.start({ auth: "tokens" });
    const text = await (await relay.get("/api/admin/tokens?limit=2", admin)).text();
    expect(text).not.toContain("argon2");
    const first = tokenList.parse(JSON.parse(text));
    const rest = tokenList.parse(
      await (await relay.get(`/api/admin/tokens?limit=2&after=${first.next}`, admin)).json(),
    );
    const users = [...first.tokens, ...rest.tokens].map(({ user }) => user);
    expect(users.sort()).toEqual(["ann", "bob", "root"]);
    expect(rest.next).toBeNull();

    for (const body of [
      {},
      { user: "" },
      { user: "x", role: "admin" },
      { user: "x", expires_at: "soon" },
      [],
    ]) {
      const response = await relay.send("POST", "/api/admin/tokens", { token: admin, body });
      expect(await problemOf(response), JSON.stringify(body)).toEqual({ status: 400, code: "bad-request" });
    }
    const large = { user: "x", roles: ["y".repeat(70_000)] };
    const tooLarge = await relay.send("POST", "/api/admin/tokens", { token: admin, body: large });
    expect(await problemOf(tooLarge)).toEqual({ status: 413, code: "too-large" });
    const none = await relay.send("DELETE", "/api/admin/tokens/none", { token: admin });
    expect(await problemOf(none)).toEqual({ status: 404, code: "not-found" });
  });
});

describe("a token that its owner has made up", () => {
  const made = `carl.${"c".repeat(40)}`;

  it("registers him where that is allowed, and from then on nobody else", async () => {
    await relay.createToken({ user: "ann" });
    const asked: string[] = [];
    const register = (id: string) => {
      asked.push(id);
      return id === "nobody" ? null : { user: id, roles: ["guest"] };
    };
    await relay.start({ auth: tokens({ register }) });
    const { doc } = await relay.open("notes", { token: made });
    doc.getText("t").insert(0, "x");
    expect(await authors("notes", 1, made)).toEqual(["carl"]);
    const refusedTokens = [
      `carl.${"d".repeat(40)}`,
      `nobody.${"e".repeat(40)}`,
      `ann.${"f".repeat(40)}`,
      "eve.short",
    ];
    for (const token of refusedTokens) {
      expect(await problemOf(await relay.get("/api/documents", token)), token).toMatchObject({
        code: "token-invalid",
      });
    }
    expect(asked).toEqual(["carl", "nobody", "ann"]);
    await relay.start({ auth: tokens({ register }) });
    expect((await relay.get("/api/documents", made)).status).toBe(200);
  });

  it("is refused where it is not", async () => {
    await relay.start({ auth: "tokens" });
    expect(await problemOf(await relay.get("/api/documents", made))).toMatchObject({ code: "token-invalid" });
  });

  it("is one man's, also when two come at once", async () => {
    await relay.start({ auth: tokens({ register: id => ({ user: id }) }) });
    const claims = ["a", "b", "c"].map(letter => `carl.${letter.repeat(40)}`);
    const answers = await Promise.all(claims.map(token => relay.get("/api/documents", token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });
});

describe("a JSON Web Token", () => {
  const secret = "0123456789abcdef0123456789abcdef";
  const issuer = "https://id.example";
  const aud = "verso";
  const sign = (claims: Record<string, unknown>, key = secret) =>
    new SignJWT({ sub: "ann", iss: issuer, exp: Math.floor(Date.now() / 1000) + 60, ...claims })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(key));

  it("says who somebody is, in claims that the configuration names", async () => {
    const seen: unknown[] = [];
    await relay.start({
      auth: jwt({
        secret,
        issuer,
        audience: "verso",
        claims: { user: "email", roles: "/realm_access/roles", compartments: "scope" },
      }),
      access(actor) {
        seen.push(actor);
        return true;
      },
    });
    const token = await sign({
      aud: ["other", "verso"],
      email: "ann@example.org",
      tenant: "acme",
      realm_access: { roles: ["editor", "admin"] },
      scope: "red  blue",
      clearance: 2,
    });
    await relay.open("notes", { token });
    expect(seen[0]).toEqual({
      user: "ann@example.org",
      authenticated: true,
      session: expect.any(String),
      tenant: "acme",
      roles: ["editor", "admin"],
      clearance: 2,
      compartments: ["red", "blue"],
    });
  });

  it.each<[string, () => Promise<string>, string]>([
    ["signed by somebody else", () => sign({ aud }, "another secret of thirty-two bytes"), "token-invalid"],
    ["that has expired", () => sign({ aud, exp: 1 }), "token-expired"],
    ["without an end", () => sign({ aud, exp: undefined }), "token-invalid"],
    ["of nobody", () => sign({ aud, sub: undefined }), "token-invalid"],
    ["with roles that are none", () => sign({ aud, roles: { admin: true } }), "token-invalid"],
    ["with a clearance that is none", () => sign({ aud, clearance: "top" }), "token-invalid"],
    ["of another issuer", () => sign({ aud, iss: "https://evil.example" }), "token-invalid"],
    ["for another audience", () => sign({ aud: "other" }), "token-invalid"],
    ["that is unsigned", async () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"x"}')}.`, "token-invalid"],
    ["that is none", async () => "rubbish", "token-invalid"],
  ])("%s is refused", async (_, make, code) => {
    await relay.start({ auth: jwt({ secret, issuer: [issuer], audience: aud }) });
    expect((await relay.get("/api/documents", await sign({ aud }))).status).toBe(200);
    const token = await make();
    expect(await problemOf(await relay.get("/api/documents", token))).toEqual({ status: 401, code });
    const { closed } = relay.connect("/yjs/notes", { protocols: bearing(token.replaceAll("=", "")) });
    expect(await closed).toMatchObject({ code: 4401 });
  });

  it("ends its session when it expires", async () => {
    await relay.start({ auth: jwt({ secret, clockTolerance: 0 }) });
    const token = await sign({ exp: Math.ceil(Date.now() / 1000) + 1 });
    const { opened, closed } = relay.connect("/yjs/notes", { protocols: bearing(token) });
    await opened;
    expect(await closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token-expired") });
  });

  it("is checked with public keys, given or fetched; when they cannot be fetched, the client comes back", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256" }] };
    let status = 200;
    const publisher = createServer((_request, response) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(keys));
    });
    await new Promise<void>(resolve => publisher.listen(0, "127.0.0.1", resolve));
    const published = `http://127.0.0.1:${(publisher.address() as AddressInfo).port}/keys`;
    const token = await new SignJWT({ sub: "ann", exp: Math.floor(Date.now() / 1000) + 60 })
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .sign(privateKey);
    try {
      for (const jwks of [keys, published]) {
        await relay.start({ auth: jwt({ jwks }) });
        expect((await relay.get("/api/documents", token)).status).toBe(200);
        // Signed with the public key as if it were a shared secret.
        const forged = await sign({}, JSON.stringify(keys.keys[0]));
        expect((await relay.get("/api/documents", forged)).status).toBe(401);
      }
      status = 500;
      await relay.start({ auth: jwt({ jwks: published }) });
      expect(await problemOf(await relay.get("/api/documents", token))).toEqual({
        status: 503,
        code: "unavailable",
      });
      const { closed } = relay.connect("/yjs/notes", { protocols: bearing(token) });
      expect(await closed).toMatchObject({ code: 4503 });
    } finally {
      publisher.close();
    }
  });

  it.each([
    [{}],
    [{ secret, jwks: { keys: [] } }],
    [{ secret: "short" }],
    [{ jwks: "no URL" }],
    [{ jwks: { nokeys: [] } as never }],
    [{ secret, claims: { roles: "/a~2" } }],
  ])("cannot be configured by %j", options => {
    expect(() => jwt(options)).toThrow(expect.objectContaining({ code: "config-invalid", path: "auth" }));
  });
});

describe("a function of one's own", () => {
  it("is given what the client shows, and says who it is", async () => {
    const shown: Credentials[] = [];
    await relay.start({
      auth: async credentials => {
        shown.push(credentials);
        return credentials.headers.cookie === "session=1" ? { user: "ann" } : null;
      },
    });
    const response = await fetch(`${relay.url}/api/documents`, { headers: { cookie: "session=1" } });
    expect(response.status).toBe(200);
    expect(shown[0]).toMatchObject({ token: null, address: "127.0.0.1" });
    expect(await problemOf(await relay.get("/api/documents"))).toMatchObject({ code: "token-missing" });
    expect(await problemOf(await relay.get("/api/documents", "x"))).toMatchObject({ code: "token-invalid" });
  });

  it("may set an end", async () => {
    await relay.start({ auth: () => ({ user: "ann", expires: Date.now() + 500 }) });
    const { opened, closed } = relay.connect("/yjs/notes");
    await opened;
    expect(await closed).toMatchObject({ code: 4401, reason: expect.stringContaining("token-expired") });
  });

  it.each([
    ["throws", () => Promise.reject(new Error("no database")), 4500, { status: 500, code: "internal" }],
    ["answers with nobody", () => ({ user: "" }), 4500, { status: 500, code: "internal" }],
    ["takes too long", () => new Promise<null>(() => {}), 4503, { status: 503, code: "unavailable" }],
  ])("that %s lets nobody in, and is our failure", async (_, auth, closeCode, problem) => {
    await relay.start({ auth, authDeadline: 100 });
    const { closed } = relay.connect("/yjs/notes");
    expect(await closed).toMatchObject({ code: closeCode });
    expect(await problemOf(await relay.get("/api/documents"))).toEqual(problem);
  });

  it("may quote the token in what it throws: the log has the rest", async () => {
    await relay.start({
      auth: ({ token }) => {
        throw new Error(`no user for ${token}`, { cause: new Error(`${token} is not in the table`) });
      },
    });
    const token = "a-token-of-another-system";
    expect(await relay.connect("/yjs/notes", { protocols: bearing(token) }).closed).toMatchObject({
      code: 4500,
    });
    expect((await relay.get("/api/documents", token)).status).toBe(500);
    expect(relay.log).toContain("no user for");
    expect(relay.log).toContain("is not in the table");
    expect(relay.log).not.toContain(token);
  });

  it("is waited for: what a client sends meanwhile is not lost, and nothing of it is looked at", async () => {
    const [asked, admitted] = [deferred<void>(), deferred<{ user: string }>()];
    await relay.start({
      auth: () => {
        asked.resolve();
        return admitted.promise;
      },
    });
    const { hostname, port, host } = new URL(relay.url);
    const socket = connectTcp(Number(port), hostname);
    let received = "";
    const answered = deferred<void>();
    socket.on("data", data => {
      received += data.toString("latin1");
      // The handshake, and behind it the first frame: an answer to the step 1.
      if (received.includes("\r\n\r\n\x82")) answered.resolve();
    });
    const step1 = encodeSyncStep1(Y.encodeStateVector(new Y.Doc()));
    socket.write(
      `GET /yjs/notes HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    // Masked with zeros.
    socket.write(Buffer.concat([Buffer.of(0x82, 0x80 | step1.length, 0, 0, 0, 0), step1]));
    await asked.promise;
    expect(received).toBe("");
    admitted.resolve({ user: "ann" });
    await answered.promise;
    expect(received).toContain("101 Switching Protocols");
    socket.destroy();
  });

  it("is not waited for by a relay that closes", async () => {
    const asked = deferred<void>();
    await relay.start({
      auth: () => {
        asked.resolve();
        return new Promise<null>(() => {});
      },
    });
    const { opened } = relay.connect("/yjs/notes");
    await asked.promise;
    await Promise.all([relay.stop(), expect(opened).rejects.toThrow("socket hang up")]);
  });
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>(resolved => {
    resolve = resolved;
  });
  return { promise, resolve };
}
