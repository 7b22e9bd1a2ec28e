/** How a relay is reached, and as whom. */

/** The token, or what gives it. None: anonymous. */
export type TokenSource = string | (() => string | null | Promise<string | null>) | undefined;

/** The address of something at a relay, by HTTP; `relay` as in the options of a client. */
export function addressAt(relay: string | URL, path: string): URL {
  const base = String(relay)
    .replace(/^ws/, "http")
    .replace(/\/?(sync\/?)?$/, "/");
  return new URL(path, base);
}

/** The token for now; `null` for somebody anonymous. */
export async function askToken(token: TokenSource): Promise<string | null> {
  return (typeof token === "function" ? await token() : token) ?? null;
}
