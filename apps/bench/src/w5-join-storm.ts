/** W5: everybody comes back at once: a thousand clients without anything join one large document. */
import { setTimeout as sleep } from "node:timers/promises";
import * as Y from "yjs";
import { digits } from "./format.js";
import { startReaders } from "./readers.js";
import { createRecords } from "./records.js";
import { withFolder, withServer } from "./server-process.js";
import { subjectOf, subjects } from "./subjects.js";
import { connect } from "./wire.js";
import type { Row, Settings, Workload } from "./workload.js";

const DOCUMENT = "storm";
const CLIENTS = { full: 1000, quick: 200 };
/** Bytes of JSON that make an encoded state of some 785 kB. */
const JSON_BYTES = 822_000;
const PATIENCE_MS = 60_000;

export const joinStorm: Workload = {
  name: "w5",
  title: `Join storm: ${CLIENTS.full} clients join a document of 785 kB at once`,
  participants: [subjects.verso, subjects.hocuspocus, subjects["y-websocket"]],
  tables: [
    {
      name: "storm",
      title: "Until everybody has it",
      about:
        "Seconds from the first connection until the last client has the whole step 2. The document is in the server's memory before.",
      columns: [
        { figure: "all", title: "all, s", show: digits, base: "hocuspocus" },
        { figure: "half", title: "half, s", show: digits },
        { figure: "cpu", title: "server CPU, s", show: digits },
        { figure: "moreMiB", title: "more memory at most, MiB", show: digits },
        { figure: "documentKB", title: "document, kB", show: digits },
      ],
    },
  ],
  measure,
};

async function measure(participant: string, { quick }: Settings): Promise<readonly Row[]> {
  const clients = quick ? CLIENTS.quick : CLIENTS.full;
  return withFolder(folder =>
    withServer(subjectOf(participant), folder, async server => {
      const address = server.address(DOCUMENT);
      const { doc, updates } = createRecords(JSON_BYTES);
      const stateBytes = Y.encodeStateAsUpdate(doc).length;
      const holder = await connect(address);
      for (const update of updates) holder.sendUpdate(update);
      await server.whenQuiet({ quietMs: 1500 });
      if (holder.closedBecause !== null)
        throw new Error(`The document was not taken: ${holder.closedBecause}.`);

      const residentBefore = server.residentMiB();
      const cpuBefore = server.cpuSeconds();
      server.forgetPeak();
      const begin = performance.now();
      const readers = startReaders(address, { count: clients, joinSize: Math.floor(stateBytes * 0.9) });
      let half = Number.NaN;
      for (let joined = 0; joined < clients; await sleep(10)) {
        joined = (await readers.statistics()).joined;
        const seconds = (performance.now() - begin) / 1000;
        if (joined >= clients / 2 && Number.isNaN(half)) half = seconds;
        if (seconds > PATIENCE_MS / 1000) throw new Error(`${joined} of ${clients} clients joined.`);
      }
      const all = (performance.now() - begin) / 1000;
      const figures = {
        ...{ all, half },
        cpu: server.cpuSeconds() - cpuBefore,
        moreMiB: server.peakMiB() - residentBefore,
        documentKB: stateBytes / 1000,
      };
      await readers.close();
      holder.close();
      return [{ table: "storm", figures }];
    }),
  );
}
