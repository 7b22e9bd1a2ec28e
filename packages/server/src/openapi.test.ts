/** The description of the HTTP API, held against the routes there are and against what a relay answers. */
import type { OpenApiDocument } from "@verso/protocol";
import { defaultLimits } from "@verso/validation";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import { createHttp, type HttpOptions } from "./http.js";
import { type ConfigInput, jwt } from "./index.js";
import { createAnswerCheck, type DescribedParameter, operationsOf } from "./openapi-harness.js";
import { createRelayHarness, type RelayHarness } from "./relay-harness.js";
import type { TokenStore } from "./token-store.js";

const documents: ConfigInput["documents"] = {
  "order/:id": {
    roots: { order: "map", notes: "text" },
    schema: z.object({ order: z.looseObject({ total: z.number().min(0).optional() }), notes: z.string() }),
    permissions: { "/order/locked": { update: ["nobody"], delete: ["nobody"] } },
  },
};
const order = "order%2F1";

interface Asked {
  readonly as?: string;
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The media type of the body. @default the first that is described */
  readonly type?: string;
}

let relay: RelayHarness;
let tokens: { root: string; ann: string; guest: string };
beforeEach(async () => {
  relay = createRelayHarness();
  tokens = {
    root: await relay.createToken({ user: "root", roles: ["admin", "writer"] }),
    ann: await relay.createToken({ user: "ann", roles: ["writer"] }),
    guest: await relay.createToken({ user: "guest" }),
  };
  await relay.start({
    auth: "tokens",
    access: ({ roles }, _documentId, action) =>
      action === "read" || roles.includes(action === "admin" ? "admin" : "writer"),
    documents,
  });
});
afterEach(() => relay.dispose());

async function description(): Promise<OpenApiDocument> {
  const response = await relay.get("/api/openapi.json");
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  return (await response.json()) as OpenApiDocument;
}

/** Asks the relay, and checks that its answer is one of those that the description gives. */
function createAsking(document: OpenApiDocument) {
  const answers = createAnswerCheck(document);
  const operations = new Map(operationsOf(document).map(each => [each.operationId, each]));
  const succeeded = new Set<string>();

  return {
    operations,
    succeeded,
    async ask(id: string, { as, path = {}, query = "", headers = {}, body, type: given }: Asked = {}) {
      const operation = operations.get(id);
      if (operation === undefined) throw new Error(`There is no operation ${id}.`);
      const { method } = operation;
      const [type = given] = given === undefined ? Object.keys(operation.requestBody?.content ?? {}) : [];
      const place = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => path[name] ?? order);
      const response = await fetch(relay.url + place + query, {
        method,
        headers: {
          ...headers,
          ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
          ...(body === undefined || type === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined
          ? {}
          : { body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body) }),
      });
      const text = await answers.check(operation, response);
      if (response.ok) succeeded.add(id);
      const json =
        text === "" || !/json/.test(response.headers.get("content-type") ?? "") ? null : JSON.parse(text);
      return { status: response.status, headers: response.headers, json };
    },
  };
}

/** The state of an order that was written elsewhere. */
function state(total: number): Uint8Array {
  const doc = new Y.Doc();
  doc.getMap("order").set("total", total);
  return Y.encodeStateAsUpdate(doc);
}

/** Writes as somebody, and resolves when the relay has told it to somebody else. */
async function write(id: string, token: string, edit: (doc: Y.Doc) => void): Promise<void> {
  const [writer, witness] = [await relay.open(id, { token }), await relay.open(id, { token: tokens.root })];
  const told = new Promise(resolve => witness.doc.once("update", resolve));
  edit(writer.doc);
  await told;
  for (const { provider } of [writer, witness]) provider.destroy();
}

