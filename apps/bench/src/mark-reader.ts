/** A client of a document that does nothing but find marks in what comes. */
import { scanMarks } from "./marks.js";
import { type Address, connect } from "./wire.js";

export interface MarkReader {
  /** Marks that have come. */
  readonly seen: number;
  /** Milliseconds from when each was due. */
  readonly waited: readonly number[];
  /** Resolves when more have come, or after a while. */
  more(): Promise<void>;
  /** Counts from here. */
  forget(): void;
  close(): void;
}

const WHILE_MS = 1000;

export async function createMarkReader(address: Address): Promise<MarkReader> {
  let waited: number[] = [];
  let wake = () => {};
  const connection = await connect(address, {
    onPayload(payload) {
      const before = waited.length;
      scanMarks(payload, (_, milliseconds) => waited.push(milliseconds));
      if (waited.length > before) wake();
    },
  });
  return {
    get seen() {
      return waited.length;
    },
    get waited() {
      return waited;
    },
    more: () =>
      new Promise(resolve => {
        const timer = setTimeout(resolve, WHILE_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    forget() {
      waited = [];
    },
    close: () => connection.close(),
  };
}
