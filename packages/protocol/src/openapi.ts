/**
 * The HTTP API of a relay as an OpenAPI document, for programs that generate clients and for people who read it.
 *
 * It is made from `api.ts` alone: JSON Schemas by zod from what the relay parses with, problems from their codes.
 *
 * Source: OpenAPI 3.1.1, whose schemas are JSON Schema 2020-12; RFC 9457 (problems), RFC 6750 (bearer tokens).
 */
import { z } from "zod";
import { answerSchemas, groups, type Operation, operations, pathParameters, requestSchemas } from "./api.js";
import { type ProblemCode, problemStatus } from "./codes.js";

export interface OpenApiOptions {
  /** The version of what is described. */
  readonly version: string;
  /** Whether the relay may let in who shows no token. */
  readonly anonymous: boolean;
  /** Whether it administers API tokens. */
  readonly tokens: boolean;
}

/** An OpenAPI document, typed as far as one reads it here; OpenAPI says what its parts hold. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, unknown>>;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

export type JsonSchema = z.core.JSONSchema.BaseSchema;

const description = `\
JSON over HTTP, for programs without Yjs. What is refused is answered with a problem (RFC 9457), whose \`code\` never
changes its meaning. A method that there is not at a path is the problem \`method-not-allowed\`. The same documents are
edited over WebSockets at \`/ws\`, as JSON, and at \`/yjs/<document>\`, which OpenAPI has no words for.`;

/** Describes a relay. */
export function openApi({ version, anonymous, tokens }: OpenApiOptions): OpenApiDocument {
  const described = Object.entries<Operation>(operations).filter(([, { ofTokens }]) => tokens || !ofTokens);
  const codes = described.map(([, operation]) => problemsOf(operation));
  return {
    openapi: "3.1.1",
    info: { title: "Verso relay", version, description },
    servers: [{ url: "/" }],
    tags: Object.entries(groups).map(([name, text]) => ({ name, description: text })),
    paths: pathsOf(described, { anonymous }),
    components: {
      schemas: { ...componentsOf(requestSchemas, "input"), ...componentsOf(answerSchemas, "output") },
      responses: Object.fromEntries(
        codes
          .flat()
          .map(([status, together]) => [together.join("."), toProblemResponse(Number(status), together)]),
      ),
      parameters: Object.fromEntries(
        Object.entries(pathParameters).map(([name, text]) => [
          name,
          { name, in: "path", required: true, description: text, schema: { type: "string", minLength: 1 } },
        ]),
      ),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "An API token, or what the relay takes for one.",
        },
      },
    },
  };
}

type Described = readonly (readonly [id: string, operation: Operation])[];

function pathsOf(described: Described, options: { anonymous: boolean }): OpenApiDocument["paths"] {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of described) {
    const { path, method } = operation;
    paths[path] = { ...parametersOf(path), ...paths[path], [method]: toOperation(id, operation, options) };
  }
  return paths;
}

function parametersOf(path: string): { parameters?: object[] } {
  const names = [...path.matchAll(/\{(.+?)\}/g)].map(([, name]) => name);
  return names.length === 0
    ? {}
    : { parameters: names.map(name => ({ $ref: `#/components/parameters/${name}` })) };
}

function toOperation(
  operationId: string,
  operation: Operation,
  { anonymous }: { anonymous: boolean },
): object {
  const { group, summary, access, body, bodies } = operation;
  const parameters = [
    ...toParameters("query", operation.query),
    ...toParameters("header", operation.headers),
    ...(operation.conditional ? [ifNoneMatch] : []),
    ...(operation.stream === undefined ? [] : [lastEventId]),
  ];
  // For schemes other than OAuth, OpenAPI 3.1 lets this list say what right it takes.
  const token = { bearer: access === "known" ? [] : [access] };
  const security = access === "open" ? [] : anonymous ? [token, {}] : [token];
  return {
    operationId,
    tags: [group],
    summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: toRequestBody(body) }),
    ...(bodies === undefined ? {} : { requestBody: toTypedBody(bodies) }),
    responses: {
      ...answersOf(operation),
      ...Object.fromEntries(
        problemsOf(operation).map(([status, codes]) => [
          status,
          { $ref: `#/components/responses/${codes.join(".")}` },
        ]),
      ),
    },
    security,
  };
}

function toParameters(place: "query" | "header", schemas: z.ZodObject | undefined): object[] {
  if (schemas === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schemas, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const { description: text, ...schema } = property as JsonSchema;
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(text === undefined ? {} : { description: text }),
      schema,
    };
  });
}

const ifNoneMatch = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "The `ETag` of an answer that the client still has.",
  schema: { type: "string" },
};

const lastEventId = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description: "Of a stream: the id of the last event that the client has, in place of `since`.",
  schema: { type: "string" },
};

function toRequestBody(body: NonNullable<Operation["body"]>): object {
  if (body === "bytes") return { required: true, content: { "application/octet-stream": {} } };
  return {
    required: !body.safeParse({}).success,
    content: { "application/json": { schema: { $ref: referenceTo(body, requestSchemas) } } },
  };
}

