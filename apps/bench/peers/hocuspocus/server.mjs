/**
 * Hocuspocus on SQLite: whole documents, stored when a document has been quiet for 2 s, at the latest after 10 s.
 *
 * The statements are those of its own SQLite extension. They run on the SQLite that is part of Node.js, because the
 * extension's driver downloads a binary when it is installed.
 *
 * Arguments: port, folder.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Database } from "@hocuspocus/extension-database";
import { Server } from "@hocuspocus/server";

const [port, folder] = process.argv.slice(2);

const database = new DatabaseSync(join(folder, "documents.sqlite"));
database.exec(
  'CREATE TABLE IF NOT EXISTS "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))',
);
const select = database.prepare('SELECT data FROM "documents" WHERE name = ? ORDER BY rowid DESC');
const upsert = database.prepare(
  'INSERT INTO "documents" ("name", "data") VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data',
);

const storage = new Database({
  fetch: async ({ documentName }) => select.get(documentName)?.data ?? null,
  store: async ({ documentName, state }) => {
    upsert.run(documentName, state);
  },
});

await new Server({ port: Number(port), address: "127.0.0.1", quiet: true, extensions: [storage] }).listen();
