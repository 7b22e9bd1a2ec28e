/** The page of `token.test.ts`: one field, whose text is written to a document by a client that asks for tokens. */
import { createClient } from "@verso/client";
import { browserPersistence } from "@verso/client/browser";

declare global {
  /** Given by the test. */
  var freshToken: () => Promise<string>;
}

const replica = createClient({
  url: location.origin,
  token: () => freshToken(),
  persistence: browserPersistence(),
}).open("note/typed");
const text = replica.doc.getText("text");
const field = document.createElement("textarea");
field.addEventListener("input", () => text.insert(text.length, field.value.slice(text.length)));
document.body.append(field);

const told = document.body.dataset;
const tell = () => {
  told.unsynced = String(replica.unsyncedChanges);
  told.synced = String(replica.status.synced);
  told.stopped = replica.status.stopped?.reason ?? "";
};
replica.subscribe(tell);
replica.on("connection-close", ({ code, reason }) => {
  told.closes = `${told.closes ?? ""}${code} ${reason}; `;
});
tell();
