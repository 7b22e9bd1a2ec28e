/**
 * Judges the payload of a sync step 1: a state vector, as `writeStateVector` of Yjs encodes it.
 *
 *     state vector = count (client clock)*
 */
import type { Barred, TooLarge } from "./answers.js";
import type { Limits } from "./limits.js";
import { ByteReader } from "./reader.js";
import { MAX_CLOCK } from "./update.js";

export type StateVectorCheck =
  | {
      readonly type: "pass";
      /** How many client ids it names. */
      readonly clients: number;
    }
  | Barred
  | TooLarge;

/** Whether a state vector may be decoded. Never throws; needs no document, since a vector may be ahead of it. */
export function checkStateVector(
  stateVector: Uint8Array,
  { stateVectorBytes, stateVectorClients }: Pick<Limits, "stateVectorBytes" | "stateVectorClients">,
): StateVectorCheck {
  const reader = new ByteReader(stateVector);
  if (reader.left > stateVectorBytes) {
    reader.exceed("too-many-bytes", `${reader.left} bytes, ${stateVectorBytes} allowed`, 0);
  }
  const clients = reader.count();
  if (clients > stateVectorClients) {
    reader.exceed("too-many-clients", `${clients} clients, ${stateVectorClients} allowed`, 0);
  }
  const seen = new Set<number>();
  for (let left = clients; left > 0 && reader.fault === null; left--) {
    const at = reader.pos;
    const client = reader.uint();
    const clock = reader.uint();
    if (seen.has(client)) reader.bar("duplicate-client", `client ${client} twice`, at);
    if (clock > MAX_CLOCK) reader.bar("impossible-clock", `clock ${clock}`, at);
    seen.add(client);
  }
  if (reader.fault === null && reader.left > 0) {
    reader.bar("trailing-bytes", `${reader.left} bytes after the state vector`);
  }
  return reader.fault ?? { type: "pass", clients };
}
