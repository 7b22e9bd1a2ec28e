/** All of HTTP: who asks, the routes of documents, and how problems are answered. Long, because the order of its parts matters. */
import { createRequire } from "node:module";
import {
  type ChangePage,
  changesQuery,
  checkDocumentId,
  type DocumentContent,
  type DocumentList,
  documentListQuery,
  type FrameLimits,
  feedQuery,
  forkOf,
  type Liveness,
  openApi,
  type ProblemCode,
  type Readiness,
  type Rejection,
  type RejectionPage,
  versionQuery,
} from "@verso/protocol";
import type { Commit, Head, Ledger } from "@verso/storage";
import type { Limits } from "@verso/validation";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { AccessAction } from "./access.js";
import type { Actor } from "./actor.js";
import { apiPage } from "./api-page.js";
import type { Identity } from "./auth.js";
import { createBatchRoutes } from "./batch-routes.js";
import { createChangeStreams, streamAsked } from "./change-streams.js";
import { toChangeEvent, toRejection } from "./changes.js";
import type { Clock } from "./clock.js";
import { createDocumentRoutes } from "./document-routes.js";
import type { Door } from "./door.js";
import { createErasureRoutes } from "./erasure-routes.js";
import { deletedDocument } from "./errors.js";
import { readFeed } from "./feed.js";
import type { Following } from "./following.js";
import { createForkRoutes } from "./fork-routes.js";
import type { Forks } from "./forks.js";
import type { History } from "./history.js";
import { createHistoryRoutes } from "./history-routes.js";
import { HttpProblem, type ProblemContext, parse, toProblem } from "./http-problem.js";
import { importDocument } from "./import.js";
import { createImportRoutes } from "./import-routes.js";
import type { JsonEdits } from "./json-edits.js";
import { viewOf } from "./json-view.js";
import { type Kinds, knownRoots } from "./kinds.js";
import type { Metrics } from "./metrics.js";
import type { Monitor } from "./monitor.js";
import { checkOrigin, type OriginPolicy } from "./origin.js";
import { createProofRoutes } from "./proof-routes.js";
import type { Approach, Reach } from "./reach.js";
import type { Room } from "./room.js";
import type { Rooms } from "./rooms.js";
import type { Signer } from "./signed-heads.js";
import { createSyncRoute } from "./sync-route.js";
import { createTagRoutes } from "./tag-routes.js";
import { createTags } from "./tags.js";
import { createTokenRoutes } from "./token-routes.js";
import type { TokenStore } from "./token-store.js";
import type { VersoDialect } from "./verso-dialect.js";

export interface HttpOptions {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly kinds: Kinds;
  readonly door: Door;
  readonly history: History;
  readonly forks: Forks;
  readonly edits: JsonEdits;
  /** Whether somebody may be let in who shows no token. */
  readonly anonymous: boolean;
  /** API tokens to be administered, if there are any. */
  readonly tokens: TokenStore | undefined;
  readonly metrics: Pick<Metrics, "read" | "contentType">;
  readonly verso: Pick<VersoDialect, "answerBatch">;
  readonly originPolicy: OriginPolicy;
  /** The policy where only the first message shows a token. */
  readonly firstMessagePolicy: OriginPolicy;
  readonly frameLimits: FrameLimits;
  /** The moment before which rejections are forgotten, whether they are in the store still or not. */
  readonly rejectionsForgottenBefore: () => number;
  readonly limits: Limits;
  /** Bytes of encoded state that a document may have. */
  readonly documentBytes: number;
  /** Signs heads for proofs, if the relay signs. */
  readonly signer: Signer | undefined;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
  readonly following: Following;
  readonly clock: Clock;
  /** Folders of built pages, by the paths they are served at. */
  readonly pages: Readonly<Record<string, string>>;
  /** False from the moment the relay begins to shut down. */
  readonly accepting: () => boolean;
  /** Told of a request that failed without being at fault itself. */
  readonly onError: (error: unknown, request: { method: string; path: string }) => void;
  /** Told of every request that is answered by a problem. */
  readonly onProblem?: Monitor["problem"] | undefined;
}

/** Of this package. */
const { version }: { version: string } = createRequire(import.meta.url)("../package.json");
/** Commits that one request looks through for rejections, which may be few. */
const commitsLooked = 10_000;

