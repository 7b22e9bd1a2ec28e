/**
 * Authentication: from what a client shows to who it is.
 *
 * How that is found out is configured: `anonymous()`, `tokens()`, `jwt()`, or a function of one's own. Whatever it is,
 * it answers with an identity or with a reason, and an identity may end while a session lasts.
 */
import type { Records } from "@verso/storage";
import { type Actor, type Profile, toActor } from "./actor.js";
import type { Cancel, Clock } from "./clock.js";
import type { Credentials } from "./credentials.js";
import type { TokenStore } from "./token-store.js";

/** A way of authentication, as a configuration names it. */
export interface Auth {
  /** For logs. */
  readonly name: string;
  /**
   * Whether it lets in whom it does not know, and then whether from other machines too. Where it does not, every
   * request needs a token.
   */
  readonly anonymous: "on-loopback" | "anywhere" | null;
  open(context: AuthContext): Promise<Authenticator>;
}

export interface AuthContext {
  /** Records in the relay's own store. */
  readonly records: (namespace: string) => Records;
  readonly clock: Clock;
}

export interface Authenticator {
  authenticate(credentials: Credentials): Promise<Authentication>;
  /** The API tokens that this relay administers, if it has any. */
  readonly tokens?: TokenStore;
}

export type Authentication =
  | { readonly ok: true; readonly identity: Identity }
  | {
      readonly ok: false;
      readonly code: AuthFailure;
      readonly detail: string;
      /** What kept it from being found out; for the log. */
      readonly cause?: unknown;
    };

/** Who somebody has turned out to be, and how long that holds. */
export interface Identity {
  readonly actor: Actor;
  /** Milliseconds since 1970. */
  readonly expires: number | null;
  /** Calls the listener when the identity is withdrawn, or soon when it has been already; returns how to stop that. */
  readonly onRevoked: (listener: () => void) => Cancel;
}

export type AuthFailure =
  | "token-missing"
  | "token-invalid"
  | "token-expired"
  | "token-revoked"
  /** What the client sent is no credentials at all. */
  | "bad-request"
  /** It cannot be found out now. */
  | "unavailable";

/**
 * A function of one's own: who shows these credentials, or `null` when they are not accepted. What it throws is our
 * failure and not the client's, who may come back.
 */
export type Authenticate = (
  credentials: Credentials,
) => AuthenticatedProfile | null | Promise<AuthenticatedProfile | null>;

export type AuthenticatedProfile = Profile & {
  /** Milliseconds since 1970 until which it holds. */
  readonly expires?: number | null;
};

export function customAuth(authenticate: Authenticate): Auth {
  return {
    name: "a function of the configuration",
    anonymous: null,
    async open() {
      return {
        async authenticate(credentials) {
          const profile = await authenticate(credentials);
          if (profile !== null) return identified(profile, { expires: profile.expires ?? null });
          return refused(credentials.token === null ? "token-missing" : "token-invalid");
        },
      };
    },
  };
}

/** The identity of somebody who has been vouched for. */
export function identified(
  profile: Profile,
  { expires, onRevoked = never }: Pick<Identity, "expires"> & Partial<Identity>,
): Authentication {
  return { ok: true, identity: { actor: toActor(profile, { authenticated: true }), expires, onRevoked } };
}

export function refused(
  code: AuthFailure,
  { detail = details[code], cause }: { readonly detail?: string; readonly cause?: unknown } = {},
): Authentication {
  return { ok: false, code, detail, ...(cause === undefined ? {} : { cause }) };
}

/** Nobody withdraws it. */
export function never(): Cancel {
  return () => {};
}

/** Calls `ended` once when the identity does not hold any more, until the function it returns is called. */
export function watchIdentity(
  { expires, onRevoked }: Identity,
  { clock, ended }: { clock: Clock; ended: (code: AuthFailure, detail: string) => void },
): Cancel {
  let cancelTimer: Cancel = () => {};
  const end = (code: AuthFailure) => {
    stop();
    ended(code, details[code]);
  };
  const stopListening = onRevoked(() => end("token-revoked"));
  const look = () => {
    if (expires === null) return;
    const left = expires - clock.now();
    if (left <= 0) end("token-expired");
    else cancelTimer = clock.after(Math.min(left, longestWait), look);
  };
  cancelTimer = clock.after(0, look);
  return stop;

  function stop(): void {
    cancelTimer();
    stopListening();
  }
}

/** Expiry is a time of the wall clock, which may be set meanwhile. */
const longestWait = 60_000;

const details: Readonly<Record<AuthFailure, string>> = {
  "token-missing": "a token is needed here",
  "token-invalid": "the token is not valid",
  "token-expired": "the token has expired",
  "token-revoked": "the token was revoked",
  "bad-request": "the credentials cannot be read",
  unavailable: "who this is cannot be found out now; try again",
};
