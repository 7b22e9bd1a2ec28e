/** The ledger in a folder, for a command that works while no relay does. */
import { type Ledger, openLedger, openLevelBackend, StorageError } from "@verso/storage";

/** `creating` makes the folder of a store that is not there yet. */
export async function openFolder(
  folder: string,
  { creating = false }: { creating?: boolean } = {},
): Promise<Ledger> {
  try {
    return await openLedger({ open: () => openLevelBackend(folder, { createIfMissing: creating }) });
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== "in-use") throw error;
    throw new StorageError("in-use", `${error.message}; if its relay runs, name that with --url`, {
      cause: error,
    });
  }
}
