/**
 * A store in a folder, on LevelDB.
 *
 * What LevelDB would skip in silence stops the opening (`level-files.ts`). What it would acknowledge and lose is
 * prevented: after a failed write it goes on accepting batches that are gone after the next crash, so after the first
 * error this backend accepts none.
 */

import { constants } from "node:fs";
import { copyFile, mkdir, readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import {
  assertBatch,
  assertKey,
  type BatchOperation,
  type BatchOptions,
  type RangeOptions,
  type StorageBackend,
  type StorageEntry,
  type StorageInfo,
  tightest,
} from "../backend.js";
import { StorageError, type StorageErrorCode } from "../errors.js";
import { errorCode, fileError } from "./file-error.js";
import { type FileFinding, type FolderReport, inspectFolder } from "./level-files.js";

export interface LevelBackendOptions {
  /**
   * Whether a missing folder is created; otherwise it is `not-found`.
   * @default true
   */
  readonly createIfMissing?: boolean;
  /**
   * Whether a damaged store is opened with what is left of it. Its damaged files are first copied to the folder
   * `damaged` inside it. What is lost shows when documents are opened, and in `verifyLedger`.
   * @default false
   */
  readonly salvage?: boolean;
}

/** Something that opening found and that the operator should read. */
export interface LevelNotice extends FileFinding {
  /**
   * - `torn-tail`: an incomplete last record, as a kill or a power cut leaves it; it was never acknowledged.
   * - `salvaged`: damage that `salvage` opened in spite of.
   */
  readonly code: "torn-tail" | "salvaged";
}

export interface LevelBackend extends StorageBackend {
  readonly directory: string;
  readonly notices: readonly LevelNotice[];
}

/**
 * Opens the store in a folder.
 *
 * @throws StorageError `corrupted` with file and offset, before anything in the folder has changed; `in-use`;
 *   `access-denied`; `not-found`; `quota-exceeded`; `unavailable` when the path is no folder.
 */
export async function openLevelBackend(
  directory: string,
  { createIfMissing = true, salvage = false }: LevelBackendOptions = {},
): Promise<LevelBackend> {
  if (typeof directory !== "string" || directory === "") throw new TypeError("directory is a path");
  await assertFolder(directory, createIfMissing);
  const report = await inspectFolder(directory);
  const [first, ...others] = report.damage;
  if (first !== undefined && !salvage) {
    const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
    throw new StorageError("corrupted", `${first.file} at ${first.offset}: ${first.detail}${more}`, {
      file: join(directory, first.file),
      offset: first.offset,
    });
  }
  if (first !== undefined) await copyAside(directory, report.files);
  const notices: LevelNotice[] = [
    ...report.tornTails.map(found => ({ ...found, code: "torn-tail" as const })),
    ...report.damage.map(found => ({ ...found, code: "salvaged" as const })),
  ];
  return new ClassicLevelBackend(await openLevel(directory, report), directory, notices);
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;

async function openLevel(directory: string, { damage }: FolderReport): Promise<Level> {
  // LevelDB opens what is left of a log. On a damaged list of files it would delete what the list no longer names, so
  // the list is made anew from the files before.
  if (damage.some(({ file }) => !file.endsWith(".log"))) await rebuild(directory);
  const level: Level = new ClassicLevel(directory, { keyEncoding: "buffer", valueEncoding: "buffer" });
  try {
    await level.open();
  } catch (error) {
    throw levelError(error, directory, "unavailable");
  }
  return level;
}

async function rebuild(directory: string): Promise<void> {
  try {
    // `repair` takes no lock. This opening takes it and then fails in every case, before it reads the list of files.
    await new ClassicLevel(directory, { createIfMissing: false, errorIfExists: true }).open();
  } catch (error) {
    const failure = levelError(error, directory, "unavailable");
    if (failure.code === "in-use") throw failure;
  }
  try {
    await ClassicLevel.repair(directory);
  } catch (error) {
    throw levelError(error, directory, "unavailable");
  }
}

async function assertFolder(directory: string, createIfMissing: boolean): Promise<void> {
  try {
    if (!(await stat(directory)).isDirectory()) {
      throw new StorageError("unavailable", `${directory} is not a folder`, {
        file: directory,
        transient: false,
      });
    }
  } catch (error) {
    if (error instanceof StorageError) throw error;
    if (errorCode(error) !== "ENOENT") throw fileError(error, directory);
    if (!createIfMissing)
      throw new StorageError("not-found", `${directory} does not exist`, { file: directory });
    try {
      await mkdir(directory, { recursive: true });
    } catch (failure) {
      throw fileError(failure, directory);
    }
  }
}

/** Tables are left out: opening reads them and never changes them. */
async function copyAside(directory: string, files: readonly string[]): Promise<void> {
  const aside = join(directory, "damaged");
  try {
    await mkdir(aside, { recursive: true });
    const taken = new Set(await readdir(aside));
    let run = 1;
    while (taken.has(String(run))) run++;
    await mkdir(join(aside, String(run)));
    const present = new Set(await readdir(directory));
    for (const file of files) {
      if (!present.has(file) || /\.(ldb|sst)$/.test(file)) continue;
      await copyFile(join(directory, file), join(aside, String(run), file), constants.COPYFILE_EXCL);
    }
  } catch (error) {
    throw fileError(error, aside);
  }
}

class ClassicLevelBackend implements LevelBackend {
  readonly supports = { persistence: true, snapshotRange: true, exclusive: true };
  readonly directory: string;
  readonly notices: readonly LevelNotice[];
  readonly #level: Level;
  #failure: StorageError | undefined;
  /** Batches go one after the other: LevelDB's threads would take them in any order. */
  #lastBatch: Promise<void> = Promise.resolve();

  constructor(level: Level, directory: string, notices: readonly LevelNotice[]) {
    this.#level = level;
    this.directory = directory;
    this.notices = notices;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    assertKey(key);
    return await this.#reading(() => this.#level.get(key));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    for (const key of keys) assertKey(key);
    return await this.#reading(() => this.#level.getMany([...keys]));
  }

  async has(key: Uint8Array): Promise<boolean> {
    assertKey(key);
    return await this.#reading(() => this.#level.has(key));
  }

  async batch(operations: readonly BatchOperation[], { durable = true }: BatchOptions = {}): Promise<void> {
    assertBatch(operations);
    const before = this.#lastBatch;
    const written = before.then(() => this.#write(operations, durable));
    this.#lastBatch = written.catch(() => undefined);
    await written;
  }

  async #write(operations: readonly BatchOperation[], durable: boolean): Promise<void> {
    if (this.#level.status !== "open") throw this.#closed();
    if (this.#failure !== undefined) {
      throw new StorageError("write-failed", "an earlier write failed; close the store and open it again", {
        cause: this.#failure,
        file: this.directory,
      });
    }
    try {
      // A chained batch costs a tenth of an array of operations, each of which would be cloned with the options.
      const batch = this.#level.batch();
      for (const operation of operations) {
        if (operation.type === "put") batch.put(operation.key, operation.value);
        else batch.del(operation.key);
      }
      await batch.write({ sync: durable });
    } catch (error) {
      const failure = levelError(error, this.directory, "write-failed");
      this.#failure ??= failure;
      throw failure;
    }
  }

  range(options: RangeOptions = {}): AsyncIterableIterator<StorageEntry> {
    const range = { ...tightest(options), highWaterMarkBytes: READ_AHEAD };
    return this.#walk(() => this.#level.iterator(range));
  }

  keys(options: RangeOptions = {}): AsyncIterableIterator<Uint8Array> {
    const range = { ...tightest(options), highWaterMarkBytes: READ_AHEAD };
    return this.#walk(() => this.#level.keys(range));
  }

  async info(): Promise<StorageInfo> {
    let entries = 0;
    for await (const _ of this.keys()) entries += 1;
    try {
      let bytesUsed = 0;
      for (const name of await readdir(this.directory)) {
        const file = await stat(join(this.directory, name)).catch(missingIsNothing);
        if (file?.isFile()) bytesUsed += file.size;
      }
      const { bavail, bsize } = await statfs(this.directory);
      return { entries, bytesUsed, bytesAvailable: bavail * bsize };
    } catch (error) {
      throw fileError(error, this.directory);
    }
  }

  async clear(): Promise<void> {
    let operations: BatchOperation[] = [];
    for await (const key of this.keys()) {
      if (operations.length === CHUNK) {
        await this.batch(operations, { durable: false });
        operations = [];
      }
      operations.push({ type: "delete", key });
    }
    await this.batch(operations, { durable: true });
  }

  async purge(from: Uint8Array, to: Uint8Array): Promise<void> {
    try {
      await this.#level.compactRange(from, to);
      // What was still in memory then may have become one table, values and deletions side by side, on a level of its own
      // that LevelDB does not merge with itself. A table above it, as wide as the range, makes it do so.
      const marks: BatchOperation[] = [];
      for (const key of [from, to]) if (!(await this.has(key))) marks.push({ type: "delete", key });
      await this.batch(marks, { durable: true });
      await this.#level.compactRange(from, to);
    } catch (error) {
      throw levelError(error, this.directory, "write-failed");
    }
  }

  async close(): Promise<void> {
    try {
      await this.#level.close();
    } catch (error) {
      throw levelError(error, this.directory, "unavailable");
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#walk<T>(
    begin: () => { nextv(size: number): Promise<T[]>; close(): Promise<void> },
  ): AsyncGenerator<T> {
    if (this.#level.status !== "open") throw this.#closed();
    const iterator = begin();
    try {
      for (let size = FIRST_CHUNK; ; size = Math.min(4 * size, CHUNK)) {
        const chunk = await this.#reading(() => iterator.nextv(size));
        if (chunk.length === 0) return;
        for (const item of chunk) {
          yield item;
          if (this.#level.status !== "open") throw this.#closed();
        }
      }
    } finally {
      await iterator.close();
    }
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    if (this.#level.status !== "open") throw this.#closed();
    try {
      return await read();
    } catch (error) {
      throw levelError(error, this.directory, "read-failed");
    }
  }

  #closed(): StorageError {
    return new StorageError("closed", "the store is closed", { file: this.directory });
  }
}

const CHUNK = 1000;
/** Whoever walks back to look for something has often found it by then. */
const FIRST_CHUNK = 16;
const READ_AHEAD = 512 * 1024;

/** Compaction removes files while they are listed. */
function missingIsNothing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
}

/** LevelDB's error as one of ours; `otherwise` is for what has no code of its own. */
function levelError(error: unknown, file: string, otherwise: StorageErrorCode): StorageError {
  if (error instanceof StorageError) return error;
  const outer = error instanceof Error ? error : new Error(String(error));
  // What stopped an opening is the cause of a general error.
  const inner = outer.cause instanceof Error ? outer.cause : outer;
  const place = { cause: error, file };
  switch (errorCode(inner)) {
    case "LEVEL_LOCKED":
      return new StorageError("in-use", "another handle or process has the store open", place);
    case "LEVEL_CORRUPTION":
      return new StorageError("corrupted", inner.message, place);
    case "LEVEL_DATABASE_NOT_OPEN":
    case "LEVEL_ITERATOR_NOT_OPEN":
      return new StorageError("closed", "the store is closed", place);
    default:
      // LevelDB hands on the system's words and not its number.
      if (/no space left|quota exceeded/i.test(inner.message)) {
        return new StorageError("quota-exceeded", inner.message, place);
      }
      if (/permission denied|read-only file system|operation not permitted/i.test(inner.message)) {
        return new StorageError("access-denied", inner.message, place);
      }
      return new StorageError(otherwise, inner.message, place);
  }
}
