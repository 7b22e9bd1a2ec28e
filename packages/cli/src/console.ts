/**
 * The console of `verso connect`: carries out one line after the other on a client, and says what became of it.
 *
 * It knows no terminal. An edit is waited for while there is a connection, so that the next line finds it done; offline it
 * is kept, and that is told.
 */
import {
  ClientError,
  type EditOutcome,
  type JsonClient,
  type JsonDocument,
  type JsonObject,
  type Patch,
} from "@verso/client/json";
import { type ConsoleCommand, readLine } from "./console-command.js";
import type { Report } from "./console-report.js";
import { editText, put, valueAt } from "./json-edits.js";

export interface Console {
  /** What became of the line; `failed` when something that it asked for was not done. */
  run(line: string): Promise<"done" | "failed" | "quit">;
  /** As the line `open` does; whether it could. */
  open(documentId: string): Promise<boolean>;
  /** The document that is followed. */
  readonly document: JsonDocument | null;
  /** Whether anything was not done, edits that nobody waited for too. */
  readonly hasFailed: boolean;
}

export interface ConsoleOptions {
  readonly client: JsonClient;
  readonly say: (report: Report) => void;
  /** Whether changes are told from the start. @default false */
  readonly watch?: boolean;
  /** Connects; an error ends the line. @default client.connect */
  readonly connect?: () => void | Promise<void>;
}

type Command = Exclude<ConsoleCommand, { type: "quit" }>;

