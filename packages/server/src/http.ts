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
  type Problem,
  type ProblemCode,
  problemStatus,
  type Readiness,
  type Rejection,
  type RejectionPage,
  versionQuery,
} from "@verso/protocol";
import { type Commit, type Head, type Ledger, StorageError } from "@verso/storage";
import type { Limits } from "@verso/validation";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import helmet from "helmet";
import type { AccessAction } from "./access.js";
import type { Actor } from "./actor.js";
import { apiPage } from "./api-page.js";
import type { Identity } from "./auth.js";
import { createChangeStreams, streamAsked } from "./change-streams.js";
import { toChangeEvent, toRejection } from "./changes.js";
import type { Clock } from "./clock.js";
import type { Door } from "./door.js";
import { createErasureRoutes } from "./erasure-routes.js";
import { ServerError } from "./errors.js";
import { readFeed } from "./feed.js";
import type { Following } from "./following.js";
import { createForkRoutes } from "./fork-routes.js";
import type { Forks } from "./forks.js";
import type { History } from "./history.js";
import { createHistoryRoutes } from "./history-routes.js";
import { HttpProblem, parse } from "./http-problem.js";
import { importDocument } from "./import.js";
import { createImportRoutes } from "./import-routes.js";
import { viewOf } from "./json-view.js";
import { type Kinds, knownRoots } from "./kinds.js";
import type { Metrics } from "./metrics.js";
import { checkOrigin, type OriginPolicy } from "./origin.js";
import { createProofRoutes } from "./proof-routes.js";
import type { Reach } from "./reach.js";
import type { Room } from "./room.js";
import type { Rooms } from "./rooms.js";
import type { Signer } from "./signed-heads.js";
import { createTagRoutes } from "./tag-routes.js";
import { createTags } from "./tags.js";
import { createTokenRoutes } from "./token-routes.js";
import type { TokenStore } from "./token-store.js";

export interface HttpOptions {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly kinds: Kinds;
  readonly door: Door;
  readonly history: History;
  readonly forks: Forks;
  /** Whether somebody may be let in who shows no token. */
  readonly anonymous: boolean;
  /** API tokens to be administered, if there are any. */
  readonly tokens: TokenStore | undefined;
  readonly metrics: Pick<Metrics, "read" | "contentType">;
  readonly originPolicy: OriginPolicy;
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
  /** Folder of a built page that is served at `/`. */
  readonly page: string | undefined;
  /** False from the moment the relay begins to shut down. */
  readonly accepting: () => boolean;
  /** Told of a request that failed without being at fault itself. */
  readonly onError: (error: unknown, request: { method: string; path: string }) => void;
}

/** Of this package. */
const { version }: { version: string } = createRequire(import.meta.url)("../package.json");
/** Commits that one request looks through for rejections, which may be few. */
const commitsLooked = 10_000;

export function createHttp(options: HttpOptions): Express {
  const { ledger, rooms, kinds, door, page } = options;
  const identities = new WeakMap<object, Identity>();
  const streams = createChangeStreams({
    ...options,
    onError: error => options.onError(error, { method: "GET", path: "a stream of changes" }),
  });
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(helmet(headers), guard(options));

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
    const { after, limit } = parse(documentListQuery, request.query);
    const documents: DocumentList["documents"] = [];
    let looked = 0;
    let last: string | null = null;
    for await (const head of ledger.documents(after === undefined ? { limit } : { after, limit })) {
      looked++;
      last = head.document;
      if (forkOf(last) === null && (await may(request, last, "read")))
        documents.push({ id: last, ...describe(head) });
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

  const reach: Reach = async (request, action) => {
    const id = documentId(request.params.id);
    await demand(request, id, action);
    return { head: await existing(id), actor: actorOf(request) };
  };
  const tagsOf = (id: string) => createTags(ledger, id, options);
  const ofDocument = { ...options, tagsOf, reach };
  app.use("/api/documents/:id", createHistoryRoutes(ofDocument));

  app.get("/api/documents/:id", async (request, response) => {
    const id = documentId(request.params.id);
    const { roots: all } = parse(versionQuery, request.query);
    await demand(request, id, "read");
    await existing(id);
    const answer = await rooms.get(id).view(({ head, content }) => {
      if (head === undefined) throw unknownDocument(id);
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

  if (page !== undefined) {
    app.use(express.static(page, { index: "index.html", etag: true, maxAge: 0 }));
  }
  app.use(request => {
    throw new HttpProblem("not-found", `There is nothing at ${request.path}.`);
  });
  app.use(answerProblem(options));
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
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, Last-Event-ID",
    "Access-Control-Max-Age": "600",
  });
  response.status(204).end();
};

/** Checks Host and Origin before anything else, and lets the pages of listed origins read the answers. */
function guard({ originPolicy }: HttpOptions): RequestHandler {
  return (request, response, next) => {
    const verdict = checkOrigin(request, originPolicy);
    if (!verdict.allowed) throw new HttpProblem(verdict.code, verdict.detail);
    response.vary("Origin");
    if (verdict.origin !== undefined) {
      response.set({
        "Access-Control-Allow-Origin": verdict.origin,
        "Access-Control-Expose-Headers": "ETag",
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

function answerProblem({ accepting, onError }: HttpOptions): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { code, detail, issues } = problemOf(error, accepting());
    // What is refused by intention has told what there is to tell.
    const unforeseen = code === "internal" && !(error instanceof HttpProblem);
    if (unforeseen) onError(error, { method: request.method, path: request.path });
    const status = problemStatus[code];
    if (status === 401) response.set("WWW-Authenticate", challenges[code] ?? challenge);
    const title = titles[status] ?? "Error";
    const body: Problem = {
      type: "about:blank",
      title,
      status,
      code,
      detail,
      ...(issues && { issues: [...issues] }),
    };
    response.status(status).type("application/problem+json").send(JSON.stringify(body));
  };
}

function problemOf(
  error: unknown,
  accepting: boolean,
): { code: ProblemCode; detail: string; issues?: HttpProblem["issues"] } {
  if (error instanceof HttpProblem) return { code: error.code, detail: error.message, issues: error.issues };
  // What a request was using may have been closed under it.
  if (!accepting) return { code: "unavailable", detail: "The relay is shutting down." };
  if (error instanceof ServerError && error.code === "document-closed") {
    return { code: "unavailable", detail: `${error.message} Try again.` };
  }
  if (error instanceof ServerError && isForAsker(error.code)) {
    return { code: error.code, detail: error.message };
  }
  if (error instanceof StorageError && error.transient) {
    return { code: "unavailable", detail: "The store cannot be read now; try again." };
  }
  if (
    (error instanceof StorageError && error.code === "erased") ||
    (error instanceof ServerError && error.code === "document-erased")
  ) {
    return { code: "deleted", detail: "The document was erased." };
  }
  // Express and its parts give client errors a status: a bad escape in the path, or a body in an unknown encoding (415).
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 400 || status === 415) return { code: "bad-request", detail: (error as Error).message };
  if (status === 413) return { code: "too-large", detail: "The body of the request is too large." };
  return { code: "internal", detail: "The relay failed at this request; its log says more." };
}

/** What a server cannot do because of what it was asked for. */
function isForAsker(code: ServerError["code"]): code is ServerError["code"] & ProblemCode {
  return code === "version-unknown" || code === "version-dropped" || code === "pointer-unknown";
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

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

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
