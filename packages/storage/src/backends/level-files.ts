/**
 * What LevelDB's files say about themselves, read without LevelDB and without changing anything.
 *
 * LevelDB skips damaged records of its write-ahead log when it opens, deletes the log afterwards and reports nothing: one
 * flipped bit takes the rest of a 32 KiB block with it. Its manifest and a missing `CURRENT` are hardly better guarded
 * (without `CURRENT` it starts an empty store and deletes the old files). So the files are read here first, by LevelDB's
 * documented formats (log_format, table_format, impl):
 *
 * - *damage* is what no interrupted writer leaves: a complete record with a wrong checksum, an impossible header, a
 *   fragment without its neighbours, missing or cut files, a gap in the sequence numbers of the log's batches.
 * - a *torn tail* is what an interrupted writer does leave: the last record of the last log is incomplete, or filled with
 *   zeros from the start of some disk sector to the end of the file.
 *
 * A log that was cut exactly between two records looks like an older log; nothing in the folder can tell.
 */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "../errors.js";
import { errorCode, fileError } from "./file-error.js";
import { readLog } from "./level-log.js";
import { findTableDamage } from "./level-table.js";

/** Something about a file that the operator should know. */
export interface FileFinding {
  /** Name of the file in the folder. */
  readonly file: string;
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** How many bytes it concerns, as far as that is known. */
  readonly bytes: number;
  readonly detail: string;
}

export interface FolderReport {
  /** Opening would lose what was stored. */
  readonly damage: readonly FileFinding[];
  /** Incomplete last records: writes that were never acknowledged. */
  readonly tornTails: readonly FileFinding[];
  /** The store's files that are there. */
  readonly files: readonly string[];
}

/**
 * Reads a LevelDB folder and reports what is wrong with it; an empty or missing folder is a healthy one.
 *
 * With `tables`, the checksum of every block of every table file is checked as well, which reads the whole store.
 * Another process may be writing meanwhile, so damage counts only when a second look finds the same.
 *
 * @throws StorageError `access-denied`, `read-failed`, or `in-use` when the folder keeps changing.
 */
export async function inspectFolder(
  directory: string,
  { tables = false }: { tables?: boolean } = {},
): Promise<FolderReport> {
  let previous: string | undefined;
  for (let look = 0; look < 5; look++) {
    const report = await inspectOnce(directory, tables);
    if (report.damage.length === 0) return report;
    const found = JSON.stringify(report.damage);
    if (found === previous) return report;
    previous = found;
  }
  throw new StorageError("in-use", "the folder changes while it is read; another process has it open", {
    file: directory,
  });
}

async function inspectOnce(directory: string, tables: boolean): Promise<FolderReport> {
  const names = new Set(await namesIn(directory));
  const damage: FileFinding[] = [];
  const tornTails: FileFinding[] = [];
  const files = [...names].filter(name => /^(CURRENT|MANIFEST-\d+|\d+\.(log|ldb|sst))$/.test(name));
  const report = { damage, tornTails, files };

  if (!names.has("CURRENT")) {
    if (files.some(name => (fileNumber(name, "log") ?? tableNumber(name)) !== undefined)) {
      damage.push(finding("CURRENT", 0, "is missing while the files of a store are there"));
    }
    return report;
  }
  const current = (await bytesOf(directory, "CURRENT")).toString("latin1");
  const manifestName = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (manifestName === undefined) {
    damage.push(finding("CURRENT", 0, "does not name a manifest"));
    return report;
  }
  if (!names.has(manifestName)) {
    damage.push(finding(manifestName, 0, "is missing"));
    return report;
  }

  const manifest = readManifest(await bytesOf(directory, manifestName), manifestName);
  damage.push(...manifest.damage);
  tornTails.push(...manifest.tornTails);

  const tableNames = new Map([...names].map(name => [tableNumber(name), name]));
  for (const [number, size] of manifest.tables) {
    const name = tableNames.get(number) ?? `${String(number).padStart(6, "0")}.ldb`;
    const actual = tableNames.has(number) ? await sizeOf(directory, name) : undefined;
    if (actual !== size) {
      damage.push(
        finding(name, actual ?? 0, actual === undefined ? "is missing" : `has ${actual} of ${size} bytes`),
      );
    } else if (tables) {
      const found = findTableDamage(await bytesOf(directory, name));
      if (found !== undefined) damage.push({ file: name, ...found });
    }
  }

  const logs = [...names]
    .map(name => ({ name, number: fileNumber(name, "log") }))
    .filter((log): log is { name: string; number: number } => log.number !== undefined)
    .filter(log => log.number >= manifest.logNumber || log.number === manifest.previousLogNumber)
    .sort((a, b) => a.number - b.number);
  if (manifest.logNumber > 0 && !logs.some(log => log.number === manifest.logNumber)) {
    damage.push(finding(`${String(manifest.logNumber).padStart(6, "0")}.log`, 0, "is missing"));
  }
  const read: { torn: FileFinding | undefined; records: number }[] = [];
  let next: number | undefined;
  for (const { name } of logs) {
    const log = readWriteAheadLog(await bytesOf(directory, name), name, {
      next,
      newest: manifest.damage.length === 0 ? manifest.lastSequence + 1 : Number.POSITIVE_INFINITY,
    });
    damage.push(...log.damage);
    read.push(log);
    next = log.next ?? next;
  }
  for (const [index, { torn }] of read.entries()) {
    if (torn === undefined) continue;
    // A writer begins a new log only behind a complete record.
    if (read.slice(index + 1).some(later => later.records > 0)) damage.push(torn);
    else tornTails.push(torn);
  }
  return report;
}

