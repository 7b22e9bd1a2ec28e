/** Bodies of requests as JSON of one of several media types, bounded before anything looks at them. */
import { toPointer } from "@verso/bridge";
import { checkJsonBounds, defaultJsonMessageLimits, safeParse } from "@verso/protocol";
import { type Request, type Response, raw } from "express";
import type { z } from "zod";
import { HttpProblem } from "./http-problem.js";

export interface JsonBody<MediaType extends string> {
  readonly mediaType: MediaType;
  /** JSON, of which nothing else is known. */
  readonly json: unknown;
}

/** Reads the body of a request, which must be of one of these media types. */
export async function readJson<MediaType extends string>(
  request: Request,
  response: Response,
  mediaTypes: readonly MediaType[],
): Promise<JsonBody<MediaType>> {
  const matched = request.is([...mediaTypes]);
  if (matched === null) throw new HttpProblem("bad-request", "The request has no body.");
  const mediaType = mediaTypes.find(each => each === matched);
  if (mediaType === undefined) {
    if (request.method === "PATCH") response.set("Accept-Patch", mediaTypes.join(", "));
    throw new HttpProblem("unsupported-media-type", `The body is of none of: ${mediaTypes.join(", ")}.`);
  }
  const json = parseText(decode(await readBytes(request, response)));
  const fault = checkJsonBounds(json);
  if (fault !== null) {
    const { code, detail, pointer } = fault;
    throw new HttpProblem(code, detail, pointer === undefined ? {} : { pointer });
  }
  return { mediaType, json };
}

/** What a body holds, checked; a problem points at its place. */
export function parseBody<T>(schema: z.ZodType<T>, json: unknown): T {
  const parsed = safeParse(schema, json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const isLong = issue?.code === "too_big" && issue.origin === "array";
  throw new HttpProblem(
    isLong ? "too-large" : "bad-request",
    `The body is not valid: ${issue?.message ?? "it is something else"}`,
    { pointer: toPointer((issue?.path ?? []).map(String)) },
  );
}

const bytes = raw({ type: () => true, limit: defaultJsonMessageLimits.length });

async function readBytes(request: Request, response: Response): Promise<Uint8Array> {
  await new Promise<void>((resolve, reject) => {
    bytes(request, response, error => (error === undefined ? resolve() : reject(error)));
  });
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new HttpProblem("bad-request", "The body is not UTF-8.");
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HttpProblem("bad-request", "The body is not JSON.");
  }
}
