/**
 * W9: the same document written as JSON and as a Yjs document: how many edits a second come through, how long one takes to
 * another client's screen, and what a conflict takes.
 *
 * Every edit appends a mark to one list. A client that reads the Yjs updates off the wire says when it is there, whoever
 * wrote it; so a commit, its delivery and, for JSON, the derived patch are all in the figure.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { count, digits } from "./format.js";
import { createMarkReader, type MarkReader } from "./mark-reader.js";
import { markText, scanMarks } from "./marks.js";
import { type ServerProcess, withFolder, withServer } from "./server-process.js";
import { median, percentile } from "./statistics.js";
import { subjects } from "./subjects.js";
import { connect } from "./wire.js";
import type { Figures, Row, Settings, Workload } from "./workload.js";

const DOCUMENT = "ledger";
const ODDS = "odds";
const AUTHORS = 8;
const BATCH = 1000;
/** Edits that nobody has seen yet, of all authors together. */
const WINDOW = 4000;
const EDITS = { quick: 4000, full: 40_000 };
const RATE = 100;
const SECONDS = { quick: 3, full: 20 };
const CONFLICTS = { quick: 20, full: 200 };
const PATIENCE_MS = 120_000;

type Way = "yjs" | "ws" | "batch";

export const jsonCost: Workload = {
  name: "w9",
  title: "JSON beside Yjs: the same document, by three ways",
  participants: [
    { name: "yjs", title: "Yjs updates" },
    { name: "ws", title: "JSON, /ws" },
    { name: "batch", title: "JSON, /api/batch" },
  ],
  tables: [
    {
      name: "intake",
      title: "Edits a second",
      about: `${count(EDITS.full)} edits by ${AUTHORS} authors, each with an answer or an update of its own and a commit where the relay makes one of each; at most ${count(WINDOW)} of them unseen. Batches are of ${count(BATCH)} changes. Until a Yjs client has all of them.`,
      columns: [
        { figure: "edits", title: "edits/s", show: count, base: "yjs" },
        { figure: "cpu", title: "server CPU an edit, µs", show: digits },
        { figure: "commits", title: "commits", show: count },
      ],
    },
    {
      name: "screen",
      title: "To another client's screen",
      about: `${RATE} edits a second by ${AUTHORS} authors, milliseconds until a Yjs client and a client of \`/ws\` have each.`,
      columns: [
        { figure: "yjs50", title: "Yjs client, p50", show: digits },
        { figure: "yjs99", title: "p99", show: digits },
        { figure: "json50", title: "JSON client, p50", show: digits },
        { figure: "json99", title: "p99", show: digits },
      ],
    },
    {
      name: "conflict",
      title: "Conflicts",
      about:
        "Milliseconds from the request to the answer of a patch whose key was set since its base, in a document of 4 kB; for `manual`, of its resolution.",
      columns: ["merge", "latest-wins", "reject", "manual"].flatMap(strategy => [
        { figure: strategy, title: `${strategy}, median`, show: digits },
        { figure: `${strategy}Longest`, title: "longest", show: digits },
      ]),
    },
  ],
  measure,
};

async function measure(participant: string, { quick }: Settings): Promise<readonly Row[]> {
  const way = participant as Way;
  const size = quick ? "quick" : "full";
  return withFolder(folder =>
    withServer(subjects.verso, folder, async server => {
      await ask(server, "POST", "/api/documents", { id: DOCUMENT, title: "", content: { list: [] } });
      const reader = await createMarkReader(server.address(DOCUMENT));
      const rows: Row[] = [
        { table: "intake", figures: await intake(server, { way, reader, edits: EDITS[size] }) },
      ];
      if (way !== "batch")
        rows.push({
          table: "screen",
          figures: await screen(server, { way, reader, seconds: SECONDS[size] }),
        });
      if (way === "ws") rows.push({ table: "conflict", figures: await conflicts(server, CONFLICTS[size]) });
      reader.close();
      await server.stop();
      return rows;
    }),
  );
}