export function createConsole({
  client,
  say,
  watch = false,
  connect = client.connect,
}: ConsoleOptions): Console {
  let document: JsonDocument | null = null;
  let isWatching = watch;
  let unfollow = () => {};
  /** Edits whose outcome is told by the line that made them. */
  const awaited = new Set<string>();
  /** Commits that were told as the outcome of an edit: the relay may tell of them once more. */
  const told = new Set<string>();
  let hasFailed = false;

  client.on("status", status => {
    if (isWatching && status !== "closed") say({ type: "status", status });
  });
  client.on("error", error => say(toReport(error)));
  client.on("answered", ({ message }, outcome) => {
    if (!awaited.delete(message.edit_id)) tell(outcome);
  });

  return {
    get document() {
      return document;
    },
    get hasFailed() {
      return hasFailed;
    },

    async run(line) {
      const read = readLine(line);
      if (!read.ok) {
        hasFailed = true;
        say({ type: "error", code: "bad-request", message: read.detail });
        return "failed";
      }
      if (read.command === null) return "done";
      if (read.command.type === "quit") return "quit";
      return (await attempt(read.command)) ? "done" : "failed";
    },

    open: documentId => attempt({ type: "open", document: documentId }),
  };

  async function attempt(command: Command): Promise<boolean> {
    try {
      return await carryOut(command);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      hasFailed = true;
      say(toReport(error));
      return false;
    }
  }

  /** Whether it was done. */
  async function carryOut(command: Command): Promise<boolean> {
    switch (command.type) {
      case "help":
        say({ type: "help" });
        return true;
      case "list":
        return await listDocuments();
      case "open":
        follow(command.document);
        return await show("");
      case "create": {
        const made = edit(() => client.create({ id: command.document, content: command.content }));
        follow(command.document);
        return await made;
      }
      case "watch":
        isWatching = command.on;
        return true;
      case "offline":
        client.disconnect();
        return true;
      case "online":
        await connect();
        return true;
      case "queue":
        say({ type: "queue", edits: client.queue });
        return true;
    }
    const { id } = followed();
    switch (command.type) {
      case "show":
        return await show(command.pointer);
      case "users":
        say({ type: "users", users: followed().users });
        return true;
      case "set":
        return await patch(content => [put(content, command.pointer, command.value)]);
      case "edit":
        return await patch(content => editText(content, command.pointer, command.text));
      case "remove":
        return await patch(() => [{ op: "remove", path: command.pointer }]);
      case "title":
        return await edit(() =>
          followed().patch([{ op: "add", path: "/title", value: command.title }], { target: "document" }),
        );
      case "patch":
        return await patch(() => command.patch);
      case "delete":
        return await edit(() => client.delete(id));
      case "undo":
        return tell(await followed().undo());
      case "redo":
        return tell(await followed().redo());
      case "undo-to":
        return tell(await followed().undoTo(command.sequence));
      case "restore":
        return tell(await followed().restore(command.point));
      case "resolve": {
        const resolution = "take" in command ? { take: command.take } : { patch: command.patch };
        return tell(await followed().resolve(command.conflict, resolution));
      }
      case "history":
        return await listCommits(command.since);
    }
  }

  async function listDocuments(): Promise<boolean> {
    for (let after: string | null | undefined; after !== null; ) {
      const page = await client.list(after === undefined ? {} : { after });
      say({ type: "documents", documents: page.documents });
      after = page.next;
    }
    return true;
  }

  async function listCommits(from: number): Promise<boolean> {
    for (let since = from; ; ) {
      const { changes, next } = await followed().history({ since });
      if (changes.length > 0) say({ type: "history", changes });
      if (next <= since) return true;
      since = next;
    }
  }

  function followed(): JsonDocument {
    if (document === null) throw new ClientError("not-loaded", "No document is open.");
    return document;
  }

  function follow(id: string): void {
    unfollow();
    if (document !== null && document.id !== id) document.close();
    const opened = client.open(id);
    const ends = [
      opened.on("update", change => {
        // One that answers a request of this console is told as its outcome.
        const isTold = told.delete(change.revision_id) || change.id !== undefined;
        if (isWatching && !isTold) say({ type: "change", change });
      }),
      opened.on("deleted", ({ document_id, user_id }) => {
        if (isWatching) say({ type: "deleted", document_id, user_id });
      }),
    ];
    unfollow = () => {
      for (const end of ends) end();
    };
    document = opened;
  }

  async function show(pointer: string): Promise<boolean> {
    const shown = followed();
    // Offline nothing comes, and what is there is shown.
    const view = client.status === "online" ? await shown.whenLoaded() : shown.getSnapshot();
    if (view === null) throw new ClientError("not-loaded", `Nothing of ${shown.id} was received yet.`);
    if (pointer === "") {
      say({ type: "document", document_id: shown.id, sequence: shown.sequence, ...view });
      return true;
    }
    const value = valueAt(view.content, pointer);
    if (value === undefined) {
      hasFailed = true;
      say({ type: "error", code: "not-found", message: "There is nothing there.", pointer });
      return false;
    }
    say({ type: "value", pointer, value });
    return true;
  }

  function patch(operations: (content: JsonObject) => Patch): Promise<boolean> {
    return edit(async () => {
      const view = followed().getSnapshot();
      return followed().patch(view === null ? [] : operations(view.content));
    });
  }

  /** Makes an edit, and waits for the answer as long as one can come. */
  async function edit(make: () => Promise<EditOutcome>): Promise<boolean> {
    const before = client.queue.at(-1);
    const outcome = make();
    const edit = client.queue.at(-1);
    // It was not taken, which the outcome tells.
    if (edit === undefined || edit === before) return tell(await outcome);
    const { edit_id } = edit.message;
    awaited.add(edit_id);
    const answer = await Promise.race([outcome, offline()]);
    if (answer !== null) return tell(answer);
    awaited.delete(edit_id);
    say({ type: "queued", edit_id });
    return true;
  }

  /** Resolves when there is no connection, and so nobody to wait for. */
  async function offline(): Promise<null> {
    while (client.status === "online") {
      await new Promise<void>(resolve => {
        const end = client.on("status", () => {
          end();
          resolve();
        });
      });
    }
    return null;
  }

  function tell(outcome: EditOutcome): boolean {
    say({ type: "outcome", outcome });
    if (outcome.type === "done") told.add(outcome.revision);
    const isDone = outcome.type === "done" || outcome.type === "unchanged";
    hasFailed ||= !isDone;
    return isDone;
  }
}

function toReport({ code, relayCode, message, pointer }: ClientError): Report {
  return { type: "error", code: relayCode ?? code, message, ...(pointer !== undefined && { pointer }) };
}
