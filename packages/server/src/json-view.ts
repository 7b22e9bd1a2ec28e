/**
 * The JSON view of a document: what programs without a CRDT see of it, and where that lies in the Yjs document.
 *
 *     roots               shown as                                      a pointer into `content`
 *     a map `document`    its `title` and `content`, beside the id      /a is /document/content/a
 *     others              `content` is the object of all roots          /a is /a
 *
 * With the target `document`, pointers begin at the whole that is shown: `/title`, `/content/a`. What the map `document`
 * holds beside these two, and other roots beside it, are not part of the view. The id is the relay's own name for the
 * document, and nothing that is written into the document changes it.
 *
 * A patch of the view applied to the view before gives the view after; but where a list or a text stands in place of
 * the content, that is shown as `{}`, and its elements have no place in the view.
 */
import {
  BridgeError,
  type Json,
  type JsonObject,
  type Patch,
  type PatchOperation,
  parsePointer,
  type Roots,
  valueAt,
} from "@verso/bridge";

export interface DocumentView {
  readonly id: string;
  /** `null` where there is none that is a text. */
  readonly title: string | null;
  readonly content: JsonObject;
}

/** Where pointers begin: at the content, or at the whole document that is shown. */
export type Target = "content" | "document";

/** How a document is looked at; its roots say how it is shown. */
export interface Viewpoint {
  readonly roots: Roots;
  readonly target: Target;
}

/** The JSON of all roots as the view shows it. */
export function viewOf(
  documentId: string,
  json: JsonObject,
  { roots }: Pick<Viewpoint, "roots">,
): DocumentView {
  if (!isShownByRoot(roots)) return { id: documentId, title: null, content: json };
  const document = valueAt(json, [documentRoot]);
  return { id: documentId, ...shownOf(document) };
}

/** Whether the document is shown by its root `document`. */
export function isShownByRoot(roots: Roots): boolean {
  return Object.hasOwn(roots, documentRoot) && roots[documentRoot] === "map";
}

/**
 * A patch of the view as one from the roots.
 *
 * @throws BridgeError `invalid-pointer`; `path-not-found` for a pointer to what this view does not have. The place names
 *   the operation, and the pointer as it was given.
 */
export function toRootPointers(patch: Patch, view: Viewpoint): Patch {
  return patch.map((operation, index) => {
    const path = toRootPointer(operation.path, view, index);
    if (operation.op !== "move" && operation.op !== "copy") return { ...operation, path };
    return { ...operation, path, from: toRootPointer(operation.from, view, index) };
  });
}

/** A pointer of the view as one from the roots; throws as `toRootPointers` does. */
function toRootPointer(pointer: string, { roots, target }: Viewpoint, operation?: number): string {
  try {
    // What a client has sent may be of any type.
    if (typeof pointer !== "string") throw new BridgeError("invalid-patch", "A pointer is a string.");
    parsePointer(pointer);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    const place = typeof pointer === "string" ? { pointer, operation } : { operation };
    throw new BridgeError(error.code, error.message, { ...place, cause: error });
  }
  if (isShownByRoot(roots)) return `${target === "document" ? wholePlace : contentPlace}${pointer}`;
  if (target === "content") return pointer;
  if (isWithin(pointer, "/content")) return pointer.slice("/content".length);
  throw new BridgeError("path-not-found", "The document has its content, and no title.", {
    pointer,
    operation,
  });
}

/** Whether these patches and pointers from the roots touch more of the view than what is in its content. */
export function targetOf(
  roots: Roots,
  {
    patches = [],
    pointers = [],
  }: { readonly patches?: readonly Patch[]; readonly pointers?: readonly string[] },
): Target {
  if (!isShownByRoot(roots)) return "content";
  const operations = patches.flatMap(patch => patch.flatMap(toWholeOperations));
  const isInContent =
    operations.every(
      ({ op, path }) => path.startsWith("/content/") || (op === "delta" && path === "/content"),
    ) && pointers.every(pointer => isWithin(toWholePointer(pointer), "/content"));
  return isInContent ? "content" : "document";
}

/**
 * A patch from the roots, as a change is shown, as one of the view; what is not in the view is left out. The target is
 * that of `targetOf`, or `document`.
 */
export function toViewPatch(patch: Patch, { roots, target }: Viewpoint): Patch {
  if (!isShownByRoot(roots)) {
    return target === "content" ? patch : patch.map(each => ({ ...each, path: `/content${each.path}` }));
  }
  const whole = patch.flatMap(toWholeOperations);
  if (target === "document") return whole;
  return whole.map(each => ({ ...each, path: each.path.slice("/content".length) }));
}

/** A pointer from the roots, as an issue has it, as one of the view: that of the whole, where it is not in the view. */
export function toViewPointer(pointer: string, { roots, target }: Viewpoint): string {
  if (!isShownByRoot(roots)) return target === "content" ? pointer : `/content${pointer}`;
  const whole = toWholePointer(pointer);
  return target === "document" ? whole : whole.slice("/content".length);
}

const documentRoot = "document";
const wholePlace = `/${documentRoot}`;
const titlePlace = `${wholePlace}/title`;
const contentPlace = `${wholePlace}/content`;

function shownOf(document: Json | undefined): Omit<DocumentView, "id"> {
  return {
    title: shownTitle(valueAt(document, ["title"])),
    content: shownContent(valueAt(document, ["content"])),
  };
}

function shownTitle(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function shownContent(value: Json | undefined): JsonObject {
  // The type guard of the library does not see read-only arrays.
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : {};
}

/** What an operation on the roots does to the whole that is shown. */
function toWholeOperations(operation: PatchOperation): PatchOperation[] {
  const { path } = operation;
  if (path.startsWith(`${contentPlace}/`)) return [{ ...operation, path: path.slice(wholePlace.length) }];
  switch (operation.op) {
    case "add":
    case "replace":
      return toWholeSets(path, operation.value);
    case "remove":
      return toWholeSets(path, undefined);
    case "str_ins":
    case "str_del":
      // A text in place of the content is not shown.
      return path === titlePlace ? [{ ...operation, path: "/title" }] : [];
    case "delta":
      return path === contentPlace ? [{ ...operation, path: "/content" }] : [];
    default:
      throw new TypeError(`A change is never shown with the operation ${operation.op}.`);
  }
}

/** Title and content are always there: what is set where nothing was, or taken away, replaces what is shown. */
function toWholeSets(path: string, value: Json | undefined): PatchOperation[] {
  const title = (to: string | null) => ({ op: "replace" as const, path: "/title", value: to });
  const content = (to: JsonObject) => ({ op: "replace" as const, path: "/content", value: to });
  switch (path) {
    case wholePlace: {
      const shown = shownOf(value);
      return [title(shown.title), content(shown.content)];
    }
    case titlePlace:
      return [title(shownTitle(value))];
    case contentPlace:
      return [content(shownContent(value))];
    default:
      return [];
  }
}

function toWholePointer(pointer: string): string {
  if (isWithin(pointer, contentPlace)) return pointer.slice(wholePlace.length);
  return isWithin(pointer, titlePlace) ? "/title" : "";
}

function isWithin(pointer: string, place: string): boolean {
  return pointer === place || pointer.startsWith(`${place}/`);
}