interface Manifest {
  readonly damage: readonly FileFinding[];
  readonly tornTails: readonly FileFinding[];
  /** Size in bytes by file number. */
  readonly tables: ReadonlyMap<number, number>;
  readonly logNumber: number;
  readonly previousLogNumber: number;
  readonly lastSequence: number;
}

/** The manifest is a log of edits of the list of files. */
function readManifest(bytes: Buffer, file: string): Manifest {
  const damage: FileFinding[] = [];
  const tornTails: FileFinding[] = [];
  const tables = new Map<number, number>();
  const numbers = { logNumber: 0, previousLogNumber: 0, lastSequence: 0 };
  let edits = 0;
  for (const item of readLog(bytes)) {
    if (item.type !== "record") {
      (item.type === "torn" ? tornTails : damage).push(finding(file, item.offset, item.detail, item.bytes));
      continue;
    }
    try {
      applyEdit(item.payload, tables, numbers);
      edits += 1;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      damage.push(finding(file, item.offset, error.message, item.payload.length));
    }
  }
  if (edits === 0 && damage.length === 0) damage.push(finding(file, 0, "names no files", bytes.length));
  return { damage, tornTails, tables, ...numbers };
}

type ManifestNumbers = { logNumber: number; previousLogNumber: number; lastSequence: number };

/** @throws RangeError when the bytes are no edit. */
function applyEdit(edit: Buffer, tables: Map<number, number>, numbers: ManifestNumbers): void {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = edit[at++];
      if (byte === undefined) break;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError("an edit of the manifest is cut short");
  };
  const skipBytes = () => {
    const length = varint();
    at += length;
    if (at > edit.length) throw new RangeError("an edit of the manifest is cut short");
  };
  while (at < edit.length) {
    const tag = varint();
    switch (tag) {
      case 1: // name of the comparator
        skipBytes();
        break;
      case 2:
        numbers.logNumber = varint();
        break;
      case 3: // next file number
        varint();
        break;
      case 4:
        numbers.lastSequence = varint();
        break;
      case 5: // level and key where the next compaction begins
        varint();
        skipBytes();
        break;
      case 6: // level and number of a file that is gone
        varint();
        tables.delete(varint());
        break;
      case 7: {
        varint(); // level
        const number = varint();
        tables.set(number, varint());
        skipBytes(); // smallest key
        skipBytes(); // largest key
        break;
      }
      case 9:
        numbers.previousLogNumber = varint();
        break;
      default:
        throw new RangeError(`an edit of the manifest has the unknown tag ${tag}`);
    }
  }
}

interface WriteAheadLog {
  readonly damage: readonly FileFinding[];
  readonly torn: FileFinding | undefined;
  readonly records: number;
  /** Sequence number that the next batch will have; `undefined` for a log without records. */
  readonly next: number | undefined;
}

/**
 * A write-ahead log is a log of batches, each beginning with its sequence number and its count of changes: they leave no
 * gap, from file to file. The first may not be newer than `newest`, or a log before it is missing.
 */
function readWriteAheadLog(
  bytes: Buffer,
  file: string,
  expected: { next: number | undefined; newest: number },
): WriteAheadLog {
  const damage: FileFinding[] = [];
  let torn: FileFinding | undefined;
  let records = 0;
  let next: number | undefined;
  for (const item of readLog(bytes)) {
    if (item.type !== "record") {
      const found = finding(file, item.offset, item.detail, item.bytes);
      if (item.type === "torn") torn = found;
      else damage.push(found);
      continue;
    }
    const { payload, offset } = item;
    records += 1;
    if (payload.length < 12) {
      damage.push(finding(file, offset, "a record is too short for a batch", payload.length));
      break;
    }
    const sequence = Number(payload.readBigUInt64LE(0));
    const due = next ?? expected.next;
    if (due === undefined ? sequence > expected.newest : sequence !== due) {
      damage.push(
        finding(
          file,
          offset,
          `batch ${sequence} follows ${(due ?? expected.newest) - 1}: batches are missing`,
        ),
      );
      break;
    }
    next = sequence + payload.readUInt32LE(8);
  }
  return { damage, torn, records, next };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw fileError(error, directory);
  }
}

/** A file that vanishes meanwhile reads as empty; the second look decides. */
async function bytesOf(directory: string, name: string): Promise<Buffer> {
  const file = join(directory, name);
  try {
    return await readFile(file);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return Buffer.alloc(0);
    throw fileError(error, file);
  }
}

async function sizeOf(directory: string, name: string): Promise<number | undefined> {
  const file = join(directory, name);
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw fileError(error, file);
  }
}

function finding(file: string, offset: number, detail: string, bytes = 0): FileFinding {
  return { file, offset, bytes, detail };
}

function fileNumber(name: string, extension: string): number | undefined {
  const match = /^(\d+)\.([a-z]+)$/.exec(name);
  return match?.[2] === extension ? Number(match[1]) : undefined;
}

function tableNumber(name: string): number | undefined {
  return fileNumber(name, "ldb") ?? fileNumber(name, "sst");
}
