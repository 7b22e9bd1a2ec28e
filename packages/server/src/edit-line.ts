/**
 * Edits of each document in the order in which they were asked for, and those that have a name once.
 *
 * Whether an edit with a name was made already has to be looked up; those that were asked for behind it wait for that, and
 * not for what becomes of it.
 */
import { createHash } from "node:crypto";

/**
 * Makes an edit when it is its turn. One with a name that was made before, or is under way, is answered as that one; else
 * `make` is given the key under which the ledger is to know it.
 */
export type EditLine<T> = (
  documentId: string,
  name: string | null,
  make: (key: string | undefined) => Promise<T>,
) => Promise<T>;

/**
 * `answerOf` gives what an edit was answered that the ledger knows by this key. Names of one dialect are not those of
 * another.
 */
export function createEditLine<T>(
  answerOf: (documentId: string, key: string) => Promise<T | null>,
  { dialect }: { readonly dialect: "json" | "verso" },
): EditLine<T> {
  const underWay = new Map<string, Promise<T>>();
  /** The last edit of each document that is asked for and not begun. */
  const lines = new Map<string, Promise<unknown>>();

  return (documentId, name, make) => {
    if (name === null) return inLine(documentId, null, () => make(undefined));
    const key = `${dialect} ${createHash("sha256").update(name).digest("hex")}`;
    const place = JSON.stringify([documentId, key]);
    let making = underWay.get(place);
    if (making === undefined) {
      making = inLine(documentId, answerOf(documentId, key), known => known ?? make(key)).finally(() =>
        underWay.delete(place),
      );
      underWay.set(place, making);
    }
    return making;
  };

  /** Begins an edit when what it waits for is there, and those that were asked for before it have begun. */
  function inLine<A>(
    documentId: string,
    awaited: A | Promise<A>,
    begin: (awaited: A) => T | Promise<T>,
  ): Promise<T> {
    const before = lines.get(documentId);
    if (before === undefined && !(awaited instanceof Promise)) return Promise.resolve(begin(awaited));
    // In an object, so that it is waited for until it has begun, and no longer.
    const begun = Promise.all([awaited, before]).then(([known]) => ({ edit: begin(known) }));
    const settled = begun
      .catch(() => null)
      .then(() => {
        if (lines.get(documentId) === settled) lines.delete(documentId);
      });
    lines.set(documentId, settled);
    return begun.then(({ edit }) => edit);
  }
}
