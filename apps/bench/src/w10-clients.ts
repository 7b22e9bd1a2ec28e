/**
 * W10: clients as programs use them, each kind on a server that it is made for: coming back after a long time offline, many
 * documents in one process, and an edit's way to another's screen.
 */
import { execFile } from "node:child_process";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import { loadCpu } from "./machine.js";
import type { Footprint, FootprintTask } from "./open-documents.js";
import { type ProviderKind, providerOf, providers } from "./providers.js";
import { createRecords } from "./records.js";
import { type ServerProcess, withFolder, withServer } from "./server-process.js";
import { percentile, seededRandom } from "./statistics.js";
import { subjects } from "./subjects.js";
import { connect } from "./wire.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

const TEXT = "text";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const OFFLINE = { quick: 1000, full: 10_000 };
const TEXT_SIZE = 10_000;
const DOCUMENTS = { quick: 20, full: 100 };
/** Bytes of JSON of each. */
const DOCUMENT_SIZE = 20_000;
const RATE = 20;
const SECONDS = { quick: 3, full: 20 };
/** Some servers store a document when it has been quiet for two seconds. */
const AFTERMATH_MS = 2500;
const PATIENCE_MS = 120_000;
const ALONE = { name: "alone", title: "documents alone" };

export const clientCost: Workload = {
  name: "w10",
  title: "Clients: offline, many documents, and a peer's screen",
  participants: [...Object.values(providers), ALONE],
  tables: [
    {
      name: "offline",
      title: `Back with ${count(OFFLINE.full)} edits made offline`,
      about: `Single characters at random places of a text of ${count(TEXT_SIZE)}, a transaction each. From the call that connects: until a second client that stayed online has all of them, and until the provider first says that nothing is unsynced, whatever that means on its server (y-websocket's never says it). Bytes as they are on the wire; both clients are one process.`,
      columns: [
        { figure: "peer", title: "peer has all, s", show: digits, base: "y-websocket" },
        { figure: "settled", title: "author is told, s", show: digits },
        { figure: "sent", title: "sent, kB", show: digits },
        { figure: "received", title: "received, kB", show: digits },
        { figure: "serverCpu", title: "server CPU, s", show: digits },
        { figure: "clientCpu", title: "clients' CPU, s", show: digits },
        { figure: "commits", title: "commits", show: count },
        { figure: "edit", title: "an edit offline, µs", show: digits },
      ],
    },
    {
      name: "memory",
      title: `${count(DOCUMENTS.full)} documents of ${count(DOCUMENT_SIZE)} bytes of JSON open in one process`,
      about:
        "What each takes beyond the first, after garbage collection, in a process that does nothing else: on one socket, with the y-websocket provider on one each. Documents alone have no connection at all.",
      columns: [
        { figure: "heap", title: "heap, kB", show: digits, base: ALONE.name },
        { figure: "buffers", title: "outside of the heap, kB", show: digits },
        { figure: "resident", title: "resident, kB", show: digits, base: ALONE.name },
      ],
    },
    {
      name: "screen",
      title: "To a peer's screen",
      about: `${RATE} edits a second by one client for ${SECONDS.full} s; milliseconds until each is in another client's document.`,
      columns: [
        { figure: "p50", title: "p50, ms", show: digits, base: "y-websocket" },
        { figure: "p99", title: "p99, ms", show: digits },
      ],
    },
  ],
  measure,
};

async function measure(participant: string, { quick }: Settings): Promise<readonly Row[]> {
  const size = quick ? "quick" : "full";
  const documents = Array.from({ length: DOCUMENTS[size] + 1 }, (_, i) => `records-${i}`);
  if (participant === ALONE.name) return [{ table: "memory", figures: await footprint(documents, null) }];
  const kind = providerOf(participant);
  return withFolder(folder =>
    withServer(kind.subject, folder, async server => [
      { table: "screen", figures: await screen(kind, server, SECONDS[size]) },
      { table: "offline", figures: await offline(kind, server, OFFLINE[size]) },
      { table: "memory", figures: await memory(kind, server, documents) },
    ]),
  );
}