async function intake(
  server: ServerProcess,
  { way, reader, edits }: { readonly way: Way; readonly reader: MarkReader; readonly edits: number },
): Promise<Figures> {
  const authors = await Promise.all(Array.from({ length: AUTHORS }, () => createAuthor(server, way)));
  const { sequence: before } = await head(server);
  const cpuBefore = server.cpuSeconds();
  const begin = performance.now();
  const step = way === "batch" ? BATCH : 1;
  for (let sent = 0; sent < edits; sent += step) {
    while (sent + step - reader.seen > WINDOW) await reader.more();
    const marks = Array.from({ length: step }, (_, i) => markText(sent + i, performance.now()));
    authors[(sent / step) % AUTHORS]!.append(marks);
  }
  while (reader.seen < edits) {
    await reader.more();
    if (performance.now() - begin > PATIENCE_MS)
      throw new Error(`Of ${edits} edits ${reader.seen} have come.`);
  }
  const seconds = (performance.now() - begin) / 1000;
  const cpu = ((server.cpuSeconds() - cpuBefore) / edits) * 1e6;
  for (const author of authors) await author.close();
  const { sequence: after } = await head(server);
  return { edits: edits / seconds, cpu, commits: after - before };
}

async function screen(
  server: ServerProcess,
  { way, reader, seconds }: { readonly way: Way; readonly reader: MarkReader; readonly seconds: number },
): Promise<Figures> {
  const program = await createProgram(server);
  const seen = program.follow(DOCUMENT);
  const authors = await Promise.all(Array.from({ length: AUTHORS }, () => createAuthor(server, way)));
  await sleep(500);
  reader.forget();
  const total = RATE * seconds;
  const begin = performance.now();
  for (let sent = 0; sent < total; sent++) {
    const due = begin + (sent * 1000) / RATE;
    while (performance.now() < due) await sleep(1);
    authors[sent % AUTHORS]!.append([markText(sent, due)]);
  }
  while (reader.seen < total || seen.length < total) {
    await sleep(10);
    if (performance.now() - begin > PATIENCE_MS)
      throw new Error(`Of ${total} edits ${reader.seen} have come.`);
  }
  for (const author of authors) await author.close();
  program.close();
  return {
    ...{ yjs50: percentile(reader.waited, 0.5), yjs99: percentile(reader.waited, 0.99) },
    ...{ json50: percentile(seen, 0.5), json99: percentile(seen, 0.99) },
  };
}

async function conflicts(server: ServerProcess, often: number): Promise<Figures> {
  const filler = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`field ${i}`, `a value of ${i}`]));
  await ask(server, "POST", "/api/documents", { id: ODDS, title: "", content: { status: "new", ...filler } });
  const program = await createProgram(server);
  const set = (status: string, more: object = {}) =>
    program.request({
      type: "update_document",
      patch: { document_id: ODDS, patch: [{ op: "replace", path: "/status", value: status }], ...more },
    });
  const figures: Record<string, number> = {};
  for (const strategy of ["merge", "latest-wins", "reject", "manual"]) {
    const taken: number[] = [];
    for (let i = 0; i < often; i++) {
      const base = await set(`${strategy} ${i}`);
      await set(`${strategy} ${i}, by another`);
      const begin = performance.now();
      const answer = await set(`${strategy} ${i}, late`, { revision_id: base.revision_id, strategy });
      if (strategy !== "manual") {
        taken.push(performance.now() - begin);
        continue;
      }
      const resolving = performance.now();
      await program.request({
        type: "resolve_conflict",
        document_id: ODDS,
        conflict_id: answer.conflict_id,
        take: "yours",
      });
      taken.push(performance.now() - resolving);
    }
    figures[strategy] = median(taken);
    figures[`${strategy}Longest`] = Math.max(...taken);
  }
  program.close();
  return figures;
}

interface Author {
  /** Appends these marks to the list, each as an edit of its own; they are on their way when this returns. */
  append(marks: readonly string[]): void;
  /** When all of them are answered. */
  close(): Promise<void>;
}

function createAuthor(server: ServerProcess, way: Way): Promise<Author> {
  switch (way) {
    case "yjs":
      return createYjsAuthor(server);
    case "ws":
      return createJsonAuthor(server);
    case "batch":
      return Promise.resolve(createBatchAuthor(server));
  }
}

