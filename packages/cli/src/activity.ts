/** `verso activity`: who has worked on a document and when. */
import { activityQuery, type WorkSession } from "@verso/protocol";
import { Command, InvalidArgumentError } from "commander";
import { toDocumentId } from "./arguments.js";
import { type HistoryFlags, openDocumentHistory, withHistory } from "./document-history.js";
import { toTime } from "./point.js";
import { printTable, type Row } from "./terminal.js";

export function activityCommand(): Command {
  return withHistory(new Command("activity"))
    .description("list who has worked on a document and when, by sessions of work")
    .argument("<document>", "id of the document", toDocumentId)
    .option("--user <id>", "only what this user did")
    .option("--from <time>", "only commits made from this time on", toTime)
    .option("--to <time>", "only commits made before this time", toTime)
    .option("--idle <minutes>", "without a commit for so long a session has ended", toMinutes, 30)
    .option("--json", "one JSON object a line")
    .action(listSessions);
}

interface Flags extends HistoryFlags {
  readonly user?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly idle: number;
  readonly json?: boolean;
}

async function listSessions(
  document: string,
  { user, from, to, idle, json = false, ...flags }: Flags,
): Promise<void> {
  await using history = await openDocumentHistory(document, flags);
  const sessions = history.activity({ user, from, to, idle });
  if (json) {
    for await (const session of sessions) console.log(JSON.stringify(session));
  } else if ((await printTable(toRows(sessions))) === 0) {
    console.error("no activity");
  }
}

async function* toRows(sessions: AsyncIterable<WorkSession>): AsyncGenerator<Row> {
  for await (const session of sessions) yield toRow(session);
}

function toRow(session: WorkSession): Row {
  const { from, to, user_id, tenant_id, first_sequence, last_sequence, inserted, deleted, pointers } =
    session;
  const commits = Object.entries(session.commits).map(([kind, count]) => `${count} ${kind}`);
  const user = tenant_id === undefined ? user_id : `${user_id} of ${tenant_id}`;
  const range = first_sequence === last_sequence ? `${first_sequence}` : `${first_sequence}-${last_sequence}`;
  return {
    columns: [
      { text: range, style: "sequence" },
      { text: from },
      { text: to },
      { text: user },
      { text: commits.join(", ") },
      { text: `+${inserted ?? "?"}`, style: "inserted" },
      { text: `-${deleted ?? "?"}`, style: "deleted" },
    ],
    rest: pointers.length === 0 ? [] : [{ text: pointers.map(pointer => pointer || "/").join(" ") }],
  };
}

function toMinutes(text: string): number {
  const { success, data } = activityQuery.shape.idle.safeParse(text);
  if (!success) throw new InvalidArgumentError("It is a number of minutes, 100000 at most.");
  return data;
}
