/** How routes get at documents. */
import type { Head } from "@verso/storage";
import type { Request } from "express";
import type { AccessAction } from "./access.js";
import type { Actor } from "./actor.js";

/**
 * The document in the path of a request, which is there and with which its actor may do this; else the request is
 * refused. One that was deleted is there for those who say so.
 */
export type Reach = (
  request: Request<{ id: string }>,
  action: AccessAction,
  options?: { readonly evenDeleted?: boolean },
) => Promise<{ readonly head: Head; readonly actor: Actor }>;

/**
 * Checks an id, and that the actor of a request may do this with the document, which need not be there; else the request
 * is refused.
 */
export type Approach = (
  request: Request,
  documentId: string,
  action: AccessAction,
) => Promise<{ readonly id: string; readonly actor: Actor }>;
