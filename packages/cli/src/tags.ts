/** The tags of a document, wherever it is. */
import { type Tag, tag, tagList, tagRequest } from "@verso/protocol";
import { createTags } from "@verso/server";
import { CliError } from "./errors.js";
import { openFolder } from "./folder.js";
import type { Place } from "./place.js";
import { createRelayApi } from "./relay-api.js";

export interface DocumentTags extends AsyncDisposable {
  create(name: string, sequence: number | undefined): Promise<Tag>;
  list(): AsyncIterable<Tag>;
  delete(name: string): Promise<Tag>;
}

export async function openTags(place: Place, document: string): Promise<DocumentTags> {
  switch (place.type) {
    case "relay":
      return tagsOfRelay(place, document);
    case "folder":
      return tagsOfFolder(place.folder, document);
  }
}

export function tagsOfRelay(place: Place & { type: "relay" }, document: string): DocumentTags {
  const api = createRelayApi(place);
  const path = `/api/documents/${encodeURIComponent(document)}/tags`;
  return {
    create: (name, sequence) =>
      api.request("POST", path, { body: { name, sequence }, parse: json => tag.parse(json) }),
    async *list() {
      for (let after: string | null = ""; after !== null; ) {
        const query: string = after === "" ? "" : `?after=${encodeURIComponent(after)}`;
        const page = await api.request("GET", path + query, { parse: json => tagList.parse(json) });
        yield* page.tags;
        after = page.next;
      }
    },
    delete: name =>
      api.request("DELETE", `${path}/${encodeURIComponent(name)}`, { parse: json => tag.parse(json) }),
    async [Symbol.asyncDispose]() {},
  };
}

/** Who acts on a folder: there is nobody to be asked who he is. */
const operator = { user: "operator" };

async function tagsOfFolder(folder: string, document: string): Promise<DocumentTags> {
  const ledger = await openFolder(folder);
  const head = await ledger.head(document);
  if (head === undefined) {
    await ledger.close();
    throw new CliError("not-found", `There is no document "${document}" in ${folder}.`);
  }
  const tags = createTags(ledger, document, { now: Date.now });
  return {
    async create(name, sequence = head.sequence) {
      const fault = tagRequest.safeParse({ name, sequence }).error?.issues[0];
      if (fault !== undefined) {
        throw new CliError("bad-request", `${fault.path[0]?.toString()}: ${fault.message}.`);
      }
      const created = await tags.create({ name, sequence }, operator);
      if (created.outcome === "no-commit") {
        throw new CliError("not-found", `There is no commit ${sequence} of "${document}".`);
      }
      if (created.outcome === "taken") {
        throw new CliError("conflict", `"${name}" is the name of ${created.tag.revision_id}.`);
      }
      return created.tag;
    },
    list: () => tags.list(),
    async delete(name) {
      const deleted = await tags.delete(name);
      if (deleted === undefined) throw new CliError("not-found", `"${document}" has no tag "${name}".`);
      return deleted;
    },
    [Symbol.asyncDispose]: () => ledger.close(),
  };
}
