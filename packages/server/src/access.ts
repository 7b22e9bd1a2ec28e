/**
 * Authorization at the door: whether an actor may do something with a document as a whole.
 *
 * It is asked when a session begins and for every request, and may take its time. Whether an actor may change this or
 * that within a document needs the change, and is asked elsewhere.
 */
import type { Actor } from "./actor.js";

/**
 * - `read`: see the document, its changes, and who is in it
 * - `write`: change it
 * - `create`: make the first change of a document that does not exist
 * - `delete`: delete it
 * - `admin`: administer the relay; the document id is `null`
 */
export type AccessAction = "read" | "write" | "create" | "delete" | "admin";

/** Answers `true`, or it is a no. What it throws is a failure of the relay. */
export type Access = (
  actor: Actor,
  documentId: string | null,
  action: AccessAction,
) => boolean | Promise<boolean>;

/** Everybody who is let in may do everything, except that `admin` takes the role of that name. */
export const defaultAccess: Access = (actor, _documentId, action) =>
  action !== "admin" || actor.roles.includes("admin");