export function createHttp(options: HttpOptions): Express {
  const { ledger, rooms, kinds, door, pages } = options;
  const identities = new WeakMap<object, Identity>();
  const streams = createChangeStreams({
    ...options,
    onError: error => options.onError(error, { method: "GET", path: "a stream of changes" }),
  });
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(helmet(headers));
  app.use("/sync", guard(options.firstMessagePolicy), preflight, createSyncRoute(options.verso));
  app.use(guard(options.originPolicy));

  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok" } satisfies Liveness);
  });
  app.get("/readyz", (_request, response) => {
    if (!options.accepting()) throw new HttpProblem("unavailable", "The relay is shutting down.");
    if (ledger.status.state !== "ready")
      throw new HttpProblem("unavailable", "The store does not take writes now.");
    response.json({ status: "ready" } satisfies Readiness);
  });

  // It says what may be asked, before anybody is asked who he is.
  const description = describeApi(options);
  app.get("/api/openapi.json", (_request, response) => {
    response.type("application/json").send(description().json);
  });
  app.get("/api/docs", (_request, response) => {
    response.type("text/html").send(description().page);
  });
  app.use("/api", preflight, identify);

  app.get("/metrics", async (_request, response) => {
    response.type(options.metrics.contentType).send(await options.metrics.read());
  });

  app.get("/api/documents", async (request, response) => {
    const { after, limit, deleted } = parse(documentListQuery, request.query);
    const documents: DocumentList["documents"] = [];
    let looked = 0;
    let last: string | null = null;
    for await (const head of ledger.documents(after === undefined ? { limit } : { after, limit })) {
      looked++;
      last = head.document;
      const isAsked = forkOf(last) === null && (head.deleted !== undefined) === deleted;
      if (isAsked && (await may(request, last, "read"))) documents.push({ id: last, ...describe(head) });
    }
    response.json({ documents, next: looked === limit ? last : null } satisfies DocumentList);
  });

  app.get("/api/changes", async (request, response) => {
    response.vary("Accept");
    const stream = streamAsked(request);
    const { since, limit, roots: all } = parse(feedQuery, { ...request.query, ...stream });
    const mayRead = (id: string) => may(request, id, "read");
    if (stream !== null) {
      streams.streamAll({ response, identity: identityOf(request) }, { since, all, mayRead });
      return;
    }
    response.json(await readFeed(ledger, { since, limit, all, mayRead }));
  });

  const approach: Approach = async (request, text, action) => {
    const id = documentId(text);
    await demand(request, id, action);
    return { id, actor: actorOf(request) };
  };
  const reach: Reach = async (request, action, { evenDeleted = false } = {}) => {
    const { id, actor } = await approach(request, request.params.id, action);
    const head = await existing(id);
    if (head.deleted !== undefined && !evenDeleted) throw deletedDocument(id);
    return { head, actor };
  };
  const tagsOf = (id: string) => createTags(ledger, id, options);
  const ofDocument = { ...options, tagsOf, approach, reach };
  app.use("/api/documents/:id", createHistoryRoutes(ofDocument));

  app.get("/api/documents/:id", async (request, response) => {
    const id = documentId(request.params.id);
    const { roots: all } = parse(versionQuery, request.query);
    await demand(request, id, "read");
    await existing(id);
    const answer = await rooms.get(id).view(({ head, content }) => {
      if (head === undefined) throw unknownDocument(id);
      if (head.deleted !== undefined) throw deletedDocument(id);
      const etag = `"${head.revision}"`;
      if (matches(request.headers["if-none-match"], etag)) return { etag, body: null };
      const roots = all ? {} : knownRoots(head.roots);
      const body = { ...viewOf(id, content(), { roots }), epoch: head.epoch, ...describe(head) };
      return { etag, body: body as DocumentContent };
    });
    response.set({ ETag: answer.etag, "Cache-Control": "no-cache" });
    if (answer.body === null) response.status(304).end();
    else response.json(answer.body);
  });

  app.get("/api/documents/:id/changes", async (request, response) => {
    const id = documentId(request.params.id);
    response.vary("Accept");
    const stream = streamAsked(request);
    const { since, limit, roots: all } = parse(changesQuery, { ...request.query, ...stream });
    await demand(request, id, "read");
    const roots = knownRoots((await existing(id)).roots);
    if (stream !== null) {
      streams.streamDocument({ response, identity: identityOf(request) }, { documentId: id, since, all });
      return;
    }
    const commits: Commit[] = [];
    for await (const commit of ledger.read(id, { from: since + 1, limit })) commits.push(commit);
    const changes = commits.map(commit => toChangeEvent(id, commit, { roots, all }));
    response.json({ changes, next: changes.at(-1)?.sequence ?? since } satisfies ChangePage);
  });

  app.get("/api/documents/:id/rejections", async (request, response) => {
    const id = documentId(request.params.id);
    const { since, limit, roots: all } = parse(changesQuery, request.query);
    await demand(request, id, "read");
    const roots = knownRoots((await existing(id)).roots);
    const rejections: Rejection[] = [];
    const oldest = options.rejectionsForgottenBefore();
    let next = since;
    for await (const commit of ledger.read(id, { from: since + 1, limit: commitsLooked })) {
      next = commit.sequence;
      const rejection = commit.time < oldest ? null : toRejection(id, commit, { roots, all });
      if (rejection !== null) rejections.push(rejection);
      if (rejections.length === limit) break;
    }
    response.json({ rejections, next } satisfies RejectionPage);
  });

  app.use(
    "/api/documents/:id",
    createTagRoutes(ofDocument),
    createProofRoutes(ofDocument),
    createErasureRoutes(ofDocument),
  );

  app.use("/api/documents", createDocumentRoutes({ ...ofDocument, actorOf }));
  const problems = (request: express.Request) => problemContext(options, request);
  app.use("/api", createBatchRoutes({ ...options, approach, existing, problems }));

  app.use(
    "/api/documents/:id/forks",
    createForkRoutes(options.forks, {
      reach,
      mayWrite: (request, id) => may(request, id, "write"),
    }),
  );

  const administer: RequestHandler = async (request, _response, next) => {
    await demand(request, null, "admin");
    next();
  };
  app.use("/api/admin", administer);
  if (options.tokens !== undefined) app.use("/api/admin", createTokenRoutes(options.tokens));
  const importRoutes = createImportRoutes({
    maxBytes: options.limits.fullStateBytes,
    documentId,
    importDocument(request, id, { update, allowInvalid }) {
      const begin: Room["begin"] = first => rooms.get(id).begin(first);
      return importDocument(id, update, { ...options, actor: actorOf(request), allowInvalid, begin });
    },
  });
  app.use("/api/admin", importRoutes);

  app.all(["/api", "/api/{*path}"], (request: express.Request) => {
    if (request.method === "GET" || request.method === "HEAD") {
      throw new HttpProblem("not-found", `There is nothing at ${request.path}.`);
    }
    throw new HttpProblem("method-not-allowed", `${request.method} is not possible here.`);
  });

  for (const [path, folder] of Object.entries(pages)) {
    app.use(path, express.static(folder, { index: "index.html", etag: true, maxAge: 0 }));
  }
  app.use(request => {
    throw new HttpProblem("not-found", `There is nothing at ${request.path}.`);
  });
  const told = answerProblem(options, (request, { code, detail }) => {
    const actor = identities.get(request)?.actor ?? null;
    options.onProblem?.({ actor, at: `${request.method} ${request.path}`, code, detail });
  });
  app.use(told);
  return app;

  /** Finds out who asks; whatever comes after this may rely on it. */
  async function identify(
    request: express.Request,
    _response: express.Response,
    next: express.NextFunction,
  ): Promise<void> {
    const identified = await door.identify(request);
    if (!identified.ok) throw new HttpProblem(identified.code, sentence(identified.detail));
    identities.set(request, identified.identity);
    next();
  }

  async function demand<P>(
    request: express.Request<P>,
    id: string | null,
    action: AccessAction,
  ): Promise<void> {
    const permitted = await door.may(actorOf(request), id, action);
    if (!permitted.ok) throw new HttpProblem(permitted.code, sentence(permitted.detail));
  }

  async function may(request: express.Request, id: string, action: AccessAction): Promise<boolean> {
    const permitted = await door.may(actorOf(request), id, action);
    if (permitted.ok || permitted.code === "forbidden") return permitted.ok;
    throw new HttpProblem(permitted.code, sentence(permitted.detail));
  }

  function actorOf<P>(request: express.Request<P>): Actor {
    return identityOf(request).actor;
  }

  function identityOf<P>(request: express.Request<P>): Identity {
    const identity = identities.get(request);
    if (identity === undefined) throw new Error("A route was reached by somebody who was not identified.");
    return identity;
  }

  function documentId(text: string): string {
    // Express has percent-decoded the segment once.
    const checked = checkDocumentId(text, { maxBytes: options.frameLimits.documentIdBytes });
    if (!checked.ok) throw new HttpProblem("bad-document-id", checked.detail);
    if (kinds.of(checked.id) === null) {
      throw new HttpProblem("forbidden-document", `No kind of document is configured for "${checked.id}".`);
    }
    return checked.id;
  }

  /** Asking for a document does not open one that nobody has written to. */
  async function existing(id: string): Promise<Head> {
    const head = await ledger.head(id);
    if (head !== undefined) return head;
    const tombstone = await ledger.tombstone(id);
    throw tombstone === undefined ? unknownDocument(id) : erasedDocument(id);
  }
}

