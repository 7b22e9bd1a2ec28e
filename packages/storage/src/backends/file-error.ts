/** Errors of the file system as errors of a store. */

import { StorageError } from "../errors.js";

/** The error of a file operation as one of ours. */
export function fileError(error: unknown, file: string): StorageError {
  const message = error instanceof Error ? error.message : String(error);
  switch (errorCode(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new StorageError("access-denied", message, { cause: error, file });
    case "ENOSPC":
    case "EDQUOT":
      return new StorageError("quota-exceeded", message, { cause: error, file });
    case "ENOTDIR":
    case "EEXIST":
      return new StorageError("unavailable", `${file} is not a folder`, {
        cause: error,
        file,
        transient: false,
      });
    default:
      return new StorageError("read-failed", message, { cause: error, file });
  }
}

/** The code of a system error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
