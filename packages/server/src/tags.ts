/**
 * Named versions of a document: a name for one of its commits.
 *
 * They are records of the document, so that they are listed by it and go with it when it is erased. A tag remembers the
 * revision beside the sequence: what it names is this commit and no other.
 */
import { type Tag, tagRequest } from "@verso/protocol";
import type { Ledger } from "@verso/storage";
import { z } from "zod";

export interface Tags {
  /**
   * Names a commit. `taken` when the name stands for another one; making the same tag again gives the one that is there.
   * `no-commit` when there is none of this sequence.
   */
  create(
    tag: { readonly name: string; readonly sequence: number },
    by: { readonly user: string },
  ): Promise<
    { readonly outcome: "created" | "taken"; readonly tag: Tag } | { readonly outcome: "no-commit" }
  >;
  get(name: string): Promise<Tag | undefined>;
  /** In the order of the names' bytes. */
  list(options?: { readonly after?: string; readonly limit?: number }): AsyncIterable<Tag>;
  /** The tag that is gone now; `undefined` when there was none. The commit stays. */
  delete(name: string): Promise<Tag | undefined>;
}

const recordSchema = z.looseObject({
  sequence: z.int(),
  revision: z.string(),
  /** Milliseconds since 1970. */
  time: z.int(),
  user: z.string(),
});

const namespace = "tags";

/** @param now the time, in milliseconds since 1970. */
export function createTags(ledger: Ledger, documentId: string, { now }: { now: () => number }): Tags {
  const records = ledger.documentRecords(documentId, namespace);

  const tags: Tags = {
    async create({ name, sequence }, { user }) {
      const revision = await revisionOf(sequence);
      if (revision === undefined) return { outcome: "no-commit" };
      const record = { sequence, revision, time: now(), user } satisfies z.input<typeof recordSchema>;
      const bytes = Buffer.from(JSON.stringify(record));
      if (await records.add(name, bytes)) return { outcome: "created", tag: toTag(name, bytes) };
      const known = await tags.get(name);
      // Deleted a moment ago.
      if (known === undefined) return tags.create({ name, sequence }, { user });
      return { outcome: known.revision_id === revision ? "created" : "taken", tag: known };
    },
    async get(name) {
      const bytes = isName(name) ? await records.get(name) : undefined;
      return bytes === undefined ? undefined : toTag(name, bytes);
    },
    async *list(options) {
      for await (const [name, bytes] of records.entries(options)) yield toTag(name, bytes);
    },
    async delete(name) {
      const known = await tags.get(name);
      if (known !== undefined) await records.delete(name);
      return known;
    },
  };
  return tags;

  async function revisionOf(sequence: number): Promise<string | undefined> {
    for await (const { revision } of ledger.read(documentId, { from: sequence, to: sequence }))
      return revision;
    return undefined;
  }
}

/** Anybody may ask for a tag by any text. */
function isName(text: string): boolean {
  return tagRequest.shape.name.safeParse(text).success;
}

function toTag(name: string, bytes: Uint8Array): Tag {
  const { sequence, revision, time, user } = recordSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  return {
    name,
    sequence,
    revision_id: revision,
    created_at: new Date(time).toISOString(),
    user_id: user,
  };
}
