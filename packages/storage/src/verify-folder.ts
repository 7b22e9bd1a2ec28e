/**
 * Verifies a store in a folder without changing the folder.
 *
 * Opening a LevelDB store rewrites its log, a damaged one loses what the damage hides, and both would destroy what an
 * operator wants to look at. So the files are read as they are, every checksum of them, and what they say as a ledger is
 * verified on a copy, which may be opened with its damage.
 */

import { constants } from "node:fs";
import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode, fileError } from "./backends/file-error.js";
import { openLevelBackend } from "./backends/level.js";
import { inspectFolder } from "./backends/level-files.js";
import { StorageError } from "./errors.js";
import { type VerifyOptions, type VerifySummary, verifyLedger } from "./verify.js";
import type { VerifyIssue } from "./verify-issue.js";

export interface VerifyFolderOptions extends VerifyOptions {
  /**
   * Where the copy is made; it takes as much room as the store.
   * @default the system's folder for temporary files
   */
  readonly scratch?: string;
}

/**
 * Verifies the ledger in a LevelDB folder that no process has open.
 *
 * @throws StorageError `not-found` when there is no store; `in-use` when it changes meanwhile; `access-denied`,
 *   `read-failed`, `quota-exceeded` when it cannot be read or copied.
 */
export async function verifyFolder(
  directory: string,
  { scratch = tmpdir(), onIssue = () => undefined, replay }: VerifyFolderOptions = {},
): Promise<VerifySummary> {
  const { damage, tornTails, files } = await inspectFolder(directory, { tables: true });
  if (files.length === 0)
    throw new StorageError("not-found", `${directory} holds no store`, { file: directory });
  let found = 0;
  const report = async (issue: VerifyIssue) => {
    found += 1;
    await onIssue(issue);
  };
  for (const { file, offset, detail } of damage) {
    await report({
      code: "corrupted-entry",
      severity: "critical",
      file,
      offset,
      detail: `${file}: ${detail}`,
    });
  }
  for (const { file, offset, detail } of tornTails) {
    await report({ code: "corrupted-entry", severity: "low", file, offset, detail: `${file}: ${detail}` });
  }

  const copy = await mkdtemp(join(scratch, "verso-verify-")).catch(error => {
    throw fileError(error, scratch);
  });
  try {
    const before = await stateOf(directory, files);
    for (const file of files) await copyInto(directory, copy, file);
    if ((await stateOf(directory, files)) !== before) {
      throw new StorageError("in-use", "the store is written to while it is copied", { file: directory });
    }
    try {
      await using backend = await openLevelBackend(copy, { salvage: true });
      const summary = await verifyLedger(backend, { onIssue, ...(replay === undefined ? {} : { replay }) });
      return { ...summary, issues: summary.issues + found };
    } catch (error) {
      if (!(error instanceof StorageError && error.code === "corrupted")) throw error;
      const detail = `nothing can be read any more: ${error.message}`;
      await report({ code: "corrupted-entry", severity: "critical", detail });
      return {
        documents: 0,
        commits: 0,
        snapshots: 0,
        dedupeKeys: 0,
        feedEntries: 0,
        records: 0,
        erased: 0,
        issues: found,
      };
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function copyInto(directory: string, copy: string, file: string): Promise<void> {
  try {
    await copyFile(join(directory, file), join(copy, file), constants.COPYFILE_FICLONE);
  } catch (error) {
    // A missing file is among the damage.
    if (errorCode(error) !== "ENOENT") throw fileError(error, join(directory, file));
  }
}

/** Changes whenever one of the files does. */
async function stateOf(directory: string, files: readonly string[]): Promise<string> {
  const states: string[] = [];
  for (const file of files) {
    try {
      const { size, mtimeMs } = await stat(join(directory, file));
      states.push(`${file} ${size} ${mtimeMs}`);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw fileError(error, join(directory, file));
    }
  }
  return states.join("\n");
}
