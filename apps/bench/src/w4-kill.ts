/**
 * W4: kill -9 while people type, and they never come back. What did others see, or the server confirm, that is gone?
 *
 * A killed process leaves what it wrote to the kernel; what a power failure takes is not measured.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import { createLoad, TEXT } from "./load.js";
import { scanMarks } from "./marks.js";
import { type ServerProcess, withFolder, withServer } from "./server-process.js";
import { type Subject, subjectOf, subjects } from "./subjects.js";
import { connect, connectAll } from "./wire.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

interface Traffic {
  readonly rate: number;
  readonly clients: number;
  readonly writers: number;
  readonly seconds: { readonly full: number; readonly quick: number };
}

const traffics: readonly Traffic[] = [
  { rate: 500, clients: 20, writers: 5, seconds: { full: 8, quick: 2 } },
  { rate: 12_000, clients: 3, writers: 3, seconds: { full: 5, quick: 1.5 } },
];
/** Kills fall into different phases of a store that waits. */
const PHASE_MS = 733;
const DOCUMENT = "typed";

export const kill: Workload = {
  name: "w4",
  title: "kill -9 while people type",
  participants: [subjects.verso, subjects.hocuspocus, subjects["y-websocket"]],
  tables: traffics.map(({ rate, clients, writers, seconds }) => ({
    name: `kill-${rate}`,
    title: `${count(rate)} edits a second`,
    about: `${clients} clients, ${writers} of whom write, for ${seconds.full} s. Relayed is what another client than the author received; acknowledged is what the server confirmed to its author, where its protocol does.`,
    columns: [
      { figure: "relayed", title: "relayed", show: count },
      { figure: "relayedLost", title: "of these lost", show: count },
      { figure: "acknowledged", title: "acknowledged", show: count },
      { figure: "acknowledgedLost", title: "of these lost", show: count },
      { figure: "oldestLost", title: "oldest lost, s before the kill", show: digits },
    ],
  })),
  measure,
};

async function measure(participant: string, { quick, round }: Settings): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const traffic of traffics) {
    const milliseconds = (quick ? traffic.seconds.quick : traffic.seconds.full) * 1000 + round * PHASE_MS;
    const figures = await killDuring(subjectOf(participant), traffic, milliseconds);
    rows.push({ table: `kill-${traffic.rate}`, figures });
  }
  return rows;
}

async function killDuring(subject: Subject, traffic: Traffic, milliseconds: number): Promise<Figures> {
  return withFolder(async folder => {
    const seen = await withServer(subject, folder, server => type(server, traffic, milliseconds));
    const kept = await withServer(subject, folder, readBack);
    const lost = [...seen.relayed].filter(id => !kept.has(id));
    const acknowledged = seen.acknowledged.filter(id => !kept.has(id));
    const firstLost = Math.min(...lost, ...acknowledged);
    return {
      ...{ relayed: seen.relayed.size, relayedLost: lost.length },
      ...(subject.dialect === "hocuspocus" && {
        acknowledged: seen.acknowledged.length,
        acknowledgedLost: acknowledged.length,
      }),
      ...(Number.isFinite(firstLost) && { oldestLost: (seen.killedAt - seen.sentAt[firstLost]!) / 1000 }),
    };
  });
}

/** Lets everybody type, kills the server in the middle of it, and says what had been seen by then. */
async function type(server: ServerProcess, { rate, clients, writers }: Traffic, milliseconds: number) {
  const address = server.address(DOCUMENT);
  const relayed = new Set<number>();
  const sentAt: number[] = [];
  const sentBy: number[] = [];
  const sent: number[][] = Array.from({ length: writers }, () => []);
  const acknowledgements = new Array<number>(clients).fill(0);
  const connections = await connectAll(clients, client =>
    connect(address, {
      onPayload: payload =>
        scanMarks(payload, id => {
          if (sentBy[id] !== client) relayed.add(id);
        }),
      onMessage(message) {
        if (message.type === "acknowledgement" && message.accepted) acknowledgements[client]!++;
      },
    }),
  );
  const before = [...acknowledgements];
  const load = createLoad("standard", address, connections.slice(0, writers));
  const typing = load.drive({
    rate,
    milliseconds: milliseconds + 200,
    onEdit(writer, id) {
      sentAt[id] = performance.now();
      sentBy[id] = writer;
      sent[writer]!.push(id);
    },
  });
  await sleep(milliseconds);
  const killedAt = performance.now();
  await server.kill();
  await typing;
  for (const connection of connections) connection.close();
  // A connection's updates are acknowledged in their order.
  const acknowledged = sent.flatMap((ids, writer) =>
    ids.slice(0, acknowledgements[writer]! - before[writer]!),
  );
  return { relayed, acknowledged, sentAt, killedAt };
}

/** The edits that a client without anything finds after the restart. */
async function readBack(server: ServerProcess): Promise<Set<number>> {
  const doc = new Y.Doc();
  const connection = await connect(server.address(DOCUMENT), {
    onMessage(message) {
      if (message.type === "step-2" || message.type === "update") Y.applyUpdate(doc, message.update);
    },
  });
  // Some servers answer before they have loaded, so the first answer is not the last.
  await server.whenQuiet({ quietMs: 1500 });
  connection.close();
  const ids = new Set<number>();
  scanMarks(Buffer.from(doc.getText(TEXT).toString()), id => ids.add(id));
  return ids;
}
