/**
 * Whatever a relay is asked, it answers as its description says: every operation of the OpenAPI document, with values made
 * from its schemas and with hostile ones. It never fails at a request, and what is refused changes nothing.
 *
 * Bounded by time, for the default number of cases some 20 seconds.
 */
import { createRandom, type Random } from "@verso/bridge/testing";
import { batchAnswer, documentList, type OpenApiDocument, problem } from "@verso/protocol";
import { expect, it } from "vitest";
import * as Y from "yjs";
import { z } from "zod";
import type { ConfigInput } from "./index.js";
import {
  type AnswerCheck,
  createAnswerCheck,
  type DescribedOperation,
  type DescribedParameter,
  operationsOf,
} from "./openapi-harness.js";
import { createRelayHarness, type RelayHarness } from "./relay-harness.js";

const seed = Number(process.env.VERSO_SEED ?? 1);
/** Milliseconds. */
const longestAnswer = 30_000;
const duration = 20 * Number(process.env.VERSO_CASES ?? 1000);

const documents: ConfigInput["documents"] = {
  "order/:id": {
    roots: { order: "map", notes: "text" },
    schema: z.object({ order: z.looseObject({ total: z.number().min(0).optional() }), notes: z.string() }),
  },
  "*": { texts: ["/document/content/text"] },
};
/** Their documents are there at the beginning, but for the last ones. */
const ids = ["plan", "order/1", "a/b c", "Ünï", "other", "new", "order/2", "~fork/x", "__proto__"];

