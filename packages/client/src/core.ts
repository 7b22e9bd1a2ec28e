/**
 * The client without its surroundings: one connection and many documents, told what happened and saying what to do.
 *
 * `handle` is synchronous and deterministic: no socket, timer, promise or global is used here or beneath, time and chance
 * come in. The surroundings do the outputs in their order, and give inputs one after the other, never from within another.
 */

import type { ReplicaStatus } from "./document.js";
import { createLink, type LinkInput, type LinkOutput, type LinkState } from "./link.js";
import {
  type CoreReplica,
  createReplica,
  isSame,
  type ReplicaInput,
  type ReplicaOutput,
  type ReplicaPhase,
  type ReplicaState,
} from "./replica.js";

export type CoreInput =
  | LinkInput
  | {
      readonly type: "open";
      readonly documentId: string;
      readonly state: ReplicaState;
      /** What the document holds already; null if nothing. */
      readonly base: Uint8Array | null;
      /** Milliseconds since 1970. */
      readonly openedAt: number;
      /** There are no other tabs to tell. @default false */
      readonly isAlone?: boolean;
    }
  | { readonly type: "close"; readonly documentId: string }
  /** `backgroundSync` has passed. */
  | { readonly type: "look-again" }
  | { readonly type: "document"; readonly documentId: string; readonly input: ReplicaInput };

export type CoreOutput =
  | LinkOutput
  | { readonly type: "document"; readonly documentId: string; readonly output: ReplicaOutput };

export interface CoreOptions {
  /** From 0 to below 1. */
  readonly random: () => number;
  /** The name of an anonymous user. @default null */
  readonly user?: string | null;
  /** @default "@verso/client" */
  readonly agent?: string;
}

export interface DocumentView {
  readonly phase: ReplicaPhase;
  readonly status: ReplicaStatus;
  readonly unsyncedChanges: number;
}

export interface Core {
  readonly linkState: LinkState;
  handle(input: CoreInput): CoreOutput[];
  document(documentId: string): DocumentView | undefined;
}

export function createCore({ random, user = null, agent = "@verso/client" }: CoreOptions): Core {
  const replicas = new Map<string, CoreReplica>();
  let outputs: CoreOutput[] = [];
  /** The only one to which the input has meant something; null: it may have to all. */
  let concerned: CoreReplica | null = null;
  /** Null while messages cannot be sent. */
  let nextChannel: number | null = null;
  const emit = (output: CoreOutput) => outputs.push(output);

  const link = createLink(
    { user, agent },
    {
      emit,
      random,
      isWanted: () => [...replicas.values()].some(({ wantsLink }) => wantsLink),
      up(connection) {
        nextChannel = 0;
        for (const replica of replicas.values()) replica.up(connection);
      },
      message(message) {
        for (const replica of replicas.values()) {
          if (replica.channel !== message.channel) continue;
          concerned = replica;
          return replica.message(message);
        }
      },
      down() {
        nextChannel = null;
        concerned = null;
        return [...replicas.values()].map(replica => replica.down()).includes(true);
      },
    },
  );

  return {
    get linkState() {
      return link.state;
    },
    document: documentId => replicas.get(documentId),
    handle(input) {
      outputs = [];
      concerned = null;
      const { status } = link;
      take(input);
      const told = concerned === null || !isSame(status, link.status) ? replicas.values() : [concerned];
      for (const replica of told) replica.report();
      return outputs;
    },
  };

  function take(input: CoreInput): void {
    switch (input.type) {
      case "open":
        return open(input);
      case "close": {
        const replica = replicas.get(input.documentId);
        replica?.close();
        replicas.delete(input.documentId);
        return link.evaluate();
      }
      case "look-again":
        for (const replica of replicas.values()) replica.handle(input);
        return;
      case "document":
        concerned = replicas.get(input.documentId) ?? null;
        return concerned?.handle(input.input);
      default:
        return link.handle(input);
    }
  }

  function open({ documentId, ...options }: Extract<CoreInput, { type: "open" }>): void {
    const replica = createReplica(
      { documentId, ...options },
      {
        emit: output => emit({ type: "document", documentId, output }),
        random,
        get link() {
          return link.status;
        },
        channel: () => (nextChannel === null ? null : nextChannel++),
        send: link.send,
        evaluate: link.evaluate,
        succeeded: link.succeeded,
      },
    );
    replicas.set(documentId, replica);
  }
}