/** Does not take in what others write, which would cost more than the load may. */
async function createYjsAuthor(server: ServerProcess): Promise<Author> {
  const doc = new Y.Doc();
  const connection = await connect(server.address(DOCUMENT), {
    onMessage(message) {
      if (message.type === "step-2") Y.applyUpdate(doc, message.update);
    },
  });
  connection.answerWith(vector => Y.encodeStateAsUpdate(doc, vector));
  doc.on("update", (update: Uint8Array, origin) => {
    if (origin === "own") connection.sendUpdate(update);
  });
  const list = (doc.getMap("document").get("content") as Y.Map<unknown>).get("list") as Y.Array<string>;
  return {
    append(marks) {
      for (const mark of marks) doc.transact(() => list.push([mark]), "own");
    },
    async close() {
      connection.close();
    },
  };
}

async function createJsonAuthor(server: ServerProcess): Promise<Author> {
  const program = await createProgram(server);
  const waiting = new Set<Promise<unknown>>();
  return {
    append(marks) {
      for (const value of marks) {
        const patch = [{ op: "add", path: "/list/-", value }];
        const answered = program.request({
          type: "update_document",
          patch: { document_id: DOCUMENT, patch },
        });
        waiting.add(answered);
        void answered.finally(() => waiting.delete(answered));
      }
    },
    async close() {
      await Promise.all(waiting);
      program.close();
    },
  };
}

function createBatchAuthor(server: ServerProcess): Author {
  const waiting = new Set<Promise<unknown>>();
  return {
    append(marks) {
      const edits = marks.map(value => ({
        id: value,
        op: "patch",
        document_id: DOCUMENT,
        patch: [{ op: "add", path: "/list/-", value }],
      }));
      const answered = ask(server, "POST", "/api/batch", { edits });
      waiting.add(answered);
      void answered.finally(() => waiting.delete(answered));
    },
    close: async () => void (await Promise.all(waiting)),
  };
}

interface Answer {
  readonly [member: string]: unknown;
  readonly type: string;
  readonly id?: number;
}

/** A client of `/ws`. */
interface Program {
  request(message: object): Promise<Answer>;
  /** Subscribes, and gathers for each edit of others the milliseconds since it was due. */
  follow(documentId: string): readonly number[];
  close(): void;
}

async function createProgram(server: ServerProcess): Promise<Program> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.address(DOCUMENT).port}/ws`);
  const waiting = new Map<number, (answer: Answer) => void>();
  const followers: ((text: Buffer) => void)[] = [];
  let requests = 0;
  await once(socket, "open");
  socket.on("message", (bytes: Buffer) => {
    const answer = JSON.parse(bytes.toString()) as Answer;
    if (answer.id === undefined) for (const follower of followers) follower(bytes);
    else waiting.get(answer.id)?.(answer);
    if (answer.id !== undefined) waiting.delete(answer.id);
  });
  const program: Program = {
    request: message =>
      new Promise((resolve, reject) => {
        const id = ++requests;
        waiting.set(id, answer => {
          if (answer.type === "error") reject(new Error(JSON.stringify(answer)));
          else resolve(answer);
        });
        socket.send(JSON.stringify({ id, ...message }));
      }),
    follow(documentId) {
      const waited: number[] = [];
      followers.push(bytes => scanMarks(bytes, (_, milliseconds) => waited.push(milliseconds)));
      void program.request({ type: "subscribe", document_id: documentId });
      return waited;
    },
    close: () => socket.close(),
  };
  await program.request({ type: "authenticate", user_id: crypto.randomUUID(), auth_token: "" });
  return program;
}

async function head(server: ServerProcess): Promise<{ readonly sequence: number }> {
  return (await ask(server, "GET", `/api/documents/${DOCUMENT}`)) as { sequence: number };
}

async function ask(server: ServerProcess, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server.address(DOCUMENT).port}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${method} ${path} is answered with ${JSON.stringify(answer)}.`);
  return answer;
}
