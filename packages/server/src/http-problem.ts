/** What the HTTP API refuses: thrown by a route, it becomes the body of the answer. */
import type { ProblemCode } from "@verso/protocol";
import type { Issue } from "@verso/validation";
import type { z } from "zod";

export class HttpProblem extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    /** What is wrong with what was sent or is to be merged. */
    readonly issues: readonly Issue[] | undefined = undefined,
  ) {
    super(detail);
  }
}

/** What a client sent, checked; a problem names its place. */
export function parse<T>(schema: z.ZodType<T>, sent: unknown): T {
  const parsed = schema.safeParse(sent);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".");
  throw new HttpProblem(
    "bad-request",
    `${place ? `The parameter "${place}"` : "What was sent"} is not valid: ${issue?.message}`,
  );
}
