/** What the console has to tell: one JSON object a line, or lines for people. */
import { readOperation } from "@verso/bridge";
import type {
  DocumentView,
  EditOutcome,
  Json,
  JsonClient,
  JsonDocument,
  StoredEdit,
  Update,
} from "@verso/client/json";
import { describeOperation } from "./change-lines.js";
import { words } from "./console-command.js";
import { describeIssue } from "./issue-lines.js";
import { type Piece, toLine } from "./terminal.js";

type History = Awaited<ReturnType<JsonDocument["history"]>>;
type Documents = Awaited<ReturnType<JsonClient["list"]>>["documents"];
type Operations = Update["patch"];
type UpdateMessage = Extract<StoredEdit["message"], { type: "update_document" }>;

export type Report =
  | ({
      readonly type: "document";
      readonly document_id: string;
      readonly sequence: number;
    } & Partial<DocumentView>)
  | { readonly type: "value"; readonly pointer: string; readonly value: Json }
  | { readonly type: "documents"; readonly documents: Documents }
  | { readonly type: "change"; readonly change: Update }
  | { readonly type: "deleted"; readonly document_id: string; readonly user_id: string }
  | { readonly type: "outcome"; readonly outcome: EditOutcome }
  /** An edit is kept, and sent when there is a connection. */
  | { readonly type: "queued"; readonly edit_id: string }
  | { readonly type: "queue"; readonly edits: readonly StoredEdit[] }
  | { readonly type: "history"; readonly changes: History["changes"] }
  | { readonly type: "users"; readonly users: JsonDocument["users"] }
  | { readonly type: "status"; readonly status: JsonClient["status"] }
  | { readonly type: "help" }
  | { readonly type: "error"; readonly code: string; readonly message: string; readonly pointer?: string };

export function toJsonLine(report: Report): string {
  return JSON.stringify(report.type === "help" ? { ...report, words: Object.keys(words) } : report);
}

export function toLines(report: Report): string[] {
  switch (report.type) {
    case "document": {
      const { document_id, sequence, title, content = null, pending = 0 } = report;
      const waits = pending === 0 ? "" : `, ${pending} not sent or not answered`;
      return [line(`${document_id} at ${sequence}${waits}${title ? `: ${title}` : ""}`), ...pretty(content)];
    }
    case "value":
      return pretty(report.value);
    case "documents":
      return report.documents.map(({ id, revision_id, updated_at }) =>
        line(`${updated_at}  ${revision_id}  ${id}`),
      );
    case "change":
      return describeChange(report.change);
    case "deleted":
      return [toLine([{ text: `${report.document_id} was deleted by ${report.user_id}`, style: "deleted" }])];
    case "outcome":
      return describeOutcome(report.outcome);
    case "queued":
      return [line("waits for a connection")];
    case "queue":
      return report.edits.length === 0 ? ["nothing waits"] : report.edits.map(describeEdit);
    case "history":
      return report.changes.map(({ sequence, created_at, user_id, kind, forward_patch: patch }) =>
        toLine([
          { text: `${sequence}`, style: "sequence" },
          { text: `  ${created_at}  ${user_id}  ${kind}` },
          ...(Array.isArray(patch) ? describePatch(patch) : []),
        ]),
      );
    case "users":
      if (report.users.length === 0) return ["nobody says where they are"];
      return report.users.map(({ client_id, user_id = "somebody", state }) =>
        line(`${user_id} (${client_id})  ${JSON.stringify(state)}`),
      );
    case "status":
      return [line(report.status)];
    case "help": {
      const uses = Object.entries(words).map(
        ([name, { usage, help }]) => [`${name} ${usage}`.trim(), help] as const,
      );
      const width = Math.max(...uses.map(([use]) => use.length));
      return uses.map(([use, help]) => `${use.padEnd(width)}  ${help}`);
    }
    case "error": {
      const at = report.pointer === undefined ? "" : ` at ${report.pointer || "/"}`;
      return [toLine([{ text: `${report.message} (${report.code}${at})`, style: "fault" }])];
    }
  }
}

function describeChange({ document_id, sequence, user_id, kind = "update", patch }: Update): string[] {
  const head: Piece[] = [
    { text: `${sequence}`, style: "sequence" },
    { text: `  ${document_id}  ${user_id}  ${kind}` },
  ];
  return [toLine([...head, ...describePatch(patch)])];
}

function describeOutcome(outcome: EditOutcome): string[] {
  switch (outcome.type) {
    case "done":
      return [
        toLine([{ text: `${outcome.sequence}`, style: "sequence" }, { text: `  ${outcome.revision}` }]),
      ];
    case "unchanged":
      return ["nothing has changed"];
    case "kept":
      return ["kept for the next start"];
    case "rejected":
      return [
        toLine([{ text: "rejected", style: "fault" }]),
        ...outcome.issues.map(issue => `  ${describeIssue(issue)}`),
      ];
    case "conflict": {
      const { conflict_id, strategy, pointers, theirs, yours } = outcome.conflict;
      const open = conflict_id === null ? "" : `; resolve ${conflict_id} yours, theirs or merge`;
      return [
        toLine([{ text: `conflict (${strategy}) at ${pointers.join(", ")}${open}`, style: "fault" }]),
        toLine([{ text: "  theirs" }, ...describePatch(theirs)]),
        toLine([{ text: "  yours " }, ...describePatch(yours)]),
      ];
    }
    case "failed": {
      const { message, relayCode, code, pointer } = outcome.error;
      return toLines({
        type: "error",
        code: relayCode ?? code,
        message,
        ...(pointer !== undefined && { pointer }),
      });
    }
  }
}

/** As it is made: on top of those before it. */
function describeEdit({ message, standing }: StoredEdit): string {
  switch (message.type) {
    case "create_document":
      return line(`${message.document.id}  create`);
    case "delete_document":
      return line(`${message.document_id}  delete`);
    case "update_document":
      return toLine([{ text: message.patch.document_id }, ...describePatch(shownPatch(message, standing))]);
  }
}

function shownPatch({ patch }: UpdateMessage, { patch: whole }: StoredEdit["standing"]): Operations {
  if (whole === null || patch.target === "document") return patch.patch;
  return whole.map(operation => ({ ...operation, path: operation.path.replace("/content", "") }));
}

function describePatch(patch: Operations): Piece[] {
  return patch.flatMap((operation, index) => [
    { text: index === 0 ? "  " : "; " },
    ...describeOperation(readOperation(operation)),
  ]);
}

/** JSON has escaped what a terminal would take for a command. */
function pretty(value: Json): string[] {
  return JSON.stringify(value, null, 2).split("\n").map(line);
}

function line(text: string): string {
  return toLine([{ text }]);
}