describe("the description of the HTTP API", () => {
  it("has every route that there is, and no other", async () => {
    const described = operationsOf(await description()).map(({ method, path }) => `${method} ${path}`);
    // `/sync` is a dialect of its own, and has a specification of its own.
    const laid = routes().filter(route => !route.endsWith(" /sync"));
    expect(laid.map(nameless)).toEqual([...new Set(described)].map(nameless).sort());

    function nameless(route: string): string {
      return route.replaceAll(/\{\w+\}|:\w+/g, "*");
    }
  });

  it("is that of the relay: tokens are another's where it administers none", async () => {
    expect((await description()).paths).toHaveProperty("/api/admin/tokens");
    const keys = {
      keys: [{ kty: "oct", alg: "HS256", k: "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA" }],
    };
    await relay.start({ auth: jwt({ jwks: keys }), documents });
    expect((await description()).paths).not.toHaveProperty("/api/admin/tokens");
  });

  it("has schemas of JSON Schema 2020-12", async () => {
    const document = await description();
    const ajv = new Ajv2020();
    const parameters = operationsOf(document).flatMap(operation => operation.parameters ?? []);
    const schemas = [
      ...Object.values(document.components.schemas),
      ...parameters.map(({ schema }) => schema),
    ];
    for (const schema of schemas) expect(ajv.validateSchema(schema), JSON.stringify(schema)).toBe(true);
  });

  it("is true of what a relay answers, whatever it is asked", async () => {
    const { ask, operations, succeeded } = createAsking(await description());
    const { root, ann, guest } = tokens;
    const refusals: string[] = [];
    const refused = async (...asked: Parameters<typeof ask>) => {
      const { status, json } = await ask(...asked);
      refusals.push(`${status} ${json.code}`);
    };

    for (const id of ["describeApi", "readApiPage", "checkLiveness", "checkReadiness", "readMetrics"])
      await ask(id);

    await refused("importDocument", { as: ann, body: state(7) });
    await refused("importDocument", { as: root, body: state(-7) });
    await refused("importDocument", { as: root, body: Uint8Array.of(1, 2, 3) });
    await refused("importDocument", { as: root, path: { document: "letter" }, body: state(7) });
    await ask("importDocument", { as: root, body: state(7) });
    await refused("importDocument", { as: root, body: state(7) });
    await ask("importDocument", { as: root, path: { document: "order%2F2" }, body: state(1) });

    await refused("listDocuments");
    await refused("listDocuments", { as: `${guest}0` });
    expect((await ask("listDocuments", { as: guest, query: "?limit=1" })).json.next).toBe("order/1");
    await ask("listDocuments", { as: guest, query: "?deleted=true" });
    const etag = String((await ask("readDocument", { as: guest })).headers.get("etag"));
    expect((await ask("readDocument", { as: guest, headers: { "if-none-match": etag } })).status).toBe(304);
    await refused("readDocument", { as: guest, query: "?at=9" });
    await refused("readDocument", { as: guest, path: { document: "order%2F9" } });
    await refused("readDocument", { as: guest, path: { document: "a%2F%2Fb" } });

    await write("order/1", ann, doc => doc.getMap("order").set("total", 8));
    await write("order/1", ann, doc => doc.getMap("order").set("locked", true));
    await write("order/1", ann, doc => doc.getMap("order").set("total", -1));
    await ask("readDocument", { as: guest, query: "?at=1" });
    await ask("listChanges", { as: guest, query: "?since=1&limit=10" });
    await ask("listAllChanges", { as: guest, query: "?since=1" });
    expect((await ask("listRejections", { as: guest })).json.rejections).toHaveLength(1);
    await ask("proveCommit", { as: guest, query: "?sequence=1" });
    await refused("proveCommit", { as: guest, query: "?sequence=0" });
    await ask("compareVersions", { as: guest, query: "?from=0&to=2" });
    await ask("blame", { as: guest, query: "?pointer=/order&at=2" });
    await refused("blame", { as: guest, query: "?pointer=/order/nothing" });
    await ask("listActivity", { as: guest, query: "?user=ann" });

    expect((await ask("createTag", { as: ann, body: { name: "draft", sequence: 2 } })).status).toBe(201);
    await refused("createTag", { as: ann, body: { name: "draft", sequence: 1 } });
    await refused("createTag", { as: ann, body: { name: "final" }, headers: { "content-encoding": "x" } });
    await refused("createTag", { as: ann, body: { name: "final", text: "x".repeat(10_000) } });
    await ask("listTags", { as: guest });
    await refused("revert", { as: ann, body: { sequence: 3 } });
    await ask("undo", { as: root });
    await ask("revert", { as: ann, body: { sequence: 2 } });
    await ask("undo", { as: ann });
    await ask("redo", { as: ann, body: {} });
    await refused("undoTo", { as: ann, body: { tag: "final" } });
    await ask("deleteTag", { as: ann, path: { name: "draft" } });
    await ask("undoTo", { as: root, path: { document: "order%2F2" }, body: { sequence: 1 } });
    await ask("restore", { as: root, path: { document: "order%2F2" }, body: { sequence: 0 } });

    const forks: { id: string; fork_document_id: string }[] = [];
    for (const title of ["merged", "dropped", "refused"]) {
      forks.push((await ask("createFork", { as: guest, body: { title } })).json);
    }
    await write(forks[0]!.fork_document_id, guest, doc => doc.getText("notes").insert(0, "please"));
    await write(forks[2]!.fork_document_id, guest, doc => doc.getMap("order").set("total", -1));
    const [merged, dropped, bad] = forks.map(({ id }) => ({ fork: id }));
    await ask("listForks", { as: guest, query: "?limit=2" });
    await ask("reviewFork", { as: ann, path: merged! });
    await ask("reviewFork", { as: ann, path: bad! });
    await refused("mergeFork", { as: ann, path: bad! });
    await refused("mergeFork", { as: ann, path: dropped! });
    await refused("mergeFork", { as: ann, path: merged!, body: { revision_id: "another" } });
    await ask("mergeFork", { as: ann, path: merged! });
    await refused("mergeFork", { as: ann, path: merged! });
    await ask("dropFork", { as: guest, path: dropped! });
    await ask("reviewFork", { as: guest, path: dropped! });
    await ask("listChanges", { as: guest });

    await editAsPrograms();

    const made = await ask("createToken", {
      as: root,
      body: { user: "bob", expires_at: "2999-01-01T00:00:00Z" },
    });
    await ask("listTokens", { as: root });
    await ask("revokeToken", { as: root, path: { token: made.json.id } });
    await refused("listDocuments", { as: made.json.token });
    await refused("revokeToken", { as: root, path: { token: "nobody" } });

    await ask("deleteDocument", { as: ann, query: "?erase=true" });
    await refused("readDocument", { as: guest });
    const { changes } = (await ask("listAllChanges", { as: guest })).json;
    expect(changes.at(-1)).toMatchObject({ document_id: "order/1", kind: "erase", revision_id: null });

    expect([...succeeded].sort()).toEqual([...operations.keys()].sort());
    expect(refusals).toEqual([
      "403 forbidden",
      "422 invalid-document",
      "422 update-refused",
      "403 forbidden-document",
      "409 document-exists",
      "401 token-missing",
      "401 token-invalid",
      "404 version-unknown",
      "404 not-found",
      "400 bad-document-id",
      "400 bad-request",
      "404 pointer-unknown",
      "409 conflict",
      "400 bad-request",
      "413 too-large",
      "422 edit-refused",
      "404 not-found",
      "422 merge-refused",
      "409 fork-unchanged",
      "409 fork-changed",
      "409 fork-not-open",
      "409 document-exists",
      "403 forbidden-document",
      "422 edit-refused",
      "403 forbidden",
      "422 patch-invalid",
      "409 test-failed",
      "415 unsupported-media-type",
      "412 revision-mismatch",
      "404 base-unknown",
      "409 conflict",
      "409 conflict",
      "404 conflict-unknown",
      "422 content-invalid",
      "412 revision-mismatch",
      "410 deleted",
      "401 token-revoked",
      "404 not-found",
      "410 deleted",
    ]);

    async function editAsPrograms(): Promise<void> {
      const path = { document: "order%2F3" };
      const id = "order/3";
      const merge = "application/merge-patch+json";
      const total = (value: number) => [{ op: "add", path: "/order/total", value }];
      const created = await ask("createDocument", {
        as: ann,
        body: { id, content: { order: { total: 1 } } },
      });
      const etag = String(created.headers.get("etag"));
      await refused("createDocument", { as: ann, body: { id, content: {} } });
      await refused("createDocument", { as: ann, body: { content: {} } });
      await ask("patchDocument", { as: ann, path, body: total(2), headers: { "if-match": etag } });
      await refused("patchDocument", { as: ann, path, body: total(-1) });
      await refused("patchDocument", { as: guest, path, body: total(3) });
      await refused("patchDocument", { as: ann, path, body: [{ op: "remove", path: "/order/nothing" }] });
      await refused("patchDocument", { as: ann, path, body: [{ op: "test", path: "/notes", value: "x" }] });
      await refused("patchDocument", { as: ann, path, body: [], type: "application/json" });
      await refused("patchDocument", { as: ann, path, body: total(3), headers: { "if-match": etag } });
      await refused("patchDocument", { as: ann, path, body: total(3), query: "?base=1-000000000000" });
      await ask("patchDocument", { as: ann, path, body: { notes: "soon" }, type: merge });
      await ask("patchDocument", { as: ann, path, body: { order: { total: 2 } }, type: merge });

      const base = `?base=${etag.slice(1, -1)}`;
      await refused("patchDocument", { as: ann, path, body: total(3), query: `${base}&strategy=reject` });
      await refused("patchDocument", { as: ann, path, body: total(3), query: `${base}&strategy=manual` });
      const { conflicts } = (await ask("listConflicts", { as: guest, path })).json;
      const conflict = { ...path, conflict: conflicts[0].conflict_id };
      await ask("resolveConflict", { as: ann, path: conflict, body: { take: "yours" } });
      await refused("resolveConflict", { as: ann, path: conflict, body: { take: "theirs" } });

      await ask("replaceDocument", { as: ann, path, body: { content: { order: { total: 4 } } } });
      await ask("replaceDocument", { as: ann, path: { document: "order%2F4" }, body: { content: {} } });
      await refused("replaceDocument", { as: ann, path, body: { content: { nothing: 1 } } });
      await refused("replaceDocument", {
        as: ann,
        path,
        body: { content: {} },
        headers: { "if-none-match": "*" },
      });
      const edits = [
        { id: "1", document_id: id, op: "patch", patch: total(5) },
        { id: "2", document_id: id, op: "patch", patch: total(-5) },
        { id: "3", document_id: "order/4", op: "delete" },
        { id: "4", document_id: "order/5", op: "create", content: {} },
      ];
      const { answers } = (await ask("editDocuments", { as: ann, body: { edits } })).json;
      expect(answers.map((answer: { status: number }) => answer.status)).toEqual([200, 422, 200, 201]);
      await ask("deleteDocument", { as: ann, path });
      await refused("readDocument", { as: guest, path });
    }
  });

  it("names parameters and bodies that the relay does look at", async () => {
    const { ask, operations } = createAsking(await description());
    const as = tokens.root;
    await ask("importDocument", { as, body: state(7) });
    for (const [id, { parameters = [], requestBody }] of operations) {
      const queried = parameters.filter(parameter => parameter.in === "query");
      const bytes = requestBody !== undefined && "application/octet-stream" in requestBody.content;
      for (const { name } of queried) {
        const given = queried
          .filter(parameter => parameter.required || parameter.name === name)
          .map(parameter => `${parameter.name}=${parameter.schema.const ?? 1}`);
        const query = `?${given.join("&")}&${given.find(each => each.startsWith(`${name}=`))}`;
        const { status, json } = await ask(id, { as, query, ...(bytes && { body: state(7) }) });
        expect([status, json.detail], `${id}: ${name} given twice`).toEqual([
          400,
          expect.stringContaining(`"${name}"`),
        ]);
      }
      const isBounded = ({ schema }: DescribedParameter) => "maxLength" in schema || "const" in schema;
      const ofHeader = parameters.filter(parameter => parameter.in === "header" && isBounded(parameter));
      for (const { name } of ofHeader) {
        const { status } = await ask(id, { as, headers: { [name]: "x".repeat(300) } });
        expect(status, `${id}: a bad ${name}`).toBe(400);
      }
      if (requestBody === undefined || bytes) continue;
      const { status } = await ask(id, { as, body: { "no such member": 1 } });
      expect(status, `${id}: a body with a member that is unknown`).toBe(400);
    }
  });
});

interface Layer {
  readonly rawPath: unknown;
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** The routes of a relay that has everything, sorted: `GET /api/documents/:id`. */
function routes(): string[] {
  // They are laid before anything is asked of what answers them.
  const options = { limits: defaultLimits, tokens: {} as TokenStore, pages: {} } as HttpOptions;
  const { router } = createHttp(options);
  // Express's types leave out how a router keeps the paths at which others are mounted.
  const stack = router.stack as unknown as readonly Layer[];
  return [...new Set(routesOf(stack, ""))].sort();
}

function* routesOf(stack: readonly Layer[], mount: string): Generator<string> {
  for (const { rawPath, route, handle } of stack) {
    if (route !== undefined) {
      // What answers at every path says that there is nothing.
      if (String(route.path).includes("{*")) continue;
      const place = (mount + String(route.path)).replace(/(.)\/$/, "$1");
      for (const method of Object.keys(route.methods)) yield `${method.toUpperCase()} ${place}`;
    } else if (handle.stack !== undefined) {
      if (typeof rawPath !== "string") throw new Error("A router is mounted at what is no path.");
      yield* routesOf(handle.stack, rawPath === "/" ? mount : mount + rawPath);
    }
  }
}
