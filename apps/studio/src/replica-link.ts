/** A document of our client as the parts of the studio know connections that have no client. */
import type { Document } from "@verso/client";
import { ObservableV2 } from "lib0/observable";
import type { LinkState, LinkView } from "./link.js";

export interface ReplicaLinkView extends LinkView {
  /** To be called when anything may have changed. */
  update(): void;
}

type Replica = Pick<Document, "awareness" | "status" | "unsyncedChanges">;

/** `isOnline` is what the user wished. */
export function createReplicaLink(replica: Replica, isOnline: () => boolean): ReplicaLinkView {
  return new ReplicaLink(replica, isOnline);
}

class ReplicaLink extends ObservableV2<{ change: (state: LinkState) => void }> implements ReplicaLinkView {
  state: LinkState = { status: "connecting", trouble: null, unsent: 0 };
  readonly #replica: Replica;
  readonly #isOnline: () => boolean;

  constructor(replica: Replica, isOnline: () => boolean) {
    super();
    this.#replica = replica;
    this.#isOnline = isOnline;
  }

  get awareness() {
    return this.#replica.awareness;
  }

  get recorded() {
    return this.#replica.status.sequence > 0;
  }

  update(): void {
    const { synced, stopped } = this.#replica.status;
    const unsent = this.#replica.unsyncedChanges;
    if (stopped !== null) this.state = { status: "closed", trouble: stopped, unsent };
    else if (!this.#isOnline()) this.state = { status: "offline", unsent };
    else if (synced) this.state = { status: "synced", unsent };
    else this.state = { status: "connecting", trouble: null, unsent };
    this.emit("change", [this.state]);
  }
}