/** Tells the pages of listed origins that they may send a token. */
const preflight: RequestHandler = (request, response, next) => {
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) {
    return next();
  }
  response.set({
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, PUT, DELETE",
    "Access-Control-Allow-Headers":
      "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID",
    "Access-Control-Max-Age": "600",
  });
  response.status(204).end();
};

/** Checks Host and Origin before anything else, and lets the pages of listed origins read the answers. */
function guard(originPolicy: OriginPolicy): RequestHandler {
  return (request, response, next) => {
    const verdict = checkOrigin(request, originPolicy);
    if (!verdict.allowed) throw new HttpProblem(verdict.code, verdict.detail);
    response.vary("Origin");
    if (verdict.origin !== undefined) {
      response.set({
        "Access-Control-Allow-Origin": verdict.origin,
        "Access-Control-Expose-Headers": "ETag, Location, Accept-Patch",
      });
    }
    next();
  };
}

/** The description of this relay's API, made when it is first asked for. */
function describeApi({
  anonymous,
  tokens,
}: HttpOptions): () => { readonly json: string; readonly page: string } {
  let made: { json: string; page: string } | undefined;
  return () => {
    if (made === undefined) {
      const document = openApi({ version, anonymous, tokens: tokens !== undefined });
      made = { json: JSON.stringify(document), page: apiPage(document) };
    }
    return made;
  };
}