interface Sent {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

it("a relay answers whatever it is asked as it is described, and refusals change nothing", {
  timeout: duration + 100_000,
}, async () => {
  const relay = createRelayHarness();
  try {
    await fuzz(relay);
  } finally {
    await relay.dispose();
  }
});

async function fuzz(relay: RelayHarness): Promise<void> {
  const tokens = {
    root: await relay.createToken({ user: "root", roles: ["admin", "writer"] }),
    reader: await relay.createToken({ user: "reader" }),
  };
  await relay.start({
    auth: "tokens",
    access: ({ roles }, _documentId, action) =>
      action === "read" || roles.includes(action === "admin" ? "admin" : "writer"),
    documents,
  });
  const description = (await (await relay.get("/api/openapi.json")).json()) as OpenApiDocument;
  const answers = createAnswerCheck(description);
  const memory = createMemory(Object.values(tokens));
  await begin(relay, tokens.root, memory);

  const asking = createRequests(description, { memory, tokens });
  const random = createRandom(seed);
  const end = Date.now() + duration;
  let [asked, refused, made] = [0, 0, 0];
  /** Where everything stood when it was last looked at, if nothing was made since. */
  let state: unknown = null;
  for (; Date.now() < end; asked++) {
    const { operation, sent } = asking(random);
    try {
      if (sent.method !== "GET") state ??= await stateOf(relay, tokens.root);
      const { text, ok } = await ask(relay, answers, { operation, sent });
      if (ok) made++;
      else refused++;
      memory.learn(text);
      if (sent.method === "GET") continue;
      if (mayHaveChanged(operation, { text, ok })) state = null;
      else expect(await stateOf(relay, tokens.root)).toEqual(state);
    } catch (cause) {
      const { body, ...request } = sent;
      const told = JSON.stringify({ ...request, body: body?.toString().slice(0, 2000) });
      throw new Error(`Seed ${seed}, request ${asked}: ${told}\n${String(cause)}`, { cause });
    }
  }
  expect(relay.log).not.toMatch(/"level":(50|60)/);
  // A fuzz that is always refused, or never, looks at one half only.
  expect(Math.min(refused, made), `${made} made and ${refused} refused of ${asked}`).toBeGreaterThan(
    asked / 20,
  );
}

/** Documents of all sorts, and what else there are names for. */
async function begin(relay: RelayHarness, token: string, memory: Memory): Promise<void> {
  const send = async (method: string, path: string, body: unknown, headers = {}) => {
    const response = await relay.send(method, path, { token, body, headers });
    memory.learn(await response.text());
  };
  const content = { text: "some text", list: [1, "two", { three: [] }], object: { a: { b: null } }, n: 1 };
  for (const id of ids.slice(0, 5)) {
    const given = id.startsWith("order/") ? { order: { total: 1 }, notes: "none" } : content;
    const path = `/api/documents/${encodeURIComponent(id)}`;
    await send("PUT", path, { content: given });
    await send("POST", `${path}/tags`, { name: "first" });
    await send("POST", `${path}/forks`, { title: "A fork" });
  }
  for (const value of [2, 3]) {
    const patch = [{ op: "add", path: "/n", value }];
    const query = value === 3 ? `?strategy=manual&base=${memory.revisions[0]}` : "";
    await send("PATCH", `/api/documents/plan${query}`, patch, {
      "content-type": "application/json-patch+json",
    });
  }
  await send("DELETE", "/api/documents/other", undefined);
}

async function ask(
  relay: RelayHarness,
  answers: AnswerCheck,
  { operation, sent }: { readonly operation: DescribedOperation; readonly sent: Sent },
): Promise<{ readonly text: string; readonly ok: boolean }> {
  const { method, path, headers, body } = sent;
  const signal = AbortSignal.timeout(longestAnswer);
  const response = await fetch(relay.url + path, { method, headers, signal, ...(body && { body }) });
  return { text: await answers.check(operation, response), ok: response.ok };
}

/** Where all documents stand, deleted ones too. */
async function stateOf(relay: RelayHarness, token: string): Promise<unknown> {
  const lists = ["?limit=1000", "?limit=1000&deleted=true"].map(async query => {
    const response = await relay.get(`/api/documents${query}`, token);
    return documentList.parse(await response.json()).documents;
  });
  return await Promise.all(lists);
}

/** What is refused changes nothing, but what a document's kind does not allow leaves a commit that says so. */
function mayHaveChanged({ operationId }: DescribedOperation, { text, ok }: { text: string; ok: boolean }) {
  if (!ok) return problem.parse(JSON.parse(text)).code === "edit-refused";
  if (operationId !== "editDocuments") return true;
  const { answers } = batchAnswer.parse(JSON.parse(text));
  return answers.some(({ body }) => !("code" in body) || body.code === "edit-refused");
}

// ------------------------------------------------------------ what is asked

interface Memory {
  readonly ids: readonly string[];
  readonly revisions: readonly string[];
  /** Of conflicts, forks and tokens. */
  readonly names: readonly string[];
  /** Conflicts and forks with their documents, and versions with theirs. */
  readonly parts: readonly Aim[];
  readonly versions: readonly Aim[];
  /** Keeps what an answer has named, so that it is asked for. */
  learn(text: string): void;
}

/** What belongs together. */
interface Aim {
  readonly document: string;
  readonly name: string;
}

/** The tokens in use are not among the names: nobody could ask anything without them. */
function createMemory(tokens: readonly string[]): Memory {
  const memory = {
    ids: [...ids],
    revisions: [] as string[],
    names: [] as string[],
    parts: [] as Aim[],
    versions: [] as Aim[],
  };
  const aimAt = (list: Aim[], aim: Aim) => {
    list.push(aim);
    if (list.length > 30) list.shift();
  };
  const keep = (list: string[], found: string) => {
    if (list.includes(found) || tokens.some(token => token.includes(found))) return;
    // The first ones are kept.
    if (list.length >= 60) list.splice(30, 1);
    list.push(found);
  };
  return {
    ...memory,
    learn(text) {
      for (const [, id] of text.matchAll(/"document_id":"([^"\\]+)"/g)) keep(memory.ids, id!);
      for (const [, id] of text.matchAll(/"revision_id":"([^"\\]+)"/g)) keep(memory.revisions, id!);
      for (const [, id] of text.matchAll(/"(?:conflict_id|id)":"([^"\\]+)"/g)) keep(memory.names, id!);
      const inDocument =
        /"(?:id":"([^"\\]+)","document_id":"([^"\\]+)|document_id":"([^"\\]+)","conflict_id":"([^"\\]+))"/g;
      for (const [, fork, of, document, conflict] of text.matchAll(inDocument)) {
        aimAt(memory.parts, { document: of ?? document!, name: fork ?? conflict! });
      }
      const version = /"document_id":"([^"\\]+)","sequence":\d+,"revision_id":"([^"\\]+)"/g;
      for (const [, document, name] of text.matchAll(version))
        aimAt(memory.versions, { document: document!, name: name! });
    },
  };
}

type JsonSchema = Readonly<Record<string, unknown>>;

function createRequests(
  description: OpenApiDocument,
  { memory, tokens }: { readonly memory: Memory; readonly tokens: { root: string; reader: string } },
): (random: Random) => { readonly operation: DescribedOperation; readonly sent: Sent } {
  const operations = operationsOf(description);
  // Writing is what most can go wrong with; making a token takes long on purpose.
  const writing = operations.filter(({ method }) => method !== "GET");
  const editing = operations.filter(({ operationId }) =>
    /^(patch|replace|create|edit)Doc|^resolve/.test(operationId),
  );
  const rare = new Set(["createToken", "deleteDocument", "readApiPage", "describeApi", "readMetrics"]);

  return random => {
    let operation = random.pick(random.chance(0.5) ? editing : random.chance(0.5) ? writing : operations);
    while (rare.has(operation.operationId) && random.chance(0.8)) operation = random.pick(operations);
    const { method, parameters = [], requestBody } = operation;
    const aims = /\{(fork|conflict)\}/.test(operation.path) ? memory.parts : memory.versions;
    const aim = aims.length > 0 && random.chance(0.6) ? random.pick(aims) : null;
    const place = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) =>
      aim === null
        ? segment(random, name)
        : encodeURIComponent(name === "document" ? aim.document : aim.name),
    );
    const query = parameters
      .filter(parameter => parameter.in === "query" && random.chance(parameter.required ? 0.95 : 0.3))
      .flatMap(parameter => (random.chance(0.02) ? [parameter, parameter] : [parameter]))
      .map(parameter => `${parameter.name}=${escaped(random, parameterValue(random, parameter, aim))}`);
    const headers: Record<string, string> = {};
    for (const parameter of parameters) {
      if (parameter.in !== "header" || random.chance(0.7)) continue;
      headers[parameter.name] = headerText(parameterValue(random, parameter, aim));
    }
    const { root, reader } = tokens;
    const token = random.chance(0.9) ? root : random.pick([reader, "", "x", `${root}0`, "\u00ff"]);
    if (token !== "") headers.authorization = `Bearer ${token}`;
    let body: Buffer | undefined;
    if (requestBody !== undefined && random.chance(0.97)) {
      const [mediaType, { schema }] = random.pick(Object.entries(requestBody.content));
      headers["content-type"] = random.chance(0.97)
        ? mediaType
        : random.pick([
            "application/json",
            "text/plain",
            "application/json; charset=utf-16",
            "nonsense",
            "a/",
          ]);
      body =
        schema === undefined ? bytes(random) : spoilt(random, JSON.stringify(value(random, schema)) ?? "");
    }
    const path = query.length === 0 ? place : `${place}?${query.join("&")}`;
    return { operation, sent: { method, path, headers, body } };
  };

  function segment(random: Random, name: string): string {
    if (name === "document" && random.chance(0.93)) return encodeURIComponent(random.pick(memory.ids));
    if (random.chance(0.7)) return encodeURIComponent(named(random, name));
    return random.pick([
      "%zz",
      "%00",
      "%C3%28",
      "%2F%2F",
      "x".repeat(3000),
      "%F0%9F%92%A5",
      "__proto__",
      "%20",
    ]);
  }

  function named(random: Random, name: string): string {
    return name === "name" ? random.pick(["first", "second", "x"]) : random.pick([...memory.names, "none"]);
  }

  function parameterValue(random: Random, { name, schema }: DescribedParameter, aim: Aim | null): string {
    if (random.chance(0.15)) return random.pick(hostileTexts);
    const revision =
      aim !== null && random.chance(0.8) ? aim.name : random.pick([...memory.revisions, "1-000000000000"]);
    if (name === "base") return revision;
    if (name === "If-Match" || (name === "If-None-Match" && schema.const === undefined)) {
      const tag = `"${revision}"`;
      return random.pick([tag, "*", `${tag}, "y"`, `W/${tag}`]);
    }
    if (name === "Idempotency-Key") return `key ${random.below(20)}`;
    if (name === "pointer") return random.pick(pointers);
    if (name === "limit") return String(1 + random.below(1000));
    const made = value(random, schema);
    return typeof made === "string" ? made : (JSON.stringify(made) ?? "");
  }

  /** A value that a schema allows, most often, with what there is in the places of names. */
  function value(random: Random, given: object, name = "", depth = 0): unknown {
    const schema = resolve(given as JsonSchema);
    if (random.chance(depth === 0 ? 0.02 : 0.04)) return hostileValue(random, 0);
    if (schema.const !== undefined) return schema.const;
    if (Array.isArray(schema.enum)) return random.pick(schema.enum as unknown[]);
    const choices = schema.oneOf ?? schema.anyOf;
    if (Array.isArray(choices)) return value(random, random.pick(choices as object[]), name, depth);
    if (schema.allOf !== undefined) return value(random, (schema.allOf as object[])[0]!, name, depth);
    switch (name) {
      case "document_id":
        return random.pick(memory.ids);
      case "id":
        return random.chance(0.5) ? random.pick(memory.ids) : `edit ${random.below(50)}`;
      case "base":
      case "revision_id":
        return random.pick([...memory.revisions, "1-000000000000"]);
      case "patch":
        if (schema.type === "array") return patch(random);
        break;
      case "content":
        return content(random);
      case "merge_patch":
        return random.chance(0.8) ? content(random) : hostileValue(random, 0);
    }
    if (schema === resolve({ $ref: "#/components/schemas/JsonPatch" })) return patch(random);
    if (schema === resolve({ $ref: "#/components/schemas/MergePatch" })) return content(random);
    switch (schema.type) {
      case "object":
        return object(random, schema, depth);
      case "array": {
        const items = (schema.items ?? {}) as object;
        return Array.from({ length: random.below(8) }, () => value(random, items, "", depth + 1));
      }
      case "string":
        return random.pick(["", "a", "some text", "2026-03-01T12:00:00Z", ...pointers, ...hostileTexts]);
      case "integer":
      case "number":
        return random.pick([0, 1, 2, 3, random.below(1000), -1, 2 ** 53, 1.5]);
      case "boolean":
        return random.chance(0.5);
      case "null":
        return null;
      default:
        return hostileValue(random, 0);
    }
  }

  function object(random: Random, schema: JsonSchema, depth: number): Record<string, unknown> {
    const required = (schema.required ?? []) as string[];
    const made: Record<string, unknown> = {};
    for (const [name, member] of Object.entries((schema.properties ?? {}) as Record<string, object>)) {
      if (!random.chance(required.includes(name) ? 0.98 : 0.4)) continue;
      made[name] = value(random, member, name, depth + 1);
    }
    if (random.chance(0.02)) made[random.pick(["more", "constructor", "", "toString"])] = 1;
    return made;
  }

  function resolve(schema: JsonSchema): JsonSchema {
    if (typeof schema.$ref !== "string") return schema;
    const name = schema.$ref.replace("#/components/schemas/", "");
    return resolve(description.components.schemas[name] as JsonSchema);
  }
}

