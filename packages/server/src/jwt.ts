/**
 * Authentication by JSON Web Tokens that somebody else has signed.
 *
 * A token must say whose it is and until when: `sub` (or what `claims.user` names) and `exp`. It cannot be revoked, so
 * it should not live long; when it expires the session ends, and the client comes back with a new one.
 *
 * Source: RFC 7519 (JWT), RFC 7517 (JWK sets), RFC 8725 (best current practice).
 */
import { parsePointer } from "@verso/bridge";
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { profileSchema } from "./actor.js";
import { type Auth, type Authentication, identified, refused } from "./auth.js";
import { ServerError } from "./errors.js";

export interface JwtOptions {
  /** The public keys of whoever signs: a JWK set, or the URL where it is published. This or `secret`. */
  readonly jwks?: JSONWebKeySet | string | URL;
  /** A secret shared with whoever signs, of 32 bytes at least. */
  readonly secret?: string | Uint8Array;
  /** What `iss` must be. @default anything */
  readonly issuer?: string | readonly string[];
  /** What `aud` must name. @default anything */
  readonly audience?: string | readonly string[];
  /** Signatures that are accepted. @default HS256 with a secret, else all that use a public key */
  readonly algorithms?: readonly string[];
  /** Seconds by which the clocks may differ. @default 5 */
  readonly clockTolerance?: number;
  /** Where a token says what, by names of claims or JSON pointers into it. */
  readonly claims?: Partial<ClaimNames>;
}

export interface ClaimNames {
  /** @default "sub" */
  readonly user: string;
  /** @default "tenant" */
  readonly tenant: string;
  /** A list, or names with spaces between them. @default "roles" */
  readonly roles: string;
  /** @default "clearance" */
  readonly clearance: string;
  /** Like `roles`. @default "compartments" */
  readonly compartments: string;
}

const defaultClaims: ClaimNames = {
  user: "sub",
  tenant: "tenant",
  roles: "roles",
  clearance: "clearance",
  compartments: "compartments",
};

const publicKeyAlgorithms = ["RS", "PS", "ES"].flatMap(family =>
  ["256", "384", "512"].map(bits => family + bits),
);

/** Throws `config-invalid` for options that cannot be. */
export function jwt(options: JwtOptions): Auth {
  const { issuer, audience, clockTolerance = 5 } = options;
  const { verify, algorithms } = verifierOf(options);
  const read = readersOf({ ...defaultClaims, ...options.claims });
  const checks: JWTVerifyOptions = {
    algorithms: [...(options.algorithms ?? algorithms)],
    clockTolerance,
    requiredClaims: ["exp"],
    ...(issuer === undefined ? {} : { issuer: typeof issuer === "string" ? issuer : [...issuer] }),
    ...(audience === undefined ? {} : { audience: typeof audience === "string" ? audience : [...audience] }),
  };

  return {
    name: "JSON Web Tokens",
    anonymous: null,
    async open({ clock }) {
      return {
        async authenticate({ token }) {
          if (token === null) return refused("token-missing");
          try {
            const { payload } = await verify(token, { ...checks, currentDate: new Date(clock.now()) });
            return identityOf(payload);
          } catch (error) {
            return refusalOf(error);
          }
        },
      };
    },
  };

  function identityOf(payload: JWTPayload): Authentication {
    const profile = profileSchema.safeParse({
      user: read.user(payload),
      tenant: read.tenant(payload),
      roles: list(read.roles(payload)),
      clearance: read.clearance(payload),
      compartments: list(read.compartments(payload)),
    });
    if (!profile.success) {
      const at = String(profile.error.issues[0]?.path[0]);
      return refused("token-invalid", { detail: `the token has no claim that can be used as ${at}` });
    }
    const { exp = 0 } = payload;
    return identified(profile.data, { expires: (exp + clockTolerance) * 1000 });
  }
}

type Verify = (token: string, checks: JWTVerifyOptions) => Promise<{ readonly payload: JWTPayload }>;

function verifierOf({ jwks, secret }: JwtOptions): {
  readonly verify: Verify;
  readonly algorithms: readonly string[];
} {
  if ((jwks === undefined) === (secret === undefined)) {
    throw new ServerError("config-invalid", "jwt() takes either jwks or secret.", { path: "auth" });
  }
  if (secret !== undefined) {
    const key = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
    if (key.length < 32) {
      throw new ServerError("config-invalid", "The secret of jwt() has at least 32 bytes.", { path: "auth" });
    }
    return { verify: (token, checks) => jwtVerify(token, key, checks), algorithms: ["HS256"] };
  }
  const keys = keysOf(jwks ?? { keys: [] });
  return {
    verify: (token, checks) => jwtVerify(token, keys, checks),
    algorithms: [...publicKeyAlgorithms, "EdDSA", "Ed25519"],
  };
}

function keysOf(jwks: JSONWebKeySet | string | URL): JWTVerifyGetKey {
  try {
    if (typeof jwks !== "string" && !(jwks instanceof URL)) return createLocalJWKSet(jwks);
    return createRemoteJWKSet(new URL(jwks), { timeoutDuration: keysTimeout });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError("config-invalid", `The jwks of jwt() cannot be used: ${detail}`, {
      cause,
      path: "auth",
    });
  }
}

/** Milliseconds; less than a client waits at the door. */
const keysTimeout = 3000;

function refusalOf(error: unknown): Authentication {
  if (error instanceof errors.JWTExpired) return refused("token-expired");
  // What has no code of its own, and what is no error of jose at all, comes from fetching the keys.
  const fromFetching =
    !(error instanceof errors.JOSEError) ||
    error.code === errors.JOSEError.code ||
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid;
  if (!fromFetching) return refused("token-invalid");
  const detail = "the keys to check the token with cannot be fetched now; try again";
  return refused("unavailable", { detail, cause: error });
}

type ReadClaim = (payload: JWTPayload) => unknown;

function readersOf(names: ClaimNames): Readonly<Record<keyof ClaimNames, ReadClaim>> {
  const readerOf = (claim: keyof ClaimNames): ReadClaim => {
    try {
      const name = names[claim];
      const path = name.startsWith("/") ? parsePointer(name) : [name];
      return payload => path.reduce<unknown>(member, payload);
    } catch (cause) {
      throw new ServerError("config-invalid", `claims.${claim} of jwt() is no JSON pointer.`, {
        cause,
        path: "auth",
      });
    }
  };
  return {
    user: readerOf("user"),
    tenant: readerOf("tenant"),
    roles: readerOf("roles"),
    clearance: readerOf("clearance"),
    compartments: readerOf("compartments"),
  };
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function list(value: unknown): unknown {
  return typeof value === "string" ? value.split(" ").filter(name => name !== "") : value;
}
