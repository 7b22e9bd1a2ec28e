/** `verso history`: the commits of a document, oldest first. */
import { readOperation } from "@verso/bridge";
import type { ChangeEvent } from "@verso/protocol";
import { Command } from "commander";
import { toDocumentId, toWholeNumber } from "./arguments.js";
import { describeOperation, describeSequences, operationsOf } from "./change-lines.js";
import { type HistoryFlags, openDocumentHistory, withHistory } from "./document-history.js";
import { describeIssue } from "./issue-lines.js";
import { type Piece, printTable, type Row } from "./terminal.js";

export function historyCommand(): Command {
  return withHistory(new Command("history"))
    .description("list the commits of a document, oldest first: who, when, and what it changed")
    .argument("<document>", "id of the document", toDocumentId)
    .option("--from <sequence>", "the first commit (default: 1)", toWholeNumber)
    .option("--limit <count>", "so many commits at most", toWholeNumber)
    .option("--user <id>", "only those of this user")
    .option("--json", "one JSON object a line, with the patches in both directions")
    .action(listCommits);
}

interface Flags extends HistoryFlags {
  readonly from?: number;
  readonly limit?: number;
  readonly user?: string;
  readonly json?: boolean;
}

async function listCommits(
  document: string,
  { from = 1, limit = Number.POSITIVE_INFINITY, user, json = false, ...flags }: Flags,
): Promise<void> {
  await using history = await openDocumentHistory(document, flags);
  const commits = chosen(history.changes(from), { user, limit });
  if (json) {
    for await (const change of commits) console.log(JSON.stringify(change));
  } else if ((await printTable(toRows(commits))) === 0) {
    console.error("no commits");
  }
}

async function* chosen(
  changes: AsyncIterable<ChangeEvent>,
  { user, limit }: { readonly user: string | undefined; readonly limit: number },
): AsyncGenerator<ChangeEvent> {
  let count = 0;
  for await (const change of changes) {
    if (user !== undefined && change.user_id !== user) continue;
    yield change;
    if (++count === limit) return;
  }
}

async function* toRows(changes: AsyncIterable<ChangeEvent>): AsyncGenerator<Row> {
  for await (const change of changes) {
    const { sequence, created_at, user_id, kind, undoes, merged, issues = [] } = change;
    const of = undoes === undefined ? "" : ` of ${describeSequences(undoes)}`;
    const by = merged === undefined ? "" : `, a fork merged by ${merged.user_id}`;
    yield {
      columns: [{ text: String(sequence), style: "sequence" }, { text: created_at }, { text: user_id }],
      rest: [
        { text: `${kind}${of}${by}` },
        ...behind({ text: "  " }, describePatch(change)),
        ...issues.map(issue => ({ text: `  ! ${describeIssue(issue)}`, style: "fault" as const })),
      ],
    };
  }
}

function describePatch({ forward_patch: forward, reverse_patch: reverse }: ChangeEvent): Piece[] {
  if (forward !== null) {
    return operationsOf(forward).flatMap((operation, index) => [
      ...(index === 0 ? [] : [{ text: "; " }]),
      ...describeOperation(readOperation(operation)),
    ]);
  }
  return reverse === null ? [{ text: "(no longer kept)" }] : [];
}

function behind(separator: Piece, pieces: readonly Piece[]): readonly Piece[] {
  return pieces.length === 0 ? [] : [separator, ...pieces];
}