const pointers = [
  "",
  "/",
  "/text",
  "/title",
  "/content/text",
  "/list/0",
  "/list/-",
  "/list/2/three/0",
  "/list/01",
  "/list/99999999999",
  "/object/a/b",
  "/object/a/b/c",
  "/order/total",
  "/notes",
  "/document/content",
  "/n",
  "/~0~1",
  "/~2",
  "no pointer",
  "/__proto__/x",
  "/constructor/prototype/x",
  "/a".repeat(300),
  "/\u0000",
  "/\ud800",
];

const hostileTexts = [
  "",
  " ",
  "*",
  "-1",
  "0",
  "1e999",
  "NaN",
  "null",
  "true",
  "0x10",
  "9007199254740993",
  "1.5",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
  "\udc00x",
  "💥",
  "x".repeat(500),
  "2026-99-99T00:00:00Z",
  "../../etc",
  "\\",
  '"',
  "%",
  "\r\nx: y",
];

function patch(random: Random): unknown[] {
  return Array.from({ length: random.below(4) }, () => {
    const op = random.pick([
      "add",
      "add",
      "replace",
      "replace",
      "remove",
      "move",
      "copy",
      "test",
      "str_ins",
      "str_del",
      "delta",
      "fly",
    ]);
    const operation: Record<string, unknown> = { op, path: random.pick(pointers) };
    const add = (name: string, value: unknown) => {
      if (random.chance(0.95)) operation[name] = value;
    };
    if (["add", "replace", "test"].includes(op)) add("value", hostileValue(random, 0));
    if (["move", "copy"].includes(op)) add("from", random.chance(0.95) ? random.pick(pointers) : 7);
    if (["str_ins", "str_del"].includes(op)) add("pos", random.pick([0, 1, 3, -1, 1.5, "0", 2 ** 31]));
    if (op === "str_ins") add("str", random.pick(["x", "💥", "\ud800", "", 5]));
    if (op === "str_del") random.chance(0.5) ? add("len", random.pick([1, 0, -1, 1e9])) : add("str", "so");
    if (op === "delta") add("delta", random.pick([[{ insert: "x" }], [{ retain: 1e9 }], [], {}, [{}], null]));
    return operation;
  });
}

