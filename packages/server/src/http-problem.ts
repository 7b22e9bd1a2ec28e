/** What the HTTP API refuses: thrown by a route, it becomes the body of the answer (RFC 9457). */
import { type Problem, type ProblemCode, problemStatus, safeParse } from "@verso/protocol";
import type { z } from "zod";
import { refusalOf } from "./refusal.js";

/** What else a problem has to tell. */
export type ProblemMembers = Pick<
  Problem,
  "issues" | "target" | "sequence" | "revision_id" | "pointer" | "conflict"
>;

export class HttpProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly members: ProblemMembers = {},
  ) {
    super(detail);
  }
}

/** What a client sent, checked; a problem names its place. */
export function parse<T>(schema: z.ZodType<T>, sent: unknown): T {
  const parsed = safeParse(schema, sent);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".");
  throw new HttpProblem(
    "bad-request",
    `${place ? `The parameter "${place}"` : "What was sent"} is not valid: ${issue?.message}`,
  );
}

export interface ProblemContext {
  /** Whether the relay still accepts requests: what one was using may have been closed under it. */
  readonly accepting: boolean;
  /** Told of what nobody has foreseen. */
  readonly onError: (error: unknown) => void;
}

/** The problem that an error is for whoever has asked. */
export function toProblem(error: unknown, { accepting, onError }: ProblemContext): Problem {
  const { code, message, members = {} } = answerTo(error, accepting);
  // What is refused by intention has told what there is to tell.
  if (code === "internal" && !(error instanceof HttpProblem)) onError(error);
  const status = problemStatus[code];
  return {
    type: "about:blank",
    title: titles[status] ?? "Error",
    status,
    code,
    detail: message,
    ...members,
  };
}

type Answered = Pick<HttpProblem, "code" | "message"> & Partial<Pick<HttpProblem, "members">>;

function answerTo(error: unknown, accepting: boolean): Answered {
  if (error instanceof HttpProblem) return error;
  if (!accepting) return { code: "unavailable", message: "The relay is shutting down." };
  const refusal = refusalOf(error);
  if (refusal !== null) {
    const { code, detail, pointer } = refusal;
    return { code, message: detail, members: pointer === undefined ? {} : { pointer } };
  }
  // Express and its parts give client errors a status: a bad escape in the path, or a body in an unknown encoding (415).
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 400 || status === 415) return { code: "bad-request", message: (error as Error).message };
  if (status === 413) return { code: "too-large", message: "The body of the request is too large." };
  return { code: "internal", message: "The relay failed at this request; its log says more." };
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
