/**
 * The door: everything that is settled before anybody hears anything.
 *
 *     request ─▶ who is this? ─▶ may he read? write? create? ─▶ in, to read or to write
 *
 * A WebSocket is not accepted before that, so until then nothing of it is read, let alone decoded: what a client sends
 * early waits in the buffers of its connection. All answers together must come within a deadline.
 *
 * Tokens stay in here: of what an authentication throws only what holds no token gets out.
 */
import type { IncomingMessage } from "node:http";
import { CloseCode, forkOf } from "@verso/protocol";
import { StorageError } from "@verso/storage";
import type { Access, AccessAction } from "./access.js";
import type { Actor } from "./actor.js";
import type { Authentication, Authenticator, AuthFailure, Identity } from "./auth.js";
import type { Cancel, Clock } from "./clock.js";
import { type Credentials, readCredentials } from "./credentials.js";
import { type ForkStore, isProposer } from "./fork-store.js";

export interface Door {
  /** Who sends this request. */
  identify(request: IncomingMessage): Promise<Identified>;
  /** Who has shown these in a message. */
  identifyBy(credentials: Credentials): Promise<Identified>;
  /** Whether he may. */
  may(actor: Actor, documentId: string | null, action: AccessAction): Promise<Permitted>;
  /** Whether somebody who is known may open this document, and what he may do there. */
  open(actor: Actor, documentId: string): Promise<Opening>;
  /** Who wants to open this document, and what he may do there. */
  enter(request: IncomingMessage, documentId: string): Promise<Entry>;
}

export type Identified = { readonly ok: true; readonly identity: Identity } | Refused;
export type Permitted = { readonly ok: true } | Refused;
export type Opening = { readonly ok: true; readonly mayWrite: boolean } | Refused;
export type Entry = { readonly ok: true; readonly identity: Identity; readonly mayWrite: boolean } | Refused;

export interface Refused {
  readonly ok: false;
  readonly code: AuthFailure | "forbidden" | "not-found" | "fork-not-open" | "internal";
  readonly detail: string;
}

export interface DoorOptions {
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly tokenInUrl: boolean;
  /** Milliseconds for everything together. */
  readonly deadline: number;
  readonly clock: Clock;
  /** Whether anything was ever written to the document. */
  readonly exists: (documentId: string) => Promise<boolean>;
  readonly forks: Pick<ForkStore, "get">;
  /** Told of what went wrong in finding out; no token is in it. */
  readonly onError: (error: unknown) => void;
}

export function createDoor(options: DoorOptions): Door {
  const { authenticator, access, tokenInUrl, deadline, clock, exists, forks, onError } = options;

  return {
    identifyBy: credentials => inTime(identify(credentials)),
    identify: request => inTime(identify(readCredentials(request, { tokenInUrl }))),
    may: (actor, documentId, action) => inTime(demand(actor, documentId, action)),
    open: (actor, documentId) => inTime(open(actor, documentId)),
    enter: (request, documentId) => inTime(enter(readCredentials(request, { tokenInUrl }), documentId)),
  };

  async function enter(credentials: Credentials, documentId: string): Promise<Entry> {
    const identified = await identify(credentials);
    if (!identified.ok) return identified;
    const { identity } = identified;
    const opening = await open(identity.actor, documentId);
    return opening.ok ? { ...opening, identity } : opening;
  }

  async function open(actor: Actor, documentId: string): Promise<Opening> {
    const fork = forkOf(documentId);
    if (fork !== null) return openFork(fork, actor);
    const permitted = await demand(actor, documentId, "read");
    if (!permitted.ok) return permitted;
    return { ok: true, mayWrite: await mayWrite(actor, documentId) };
  }

  /** Whoever may read what was forked may read the fork; only its proposer writes. */
  async function openFork(id: string, actor: Actor): Promise<Opening> {
    const fork = await forks.get(id);
    if (fork === undefined) return { ok: false, code: "not-found", detail: "there is no such fork" };
    const permitted = await demand(actor, fork.parent, "read");
    if (!permitted.ok) return permitted;
    if (fork.state !== "open") {
      return { ok: false, code: "fork-not-open", detail: `the fork was ${fork.state}` };
    }
    return { ok: true, mayWrite: isProposer(actor, fork) };
  }

  async function identify(credentials: Credentials): Promise<Identified> {
    let authentication: Authentication;
    try {
      authentication = await authenticator.authenticate(credentials);
    } catch (error) {
      throw error instanceof StorageError ? error : withoutToken(error, credentials.token);
    }
    if (!authentication.ok && authentication.cause !== undefined) {
      onError(withoutToken(authentication.cause, credentials.token));
    }
    return authentication;
  }

  async function demand(actor: Actor, documentId: string | null, action: AccessAction): Promise<Permitted> {
    if (await may(actor, documentId, action)) return { ok: true };
    const detail =
      documentId === null ? "this takes the right to administer" : `you may not ${action} this document`;
    return { ok: false, code: "forbidden", detail };
  }

  async function mayWrite(actor: Actor, documentId: string): Promise<boolean> {
    if (!(await may(actor, documentId, "write"))) return false;
    return (await may(actor, documentId, "create")) || (await exists(documentId));
  }

  async function may(...question: Parameters<Access>): Promise<boolean> {
    return (await access(...question)) === true;
  }

  /** The answer, or within the deadline a reason why there is none. */
  async function inTime<T>(answer: Promise<T>): Promise<T | Refused> {
    let cancel: Cancel = () => {};
    const late = new Promise<Refused>(resolve => {
      cancel = clock.after(deadline, () => {
        onError(new Error(`Who somebody is and what he may do was not settled within ${deadline} ms.`));
        resolve(unavailable);
      });
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      if (error instanceof StorageError && error.transient) return unavailable;
      onError(error);
      return { ok: false, code: "internal", detail: "the relay failed at this; its log says more" };
    } finally {
      cancel();
    }
  }
}

const unavailable: Refused = {
  ok: false,
  code: "unavailable",
  detail: "who you are and what you may do cannot be found out now; try again",
};

/** How a WebSocket is closed that is refused for this reason. */
export function closeCodeOf(code: Refused["code"]): CloseCode {
  switch (code) {
    case "token-missing":
    case "token-invalid":
    case "token-expired":
    case "token-revoked":
      return CloseCode.unauthorized;
    case "forbidden":
      return CloseCode.forbidden;
    case "not-found":
    case "fork-not-open":
      return CloseCode.deleted;
    case "bad-request":
      return CloseCode.badRequest;
    case "unavailable":
      return CloseCode.unavailable;
    case "internal":
      return CloseCode.internal;
  }
}

/** An error without the token that it may quote: errors end in the log. */
function withoutToken(error: unknown, token: string | null): unknown {
  if (token === null) return error;
  const clean = (text: string) => text.replaceAll(token, "<token>");
  if (!(error instanceof Error)) return clean(String(error));
  const cleaned = new Error(clean(error.message), {
    ...(error.cause === undefined ? {} : { cause: withoutToken(error.cause, token) }),
  });
  cleaned.name = error.name;
  if (error.stack !== undefined) cleaned.stack = clean(error.stack);
  return cleaned;
}