function content(random: Random): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const name of ["text", "list", "object", "n", "order", "notes", "$y", "a/b~", "title", "content"]) {
    if (random.chance(0.25)) made[name] = hostileValue(random, 0);
  }
  if (random.chance(0.3)) made.order = { total: random.below(10) - 3 };
  return made;
}

function hostileValue(random: Random, depth: number): unknown {
  const leaf = random.chance(0.6) || depth > 4;
  if (leaf && random.chance(0.8))
    return random.pick<unknown>([null, true, 0, 1, "", "some text", "üñ💥", [], {}]);
  if (leaf) {
    return random.pick<unknown>([
      null,
      true,
      0,
      -0,
      1,
      -1,
      1.5,
      1e300,
      2 ** 53,
      "some text",
      ...hostileTexts,
      { $y: "text", delta: [{ insert: "formatted", attributes: { bold: true } }] },
      { $y: "text", delta: [{ insert: 5 }] },
      { $y: "xml", tag: "p", attrs: { a: "b" }, children: [] },
      { $y: "binary", base64: "AAEC" },
      { $y: "nothing" },
      { $y: 5 },
    ]);
  }
  if (random.chance(0.02)) return nested(random.pick([20, 40, 70, 500]));
  if (random.chance(0.02)) return Array.from({ length: random.pick([100, 20_000]) }, () => 0);
  const inner = () => hostileValue(random, depth + 1);
  if (random.chance(0.5)) return Array.from({ length: random.below(4) }, inner);
  const names = ["a", "b", "", "toString", "constructor", "length", "0", "ünï", "x".repeat(2000)];
  return Object.fromEntries(Array.from({ length: random.below(4) }, () => [random.pick(names), inner()]));
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The text of a body, now and then with what no value can hold. */
function spoilt(random: Random, text: string): Buffer {
  if (random.chance(0.95)) return Buffer.from(text);
  const at = random.below(text.length + 1);
  return random.pick([
    () => Buffer.from(text.slice(0, at)),
    () => Buffer.from(text.replace(/"(text|value|a|title)":/, '"__proto__":')),
    () => Buffer.from(text.replace(/\d+/, "1e999")),
    () => Buffer.from(`${text.slice(0, at)}\u0000${text.slice(at)}`),
    () => Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.of(0xff, 0xc0)]),
    () => Buffer.from("[".repeat(50_000)),
    () => Buffer.from(`${"[".repeat(50_000)}${"]".repeat(50_000)}`),
    () => Buffer.from(`\ufeff${text}`),
    () => Buffer.alloc(0),
  ])();
}

function bytes(random: Random): Buffer {
  if (random.chance(0.5))
    return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
  const doc = new Y.Doc();
  doc.getMap(random.pick(["order", "document"])).set("total", random.below(10) - 3);
  return Buffer.from(Y.encodeStateAsUpdate(doc));
}

function escaped(random: Random, text: string): string {
  return random.chance(0.03)
    ? random.pick(["%", "%zz", "%C3%28"])
    : encodeURIComponent(text.replaceAll(/\p{Cs}/gu, "?"));
}

/** What may stand in a header at all: `fetch` sends nothing else. */
function headerText(text: string): string {
  return text.replaceAll(/[^\u0020-\u00ff]/g, "?");
}
