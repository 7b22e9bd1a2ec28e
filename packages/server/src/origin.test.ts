import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { checkOrigin } from "./origin.js";

interface Asked {
  host?: string;
  origin?: string;
  method?: string;
  from?: string;
  upgrade?: boolean;
  site?: string;
  mode?: string;
  token?: boolean;
}

function ask({
  host = "localhost:8080",
  origin,
  method = "GET",
  from = "127.0.0.1",
  upgrade,
  site,
  mode,
  token = false,
}: Asked) {
  const headers = {
    host,
    origin,
    "sec-fetch-site": site,
    "sec-fetch-mode": mode,
    upgrade: upgrade === true ? "websocket" : undefined,
  };
  const request = { headers, method, socket: { remoteAddress: from } } as unknown as IncomingMessage;
  const hosts = ["board.example"];
  return checkOrigin(request, { hosts, origins: ["https://app.example"], showsToken: () => token });
}

describe("a request to a relay on loopback", () => {
  it.each<[string, Asked]>([
    ["its own page", { origin: "http://localhost:8080", upgrade: true }],
    ["its own page by address", { host: "127.0.0.1:8080", origin: "http://127.0.0.1:8080", upgrade: true }],
    ["its own page by IPv6", { host: "[::1]:8080", origin: "http://[::1]:8080", upgrade: true }],
    ["a page of a subdomain of localhost", { host: "a.localhost:8080", origin: "http://a.localhost:8080" }],
    [
      "its page under a configured name",
      { host: "board.example", origin: "https://board.example", upgrade: true },
    ],
    ["a listed site", { origin: "https://app.example", upgrade: true }],
    ["a program on this machine", { upgrade: true }],
    ["a program elsewhere that shows a token", { from: "203.0.113.9", upgrade: true, token: true }],
    ["a navigation from somewhere else", { site: "cross-site", mode: "navigate" }],
  ])("from %s is allowed", (_, asked) => {
    expect(ask(asked)).toMatchObject({ allowed: true });
  });

  it.each<[string, Asked, string]>([
    ["a page elsewhere", { origin: "https://evil.example", upgrade: true }, "forbidden-origin"],
    [
      "a page elsewhere that shows a token",
      { origin: "https://evil.example", upgrade: true, token: true },
      "forbidden-origin",
    ],
    ["a page on another port", { origin: "http://localhost:3000", upgrade: true }, "forbidden-origin"],
    ["a sandboxed frame", { origin: "null", upgrade: true }, "forbidden-origin"],
    [
      "a name that was rebound to loopback",
      { host: "evil.example:8080", origin: "http://evil.example:8080" },
      "forbidden-host",
    ],
    ["a name that only looks local", { host: "localhost.evil.example", upgrade: true }, "forbidden-host"],
    ["no host at all", { host: "" }, "forbidden-host"],
    ["a host that is a URL", { host: "localhost/@evil.example" }, "forbidden-host"],
    ["a program elsewhere", { from: "203.0.113.9", upgrade: true }, "forbidden-origin"],
    ["an image tag elsewhere", { site: "cross-site", mode: "no-cors" }, "forbidden-origin"],
    ["a form elsewhere", { origin: "https://evil.example", method: "POST" }, "forbidden-origin"],
  ])("from %s is refused", (_, asked, code) => {
    expect(ask(asked)).toMatchObject({ allowed: false, code });
  });

  it("tells a listed origin that it may read, and nobody else", () => {
    expect(ask({ origin: "https://app.example" })).toEqual({ allowed: true, origin: "https://app.example" });
    expect(ask({ origin: "http://localhost:8080" })).toEqual({ allowed: true });
  });
});
