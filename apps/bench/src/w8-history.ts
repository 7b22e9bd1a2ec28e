/**
 * W8: the history of a document in which every edit is a commit: going back to any of them, taking one back, and what it
 * costs to keep them all.
 *
 * Edits are sent so few at a time that a relay that judges makes each a commit of its own. What other stores take for the
 * same history stands beside it.
 */

import { createRandom } from "@verso/bridge/testing";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import type { History } from "./history.js";
import { bytesOnDisk, type ServerProcess, withFolder, withServer } from "./server-process.js";
import { median } from "./statistics.js";
import { subjectOf, subjects } from "./subjects.js";
import { historyOf, takeIn } from "./w3-cold-load.js";
import type { Column, Figures, Row, Settings, Workload } from "./workload.js";

const DOCUMENT = "paper";
/** Two windows may be unanswered, and when 32 messages wait the relay judges the edits of an author together. */
const WINDOW = 10;
const VERSIONS = 100;
const EDITS = 30;
/** Versions of which the size is looked at, to reckon what a snapshot for each would take. */
const SIZES = 200;

const judging = subjects["verso-rules"];

export const historyCost: Workload = {
  name: "w8",
  title: "History: every edit is a commit",
  participants: [judging, subjects.hocuspocus, subjects["y-websocket"]],
  tables: [
    {
      name: "back",
      title: "Going back, and taking back",
      about: `Milliseconds over HTTP, median and longest, after one request: the text at each of ${VERSIONS} random versions; then ${EDITS} reverts of random commits; then ${EDITS} undos of the last edit in force.`,
      columns: [
        { figure: "at", title: "a version, ms", show: digits },
        { figure: "atLongest", title: "longest", show: digits },
        { figure: "revert", title: "a revert, ms", show: digits },
        { figure: "revertLongest", title: "longest", show: digits },
        { figure: "undo", title: "an undo, ms", show: digits },
        { figure: "undoLongest", title: "longest", show: digits },
      ],
    },
    {
      name: "bytes",
      title: "Keeping it",
      about: `The whole folder after an orderly stop, snapshots included; and by how much that is less than a snapshot for each edit would be (the mean of ${SIZES} of them, times their number). The stores of the others keep the document, and who wants to know what it was has to have kept copies.`,
      columns: [
        { figure: "commits", title: "commits", show: ofHistory(count) },
        { figure: "diskMB", title: "on disk, MB", show: digits },
        { figure: "bytesPerEdit", title: "bytes an edit", show: digits },
        { figure: "snapshotBytes", title: "bytes of a snapshot", show: ofHistory(count) },
        { figure: "saved", title: "less than snapshots", show: ofHistory(value => `${value.toFixed(2)} %`) },
      ],
    },
  ],
  measure,
};

/** Says nothing of a store without commits. */
function ofHistory(show: (value: number) => string): Column["show"] {
  return (value, { commits }) => (commits === 0 ? "–" : show(value));
}

async function measure(participant: string, settings: Settings): Promise<readonly Row[]> {
  const subject = subjectOf(participant);
  const history = historyOf(settings);
  const hasHistory = subject.name === judging.name;
  return withFolder(async folder => {
    await withServer(subject, folder, async server => {
      await takeIn(server, history, { document: DOCUMENT, window: WINDOW });
      await server.stop();
    });
    const bytes = bytesOnDisk(folder);
    const snapshotBytes = meanSnapshot(history);
    const bytesPerEdit = bytes / history.updates.length;
    const saved = (1 - bytesPerEdit / snapshotBytes) * 100;
    const stored = { diskMB: bytes / 1e6, bytesPerEdit, snapshotBytes, saved };
    if (!hasHistory) return [{ table: "bytes", figures: { ...stored, commits: 0 } }];
    return await withServer(subject, folder, async server => {
      await server.whenQuiet({ quietMs: 500 });
      const { sequence: commits } = (await ask(server, "")) as { sequence: number };
      const figures = await goBack(server, commits);
      await server.stop();
      return [
        { table: "back", figures },
        { table: "bytes", figures: { ...stored, commits } },
      ];
    });
  });
}

async function goBack(server: ServerProcess, commits: number): Promise<Figures> {
  const random = createRandom(1);
  const sequence = () => 1 + random.below(commits);
  await ask(server, "?at=1");
  const at = await times(VERSIONS, () => ask(server, `?at=${sequence()}`));
  const revert = await times(EDITS, () => ask(server, "/revert", { sequence: sequence() }));
  const undo = await times(EDITS, () => ask(server, "/undo", {}));
  return {
    ...{ at: median(at), atLongest: Math.max(...at) },
    ...{ revert: median(revert), revertLongest: Math.max(...revert) },
    ...{ undo: median(undo), undoLongest: Math.max(...undo) },
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
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
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
