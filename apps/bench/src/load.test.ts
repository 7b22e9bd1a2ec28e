import { expect, test } from "vitest";
import * as Y from "yjs";
import { encodeFrame } from "./frame.js";
import { createWriter, type LoadKind, TEXT } from "./load.js";
import { scanMarks } from "./marks.js";
import { type Address, type Connection, decodeMessage, updateMessage } from "./wire.js";

const addresses: readonly Address[] = [
  { dialect: "y", port: 1, path: "/yjs/fan", document: "fan" },
  { dialect: "hocuspocus", port: 1, path: "/fan", document: "fan" },
];

for (const address of addresses) {
  for (const kind of ["standard", "cheap"] satisfies LoadKind[]) {
    test(`two ${kind} writers of ${address.dialect} make one document that holds every mark once`, () => {
      const doc = new Y.Doc();
      const connection: Connection = {
        closedBecause: null,
        socket: { send() {}, write: receive, close() {} },
        sendUpdate: update => receive(encodeFrame(updateMessage(address, update), { isMasked: true })),
        askFor() {},
        answerWith() {},
        close() {},
      };
      const writers = [0, 1].map(index => createWriter(kind, address, connection, index));
      for (let id = 0; id < 3000; id++) {
        writers[id % 2]!.edit(id, performance.now());
        if (id % 7 === 0) for (const writer of writers) writer.flush();
      }
      for (const writer of writers) writer.flush();

      const ids: number[] = [];
      scanMarks(Buffer.from(doc.getText(TEXT).toString()), id => ids.push(id));
      expect(doc.store.pendingStructs).toBeNull();
      expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3000 }, (_, id) => id));

      function receive(frames: Uint8Array): void {
        for (let at = 0; at < frames.length; ) {
          const size = frames[at + 1]! & 127;
          const message = decodeMessage(address.dialect, frames.subarray(at + 6, at + 6 + size));
          if (message.type !== "update") throw new Error(`A writer sent ${message.type}.`);
          Y.applyUpdate(doc, message.update);
          at += 6 + size;
        }
      }
    });
  }
}
