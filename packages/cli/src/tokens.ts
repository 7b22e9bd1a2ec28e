/** The API tokens of a store, wherever they are administered. */
import {
  type CreatedToken,
  createdToken,
  type TokenDescription,
  type TokenRequest,
  tokenDescription,
  tokenList,
} from "@verso/protocol";
import { createSecretHashing, createToken, describeToken, openTokenStore } from "@verso/server";
import { CliError } from "./errors.js";
import { openFolder } from "./folder.js";
import type { Place } from "./place.js";
import { createRelayApi } from "./relay-api.js";

export interface Tokens extends AsyncDisposable {
  create(request: TokenRequest): Promise<CreatedToken>;
  list(): AsyncIterable<TokenDescription>;
  /** Throws `not-found` when there is none of that id. */
  revoke(id: string): Promise<TokenDescription>;
}

/** `creating` makes the folder of a store that is not there yet. */
export async function openTokens(place: Place, { creating }: { creating: boolean }): Promise<Tokens> {
  switch (place.type) {
    case "relay":
      return tokensOfRelay(place);
    case "folder":
      return tokensOfFolder(place.folder, creating);
  }
}

function tokensOfRelay(place: Place & { type: "relay" }): Tokens {
  const api = createRelayApi(place);
  const path = "/api/admin/tokens";
  return {
    create: request => api.request("POST", path, { body: request, parse: json => createdToken.parse(json) }),
    async *list() {
      for (let after: string | null = ""; after !== null; ) {
        const query: string = after === "" ? "" : `?after=${encodeURIComponent(after)}`;
        const page = await api.request("GET", path + query, { parse: json => tokenList.parse(json) });
        yield* page.tokens;
        after = page.next;
      }
    },
    revoke: id =>
      api.request("DELETE", `${path}/${encodeURIComponent(id)}`, {
        parse: json => tokenDescription.parse(json),
      }),
    async [Symbol.asyncDispose]() {},
  };
}

async function tokensOfFolder(folder: string, creating: boolean): Promise<Tokens> {
  const ledger = await openFolder(folder, { creating });
  const store = await openTokenStore({
    records: ledger.records,
    hashing: createSecretHashing(),
    now: Date.now,
  });
  return {
    async create(request) {
      const created = await createToken(store, request);
      if (created === "busy") throw new CliError("unavailable", "Too many secrets are hashed at once.");
      return created;
    },
    async *list() {
      for await (const stored of store.list()) yield describeToken(stored);
    },
    async revoke(id) {
      const revoked = await store.revoke(id);
      if (revoked === undefined) throw new CliError("not-found", `There is no token "${id}" in ${folder}.`);
      return describeToken(revoked);
    },
    [Symbol.asyncDispose]: () => ledger.close(),
  };
}
