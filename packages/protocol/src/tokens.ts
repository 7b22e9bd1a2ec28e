/**
 * The JSON by which API tokens are administered: `POST`, `GET` and `DELETE /api/admin/tokens`.
 *
 * A token's secret stands in the answer to the request that created it, and nowhere else ever again.
 */
import { z } from "zod";
import { pageSize, pageStart } from "./paging.js";

const name = z.string().min(1).max(256);

/** `POST /api/admin/tokens`: whose token it is to be, and what he is. */
export const tokenRequest = z.strictObject({
  user: name,
  tenant: name.optional(),
  roles: z.array(name).max(100).default([]),
  clearance: z
    .int()
    .nonnegative()
    .default(0)
    .describe("How secret a thing may be that he sees; higher sees more."),
  compartments: z.array(name).max(100).default([]),
  expires_at: z.iso.datetime().optional().describe("Without it the token holds until it is revoked."),
});

/** A token as lists show it. */
export const tokenDescription = z.object({
  id: z.string(),
  user: z.string(),
  tenant: z.string().nullable(),
  roles: z.array(z.string()),
  clearance: z.int().nonnegative(),
  compartments: z.array(z.string()),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  revoked_at: z.iso.datetime().nullable(),
});

/** The answer to `POST /api/admin/tokens`. */
export const createdToken = tokenDescription.extend({
  token: z.string().describe("`id.secret`: what its owner shows from now on."),
});

/** `GET /api/admin/tokens?after=&limit=` */
export const tokenListQuery = z.object({
  after: pageStart.optional(),
  limit: pageSize,
});

/** `GET /api/admin/tokens?after=&limit=`: one page of tokens, in the order of their ids. */
export const tokenList = z.object({
  tokens: z.array(tokenDescription),
  next: z.string().nullable().describe("Give it as `after` to read on; `null` on the last page."),
});

export type TokenRequest = z.input<typeof tokenRequest>;
export type TokenDescription = z.infer<typeof tokenDescription>;
export type CreatedToken = z.infer<typeof createdToken>;
export type TokenList = z.infer<typeof tokenList>;
