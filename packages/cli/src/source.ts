/**
 * Where an import comes from: a file, an address on the web, or a room of a y-websocket server. Whatever it is, it
 * gives the whole state of a Yjs document as one update in V1. Nobody here looks into it.
 */
import { readFile } from "node:fs/promises";
import { decodeYMessage, encodeSyncStep1 } from "@verso/protocol";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { CliError } from "./errors.js";

/** Milliseconds in which a source must have given everything. */
const patience = 60_000;
/** Milliseconds for which a room that says it holds nothing may still be loading. */
const loading = 2000;

/** Throws a `CliError`: `not-found`, `source-unreachable`, `source-failed` or `source-empty`. */
export async function readSource(source: string): Promise<Uint8Array> {
  const scheme = /^(https?|wss?):\/\//i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) return readLocal(source);
  if (!URL.canParse(source)) throw new CliError("bad-request", `"${source}" is no URL.`);
  const url = new URL(source);
  return scheme.startsWith("ws") ? readRoom(url) : readWeb(url);
}

async function readLocal(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isMissing) throw new CliError("not-found", `There is no file ${file}.`, { cause });
    throw new CliError("source-failed", `${file} cannot be read: ${messageOf(cause)}.`, { cause });
  }
}

async function readWeb(url: URL): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(patience) });
    if (!response.ok) {
      throw new CliError("source-failed", `${nameOf(url)} answers with status ${response.status}.`);
    }
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError("source-unreachable", `${nameOf(url)} cannot be read.`, { cause });
  }
}

/** Asks as a client that has nothing, and takes what comes up to the answer. */
function readRoom(url: URL): Promise<Uint8Array> {
  const name = nameOf(url);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { handshakeTimeout: patience });
    let updates: Uint8Array[] = [];
    let waiting: NodeJS.Timeout | null = null;
    const deadline = setTimeout(() => {
      fail("source-unreachable", `did not answer within ${patience / 1000} seconds`);
    }, patience);
    const ask = () => {
      updates = [];
      socket.send(encodeSyncStep1(emptyStateVector));
    };

    socket.on("open", ask);
    socket.on("error", cause => fail("source-unreachable", "cannot be opened", cause));
    socket.on("close", (code, reason) => {
      fail("source-failed", `was closed before it answered: ${reason.toString() || "no reason"} (${code})`);
    });
    socket.on("message", (data: Buffer, isBinary) => {
      const message = isBinary ? decodeYMessage(data) : null;
      if (message === null) fail("source-failed", "sends text: it is no y-websocket server");
      else if (message.type === "update" && waiting !== null) {
        // It was still loading.
        clearTimeout(waiting);
        waiting = null;
        ask();
      } else if (message.type === "update" || message.type === "sync-step-2") {
        // A server may answer in parts, of which the step 2 is the last.
        updates.push(message.update);
        if (message.type === "sync-step-2") answered();
      }
    });

    function answered(): void {
      let state: Uint8Array;
      try {
        state = updates.length === 1 ? updates[0]! : Y.mergeUpdates(updates);
      } catch (cause) {
        return fail("source-failed", "answers with what cannot be merged", cause);
      }
      if (state.length > emptyStateBytes) {
        end();
        resolve(state);
      } else {
        waiting ??= setTimeout(() => fail("source-empty", "holds nothing"), loading);
      }
    }

    function fail(code: CliError["code"], what: string, cause?: unknown): void {
      end();
      reject(new CliError(code, `${name} ${what}.`, { cause }));
    }

    function end(): void {
      clearTimeout(deadline);
      if (waiting !== null) clearTimeout(waiting);
      socket.removeAllListeners();
      // A socket that is closed while it opens says so by an error.
      socket.on("error", () => socket.terminate());
      socket.close();
    }
  });
}

const emptyStateVector = Uint8Array.of(0);
/** No struct of any client, and nothing deleted. */
const emptyStateBytes = 2;

/** Without what may be secret in it. */
function nameOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
