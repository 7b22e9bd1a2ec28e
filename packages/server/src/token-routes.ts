/**
 * The administration of API tokens over HTTP. Whoever gets here may do it.
 *
 *     POST   /tokens        makes one: the only answer that holds a secret
 *     GET    /tokens        lists them
 *     DELETE /tokens/:id    revokes one, at once for the sessions that it opened too
 */
import {
  type CreatedToken,
  type TokenDescription,
  type TokenList,
  type TokenRequest,
  tokenListQuery,
  tokenRequest,
} from "@verso/protocol";
import { json, Router } from "express";
import { HttpProblem, parse } from "./http-problem.js";
import type { StoredToken, TokenStore } from "./token-store.js";

export function createTokenRoutes(tokens: TokenStore): Router {
  const router = Router();

  router.post("/tokens", json({ limit: "64kb" }), async (request, response) => {
    const created = await createToken(tokens, parse(tokenRequest, request.body));
    if (created === "busy")
      throw new HttpProblem("unavailable", "Too many tokens are verified now; try again.");
    response.status(201).set("Cache-Control", "no-store").json(created);
  });

  router.get("/tokens", async (request, response) => {
    const { after, limit } = parse(tokenListQuery, request.query);
    const page: TokenDescription[] = [];
    for await (const stored of tokens.list(after === undefined ? { limit } : { after, limit })) {
      page.push(describeToken(stored));
    }
    const next = page.length === limit ? (page.at(-1)?.id ?? null) : null;
    response.json({ tokens: page, next } satisfies TokenList);
  });

  router.delete("/tokens/:id", async (request, response) => {
    const revoked = await tokens.revoke(request.params.id);
    if (revoked === undefined) throw new HttpProblem("not-found", "There is no token of this id.");
    response.json(describeToken(revoked));
  });

  return router;
}

/** Makes a token as a request says. */
export async function createToken(tokens: TokenStore, request: TokenRequest): Promise<CreatedToken | "busy"> {
  const { expires_at, ...owner } = request;
  const expires = expires_at === undefined ? null : Date.parse(expires_at);
  const created = await tokens.create(owner, { expires });
  return created === "busy" ? created : { ...describeToken(created.stored), token: created.token };
}

export function describeToken(stored: StoredToken): TokenDescription {
  const { id, user, tenant, roles, clearance, compartments, created, expires, revoked } = stored;
  return {
    id,
    user,
    tenant: tenant ?? null,
    roles: [...roles],
    clearance,
    compartments: [...compartments],
    created_at: new Date(created).toISOString(),
    expires_at: expires === null ? null : new Date(expires).toISOString(),
    revoked_at: revoked === null ? null : new Date(revoked).toISOString(),
  };
}
