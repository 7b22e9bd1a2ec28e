/**
 * Who put there what is in a document: for a value and each of its parts the commit that first inserted it.
 *
 * The document says by which ids it holds them, and the ledger, read back from that version, which commits inserted
 * these. Content that came back, because somebody undid its deletion or the gate refused it, has new ids; the commit
 * that brought it back has noted the old ones, and the search goes on for those. What the relay wrote of its own, as
 * when it cleans a text or writes out a version that cannot be had by ids, is of the commit in which it did.
 */
import {
  createInsertionSearch,
  decodeInverse,
  decodeRevertNote,
  type IdRange,
  type InsertionSearch,
  type Provenance,
  type SpanInsertions,
  toPointer,
} from "@verso/bridge";
import type { Blame } from "@verso/protocol";
import type { Commit, Ledger } from "@verso/storage";
import { updateRanges } from "@verso/validation";

/** What of a commit is told to whoever asks. */
type Author = Pick<Commit, "sequence" | "revision" | "actor" | "kind" | "time">;

type Blamed = Pick<Blame, "by" | "parts" | "commits">;

/**
 * The commits behind a value and its parts, as of a sequence; `null` for what was inserted by one of which neither inverse
 * record nor update is kept. Costs the commits from there back to the oldest of them, and all of them when one is not found.
 */
export async function blameProvenance(
  ledger: Ledger,
  { document, sequence }: { readonly document: string; readonly sequence: number },
  { ids, parts }: Provenance,
): Promise<Blamed> {
  const search = createInsertionSearch<Author>([ids, ...parts.map(part => part.ids)].filter(isRange));
  if (!search.isDone) {
    for await (const commit of ledger.read(document, { to: sequence, reverse: true })) {
      const { revision, actor, kind, time } = commit;
      search.pass({ sequence: commit.sequence, revision, actor, kind, time }, insertionsOf(commit));
      if (search.isDone) break;
    }
  }
  return describe({ ids, parts }, search);
}

function insertionsOf({ inverse, update, notes }: Commit): SpanInsertions {
  const restorations = notes.reversion === undefined ? [] : decodeRevertNote(notes.reversion).restorations;
  return { inserted: insertedBy({ inverse, update }), restorations };
}

function insertedBy({ inverse, update }: Pick<Commit, "inverse" | "update">): readonly IdRange[] {
  if (inverse !== undefined && inverse.length > 0) return decodeInverse(inverse).inserted;
  if (update === undefined || update.length === 0) return [];
  return updateRanges(update).map(({ client, from, to }) => ({ client, clock: from, length: to - from }));
}

function describe({ ids, parts }: Provenance, search: InsertionSearch<Author>): Blamed {
  const authors = new Map<number, Author>();
  const described: Blamed["parts"] = [];
  for (const part of parts) {
    const pointer = toPointer(part.path);
    if (part.type === "member") described.push({ type: "member", pointer, by: byOf(part.ids) });
    else describeRange(pointer, part.index, part.ids);
  }
  return { by: byOf(ids), parts: described, commits: inOrder(authors) };

  function byOf(unit: IdRange | null): number | null {
    if (unit === null) return null;
    const [found] = search.spansOf(unit);
    return noted(found?.span);
  }

  function describeRange(pointer: string, index: number, range: IdRange): void {
    let from = index;
    for (const { span, length } of search.spansOf(range)) {
      const by = noted(span);
      const last = described.at(-1);
      const to = from + length;
      if (last?.type === "range" && last.pointer === pointer && last.by === by) last.to = to;
      else described.push({ type: "range", pointer, from, to, by });
      from = to;
    }
  }

  function noted(author: Author | undefined): number | null {
    if (author === undefined) return null;
    authors.set(author.sequence, author);
    return author.sequence;
  }
}

function inOrder(authors: ReadonlyMap<number, Author>): Blame["commits"] {
  return [...authors.values()]
    .sort((a, b) => a.sequence - b.sequence)
    .map(({ sequence, revision, actor, kind, time }) => ({
      sequence,
      revision_id: revision,
      user_id: actor.user,
      kind,
      created_at: new Date(time).toISOString(),
    }));
}

function isRange(ids: IdRange | null): ids is IdRange {
  return ids !== null;
}
