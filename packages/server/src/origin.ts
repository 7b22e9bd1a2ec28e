/**
 * Who may talk to the relay through a browser: the check of `Host` and `Origin` at every upgrade and request.
 *
 * A browser lets any web page send requests and open WebSockets to any address, a relay on its user's loopback
 * included. What a page cannot forge is `Origin` and `Host`. So `Host` must name this relay (a name under an
 * attacker's control that resolves to 127.0.0.1 does not: DNS rebinding), and `Origin`, where there is one, must
 * be the relay's own or listed.
 *
 * Source: OWASP, WebSocket Security (cross-site WebSocket hijacking); Fetch standard on when `Origin` is sent.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

export interface OriginPolicy {
  /** Host names beside loopback names and addresses under which this relay is reached; `"*"` allows all. */
  readonly hosts: readonly string[];
  /** Origins beside the relay's own whose pages may use it, as `https://app.example`; `"*"` allows all. */
  readonly origins: readonly string[];
  /** Whether a request shows a token without which it would get nothing: pages elsewhere have none. */
  readonly showsToken: (request: IncomingMessage) => boolean;
}

export type OriginVerdict =
  | {
      readonly allowed: true /** The foreign origin to name in CORS headers, if any. */;
      readonly origin?: string;
    }
  | {
      readonly allowed: false;
      readonly code: "forbidden-host" | "forbidden-origin";
      readonly detail: string;
    };

/** Judges a request by its headers and by the addresses of its socket. */
export function checkOrigin(request: IncomingMessage, policy: OriginPolicy): OriginVerdict {
  const host = request.headers.host;
  if (host === undefined || !hostAllowed(host, policy)) {
    return {
      allowed: false,
      code: "forbidden-host",
      detail: `This relay does not answer to the host "${host ?? ""}". Its operator can add it to "hosts".`,
    };
  }
  const origin = request.headers.origin;
  if (origin === undefined) return withoutOrigin(request, policy);
  if (sameOrigin(origin, host)) return { allowed: true };
  if (policy.origins.includes("*") || policy.origins.includes(origin)) return { allowed: true, origin };
  return {
    allowed: false,
    code: "forbidden-origin",
    detail: `Pages from "${origin}" may not use this relay. Its operator can add the origin to "origins".`,
  };
}

/**
 * Browsers send no `Origin` with navigation and same-origin reading, and programs never do. Reading is then
 * allowed unless the browser says that another site asks; a WebSocket, which browsers always open with an
 * `Origin`, comes from a program and is taken from this machine only, or with a token.
 */
function withoutOrigin(request: IncomingMessage, policy: OriginPolicy): OriginVerdict {
  const upgrade = request.headers.upgrade !== undefined;
  const reading = request.method === "GET" || request.method === "HEAD";
  const crossSite = request.headers["sec-fetch-site"] === "cross-site";
  const navigation = request.headers["sec-fetch-mode"] === "navigate";
  if (reading && !upgrade && (!crossSite || navigation)) return { allowed: true };
  if (!crossSite && isLoopback(request.socket.remoteAddress ?? "")) return { allowed: true };
  if (policy.showsToken(request)) return { allowed: true };
  return {
    allowed: false,
    code: "forbidden-origin",
    detail: "A request without an Origin header is taken from the relay's own machine only, or with a token.",
  };
}

function hostAllowed(header: string, { hosts }: OriginPolicy): boolean {
  const name = hostName(header);
  if (name === null) return false;
  // Addresses cannot be rebound: a browser that shows one has connected to it.
  if (isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost")) return true;
  return hosts.includes("*") || hosts.some(allowed => allowed.toLowerCase() === name);
}

function sameOrigin(origin: string, host: string): boolean {
  const url = parse(origin);
  // The scheme is not compared: behind a proxy that ends TLS the relay cannot know it.
  return url !== null && url.host === parse(`${url.protocol}//${host}`)?.host;
}

function hostName(header: string): string | null {
  const url = parse(`http://${header}`);
  if (url === null || url.pathname !== "/" || url.username !== "" || url.search !== "") return null;
  return url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}

/** Whether an address, or a name to listen on, is reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^(::ffff:)?127\./.test(address);
}
