/**
 * The history of a document, wherever it is: at a running relay, or in a folder that no relay uses.
 *
 * Both answer with the JSON of the relay's API, from all roots of the document, so a command shows the same for both. A relay knows by the token who
 * acts. On a folder it is whoever the command says, and what he takes back is judged by the configuration that
 * `verso serve` would run with; so there is no way around it.
 */
import { BridgeError, parsePointer } from "@verso/bridge";
import {
  type ActivityPage,
  activityPage,
  type Blame,
  blame,
  type ChangeEvent,
  changePage,
  checkDocumentId,
  type Difference,
  type DocumentContent,
  difference,
  documentContent,
  type HistoryEditResult,
  historyEdit,
  type WorkSession,
} from "@verso/protocol";
import {
  type Actor,
  createTags,
  describeDifference,
  describeEdit,
  describeRefusal,
  describeVersion,
  type History,
  type HistoryEdit,
  knownRoots,
  openHistory,
  toActor,
  toChangeEvent,
} from "@verso/server";
import type { Ledger } from "@verso/storage";
import type { Command } from "commander";
import { toName, toNames } from "./arguments.js";
import { configHelp, readConfiguration } from "./configuration.js";
import { CliError } from "./errors.js";
import { openFolder } from "./folder.js";
import { indented } from "./issue-lines.js";
import { type Place, type PlaceFlags, placeOf, withPlace } from "./place.js";
import { createRelayApi } from "./relay-api.js";
import { tagsOfRelay } from "./tags.js";

export interface DocumentHistory extends AsyncDisposable {
  /** The commits from a sequence on, oldest first. */
  changes(from: number): AsyncIterable<ChangeEvent>;
  /** The document as of a sequence or a time, or as it is. */
  at(point: number | Date | undefined): Promise<DocumentContent>;
  /** What changed from one sequence to another, in either order; 0 is the empty document. */
  diff(from: number, to: number): Promise<Difference>;
  /** Who has put there what is at a pointer, as it is or as of a sequence. */
  blame(pointer: string, at: number | undefined): Promise<Blame>;
  /** Who has worked on it and when, the earliest first. */
  activity(asked: ActivityAsked): AsyncIterable<WorkSession>;
  /** The sequence that has this name. */
  tagged(name: string): Promise<number>;
  /** Takes something back. Throws `refused` when the document's kind does not allow it. */
  takeBack(request: TakeBack): Promise<HistoryEditResult>;
}

export interface ActivityAsked {
  readonly user: string | undefined;
  /** Commits made from this time on, and before that one. */
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  /** Minutes without a commit after which a session of work has ended. */
  readonly idle: number;
}

export type TakeBack =
  | { readonly action: "undo" | "redo" }
  | { readonly action: "revert" | "undo-to" | "restore"; readonly sequence: number };

export interface HistoryFlags extends PlaceFlags {
  readonly config?: string;
}

/** Who acts on a folder. */
export interface ActorFlags {
  readonly user?: string;
  readonly roles?: readonly string[];
  readonly tenant?: string;
}

export function withHistory(command: Command): Command {
  return withPlace(command).option("--config <file>", `with --data: ${configHelp}`);
}

export function withActor(command: Command): Command {
  return withHistory(command)
    .option("--user <id>", "with --data: who acts (default: operator); a relay knows by the token", toName)
    .option("--roles <names>", "with --data: what roles he has, with commas", toNames)
    .option("--tenant <id>", "with --data: the tenant of the user", toName);
}

export async function openDocumentHistory(
  document: string,
  { config, user, roles, tenant, ...flags }: HistoryFlags & ActorFlags,
): Promise<DocumentHistory> {
  const place = placeOf(flags, process.env);
  switch (place.type) {
    case "relay":
      for (const [flag, value] of Object.entries({ config, user, roles, tenant })) {
        if (value !== undefined)
          throw new CliError("bad-request", `--${flag} is for a folder: ${relayKnows}.`);
      }
      return historyOfRelay(place, document);
    case "folder": {
      const profile = { user: user ?? "operator", roles: roles ?? [], tenant };
      const actor = toActor(profile, { authenticated: true });
      return await historyOfFolder(place.folder, document, { file: config, actor });
    }
  }
}

const relayKnows = "a relay has a configuration, and knows by the token who acts";

/** Milliseconds for what costs a long history. */
const patience = 180_000;
const pageSize = 1000;

