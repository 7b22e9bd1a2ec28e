/**
 * Finding the spans that inserted what is there now, going back from the latest.
 *
 * What came back by a revert has new ids, and the revert has noted the old ones. So where a span restored what is looked
 * for, the search goes on for the original: what was written once stays its first author's, however often it was deleted
 * and came back.
 */
import { IdSet, SortedRanges } from "./id-ranges.js";
import type { IdRange, InverseRecord } from "./invert.js";
import type { RevertNote } from "./revert-memory.js";

/** What a span inserted, and what of it is restored content. */
export type SpanInsertions = Pick<InverseRecord, "inserted"> & Pick<RevertNote, "restorations">;

/** A search for spans, which are called by whatever their owner knows them by. */
export interface InsertionSearch<T> {
  /** Whether nothing is looked for any more. */
  readonly isDone: boolean;
  /** Takes the next earlier span. */
  pass(span: T, insertions: SpanInsertions): void;
  /** The spans that first inserted a range, part by part; `undefined` where none of those passed so far did. */
  spansOf(range: IdRange): Iterable<{ readonly span: T | undefined; readonly length: number }>;
}

export function createInsertionSearch<T>(ranges: Iterable<IdRange>): InsertionSearch<T> {
  const sought = new IdSet();
  const found = new SortedRanges<IdRange & { readonly span: T }>();
  const copies = new SortedRanges<IdRange & { readonly original: IdRange }>();
  for (const range of ranges) sought.add(range);

  const search: InsertionSearch<T> = {
    get isDone() {
      return sought.isEmpty;
    },
    pass(span, { inserted, restorations }) {
      // The latest first: a span may restore what it had itself restored before.
      for (const { client, clock, length, newClient, newClock } of restorations.toReversed()) {
        for (const copy of sought.take({ client: newClient, clock: newClock, length })) {
          const original = { client, clock: clock + copy.clock - newClock, length: copy.length };
          copies.insert({ ...copy, original });
          sought.add(original);
        }
      }
      for (const range of inserted) {
        for (const part of sought.take(range)) found.insert({ ...part, span });
      }
    },
    *spansOf({ client, ...range }) {
      for (const copy of copies.stretches({ client, ...range })) {
        const { clock, length } = copy;
        if (copy.found === undefined) {
          for (const part of found.stretches({ client, clock, length })) {
            yield { span: part.found?.span, length: part.length };
          }
        } else {
          const { original } = copy.found;
          yield* search.spansOf({ ...original, clock: original.clock + clock - copy.found.clock, length });
        }
      }
    },
  };
  return search;
}