async function offline(kind: ProviderKind, server: ServerProcess, edits: number): Promise<Figures> {
  const document = "written-offline";
  const total = TEXT_SIZE + edits;
  const author = kind.start(server.address(document).port);
  const peer = kind.start(server.address(document).port);
  const written = await author.open(document);
  const text = written.doc.getText(TEXT);
  const copy = (await peer.open(document)).doc.getText(TEXT);
  const hasAll = reaches(copy, TEXT_SIZE);
  text.insert(0, "a text to begin with ".repeat(TEXT_SIZE / 20).slice(0, TEXT_SIZE));
  await hasAll;
  await server.whenQuiet({ quietMs: AFTERMATH_MS });
  await author.disconnect();

  const random = seededRandom(10);
  const editing = performance.now();
  for (let i = 0; i < edits; i++)
    text.insert(Math.floor(random() * text.length), LETTERS[i % LETTERS.length]!);
  // What a provider does behind an edit belongs to it.
  await nextTurn();
  const edit = ((performance.now() - editing) / edits) * 1000;

  const commitsBefore = await commitsOf(server, document);
  const before = { sent: author.bytesSent, received: author.bytesReceived, cpu: server.cpuSeconds() };
  const own = process.cpuUsage();
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const settled = written.settled?.().then(seconds);
  const peerHasAll = reaches(copy, total).then(seconds);
  author.connect();
  const [peerSeconds, toldSeconds] = await Promise.all([peerHasAll, settled]);
  const { user, system } = process.cpuUsage(own);
  if (copy.toString() !== text.toString()) throw new Error("Author and peer do not have the same text.");
  await server.whenQuiet({ quietMs: AFTERMATH_MS });
  const commits = await commitsOf(server, document);
  const figures = {
    ...{ edit, peer: peerSeconds },
    ...(toldSeconds !== undefined && { settled: toldSeconds }),
    sent: (author.bytesSent - before.sent) / 1000,
    received: (author.bytesReceived - before.received) / 1000,
    serverCpu: server.cpuSeconds() - before.cpu,
    clientCpu: (user + system) / 1e6,
    ...(commits !== null && commitsBefore !== null && { commits: commits - commitsBefore }),
  };
  await author.close();
  await peer.close();
  return figures;
}

/** Resolves when the text has become this long. */
function reaches(text: Y.Text, length: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(
      () => reject(new Error(`Of ${length} characters ${text.length} have come.`)),
      PATIENCE_MS,
    );
    text.observe(function look() {
      if (text.length < length) return;
      text.unobserve(look);
      clearTimeout(patience);
      resolve();
    });
  });
}

/** How many commits our relay has of the document; null of other servers. */
async function commitsOf(server: ServerProcess, document: string): Promise<number | null> {
  if (server.subject !== subjects.verso) return null;
  const { port } = server.address(document);
  const response = await fetch(`http://127.0.0.1:${port}/api/documents/${document}`);
  return ((await response.json()) as { readonly sequence: number }).sequence;
}

async function screen(kind: ProviderKind, server: ServerProcess, seconds: number): Promise<Figures> {
  const document = "watched";
  const author = kind.start(server.address(document).port);
  const peer = kind.start(server.address(document).port);
  const text = (await author.open(document)).doc.getText(TEXT);
  const copy = (await peer.open(document)).doc.getText(TEXT);
  const due: number[] = [];
  const waited: number[] = [];
  copy.observe(() => {
    while (waited.length < copy.length) waited.push(performance.now() - due[waited.length]!);
  });
  await server.whenQuiet({ quietMs: 500 });
  const total = RATE * seconds;
  const hasAll = reaches(copy, total);
  const begin = performance.now();
  for (let sent = 0; sent < total; sent++) {
    due[sent] = begin + (sent * 1000) / RATE;
    while (performance.now() < due[sent]!) await sleep(1);
    text.insert(sent, LETTERS[sent % LETTERS.length]!);
  }
  await hasAll;
  await author.close();
  await peer.close();
  return { p50: percentile(waited, 0.5), p99: percentile(waited, 0.99) };
}

async function memory(
  kind: ProviderKind,
  server: ServerProcess,
  documents: readonly string[],
): Promise<Figures> {
  for (const document of documents) {
    const writer = await connect(server.address(document));
    writer.sendUpdate(recordsState());
    writer.close();
  }
  await server.whenQuiet({ quietMs: AFTERMATH_MS });
  return footprint(documents, { provider: kind.name, port: server.address(TEXT).port });
}

async function footprint(documents: readonly string[], client: FootprintTask["client"]): Promise<Figures> {
  const program = fileURLToPath(new URL("./open-documents.js", import.meta.url));
  const task: FootprintTask = { client, documents, state: Buffer.from(recordsState()).toString("base64") };
  const args = ["-c", loadCpu, process.execPath, "--expose-gc", program, JSON.stringify(task)];
  const { stdout } = await promisify(execFile)("taskset", args, { timeout: PATIENCE_MS });
  return { ...(JSON.parse(stdout) as Footprint) };
}

function recordsState(): Uint8Array {
  return Y.encodeStateAsUpdate(createRecords(DOCUMENT_SIZE).doc);
}
