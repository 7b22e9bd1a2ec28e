/**
 * An edit that was made on an older version of a document, as an update for the present.
 *
 * It is made on a copy of that version under an id that nobody has, and then told under a client id that is the caller's
 * own, behind everything that this client has written since. Origins and deletions name ids, and ids mean the same in
 * every version; so the present takes it as it takes any edit of somebody who had not heard of the rest. To write on the
 * copy under the client's own id would give clocks away that are taken by now.
 *
 * Two edits of one client that were made on the same version, and insert at the same place or set the same key: the
 * earlier one stands behind in a list, and in force in a map. That is the order in which Yjs integrates structs of one
 * client with equal origins, and it is the same on every replica, since clocks arrive in order.
 */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";

export interface OwnClocks {
  readonly client: number;
  /** The clock after the client's last struct in the present document. */
  readonly clock: number;
}

/**
 * Runs an edit on the copy, which must be nobody else's, and gives it as an update; `null` when it changed nothing.
 * What the edit throws is thrown on.
 */
export function editOnBase(base: Y.Doc, edit: (doc: Y.Doc) => void, own: OwnClocks): Uint8Array | null {
  const temporary = unusedClient(base);
  base.clientID = temporary;
  let update: Uint8Array | null = null;
  base.on("update", (bytes: Uint8Array) => {
    if (update !== null) throw new Error("One edit made two updates.");
    update = bytes;
  });
  base.transact(() => edit(base));
  return update === null ? null : relabel(update, temporary, own);
}

function unusedClient({ store }: Y.Doc): number {
  let client = 2 ** 32 - 1;
  while (store.clients.has(client)) client--;
  return client;
}

/** The update with all ids of one client, which begins in it, given to another behind its clock. */
function relabel(bytes: Uint8Array, from: number, { client, clock }: OwnClocks): Uint8Array {
  const { structs, ds } = Y.decodeUpdate(bytes);
  const renamed = (id: Y.ID) => (id.client === from ? Y.createID(client, clock + id.clock) : id);
  const encoder = new Y.UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, Math.min(structs.length, 1));
  if (structs.length > 0) {
    encoding.writeVarUint(encoder.restEncoder, structs.length);
    encoder.writeClient(client);
    encoding.writeVarUint(encoder.restEncoder, clock);
  }
  for (const struct of structs) {
    if (struct.id.client !== from) throw new Error("An edit wrote under two client ids.");
    if (struct instanceof Y.Item) {
      if (struct.origin !== null) struct.origin = renamed(struct.origin);
      if (struct.rightOrigin !== null) struct.rightOrigin = renamed(struct.rightOrigin);
      if (struct.parent instanceof Y.ID) struct.parent = renamed(struct.parent);
    }
    struct.write(encoder, 0);
  }
  encoding.writeVarUint(encoder.restEncoder, ds.clients.size);
  for (const [deleted, ranges] of ds.clients) {
    const isOwn = deleted === from;
    encoding.writeVarUint(encoder.restEncoder, isOwn ? client : deleted);
    encoding.writeVarUint(encoder.restEncoder, ranges.length);
    for (const range of ranges) {
      encoding.writeVarUint(encoder.restEncoder, isOwn ? clock + range.clock : range.clock);
      encoding.writeVarUint(encoder.restEncoder, range.len);
    }
  }
  return encoder.toUint8Array();
}
