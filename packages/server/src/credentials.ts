/**
 * What a client shows of itself: where its token stands in a request.
 *
 * Programs send `Authorization: Bearer <token>`. A browser cannot set headers on a WebSocket, so there the token comes
 * as a subprotocol beside the name of the dialect, `["y-websocket", "bearer.<token>"]`: the relay answers with the name
 * of the dialect, never with the token. In the URL, `?token=<token>`, it is taken only where the operator allows it,
 * since URLs end up in the logs of whatever stands in between.
 *
 * Source: RFC 6750 (bearer tokens), RFC 6455 4.1 (subprotocols).
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { versoSubprotocol } from "@verso/protocol";

export interface Credentials {
  readonly token: string | null;
  /** How the client calls itself, by `?name=` in the URL or as `user_id` on `/ws`. Anybody can say anything. */
  readonly name: string | null;
  /** Whether its dialect is one in which every client says who it is; a name of the URL may not be wanted. */
  readonly isNamed?: boolean;
  /** Address of the other end of the connection: a proxy's, where there is one. */
  readonly address: string;
  readonly headers: IncomingHttpHeaders;
}

/** The subprotocol of `/yjs/` that a client offers beside its token, or browsers would not accept the connection. */
const dialect = "y-websocket";
const tokenPrefix = "bearer.";

export function readCredentials(
  request: IncomingMessage,
  { tokenInUrl }: { tokenInUrl: boolean },
): Credentials {
  const { headers } = request;
  const query = queryOf(request);
  // Only WebSockets need it: an HTTP request can always send a header.
  const inUrl = tokenInUrl && headers.upgrade !== undefined ? query.get("token") : null;
  return {
    token: bearer(headers.authorization) ?? offeredToken(headers) ?? inUrl,
    name: query.get("name"),
    address: request.socket.remoteAddress ?? "",
    headers,
  };
}

/** Which of the offered subprotocols is spoken from now on, where it goes by this path; `false` for none. */
export function chooseSubprotocol(
  offered: ReadonlySet<string>,
  { url = "" }: Pick<IncomingMessage, "url">,
): string | false {
  const spoken = /^\/sync(\?|$)/.test(url) ? versoSubprotocol : dialect;
  return offered.has(spoken) && spoken;
}

/** Whether a client offers to speak this subprotocol. */
export function offersSubprotocol({ headers }: IncomingMessage, subprotocol: string): boolean {
  return offeredSubprotocols(headers).includes(subprotocol);
}

function bearer(authorization: string | undefined): string | null {
  return /^bearer +(\S+)\s*$/i.exec(authorization ?? "")?.[1] ?? null;
}

function offeredToken(headers: IncomingHttpHeaders): string | null {
  const offered = offeredSubprotocols(headers);
  return offered.find(protocol => protocol.startsWith(tokenPrefix))?.slice(tokenPrefix.length) ?? null;
}

function offeredSubprotocols(headers: IncomingHttpHeaders): readonly string[] {
  return headers["sec-websocket-protocol"]?.split(",").map(protocol => protocol.trim()) ?? [];
}

function queryOf({ url = "" }: IncomingMessage): URLSearchParams {
  const from = url.indexOf("?");
  return new URLSearchParams(from === -1 ? "" : url.slice(from));
}
