/**
 * Single reads that are asked for in the same turn of the event loop, done as one: each would be a task of its own for one of
 * the store's threads, which costs several times what it reads.
 */
import type { GroupCommit } from "./group-commit.js";

/** The value of a key; `undefined` when there is none. */
export type GatheredRead = (key: Uint8Array) => Promise<Uint8Array | undefined>;

export function gatherReads(groupCommit: Pick<GroupCommit, "read">): GatheredRead {
  let keys: Uint8Array[] = [];
  let reading: Promise<readonly (Uint8Array | undefined)[]> | null = null;

  return async key => {
    const index = keys.push(key) - 1;
    reading ??= Promise.resolve().then(() => {
      const gathered = keys;
      keys = [];
      reading = null;
      return groupCommit.read(backend => backend.getMany(gathered));
    });
    return (await reading)[index];
  };
}
