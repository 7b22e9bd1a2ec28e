/**
 * `verso connect`: a console on the documents of a running relay, for people and for scripts.
 *
 * At a terminal it prompts, tells of changes as they happen, and goes on offline. From a pipe it carries out one line
 * after the other, and stops at the first that fails.
 */
import { createInterface, type Interface } from "node:readline";
import { styleText } from "node:util";
import type { JsonClient, JsonDocument } from "@verso/client/json";
import { fileStorage } from "@verso/client/json/node";
import { Command } from "commander";
import { toDocumentId } from "./arguments.js";
import { type Console, createConsole } from "./console.js";
import { type Report, toJsonLine, toLines } from "./console-report.js";
import { CliError } from "./errors.js";
import { createRelayClient, goOnline, type JsonRelayFlags, withUser } from "./json-relay.js";
import { printable } from "./terminal.js";

export function connectCommand(): Command {
  return withUser(new Command("connect"))
    .description("open a console on the documents of a running relay; a script comes from standard input")
    .argument("<url>", "address of the relay")
    .argument("[document]", "id of the document to open", toDocumentId)
    .option("--queue <file>", "keep edits that wait in a file, over restarts; one for each user and relay")
    .option("--json", "one JSON object a line")
    .option("--offline", "do not connect before the command `online`")
    .action(openConsole);
}

interface Flags extends Omit<JsonRelayFlags, "url"> {
  readonly queue?: string;
  readonly json?: boolean;
  readonly offline?: boolean;
}

async function openConsole(
  url: string,
  document: string | undefined,
  { queue, json = false, offline = false, ...flags }: Flags,
): Promise<void> {
  const storage = queue === undefined ? {} : { storage: fileStorage(queue) };
  await using client = await createRelayClient({ ...flags, url }, storage);
  const isTerminal = process.stdin.isTTY === true;
  const input = createInterface({
    input: process.stdin,
    ...(isTerminal && { output: process.stdout, terminal: true, prompt: promptOf(null) }),
  });
  // Begun now, since lines that come before that are lost.
  const lines = input[Symbol.asyncIterator]();
  const typed = isTerminal ? input : null;
  const say = sayTo(typed, { json });
  const connect = () => (isTerminal ? goOnlineSometime(client, say) : goOnline(client));
  const console = createConsole({ client, say, watch: isTerminal, connect });
  if (!offline) await connect();
  if (document !== undefined && !(await console.open(document)) && !isTerminal) {
    throw new CliError("not-found", `"${document}" cannot be opened.`);
  }
  await runLines(lines, console, { prompt: typed });
  input.close();
  if (!isTerminal) await drain(client);
  if (!isTerminal && console.hasFailed) throw new CliError("refused", "An edit was not done.");
  leave(client, queue);
}

/** At a terminal one can go on offline: the client tries again by itself. */
async function goOnlineSometime(client: JsonClient, say: (report: Report) => void): Promise<void> {
  try {
    await goOnline(client);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // What the relay itself has said is told already.
    if (client.status === "connecting") say({ type: "error", code: error.code, message: error.message });
  }
}

/** Ends with the input, with `quit`, or where nobody is prompted with the first line that fails. */
async function runLines(
  lines: AsyncIterable<string>,
  console: Console,
  { prompt }: { prompt: Interface | null },
): Promise<void> {
  ask();
  let number = 0;
  for await (const line of lines) {
    number++;
    const became = await console.run(line);
    if (became === "quit") return;
    if (became === "failed" && prompt === null) {
      throw new CliError("refused", `Line ${number} was not done: ${printable(line)}`);
    }
    ask();
  }
  // The input has ended behind the prompt.
  if (prompt !== null) process.stdout.write("\n");

  function ask(): void {
    prompt?.setPrompt(promptOf(console.document));
    prompt?.prompt();
  }
}

function promptOf(document: JsonDocument | null): string {
  return styleText("cyan", `${printable(document?.id ?? "verso")}> `, { stream: process.stdout });
}

/** Waits as long as there is a connection, and something that waits for it. */
async function drain(client: JsonClient): Promise<void> {
  while (client.status === "online" && client.queue.length > 0) {
    await new Promise<void>(resolve => {
      const ends = [client.on("queue", end), client.on("status", end)];

      function end(): void {
        for (const each of ends) each();
        resolve();
      }
    });
  }
}

/** What waits for a relay is lost when it is kept nowhere, which must not look like success. */
function leave(client: JsonClient, queue: string | undefined): void {
  const { length } = client.queue;
  if (length === 0) return;
  const edits = length === 1 ? "1 edit was" : `${length} edits were`;
  if (queue === undefined) throw new CliError("unavailable", `${edits} not sent, and kept nowhere.`);
  process.stderr.write(`${edits} not sent, and kept in ${queue}.\n`);
}

/** Lines that come while somebody types stand above what he types. */
function sayTo(typed: Interface | null, { json }: { json: boolean }) {
  return (report: Report) => {
    const stream = report.type === "error" && !json ? process.stderr : process.stdout;
    if (typed !== null) process.stdout.write("\r\u001b[K");
    for (const line of json ? [toJsonLine(report)] : toLines(report)) stream.write(`${line}\n`);
    typed?.prompt(true);
  };
}
