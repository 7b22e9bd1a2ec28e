/**
 * Programs and stock Yjs clients on one document of a real relay: patches and edits at random by every strategy,
 * connections that are cut, and a relay that is killed. Then all agree, every accepted edit is one commit, and what was
 * accepted is there once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@verso/bridge/testing";
import {
  createJsonClient,
  type EditOutcome,
  type JsonClient,
  type JsonDocument,
  type Patch,
} from "@verso/client/json";
import { changePage } from "@verso/protocol";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type * as Y from "yjs";
import { type RelayProcess, startRelay } from "./relay-process.js";
import { connectStockClient } from "./stock-client.js";

const documentId = "crowd";
const strategies = ["merge", "server-wins", "latest-wins", "reject", "manual"] as const;
const seed = Number(process.env.VERSO_SEED ?? 1);

interface Content {
  readonly list: readonly string[];
  readonly map: Readonly<Record<string, number>>;
}

describe("programs and Yjs clients in one document", () => {
  it.each([
    { programs: 10, editors: 5, edits: 20 },
    { programs: 25, editors: 5, edits: 40 },
  ])(
    "$programs programs and $editors editors, $edits edits each: nothing is lost",
    async ({ programs: programCount, editors: editorCount, edits }) => {
      const random = createRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), "verso-crowd-"));
      const environment = { PORT: String(await freePort()) };
      let relay: RelayProcess = await startRelay(folder, environment);
      const clients = await Promise.all(
        Array.from({ length: programCount }, (_, i) =>
          createJsonClient({
            url: `${relay.url.replace("http", "ws")}/ws`,
            userId: `program ${i}`,
            token: "any",
            webSocket: WebSocket,
          }),
        ),
      );
      await clients[0]!.create({ id: documentId, title: "", content: { list: [], map: {} } });
      const documents = clients.map(client => client.open(documentId));
      const editors = Array.from({ length: editorCount }, () =>
        connectStockClient(relay.webSocketUrl, documentId),
      );
      try {
        await Promise.all([
          ...documents.map(each => each.whenLoaded()),
          ...editors.map(each => each.synced()),
        ]);
        const accepted = new Set<string>();
        const refused = new Set<string>();
        const outcomes: Record<string, number> = {};
        const waiting: { readonly name: string; readonly mark: string }[] = [];
        const answers: Promise<void>[] = [];
        let marks = 0;

        const total = (programCount + editorCount) * edits;
        for (let made = 0; made < total; made++) {
          const mark = `mark ${++marks}`;
          const who = random.below(programCount + editorCount);
          if (who < programCount) answers.push(patch(documents[who]!, mark));
          else edit(editors[who - programCount]!.doc, mark);
          if (random.chance(0.03)) cut(random.pick(clients));
          if (random.chance(0.01)) editors[random.below(editorCount)]!.provider.ws?.close();
          if (made === Math.floor(total / 2)) {
            await relay.kill();
            relay = await startRelay(folder, environment);
          }
          await new Promise(resolve => setTimeout(resolve, random.below(5)));
        }
        for (const client of clients) client.connect();
        await Promise.all(answers);
        for (const { name, mark } of waiting) {
          const take = random.pick(["yours", "theirs", "merge"] as const);
          note(mark, await documents[0]!.resolve(name, { take }));
        }

        const { content, sequence } = await present();
        expect(sorted(content.list), `seed ${seed}`).toEqual(sorted(accepted));
        for (const mark of refused) expect(content.list).not.toContain(mark);
        for (const { doc } of editors) {
          await expect.poll(() => contentOf(doc).toJSON(), { timeout: 20_000 }).toEqual(content);
        }
        for (const document of documents) {
          await expect.poll(() => document.sequence, { timeout: 20_000 }).toBe(sequence);
          expect(document.getSnapshot()).toEqual({ title: "", content, pending: 0 });
        }
        expect(await commitsOf("program")).toBe((outcomes.done ?? 0) + 1); // with the creation
        for (const type of ["done", "conflict"]) expect(outcomes[type], type).toBeGreaterThan(0);

        async function patch(document: JsonDocument, mark: string): Promise<void> {
          const { list } = document.getSnapshot()!.content as unknown as Content;
          const strategy = random.pick(strategies);
          const append = { op: "add", path: "/list/-", value: mark } as const;
          const operations: Patch = random.chance(0.5)
            ? [{ ...append, path: `/list/${random.below(list.length + 1)}` }]
            : [append, { op: "add", path: `/map/k${random.below(20)}`, value: marks }];
          note(mark, await document.patch(operations, { strategy }));
        }

        function note(mark: string, outcome: EditOutcome): void {
          outcomes[outcome.type] = (outcomes[outcome.type] ?? 0) + 1;
          if (outcome.type === "done") {
            refused.delete(mark);
            accepted.add(mark);
          } else {
            refused.add(mark);
            const name = outcome.type === "conflict" ? outcome.conflict.conflict_id : null;
            if (name !== null) waiting.push({ name, mark });
            if (outcome.type === "failed") throw outcome.error;
          }
        }

        function edit(doc: Y.Doc, mark: string): void {
          const list = contentOf(doc).get("list") as Y.Array<string>;
          doc.transact(() => {
            list.insert(random.below(list.length + 1), [mark]);
            if (random.chance(0.3))
              (contentOf(doc).get("map") as Y.Map<number>).set(`k${random.below(20)}`, marks);
          });
          accepted.add(mark);
        }
      } finally {
        for (const client of clients) await client.close();
        for (const editor of editors) editor[Symbol.dispose]();
        await relay.stop();
        rmSync(folder, { recursive: true, force: true });
      }

      async function present(): Promise<{ content: Content; sequence: number }> {
        // What the editors have sent is there when they have nothing that the relay lacks.
        await Promise.all(editors.map(editor => editor.synced()));
        for (let before = -1; ; ) {
          const answer = await fetch(`${relay.url}/api/documents/${documentId}`);
          const { content, sequence } = (await answer.json()) as { content: Content; sequence: number };
          if (sequence === before) return { content, sequence };
          before = sequence;
          await new Promise(resolve => setTimeout(resolve, 500));
        }
      }

      async function commitsOf(prefix: string): Promise<number> {
        let count = 0;
        for (let since = 0; ; ) {
          const answer = await fetch(
            `${relay.url}/api/documents/${documentId}/changes?since=${since}&limit=1000`,
          );
          const { changes, next } = changePage.parse(await answer.json());
          count += changes.filter(({ user_id: user }) => user.startsWith(prefix)).length;
          if (changes.length === 0) return count;
          since = next;
        }
      }
    },
    180_000,
  );
});

/** Offline for a moment, with whatever is on its way lost. */
function cut(client: JsonClient): void {
  client.disconnect();
  setTimeout(() => client.connect(), 50);
}

function contentOf(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap("document").get("content") as Y.Map<unknown>;
}

function sorted(marks: Iterable<string>): string[] {
  return [...marks].sort();
}

/** The relay is started again where it was. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise(resolve => probe.once("listening", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise(resolve => probe.close(resolve));
  return port;
}
