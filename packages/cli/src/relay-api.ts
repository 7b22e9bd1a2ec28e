/** The administration of a running relay over HTTP: one request, one checked answer. */
import { problem } from "@verso/protocol";
import { CliError, type CliErrorCode } from "./errors.js";

export interface RelayApi {
  /** What the relay answers. Throws a `CliError` when it is not what was asked for. */
  request<T>(
    method: string,
    path: string,
    options: { parse: (json: unknown) => T; body?: unknown },
  ): Promise<T>;
}

/** Milliseconds for which an answer is waited for. */
const patience = 10_000;

export function createRelayApi({ url, token }: { url: string; token: string | undefined }): RelayApi {
  if (!URL.canParse(url)) throw new CliError("bad-request", `"${url}" is no URL of a relay.`);
  const base = url.replace(/\/+$/, "");

  return {
    async request(method, path, { parse, body }) {
      const answer = await ask(base + path, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience),
      });
      if (answer.ok) return parse(answer.json);
      const told = problem.safeParse(answer.json);
      const detail = told.success ? `${told.data.detail} [${told.data.code}]` : `status ${answer.status}`;
      throw new CliError(codeOf(answer.status), `${base} refuses: ${detail}`);
    },
  };

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

function codeOf(status: number): CliErrorCode {
  if (status === 401 || status === 403) return "denied";
  if (status === 404 || status === 410) return "not-found";
  if (status === 409) return "conflict";
  if (status === 503) return "unavailable";
  return status < 500 ? "bad-request" : "relay-failed";
}