function historyOfRelay(place: Place & { type: "relay" }, document: string): DocumentHistory {
  const api = createRelayApi(place);
  const path = `/api/documents/${encodeURIComponent(document)}`;
  const get = <T>(query: string, schema: { parse: (json: unknown) => T }) =>
    api.request("GET", path + query, { parse: json => schema.parse(json), patience });

  return {
    async *changes(from) {
      for (let since = from - 1; ; ) {
        const page = await get(`/changes?since=${since}&limit=${pageSize}&roots=true`, changePage);
        yield* page.changes;
        if (page.changes.length < pageSize) return;
        since = page.next;
      }
    },
    at(point) {
      const at = point === undefined ? "" : `&at=${typeof point === "number" ? point : point.toISOString()}`;
      return get(`?roots=true${at}`, documentContent);
    },
    diff: (from, to) => get(`/diff?from=${from}&to=${to}`, difference),
    blame(pointer, at) {
      const query = new URLSearchParams({ pointer, ...(at === undefined ? {} : { at: String(at) }) });
      return get(`/blame?${query}`, blame);
    },
    activity: ({ user, from, to, idle }) =>
      allSessions(since => {
        const asked = {
          user,
          from: from?.toISOString(),
          to: to?.toISOString(),
          idle,
          since,
          limit: pageSize,
        };
        const given = Object.entries(asked).flatMap<[string, string]>(([name, value]) =>
          value === undefined ? [] : [[name, String(value)]],
        );
        return get(`/activity?${new URLSearchParams(given)}`, activityPage);
      }),
    async tagged(name) {
      for await (const tag of tagsOfRelay(place, document).list()) if (tag.name === name) return tag.sequence;
      throw unknownTag(document, name);
    },
    takeBack: ({ action, ...body }) =>
      api.request("POST", `${path}/${action}`, { body, parse: json => historyEdit.parse(json), patience }),
    async [Symbol.asyncDispose]() {},
  };
}

async function historyOfFolder(
  folder: string,
  documentId: string,
  { file, actor }: { file: string | undefined; actor: Actor },
): Promise<DocumentHistory> {
  const { config, kinds } = await readConfiguration(file);
  const checked = checkDocumentId(documentId, { maxBytes: config.frameLimits.documentIdBytes });
  if (!checked.ok) throw new CliError("bad-request", checked.detail);
  const { id } = checked;
  if (kinds.of(id) === null) {
    throw new CliError("denied", `No kind of document is configured for "${id}".`);
  }
  const ledger = await openFolder(folder);
  const opened = openHistory({ ledger, config, kinds });
  const { history } = opened;
  const tags = createTags(ledger, id, { now: Date.now });
  const document: DocumentHistory = {
    async *changes(from) {
      const roots = knownRoots((await ledger.head(id))?.roots);
      for await (const commit of ledger.read(id, { from }))
        yield toChangeEvent(id, commit, { roots, all: true });
    },
    async at(point) {
      return describeVersion(id, await history.at(id, point ?? (await existing(ledger, id))), { all: true });
    },
    async diff(from, to) {
      return describeDifference(id, { from, to, difference: await history.diff(id, from, to) });
    },
    blame: async (pointer, at) => history.blame(id, pathOf(pointer), at),
    activity: asked => allSessions(since => history.activity(id, { ...asked, since, limit: pageSize })),
    async tagged(name) {
      const tag = await tags.get(name);
      if (tag === undefined) throw unknownTag(id, name);
      return tag.sequence;
    },
    async takeBack(request) {
      const edit = await takeBackIn(history, request, { id, actor });
      if (edit.type !== "refused") return describeEdit(edit);
      throw new CliError("refused", `${describeRefusal(edit)} [edit-refused]${indented(edit.issues)}`);
    },
    async [Symbol.asyncDispose]() {
      await opened.close();
      await ledger.close();
    },
  };
  try {
    await existing(ledger, id);
  } catch (error) {
    await document[Symbol.asyncDispose]();
    throw error;
  }
  return document;
}

/** The sessions of all pages: what one page tells, another may go on with. */
async function* allSessions(page: (since: number) => Promise<ActivityPage>): AsyncGenerator<WorkSession> {
  for (let since: number | null = 0; since !== null; ) {
    const { sessions, next }: ActivityPage = await page(since);
    yield* sessions;
    since = next;
  }
}

function pathOf(pointer: string): string[] {
  try {
    return parsePointer(pointer);
  } catch (cause) {
    if (cause instanceof BridgeError) throw new CliError("bad-request", cause.message, { cause });
    throw cause;
  }
}

function takeBackIn(
  history: History,
  request: TakeBack,
  { id, actor }: { readonly id: string; readonly actor: Actor },
): Promise<HistoryEdit> {
  switch (request.action) {
    case "undo":
      return history.undo(id, actor);
    case "redo":
      return history.redo(id, actor);
    case "revert":
      return history.revert(id, actor, request.sequence);
    case "undo-to":
      return history.undoTo(id, actor, request.sequence);
    case "restore":
      return history.restore(id, actor, request.sequence);
  }
}

/** The last sequence of a document that is there: asking for it does not open one that nobody has written to. */
async function existing(ledger: Ledger, documentId: string): Promise<number> {
  const head = await ledger.head(documentId);
  if (head !== undefined) return head.sequence;
  const isErased = (await ledger.tombstone(documentId)) !== undefined;
  throw new CliError(
    "not-found",
    isErased ? `The document "${documentId}" was erased.` : `There is no document "${documentId}".`,
  );
}

function unknownTag(documentId: string, name: string): CliError {
  return new CliError("not-found", `"${documentId}" has no tag "${name}".`);
}
