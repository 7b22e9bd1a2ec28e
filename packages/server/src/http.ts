import {
  type ChangePage,
  checkDocumentId,
  type DocumentContent,
  type DocumentList,
  type FrameLimits,
  type Problem,
  type ProblemCode,
  problemStatus,
} from "@verso/protocol";
import { type Commit, type Head, type Ledger, StorageError } from "@verso/storage";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import helmet from "helmet";
import { z } from "zod";
import { toChangeEvent } from "./changes.js";
import { ServerError } from "./errors.js";
import type { Kinds } from "./kinds.js";
import { checkOrigin, type OriginPolicy } from "./origin.js";
import type { Rooms } from "./rooms.js";

export interface HttpOptions {
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  readonly kinds: Kinds;
  readonly originPolicy: OriginPolicy;
  readonly frameLimits: FrameLimits;
  /** Folder of a built page that is served at `/`. */
  readonly page: string | undefined;
  /** False from the moment the relay begins to shut down. */
  readonly accepting: () => boolean;
  /** Told of a request that failed without being at fault itself. */
  readonly onError: (error: unknown, request: { method: string; path: string }) => void;
}

/** What the API refuses; becomes the body of the answer. */
class HttpProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
  ) {
    super(detail);
  }
}

const longestPage = 1000;
const pageSize = z.coerce.number().int().min(1).max(longestPage).default(100);
const listQuery = z.object({ after: z.string().optional(), limit: pageSize });
const changesQuery = z.object({ since: z.coerce.number().int().min(0).default(0), limit: pageSize });

export function createHttp(options: HttpOptions): Express {
  const { ledger, rooms, kinds, page } = options;
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(helmet(headers), guard(options));

  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok" });
  });
  app.get("/readyz", (_request, response) => {
    if (!options.accepting()) throw new HttpProblem("unavailable", "The relay is shutting down.");
    if (ledger.status.state !== "ready")
      throw new HttpProblem("unavailable", "The store does not take writes now.");
    response.json({ status: "ready" });
  });

  app.get("/api/documents", async (request, response) => {
    const { after, limit } = parse(listQuery, request.query);
    const documents: DocumentList["documents"] = [];
    for await (const head of ledger.documents(after === undefined ? { limit } : { after, limit })) {
      documents.push({ id: head.document, ...describe(head) });
    }
    const last = documents.length === limit ? (documents.at(-1)?.id ?? null) : null;
    response.json({ documents, next: last } satisfies DocumentList);
  });

  app.get("/api/documents/:id", async (request, response) => {
    const id = documentId(request.params.id);
    await existing(id);
    const answer = await rooms.get(id).view(({ head, content }) => {
      if (head === undefined) throw unknownDocument(id);
      const etag = `"${head.revision}"`;
      if (matches(request.headers["if-none-match"], etag)) return { etag, body: null };
      const body = { id, epoch: head.epoch, ...describe(head), content: content() };
      return { etag, body: body as DocumentContent };
    });
    response.set({ ETag: answer.etag, "Cache-Control": "no-cache" });
    if (answer.body === null) response.status(304).end();
    else response.json(answer.body);
  });

  app.get("/api/documents/:id/changes", async (request, response) => {
    const id = documentId(request.params.id);
    const { since, limit } = parse(changesQuery, request.query);
    await existing(id);
    const commits: Commit[] = [];
    for await (const commit of ledger.read(id, { from: since + 1, limit })) commits.push(commit);
    const changes = commits.map(commit => toChangeEvent(id, commit));
    response.json({ changes, next: changes.at(-1)?.sequence ?? since } satisfies ChangePage);
  });

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
    if (head === undefined) throw unknownDocument(id);
    return head;
  }
}

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

function answerProblem({ accepting, onError }: HttpOptions): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { code, detail } = problemOf(error, accepting());
    if (code === "internal") onError(error, { method: request.method, path: request.path });
    const status = problemStatus[code];
    const body: Problem = { type: "about:blank", title: titles[status] ?? "Error", status, code, detail };
    response.status(status).type("application/problem+json").send(JSON.stringify(body));
  };
}

function problemOf(error: unknown, accepting: boolean): { code: ProblemCode; detail: string } {
  if (error instanceof HttpProblem) return { code: error.code, detail: error.message };
  // What a request was using may have been closed under it.
  if (!accepting) return { code: "unavailable", detail: "The relay is shutting down." };
  if (error instanceof ServerError && error.code === "document-closed") {
    return { code: "unavailable", detail: `${error.message} Try again.` };
  }
  if (error instanceof StorageError && error.transient) {
    return { code: "unavailable", detail: "The store cannot be read now; try again." };
  }
  // Express and its parts give client errors a status: a bad escape in the path, for instance.
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 400) return { code: "bad-request", detail: (error as Error).message };
  return { code: "internal", detail: "The relay failed at this request; its log says more." };
}

function parse<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new HttpProblem(
    "bad-request",
    `The parameter "${issue?.path.join(".")}" is not valid: ${issue?.message}`,
  );
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

function unknownDocument(id: string): HttpProblem {
  return new HttpProblem("not-found", `There is no document "${id}".`);
}

function matches(header: string | undefined, etag: string): boolean {
  return (
    header?.split(",").some(tag => tag.trim().replace(/^W\//, "") === etag || tag.trim() === "*") ?? false
  );
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
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
