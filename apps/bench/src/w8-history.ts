/**
 * W8: the history of a document in which every edit is a commit: going back to any of them, taking one back, and what it
 * costs to keep them all.
 *
 * Edits are sent so few at a time that a relay that judges makes each a commit of its own.
 */

import { createRandom } from "@verso/bridge/testing";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import type { History } from "./history.js";
import { bytesOnDisk, type ServerProcess, withFolder, withServer } from "./server-process.js";
import { median } from "./statistics.js";
import { subjectOf, subjects } from "./subjects.js";
import { historyOf } from "./w3-cold-load.js";
import { connect } from "./wire.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

const DOCUMENT = "paper";
/** From 32 on the relay judges the edits of an author together. */
const WINDOW = 30;
const VERSIONS = 100;
const EDITS = 30;
/** Versions of which the size is looked at, to reckon what a snapshot for each would take. */
const SIZES = 200;

export const historyCost: Workload = {
  name: "w8",
  title: "History: every edit is a commit",
  participants: [subjects["verso-rules"]],
  tables: [
    {
      name: "back",
      title: "Going back, and taking back",
      about: `Milliseconds over HTTP, median and longest: the text at each of ${VERSIONS} random versions; ${EDITS} undos of the last edit in force; ${EDITS} reverts of random commits.`,
      columns: [
        { figure: "at", title: "a version, ms", show: digits },
        { figure: "atLongest", title: "longest", show: digits },
        { figure: "undo", title: "an undo, ms", show: digits },
        { figure: "undoLongest", title: "longest", show: digits },
        { figure: "revert", title: "a revert, ms", show: digits },
        { figure: "revertLongest", title: "longest", show: digits },
      ],
    },
    {
      name: "bytes",
      title: "Keeping it",
      about: `Bytes of the folder for each edit, snapshots included, after an orderly stop; and by how much that is less than a snapshot for each edit would be (the mean of ${SIZES} of them, times their number).`,
      columns: [
        { figure: "commits", title: "commits", show: count },
        { figure: "diskMB", title: "on disk, MB", show: digits },
        { figure: "bytesPerEdit", title: "bytes an edit", show: digits },
        { figure: "snapshotBytes", title: "bytes of a snapshot", show: count },
        { figure: "saved", title: "less than snapshots", show: value => `${(value * 100).toFixed(2)} %` },
      ],
    },
  ],
  measure,
};

async function measure(participant: string, settings: Settings): Promise<readonly Row[]> {
  const subject = subjectOf(participant);
  const history = historyOf(settings);
  return withFolder(async folder => {
    const commits = await withServer(subject, folder, async server => {
      await takeIn(server, history);
      const { sequence } = (await ask(server, "")) as { sequence: number };
      await server.stop();
      return sequence;
    });
    const bytes = bytesOnDisk(folder);
    const back = await withServer(subject, folder, async server => {
      await server.whenQuiet({ quietMs: 500 });
      const figures = await goBack(server, commits);
      await server.stop();
      return figures;
    });
    const snapshotBytes = meanSnapshot(history);
    const bytesPerEdit = bytes / history.updates.length;
    const saved = 1 - bytesPerEdit / snapshotBytes;
    return [
      { table: "back", figures: back },
      { table: "bytes", figures: { commits, diskMB: bytes / 1e6, bytesPerEdit, snapshotBytes, saved } },
    ];
  });
}

async function takeIn(server: ServerProcess, { updates, doc }: History): Promise<void> {
  const vector = Y.encodeStateVector(doc);
  let answered = () => {};
  const connection = await connect(server.address(DOCUMENT), {
    onMessage({ type }) {
      if (type === "step-2") answered();
    },
  });
  for (let at = 0; at < updates.length; at += WINDOW) {
    const answer = new Promise<void>(resolve => {
      answered = resolve;
    });
    for (const update of updates.slice(at, at + WINDOW)) connection.sendUpdate(update);
    connection.askFor(vector);
    await answer;
    if (connection.closedBecause !== null) throw new Error(`Closed: ${connection.closedBecause}.`);
  }
  connection.close();
}

async function goBack(server: ServerProcess, commits: number): Promise<Figures> {
  const random = createRandom(1);
  const sequence = () => 1 + random.below(commits);
  await ask(server, "");
  const at = await times(VERSIONS, () => ask(server, `?at=${sequence()}`));
  const undo = await times(EDITS, () => ask(server, "/undo", {}));
  const revert = await times(EDITS, () => ask(server, "/revert", { sequence: sequence() }));
  return {
    ...{ at: median(at), atLongest: Math.max(...at) },
    ...{ undo: median(undo), undoLongest: Math.max(...undo) },
    ...{ revert: median(revert), revertLongest: Math.max(...revert) },
  };
}

async function times(often: number, run: () => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < often; i++) {
    const begin = performance.now();
    await run();
    taken.push(performance.now() - begin);
  }
  return taken;
}

async function ask(server: ServerProcess, path: string, body?: object): Promise<unknown> {
  const response = await fetch(
    `http://127.0.0.1:${server.address(DOCUMENT).port}/api/documents/${DOCUMENT}${path}`,
    {
      ...(body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    },
  );
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${path} is answered with ${JSON.stringify(answer)}.`);
  return answer;
}

/** The mean size of the whole document as an update, over its history. */
function meanSnapshot({ updates }: History): number {
  const doc = new Y.Doc();
  const every = Math.max(1, Math.floor(updates.length / SIZES));
  const sizes: number[] = [];
  for (const [index, update] of updates.entries()) {
    Y.applyUpdate(doc, update);
    if (index % every === 0) sizes.push(Y.encodeStateAsUpdate(doc).length);
  }
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}