function toTypedBody(bodies: NonNullable<Operation["bodies"]>): object {
  const content = Object.entries(bodies).map(([mediaType, schema]) => [
    mediaType,
    { schema: { $ref: referenceTo(schema, requestSchemas) } },
  ]);
  return { required: true, content: Object.fromEntries(content) };
}

function answersOf({
  answer,
  status = 200,
  conditional,
  versioned,
  stream,
}: Operation): Record<string, object> {
  const etag = { description: "The revision, quoted.", required: true, schema: { type: "string" } };
  const location = { description: "Where the document is.", required: true, schema: { type: "string" } };
  const headersOf = (code: number) => ({
    ...(conditional || versioned ? { ETag: etag } : {}),
    ...(versioned && code === 201 ? { Location: location } : {}),
  });
  const toAnswer = (code: 200 | 201 | 304, content: object) => {
    const headers = headersOf(code);
    const described = Object.keys(headers).length === 0 ? {} : { headers };
    return [code, { description: reasons[code], ...described, ...content }] as const;
  };
  const codes = typeof status === "number" ? [status] : status;
  const content = { ...contentOf(answer), ...(stream === undefined ? {} : streamOf(stream)) };
  return Object.fromEntries([
    ...codes.map(code => toAnswer(code, { content })),
    ...(conditional ? [toAnswer(304, {})] : []),
  ]);
}

function contentOf(answer: Operation["answer"]): object {
  if (answer === "text") return { "text/plain": { schema: { type: "string" } } };
  if (answer === "page") return { "text/html": { schema: { type: "string" } } };
  if (answer === "object") return { "application/json": { schema: { type: "object" } } };
  return { "application/json": { schema: { $ref: referenceTo(answer, answerSchemas) } } };
}

function streamOf(description: string): object {
  return { "text/event-stream": { schema: { type: "string", description } } };
}

/** The problems that an operation may answer with, by their status. */
function problemsOf(operation: Operation): [string, ProblemCode[]][] {
  const { access, path, query, headers, body, bodies, problems = [] } = operation;
  const isRead = [query, headers, body, bodies].some(part => part !== undefined);
  const asks = access !== "open";
  const codes = new Set<ProblemCode>([
    ...(asks ? identification : []),
    ...(isRead ? (["bad-request"] as const) : []),
    ...(body === undefined && bodies === undefined ? [] : (["too-large"] as const)),
    ...(path.includes("{document}") ? (["bad-document-id", "forbidden-document"] as const) : []),
    ...(asks && access !== "known" ? (["forbidden"] as const) : []),
    ...problems,
    ...anywhere,
  ]);
  // In the order of the codes, so that the same together are the same response.
  const inOrder = Object.entries(problemStatus).filter(([code]) => codes.has(code as ProblemCode));
  const byStatus = new Map<string, ProblemCode[]>();
  for (const [code, status] of inOrder as [ProblemCode, number][]) {
    byStatus.set(String(status), [...(byStatus.get(String(status)) ?? []), code]);
  }
  return [...byStatus];
}

const anywhere = ["forbidden-origin", "forbidden-host", "internal", "unavailable"] as const;
/** Of finding out who asks; credentials that cannot be read are a `bad-request`. */
const identification = [
  "bad-request",
  "token-missing",
  "token-invalid",
  "token-expired",
  "token-revoked",
] as const;

function toProblemResponse(status: number, codes: readonly ProblemCode[]): object {
  const schema = { $ref: "#/components/schemas/Problem", properties: { code: { enum: codes } } };
  const challenge = { description: "How a token is to be shown (RFC 6750).", schema: { type: "string" } };
  return {
    description: codes.map(code => `\`${code}\``).join(", "),
    ...(status === 401 ? { headers: { "WWW-Authenticate": challenge } } : {}),
    ...(status === 415 ? { headers: { "Accept-Patch": acceptPatch } } : {}),
    content: { "application/problem+json": { schema } },
  };
}

const acceptPatch = {
  description: "The media types of patches (RFC 5789), where it was one.",
  schema: { type: "string" },
};

function componentsOf(
  schemas: Readonly<Record<string, z.ZodType>>,
  io: "input" | "output",
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const generated = z.toJSONSchema(registry, {
    io,
    uri: id => `#/components/schemas/${id}`,
    override({ jsonSchema }) {
      // What is answered need not be checked by a pattern that says the same at 300 characters.
      if (io === "output" && jsonSchema.format === "date-time") delete jsonSchema.pattern;
    },
  });
  return Object.fromEntries(
    // In an OpenAPI document a schema is known by its place, and its dialect is the document's.
    Object.entries(generated.schemas).map(([id, { $id: _, $schema: __, ...schema }]) => [id, schema]),
  );
}

function referenceTo(schema: z.ZodType, names: Readonly<Record<string, z.ZodType>>): string {
  const name = Object.keys(names).find(each => names[each] === schema);
  if (name === undefined) throw new TypeError("a body or an answer has no name in api.ts");
  return `#/components/schemas/${name}`;
}

const reasons = { 200: "OK", 201: "Created", 304: "Not Modified" } as const;
