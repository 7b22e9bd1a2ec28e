/**
 * W3: a document with a long history. It is taken in edit by edit; after a kill and a restart, and after an orderly stop
 * and a restart, a client that has nothing joins.
 *
 * Times of joins are taken at the wire: from the first packet of the connection to the last byte that the client needs
 * for the whole text. What the client then does with the bytes is not in them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import { defaultTrace, type History, loadHistory } from "./history.js";
import { TEXT } from "./load.js";
import { bytesOnDisk, type ServerProcess, withFolder, withServer } from "./server-process.js";
import { subjectOf, subjects } from "./subjects.js";
import { connect } from "./wire.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

const DOCUMENT = "paper";
const QUICK_EDITS = 30_000;
/** Edits after which the client asks for an answer, and how many such questions may be open. */
const WINDOW = 500;
const OPEN_WINDOWS = 2;
/** How long the document has no client before the rejoin. */
const AWAY_MS = { full: 5000, quick: 1000 };
const JOIN_PATIENCE_MS = 90_000;

export const coldLoad: Workload = {
  name: "w3",
  title: "Cold load: a long history, edit by edit, then a restart",
  participants: [subjects.verso, subjects["verso-rules"], subjects.hocuspocus, subjects["y-websocket"]],
  tables: [
    {
      name: "intake",
      title: "Taking it in",
      about: `One update a message; at most ${WINDOW * OPEN_WINDOWS} edits are unanswered. "Stored after" is how long the server was still busy then.`,
      columns: [
        { figure: "editsPerSecond", title: "edits/s", show: count, base: "hocuspocus" },
        { figure: "storedAfter", title: "stored after, s", show: digits },
        { figure: "cpuPerEdit", title: "server CPU, µs an edit", show: digits },
        { figure: "peakMiB", title: "most memory, MiB", show: digits },
        { figure: "diskMB", title: "on disk, MB", show: digits },
      ],
    },
    {
      name: "join",
      title: "Joining it",
      about:
        'Milliseconds from connecting to the last byte of the whole text, at the wire. "Rejoin" is a second client with nothing, some seconds after the first one has left.',
      columns: [
        { figure: "afterKill", title: "first join after kill -9, ms", show: digits, base: "hocuspocus" },
        { figure: "afterStop", title: "first join after a stop, ms", show: digits, base: "hocuspocus" },
        { figure: "rejoin", title: "rejoin, ms", show: digits, base: "hocuspocus" },
        { figure: "start", title: "process start to open port, ms", show: digits },
        { figure: "residentMiB", title: "memory then, MiB", show: digits },
      ],
    },
  ],
  measure,
};

let loaded: { readonly key: string; readonly history: History } | null = null;

/** The history of a run, replayed once. */
export function historyOf({ trace = defaultTrace(), quick }: Settings): History {
  const key = `${trace} ${quick}`;
  if (loaded?.key !== key) {
    loaded = { key, history: loadHistory(trace, quick ? { limit: QUICK_EDITS } : {}) };
  }
  return loaded.history;
}

async function measure(participant: string, settings: Settings): Promise<readonly Row[]> {
  const subject = subjectOf(participant);
  const history = historyOf(settings);
  const awayMs = settings.quick ? AWAY_MS.quick : AWAY_MS.full;
  return withFolder(async folder => {
    const intake = await withServer(subject, folder, async server => {
      const figures = await takeIn(server, history);
      await server.kill();
      return figures;
    });
    const diskMB = bytesOnDisk(folder) / 1e6;
    const afterKill = await withServer(subject, folder, async server => {
      await server.whenQuiet({ quietMs: 500 });
      const first = await join(server, history);
      await sleep(awayMs);
      const rejoin = await join(server, history);
      await server.stop();
      return { first, rejoin, start: server.startedIn };
    });
    const afterStop = await withServer(subject, folder, async server => {
      await server.whenQuiet({ quietMs: 500 });
      return { first: await join(server, history), residentMiB: server.residentMiB() };
    });
    return [
      { table: "intake", figures: { ...intake, diskMB } },
      {
        table: "join",
        figures: {
          ...{ afterKill: afterKill.first, afterStop: afterStop.first, rejoin: afterKill.rejoin },
          ...{ start: afterKill.start, residentMiB: afterStop.residentMiB },
        },
      },
    ];
  });
}

/** Sends the history to a document; resolves when the server has taken it and has come to rest. */
export async function takeIn(
  server: ServerProcess,
  { updates, doc }: History,
  { document = DOCUMENT, window = WINDOW } = {},
): Promise<Figures> {
  // Who asks with the vector of the end is answered with next to nothing: an answer is only a sign of progress.
  const vector = Y.encodeStateVector(doc);
  let answers = 0;
  let answered = () => {};
  const connection = await connect(server.address(document), {
    onMessage(message) {
      if (message.type !== "step-2") return;
      answers++;
      answered();
    },
  });
  const cpuBefore = server.cpuSeconds();
  const begin = performance.now();
  const before = answers;
  let asked = 0;
  for (let at = 0; at < updates.length; at += window) {
    for (const update of updates.slice(at, at + window)) connection.sendUpdate(update);
    connection.askFor(vector);
    asked++;
    await answersTo(asked - OPEN_WINDOWS + 1);
  }
  await answersTo(asked);
  const seconds = (performance.now() - begin) / 1000;
  // Longer than the pause after which a store that waits begins to write.
  const busyMs = await server.whenQuiet({ quietMs: 4000 });
  const cpu = server.cpuSeconds() - cpuBefore;
  connection.close();
  return {
    editsPerSecond: updates.length / seconds,
    storedAfter: busyMs / 1000,
    cpuPerEdit: (cpu / updates.length) * 1e6,
    peakMiB: server.peakMiB(),
  };

  async function answersTo(questions: number): Promise<void> {
    while (answers - before < questions) {
      if (connection.closedBecause !== null) {
        throw new Error(`The connection closed during the intake: ${connection.closedBecause}.`);
      }
      await new Promise<void>(resolve => {
        answered = resolve;
      });
    }
  }
}

/** Milliseconds at the wire until a client with nothing has the whole text. Throws when it does not get it. */
async function join(server: ServerProcess, { text }: History): Promise<number> {
  const doc = new Y.Doc();
  const arrivals: { readonly update: Uint8Array; readonly at: number }[] = [];
  const begin = performance.now();
  // Decoding waits until after the arrival is timed: a message is looked at in a later turn of this loop.
  const connection = await connect(server.address(DOCUMENT), {
    onMessage(message) {
      const at = performance.now() - begin;
      if (message.type === "step-2" || message.type === "update") {
        arrivals.push({ update: Uint8Array.from(message.update), at });
      }
    },
  });
  try {
    while (performance.now() - begin < JOIN_PATIENCE_MS) {
      const arrival = arrivals.shift();
      if (arrival === undefined) {
        await sleep(1);
        continue;
      }
      Y.applyUpdate(doc, arrival.update);
      if (doc.getText(TEXT).length === text.length && doc.getText(TEXT).toString() === text)
        return arrival.at;
    }
    throw new Error(`A client did not get the whole text in ${JOIN_PATIENCE_MS / 1000} s after a restart.`);
  } finally {
    connection.close();
  }
}