function answerProblem(
  options: HttpOptions,
  told: (request: express.Request, problem: ReturnType<typeof toProblem>) => void,
): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const body = toProblem(error, problemContext(options, request));
    told(request, body);
    if (body.status === 401) {
      response.set("WWW-Authenticate", challenges[body.code as ProblemCode] ?? challenge);
    }
    response.status(body.status).type("application/problem+json").send(JSON.stringify(body));
  };
}

function problemContext({ accepting, onError }: HttpOptions, request: express.Request): ProblemContext {
  const { method, path } = request;
  return { accepting: accepting(), onError: error => onError(error, { method, path }) };
}

function describe(head: Head): {
  sequence: number;
  revision_id: string;
  created_at: string;
  updated_at: string;
} {
  return {
    sequence: head.sequence,
    revision_id: head.revision,
    created_at: new Date(head.created.time).toISOString(),
    updated_at: new Date(head.updated.time).toISOString(),
  };
}

function erasedDocument(id: string): HttpProblem {
  return new HttpProblem("deleted", `The document "${id}" was erased.`);
}

function unknownDocument(id: string): HttpProblem {
  return new HttpProblem("not-found", `There is no document "${id}".`);
}

function matches(header: string | undefined, etag: string): boolean {
  return (
    header?.split(",").some(tag => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*") ?? false
  );
}

/** How a token is to be shown, and what was wrong with it (RFC 6750, 3). */
const challenge = 'Bearer realm="verso"';
const challenges: Partial<Record<ProblemCode, string>> = {
  "token-invalid": `${challenge}, error="invalid_token"`,
  "token-expired": `${challenge}, error="invalid_token", error_description="expired"`,
  "token-revoked": `${challenge}, error="invalid_token", error_description="revoked"`,
};

function sentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}

const headers: Parameters<typeof helmet>[0] = {
  contentSecurityPolicy: {
    directives: {
      // The page talks to this relay only; editors set styles on their elements.
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", "data:"],
      connectSrc: ["'self'", "ws:", "wss:"],
      // A relay on plain http, in a local network for instance, must keep working.
      upgradeInsecureRequests: null,
    },
  },
  strictTransportSecurity: false,
};
