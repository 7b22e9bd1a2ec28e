/** The administration of a running relay over HTTP: one request, one checked answer. */
import { problem } from "@verso/protocol";
import { CliError, type CliErrorCode } from "./errors.js";
import { indented } from "./issue-lines.js";

export interface RelayApi {
  /** What the relay answers. Throws a `CliError` when it is not what was asked for. */
  request<T>(method: string, path: string, options: RequestOptions<T>): Promise<T>;
}

export interface RequestOptions<T> {
  readonly parse: (json: unknown) => T;
  /** Bytes go as they are, all else as JSON. */
  readonly body?: unknown;
  /** Milliseconds for which an answer is waited for. @default 10000 */
  readonly patience?: number;
}

export function createRelayApi({ url, token }: { url: string; token: string | undefined }): RelayApi {
  if (!URL.canParse(url)) throw new CliError("bad-request", `"${url}" is no URL of a relay.`);
  const base = url.replace(/\/+$/, "");

  return {
    async request(method, path, { parse, body, patience = 10_000 }) {
      const isBytes = body instanceof Uint8Array;
      const type = isBytes ? "application/octet-stream" : "application/json";
      const answer = await ask(base + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience),
      });
      if (answer.ok) return parsed(answer.json, parse);
      const told = problem.safeParse(answer.json);
      const detail = told.success ? `${told.data.detail} [${told.data.code}]` : `status ${answer.status}`;
      const issues = indented((told.success && told.data.issues) || []);
      throw new CliError(codeOf(answer.status, told.data?.code), `${base} refuses: ${detail}${issues}`);
    },
  };

  function parsed<T>(json: unknown, parse: (json: unknown) => T): T {
    try {
      return parse(json);
    } catch (cause) {
      const detail = `What answers at ${base} is no relay, or one of another version.`;
      throw new CliError("relay-unreachable", detail, { cause });
    }
  }

  async function ask(
    address: string,
    request: RequestInit,
  ): Promise<{ ok: boolean; status: number; json: unknown }> {
    try {
      const response = await fetch(address, request);
      return { ok: response.ok, status: response.status, json: await response.json() };
    } catch (cause) {
      throw new CliError("relay-unreachable", `No relay answers at ${base}.`, { cause });
    }
  }
}

function codeOf(status: number, problem: string | undefined): CliErrorCode {
  if (status === 401 || status === 403) return "denied";
  if (status === 404 || status === 410) return "not-found";
  if (status === 409) return problem === "document-exists" ? problem : "conflict";
  if (status === 413 || status === 422) return "refused";
  if (status === 503) return "unavailable";
  return status < 500 ? "bad-request" : "relay-failed";
}
