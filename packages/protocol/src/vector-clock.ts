/**
 * Vector clocks: how much of each client's writing somebody has seen.
 *
 * On the wire a clock is an object that gives for each Yjs client id how many of its units were seen, as the state vector
 * of a document does; whoever is not named was not seen. Deletions are units of nobody, so two versions of a document may
 * have the same clock: it orders what was inserted, and says nothing of what was deleted.
 *
 * Source: Mattern, Virtual Time and Global States of Distributed Systems, 1989; Yjs, `encodeStateVector`.
 */
import { z } from "zod";

/** More clients than this, no document has that anybody should keep a clock of. */
const mostClients = 100_000;
const clientId = z.string().regex(/^(0|[1-9]\d{0,15})$/);

/** As it is sent: what nobody has written is left out, and read as if it were not there. */
export const vectorClock = z
  .record(clientId, z.int().nonnegative())
  .refine(clock => Object.keys(clock).length <= mostClients, `A clock has at most ${mostClients} clients.`)
  .describe("How many units of each Yjs client were seen, as in the state vector of a document.");

export type VectorClock = Readonly<z.infer<typeof vectorClock>>;

/** How one clock stands to another: `before`, when the other has seen all that it has, and more. */
export type ClockOrder = "before" | "after" | "equal" | "concurrent";

/** The clock of a state vector. Clients stand in the order of their ids, so equal clocks have equal JSON. */
export function clockOfStateVector(stateVector: ReadonlyMap<number, number>): VectorClock {
  const seen = [...stateVector].filter(([, units]) => units > 0);
  // An object has keys that are small numbers in their order, and the others as they came.
  return Object.fromEntries(seen.sort(([one], [other]) => one - other));
}

export function compareClocks(one: VectorClock, other: VectorClock): ClockOrder {
  const behind = isBehind(one, other);
  const ahead = isBehind(other, one);
  if (behind) return ahead ? "concurrent" : "before";
  return ahead ? "after" : "equal";
}

/** The least clock that has seen what either has. */
export function mergeClocks(one: VectorClock, other: VectorClock): VectorClock {
  const merged = new Map(entriesOf(one));
  for (const [client, units] of entriesOf(other))
    merged.set(client, Math.max(units, merged.get(client) ?? 0));
  return clockOfStateVector(merged);
}

/** Whether there is anything that the other has seen and this one has not. */
function isBehind(one: VectorClock, other: VectorClock): boolean {
  return entriesOf(other).some(([client, units]) => units > seenBy(one, client));
}

function seenBy(clock: VectorClock, client: number): number {
  const key = String(client);
  return Object.hasOwn(clock, key) ? clock[key]! : 0;
}

function entriesOf(clock: VectorClock): [client: number, units: number][] {
  return Object.entries(clock).map(([client, units]) => [Number(client), units]);
}
