/** W2: many documents with two clients each, who write once a second: what a document costs when nothing is shared. */
import { setTimeout as sleep } from "node:timers/promises";
import { count, digits } from "./format.js";
import { createWriter } from "./load.js";
import { scanMarks } from "./marks.js";
import { withFolder, withServer } from "./server-process.js";
import { percentile } from "./statistics.js";
import { subjectOf, subjects } from "./subjects.js";
import { connect, connectAll } from "./wire.js";
import type { Row, Settings, Workload } from "./workload.js";

const DOCUMENTS = { full: 2000, quick: 300 };
const SECONDS = { full: 15, quick: 4 };
const WARM_UP_MS = 2000;
const CLIENTS_A_DOCUMENT = 2;
const EDITS_A_SECOND = 1;
const TICK_MS = 2;

export const manyDocuments: Workload = {
  name: "w2",
  title: `Many documents: ${DOCUMENTS.full} with ${CLIENTS_A_DOCUMENT} clients each, each client ${EDITS_A_SECOND} edit a second`,
  participants: [subjects.verso, subjects.hocuspocus, subjects["y-websocket"], subjects["plain-relay"]],
  tables: [
    {
      name: "many",
      title: "Processor, memory and latency",
      about:
        "CPU is the server's share of one processor. Memory is what the process grew by from its start to the end, for each document.",
      columns: [
        { figure: "cpu", title: "CPU", show: digits, base: "plain-relay" },
        { figure: "kib", title: "KiB a document", show: digits, base: "plain-relay" },
        { figure: "p50", title: "p50, ms", show: digits },
        { figure: "p99", title: "p99, ms", show: digits },
        { figure: "connectMs", title: "all connected after, ms", show: count },
        { figure: "undelivered", title: "edits not delivered", show: count },
      ],
    },
  ],
  measure,
};

async function measure(participant: string, { quick }: Settings): Promise<readonly Row[]> {
  const documents = quick ? DOCUMENTS.quick : DOCUMENTS.full;
  const seconds = quick ? SECONDS.quick : SECONDS.full;
  const clients = documents * CLIENTS_A_DOCUMENT;
  const subject = subjectOf(participant);
  return withFolder(folder =>
    withServer(subject, folder, async server => {
      const residentBefore = server.residentMiB();
      const latencies: number[] = [];
      let isMeasuring = false;
      let sent = 0;

      const begin = performance.now();
      const everybody = await connectAll(clients, async client => {
        const address = server.address(`d${Math.floor(client / CLIENTS_A_DOCUMENT)}`);
        const connection = await connect(address, {
          // Some servers send an author's edits back; they are not deliveries.
          onPayload: payload =>
            scanMarks(payload, (id, waited) => {
              if (isMeasuring && id % clients !== client) latencies.push(waited);
            }),
        });
        return { connection, writer: createWriter("cheap", address, connection, client) };
      });
      const connectMs = performance.now() - begin;

      await write(WARM_UP_MS);
      await sleep(1000);
      isMeasuring = true;
      const cpuBefore = server.cpuSeconds();
      const edits = await write(seconds * 1000);
      const cpu = (server.cpuSeconds() - cpuBefore) / seconds;
      const patience = performance.now() + 10_000;
      while (latencies.length < edits && performance.now() < patience) await sleep(50);
      isMeasuring = false;

      const figures = {
        ...{ cpu, connectMs, undelivered: edits - latencies.length },
        kib: ((server.residentMiB() - residentBefore) * 1024) / documents,
        ...{ p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
      };
      const dropped = everybody.flatMap(({ connection }) => connection.closedBecause ?? []);
      if (dropped.length > 0) throw new Error(`${dropped.length} clients were dropped: ${dropped[0]}.`);
      for (const { connection } of everybody) connection.close();
      return [{ table: "many", figures }];

      /** All clients in turn, evenly over each second. */
      async function write(milliseconds: number): Promise<number> {
        const start = performance.now();
        const perMs = (clients * EDITS_A_SECOND) / 1000;
        const total = Math.floor(milliseconds * perMs);
        for (let done = 0; done < total; await sleep(TICK_MS)) {
          const due = Math.min(total, Math.floor((performance.now() - start) * perMs));
          for (; done < due; done++) {
            const { writer } = everybody[sent % clients]!;
            writer.edit(sent, start + done / perMs);
            writer.flush();
            sent++;
          }
        }
        return total;
      }
    }),
  );
}
