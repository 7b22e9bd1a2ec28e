/**
 * Writers and their clock.
 *
 * The load is open: edits are due at a fixed rate, whatever the server does, and their latency counts from then. There
 * are two kinds. The standard one is what an editor does: a Yjs document for every writer, one message for every edit.
 * It takes some 15 µs an edit and so ends at 25,000 to 35,000 edits a second on one core; its writers do not take in what
 * others write, which would cost more than that. The cheap one writes such updates by hand and sends those of one tick in
 * one piece: bytes that come together are easier to read, bursts are harder to merge.
 */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { MARK_SIZE, markText, writeMark } from "./marks.js";
import { seededRandom } from "./statistics.js";
import { type Address, type Connection, updateMessage } from "./wire.js";

export type LoadKind = "standard" | "cheap";

/** The root that everybody writes in. */
export const TEXT = "t";

export interface Writer {
  /** Makes an edit that inserts the mark with this number; it is sent at once or by the next `flush`. */
  edit(id: number, due: number): void;
  flush(): void;
}

export interface DriveOptions {
  /** Edits a second, of all writers together. */
  readonly rate: number;
  readonly milliseconds: number;
  /** Called before each edit with the writer's index and the edit's number. */
  readonly onEdit?: (writer: number, id: number) => void;
}

/** Everybody who writes one document. */
export interface Load {
  /** Numbers of edits begin at 0 and are not used twice. */
  readonly sent: number;
  /** Resolves to the number of edits sent; fewer than were due when the load itself cannot keep up. */
  drive(options: DriveOptions): Promise<number>;
}

const EDIT_SIZE = MARK_SIZE + 1;
const TICK_MS = 1;
/** After so long in one tick the sockets get their turn. */
const TICK_WORK_MS = 20;
/** Lateness that is the timer's grain: it is not counted as the server's. */
const TIMER_GRAIN_MS = 3;
const FIRST_CLIENT = 1000;

export function createLoad(kind: LoadKind, address: Address, connections: readonly Connection[]): Load {
  const writers = connections.map((connection, index) => createWriter(kind, address, connection, index));
  let sent = 0;
  return {
    get sent() {
      return sent;
    },
    drive({ rate, milliseconds, onEdit }) {
      const begin = performance.now();
      const perMs = rate / 1000;
      const total = Math.floor(milliseconds * perMs);
      let done = 0;
      return new Promise(resolve => {
        function tick(): void {
          const now = performance.now();
          const due = Math.min(total, Math.floor((now - begin) * perMs) + 1);
          while (done < due && performance.now() - now < TICK_WORK_MS) {
            const at = begin + done / perMs;
            const writer = sent % writers.length;
            onEdit?.(writer, sent);
            writers[writer]!.edit(sent, now - at > TIMER_GRAIN_MS ? at : now);
            sent++;
            done++;
          }
          for (const writer of writers) writer.flush();
          if (now - begin < milliseconds) setTimeout(tick, TICK_MS);
          else resolve(done);
        }
        tick();
      });
    },
  };
}

/** A writer under the client id 1000 + index. */
export function createWriter(
  kind: LoadKind,
  address: Address,
  connection: Connection,
  index: number,
): Writer {
  return kind === "standard" ? documentWriter(connection, index) : blindWriter(address, connection, index);
}

/** Writes on at its own cursor, and now and then goes elsewhere in what it wrote. */
function documentWriter(connection: Connection, index: number): Writer {
  const doc = new Y.Doc();
  doc.clientID = FIRST_CLIENT + index;
  doc.on("update", (update: Uint8Array) => connection.sendUpdate(update));
  connection.answerWith(vector => Y.encodeStateAsUpdate(doc, vector));
  const text = doc.getText(TEXT);
  const random = seededRandom(index + 1);
  let edits = 0;
  let cursor = 0;
  return {
    edit(id, due) {
      if (edits > 0 && random() < 0.1) cursor = EDIT_SIZE * Math.floor(random() * (edits + 1));
      text.insert(cursor, `${markText(id, due)} `);
      edits++;
      cursor += EDIT_SIZE;
    },
    flush() {},
  };
}

/** Appends to what it wrote before, knowing no document: each update is one string behind the last one. */
function blindWriter(address: Address, connection: Connection, index: number): Writer {
  const client = FIRST_CLIENT + index;
  const text = new Uint8Array(EDIT_SIZE).fill(0x20);
  const envelope = updateMessage(address, new Uint8Array(0)).slice(0, -1);
  let clock = 0;
  let frames = encoding.createEncoder();

  function edit(id: number, due: number): void {
    writeMark(text, 0, id, due);
    const place = clock === 0 ? 1 + 1 + TEXT.length : varUintSize(client) + varUintSize(clock - 1);
    const updateSize = 2 + varUintSize(client) + varUintSize(clock) + 1 + place + 1 + EDIT_SIZE + 1;
    writeFrameHeader(envelope.length + 1 + updateSize);
    encoding.writeUint8Array(frames, envelope);
    encoding.writeUint8(frames, updateSize);
    encoding.writeUint8(frames, 1); // clients
    encoding.writeUint8(frames, 1); // structs
    encoding.writeVarUint(frames, client);
    encoding.writeVarUint(frames, clock);
    if (clock === 0) {
      encoding.writeUint8(frames, STRING);
      encoding.writeUint8(frames, PARENT_IS_ROOT);
      encoding.writeVarString(frames, TEXT);
    } else {
      encoding.writeUint8(frames, STRING | HAS_LEFT_ORIGIN);
      encoding.writeVarUint(frames, client);
      encoding.writeVarUint(frames, clock - 1);
    }
    encoding.writeUint8(frames, EDIT_SIZE);
    encoding.writeUint8Array(frames, text);
    encoding.writeUint8(frames, 0); // deletions
    clock += EDIT_SIZE;
  }

  function writeFrameHeader(size: number): void {
    encoding.writeUint8(frames, 0x82);
    encoding.writeUint8(frames, 0x80 | size);
    encoding.writeUint32(frames, 0); // mask
  }

  function flush(): void {
    if (!encoding.hasContent(frames)) return;
    connection.socket.write(encoding.toUint8Array(frames));
    frames = encoding.createEncoder();
  }

  return { edit, flush };
}

/** Yjs, version 1: the content's number, the flag of an origin to the left, and a parent that is a root. */
const STRING = 4;
const HAS_LEFT_ORIGIN = 0x80;
const PARENT_IS_ROOT = 1;

function varUintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}
