/**
 * Which commits a commit was made in view of: those whose structs it names, as neighbours, as what holds its own, or as
 * what it deletes; and those that its author is known to have seen.
 */
import type { Commit } from "@verso/storage";
import { updateRanges } from "@verso/validation";
import * as Y from "yjs";

/** For each of these commits of one document, which of them it depends on, ascending. */
export function dependenciesOf(commits: readonly Commit[]): ReadonlyMap<number, readonly number[]> {
  const written: {
    readonly client: number;
    readonly from: number;
    readonly to: number;
    readonly sequence: number;
  }[] = [];
  const all = new Map<number, readonly number[]>();
  const first = commits[0]?.sequence ?? 0;
  for (const { sequence, update, notes } of commits) {
    const seen = new Set(notes.dependsOn.filter(each => each >= first));
    const own = update === undefined || update.length === 0 ? [] : updateRanges(update);
    if (own.length > 0 || (update?.length ?? 0) > 0) {
      for (const { client, from, to } of idsNamed(update!)) {
        for (const range of written) {
          if (range.client === client && range.from < to && from < range.to) seen.add(range.sequence);
        }
      }
    }
    written.push(...own.map(range => ({ ...range, sequence })));
    all.set(
      sequence,
      [...seen].sort((a, b) => a - b),
    );
  }
  return all;
}

function idsNamed(
  update: Uint8Array,
): { readonly client: number; readonly from: number; readonly to: number }[] {
  const { structs, ds } = Y.decodeUpdate(update);
  const named: { client: number; from: number; to: number }[] = [];
  const name = (id: unknown) => {
    if (id instanceof Y.ID) named.push({ client: id.client, from: id.clock, to: id.clock + 1 });
  };
  for (const struct of structs) {
    // The one before it of the same client: nobody writes without having seen what he wrote himself.
    if (struct.id.clock > 0) name(Y.createID(struct.id.client, struct.id.clock - 1));
    if (!(struct instanceof Y.Item)) continue;
    name(struct.origin);
    name(struct.rightOrigin);
    name(struct.parent);
  }
  for (const [client, ranges] of ds.clients) {
    for (const { clock, len } of ranges) named.push({ client, from: clock, to: clock + len });
  }
  return named;
}
