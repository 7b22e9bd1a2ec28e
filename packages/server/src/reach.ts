/** How the routes of one document get at it. */
import type { Head } from "@verso/storage";
import type { Request } from "express";
import type { AccessAction } from "./access.js";
import type { Actor } from "./actor.js";

/**
 * The document in the path of a request, which is there and with which its actor may do this; else the request is
 * refused.
 */
export type Reach = (
  request: Request<{ id: string }>,
  action: AccessAction,
) => Promise<{ readonly head: Head; readonly actor: Actor }>;
