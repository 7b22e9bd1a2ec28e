/** Who is acting: what is known of the one behind a session or a request. Commits record user, session and tenant. */
import { randomUUID } from "node:crypto";
import { z } from "zod";

export interface Actor {
  /** User id. Where nobody has vouched for it, what the user calls himself. */
  readonly user: string;
  /** Whether somebody has vouched for `user`; all others are one user wherever users are told apart. */
  readonly authenticated: boolean;
  /** One connection, or one request. */
  readonly session: string;
  readonly tenant: string | undefined;
  readonly roles: readonly string[];
  /** How secret a thing may be that the actor sees; higher sees more. */
  readonly clearance: number;
  readonly compartments: readonly string[];
}

const name = z.string().min(1).max(256);

/** What is said of a user; all but the user id may be left out. */
export const profileSchema = z.object({
  user: name,
  tenant: name.nullish(),
  roles: z.array(name).readonly().default([]),
  clearance: z.int().nonnegative().default(0),
  compartments: z.array(name).readonly().default([]),
});

/** A user as an authentication describes him. */
export type Profile = z.input<typeof profileSchema>;

/** The actor of a new session. Throws when the profile is none. */
export function toActor(profile: Profile, { authenticated }: { authenticated: boolean }): Actor {
  const { user, tenant, roles, clearance, compartments } = profileSchema.parse(profile);
  return {
    user,
    authenticated,
    session: randomUUID(),
    tenant: tenant ?? undefined,
    roles,
    clearance,
    compartments,
  };
}
