/** What the tabs of one browser tell one another about a document: as values of lib0's `any`, since both run one code. */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { Closing, Rejection, ReplicaStatus } from "./document.js";
import type { OutboxRecord } from "./persistence.js";

export type TabMessage =
  /** A tab is new, or misses something: the leader tells what it lacks. */
  | { readonly type: "ask"; readonly stateVector: Uint8Array }
  /** A tab has the lead from now on, and is told what it lacks. */
  | { readonly type: "lead"; readonly stateVector: Uint8Array }
  /** What the leader knows of the relay; followers show it as theirs. */
  | { readonly type: "state"; readonly state: SharedState }
  /** A local transaction of the sender. */
  | { readonly type: "record"; readonly record: OutboxRecord; readonly isVolatile: boolean }
  /** Came from the relay. */
  | { readonly type: "update"; readonly update: Uint8Array }
  | { readonly type: "settled"; readonly clientSequences: readonly number[] }
  | { readonly type: "rejected"; readonly rejection: Rejection }
  /** `relay`: of others. */
  | { readonly type: "awareness"; readonly update: Uint8Array; readonly from: "relay" | "tab" }
  /** The leader is to sync now. */
  | { readonly type: "sync" }
  /** The document is no more what the tabs hold; nobody connects it again. */
  | { readonly type: "ended"; readonly closing: Closing; readonly epoch: number };

export interface SharedState extends ReplicaStatus {
  /** How often the relay has answered; grows. */
  readonly answers: number;
}

export function encodeTabMessage(message: TabMessage): Uint8Array {
  // The issues of a rejection came as JSON, and all else is plain: what lib0 can write.
  return encoding.encode(encoder => encoding.writeAny(encoder, message as never));
}

export function decodeTabMessage(bytes: Uint8Array): TabMessage {
  return decoding.readAny(decoding.createDecoder(bytes));
}
