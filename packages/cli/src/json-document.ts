/** `verso get`, `set`, `patch` and `watch`: one document of a running relay as JSON, by one command each. */
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { JsonClient, JsonDocument, Patch, PatchOptions } from "@verso/client/json";
import { type Command, Option, Command as Program } from "commander";
import { toDocumentId, toJsonPointer, toWholeNumber } from "./arguments.js";
import { patchOf, valueOfText } from "./console-command.js";
import { type Report, toJsonLine, toLines } from "./console-report.js";
import { CliError, type CliErrorCode } from "./errors.js";
import { put, valueAt } from "./json-edits.js";
import { createRelayClient, goOnline, type JsonRelayFlags, withJsonRelay } from "./json-relay.js";

export function getCommand(): Command {
  return verb("get", "print a document as JSON, or what is at a pointer")
    .argument("[pointer]", "JSON Pointer into the content", toJsonPointer, "")
    .action(async (id: string, pointer: string, flags: Flags) => {
      await using client = await online(flags);
      const document = await loaded(client, id);
      const { content } = document.getSnapshot()!;
      const value = valueAt(content, pointer);
      if (value === undefined) throw new CliError("not-found", `There is nothing at ${pointer} of ${id}.`);
      print({ type: "value", pointer, value }, flags);
    });
}

export function setCommand(): Command {
  return edit("set", "put a value at a pointer of a document")
    .argument("<pointer>", "JSON Pointer into the content", toJsonPointer)
    .argument("<value>", "JSON, or else text")
    .action(async (id: string, pointer: string, value: string, flags: EditFlags) => {
      await change(id, flags, document => [
        put(document.getSnapshot()!.content, pointer, valueOfText(value)),
      ]);
    });
}

export function patchCommand(): Command {
  return edit("patch", "apply a JSON Patch to a document, all of it or nothing")
    .argument("<patch>", "JSON array of operations; - reads it from standard input")
    .addOption(
      new Option("--target <target>", "where pointers begin")
        .choices(["content", "document"])
        .default("content"),
    )
    .action(async (id: string, given: string, flags: EditFlags) => {
      const patch = patchOf(given === "-" ? await text(process.stdin) : given);
      if (patch === null) throw new CliError("bad-request", "A patch is a JSON array of operations.");
      await change(id, flags, () => patch);
    });
}

export function watchCommand(): Command {
  return verb("watch", "tell of a document's changes as they happen, until it is interrupted")
    .option("--limit <count>", "end after so many", toWholeNumber)
    .action(watch);
}

interface Flags extends JsonRelayFlags {
  readonly json?: boolean;
}

interface EditFlags extends Flags, PatchOptions {}

function verb(name: string, description: string): Command {
  return withJsonRelay(new Program(name))
    .description(description)
    .argument("<document>", "id of the document", toDocumentId)
    .option("--json", "one JSON object a line");
}

function edit(name: string, description: string): Command {
  return verb(name, description).addOption(
    new Option(
      "--strategy <strategy>",
      "what becomes of it when the same places have changed meanwhile",
    ).choices(["merge", "server-wins", "latest-wins", "reject", "manual"]),
  );
}

async function change(
  id: string,
  { strategy, target, ...flags }: EditFlags,
  toPatch: (document: JsonDocument) => Patch,
): Promise<void> {
  await using client = await online(flags);
  const document = await loaded(client, id);
  const outcome = await document.patch(toPatch(document), {
    ...(strategy && { strategy }),
    ...(target && { target }),
  });
  print({ type: "outcome", outcome }, flags);
  if (outcome.type === "done" || outcome.type === "unchanged") return;
  const code: CliErrorCode = outcome.type === "conflict" ? "conflict" : "refused";
  throw new CliError(code, `Nothing of it is in ${id}.`);
}

async function watch(
  id: string,
  { limit = Number.POSITIVE_INFINITY, ...flags }: Flags & { limit?: number },
): Promise<void> {
  await using client = await online(flags);
  const document = await loaded(client, id);
  const ended = new AbortController();
  let count = 0;
  document.on("update", update => {
    if (count >= limit) return;
    print({ type: "change", change: update }, flags);
    if (++count >= limit) ended.abort();
  });
  document.on("deleted", ({ document_id, user_id }) => {
    print({ type: "deleted", document_id, user_id }, flags);
    ended.abort();
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());
  await once(ended.signal, "abort");
}

async function online(flags: Flags): Promise<JsonClient> {
  const client = await createRelayClient(flags);
  try {
    await goOnline(client);
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

async function loaded(client: JsonClient, id: string): Promise<JsonDocument> {
  const document = client.open(id);
  await document.whenLoaded();
  return document;
}

function print(report: Report, { json = false }: Flags): void {
  for (const line of json ? [toJsonLine(report)] : toLines(report)) console.log(line);
}
