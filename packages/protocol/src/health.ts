/** The JSON of `GET /healthz` and `GET /readyz`. */
import { z } from "zod";

/** The process answers. */
export const liveness = z.object({ status: z.literal("ok") });

/** The relay accepts, and its store takes writes. */
export const readiness = z.object({ status: z.literal("ready") });

export type Liveness = z.infer<typeof liveness>;
export type Readiness = z.infer<typeof readiness>;
