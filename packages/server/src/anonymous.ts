/** Authentication that asks for nothing: whoever comes is let in. */
import { toActor } from "./actor.js";
import { type Auth, never, refused } from "./auth.js";

export interface AnonymousOptions {
  /**
   * What everybody may be, or what one of that name may be; nobody checks the name.
   * @default none
   */
  readonly roles?: readonly string[] | ((name: string | null) => readonly string[]);
  /**
   * Whether a client may give itself a name, `?name=` in its URL, which then stands in its commits, and by which it may
   * have roles. Clients of `/ws` always name themselves; whether they have roles by that is said here as well.
   * @default false
   */
  readonly allowName?: boolean;
  /**
   * Whether also those are let in who come from another machine. Without it a relay that listens on more than loopback
   * does not start.
   * @default false
   */
  readonly anywhere?: boolean;
}

export function anonymous({ roles = [], allowName = false, anywhere = false }: AnonymousOptions = {}): Auth {
  return {
    name: "anonymous",
    anonymous: anywhere ? "anywhere" : "on-loopback",
    async open() {
      return {
        async authenticate({ name: given, isNamed = false }) {
          const name = allowName ? given : null;
          const user = isNamed ? given : name;
          if (user !== null && !isName(user)) {
            return refused("bad-request", { detail: "a name has 1 to 64 characters, no control characters" });
          }
          const profile = {
            user: user ?? "anonymous",
            roles: typeof roles === "function" ? roles(name) : roles,
          };
          const actor = toActor(profile, { authenticated: false });
          return { ok: true, identity: { actor, expires: null, onRevoked: never } };
        },
      };
    },
  };
}

function isName(name: string): boolean {
  return /^\P{Cc}{1,64}$/u.test(name) && !/\p{Cs}/u.test(name);
}
