/**
 * Bringing an existing Yjs document in.
 *
 *     bytes ─▶ firewall ─▶ a document of its own ─▶ does it satisfy its kind? ─▶ one commit of kind "create"
 *              └────── in a thread of its own ─┘
 *
 * It is no client's push: nobody is asked whose the client ids in it are, and none is bound to anybody by it. That goes
 * for the ids under which the relay itself writes, too, since the state of a document that a relay has held has structs
 * under them. They are taken as they are, and the relay goes on behind the last of them; no client collides with that,
 * since none may write there. But from here on the copy and its original give the same ids to different things. Who has
 * received later content of the one must never bring it to the other.
 */
import type { Appended, CommitDraft, Ledger } from "@verso/storage";
import type { Actor, Issue, Limits } from "@verso/validation";
import { createCell } from "./cell.js";
import { systemClock } from "./clock.js";
import type { ForeignReading, ForeignUpdate } from "./foreign-update.js";
import type { Kinds } from "./kinds.js";
import type { FirstCommit } from "./room.js";
import { isError, judgeWhole } from "./validity.js";

export type ImportResult =
  | {
      readonly type: "imported";
      readonly sequence: number;
      readonly revision: string;
      /** What was remarked on, or allowed; it stands in the commit as well. The first 1,000, errors first. */
      readonly issues: readonly Issue[];
    }
  /** Nothing was changed. */
  | {
      readonly type: "unknown-kind" | "document-exists" | "update-refused" | "too-large" | "invalid-document";
      readonly detail: string;
      /** Of the last three: the firewall's reason, or the first 1,000 of what does not satisfy the kind. */
      readonly issues: readonly Issue[];
    };

export interface ImportOptions {
  readonly ledger: Ledger;
  readonly kinds: Kinds;
  readonly limits: Limits;
  /** Bytes of encoded state that a document may have. */
  readonly documentBytes: number;
  /** Who imports. Rules may ask; permissions for paths are not looked at. */
  readonly actor: Actor;
  /**
   * Whether a document is taken that does not satisfy its kind.
   * @default false
   */
  readonly allowInvalid?: boolean | undefined;
  /**
   * Appends the first commit of the document, unless it has one.
   * @default straight to the ledger, where nobody may have the document open then
   */
  readonly begin?: ((first: FirstCommit) => Promise<Appended | "document-exists">) | undefined;
}

const issuesKept = 1000;

/**
 * Makes an update that is the whole state of a Yjs document the first commit of a new document.
 *
 * @throws StorageError when the ledger fails; after `unknown-outcome` the document may be there.
 */
export async function importDocument(
  documentId: string,
  update: Uint8Array,
  { ledger, kinds, limits, documentBytes, actor, allowInvalid = false, begin }: ImportOptions,
): Promise<ImportResult> {
  const kind = kinds.of(documentId);
  if (kind === null) return refused("unknown-kind", `no kind of document is configured for "${documentId}"`);
  const exists = refused("document-exists", `there is a document "${documentId}" already`);
  if ((await ledger.head(documentId)) !== undefined) return exists;

  const reading = await readApart({ update, declared: kind.roots, limits, documentBytes });
  if (reading.type !== "read") {
    const { type, code, detail } = reading;
    return refused(type, detail, [{ pointer: "", code, message: detail, severity: "error" }]);
  }
  const { content, roots, ...parts } = reading.document;
  const found = judgeWhole(kind, content, actor);
  const errors = found.filter(isError);
  if (errors.length > 0 && !allowInvalid) {
    const detail = `it does not satisfy the kind "${kind.pattern}", in ${errors.length} places or ways`;
    return refused("invalid-document", detail, errors.slice(0, issuesKept));
  }
  const issues = [...errors, ...found.filter(issue => !isError(issue))].slice(0, issuesKept);
  const notes = issues.length === 0 ? {} : { notes: { issues } };
  const draft: CommitDraft = { actor, kind: "create", ...parts, ...notes };
  const appended = await (begin ?? (first => beginInLedger(ledger, documentId, first)))({ draft, roots });
  if (appended === "document-exists") return exists;
  return { type: "imported", sequence: appended.sequence, revision: appended.revision, issues };
}

/** In a thread that goes with it, so that nobody waits for it and it may be killed. */
async function readApart(foreign: ForeignUpdate): Promise<ForeignReading> {
  const cell = createCell({ clock: systemClock });
  try {
    return await cell.read(foreign);
  } finally {
    await cell.close();
  }
}

async function beginInLedger(
  ledger: Ledger,
  documentId: string,
  { draft, roots }: FirstCommit,
): Promise<Appended | "document-exists"> {
  const { log } = await ledger.open(documentId);
  try {
    if (log.head !== undefined) return "document-exists";
    const [appended] = await log.append([draft], { roots: new Map(Object.entries(roots)) });
    if (appended === undefined) throw new Error("The ledger did not answer for a draft.");
    return appended;
  } finally {
    await log.close();
  }
}

function refused(
  type: Exclude<ImportResult["type"], "imported">,
  detail: string,
  issues: readonly Issue[] = [],
): ImportResult {
  return { type, detail, issues };
}
