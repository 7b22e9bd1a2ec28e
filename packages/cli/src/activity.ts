/** `verso activity`: who has worked on a document and when. */
import type { WorkSession } from "@verso/protocol";
import { Command } from "commander";
import { toWholeNumber } from "./arguments.js";
import { type HistoryFlags, openDocumentHistory, withHistory } from "./document-history.js";
import { toTime } from "./point.js";
import { terminalWidth, toLine } from "./terminal.js";

export function activityCommand(): Command {
  return withHistory(new Command("activity"))
    .description("list who has worked on a document and when, by sessions of work")
    .argument("<document>", "id of the document")
    .option("--user <id>", "only what this user did")
    .option("--from <time>", "only commits made from this time on", toTime)
    .option("--to <time>", "only commits made before this time", toTime)
    .option("--idle <minutes>", "without a commit for so long a session has ended", toWholeNumber, 30)
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
  for await (const session of history.activity({ user, from, to, idle })) {
    console.log(json ? JSON.stringify(session) : describe(session));
  }
}

function describe(session: WorkSession): string {
  const { from, to, user_id, tenant_id, first_sequence, last_sequence, inserted, deleted, pointers } =
    session;
  const commits = Object.entries(session.commits).map(([kind, count]) => `${count} ${kind}`);
  const user = tenant_id === undefined ? user_id : `${user_id} of ${tenant_id}`;
  const range = first_sequence === last_sequence ? `${first_sequence}` : `${first_sequence}-${last_sequence}`;
  const pieces = [
    { text: range, style: "sequence" as const },
    { text: `  ${from}  ${to}  ${user}  ${commits.join(", ")}  ` },
    { text: `+${inserted ?? "?"}`, style: "inserted" as const },
    { text: " " },
    { text: `-${deleted ?? "?"}`, style: "deleted" as const },
    { text: `  ${pointers.map(pointer => pointer || "/").join(" ")}` },
  ];
  return toLine(pieces, { width: terminalWidth() });
}
