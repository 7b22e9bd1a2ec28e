/**
 * The Verso dialect over HTTP, for where WebSockets do not get through. Who asks is said in the batch itself.
 *
 *     POST /sync   a batch of a client's messages, the hello first; answered by one of the relay's
 */
import { versoBatchMediaType } from "@verso/protocol";
import { Router, raw } from "express";
import { HttpProblem } from "./http-problem.js";
import type { VersoDialect } from "./verso-dialect.js";

/** Bytes of a body. */
const longestBatch = 10 * 1024 * 1024;

export function createSyncRoute(verso: Pick<VersoDialect, "answerBatch">): Router {
  const router = Router();

  router.post("/", raw({ type: versoBatchMediaType, limit: longestBatch }), async (request, response) => {
    const body: unknown = request.body;
    if (!(body instanceof Uint8Array)) {
      throw new HttpProblem("unsupported-media-type", `The body is not of type ${versoBatchMediaType}.`);
    }
    const { headers, socket } = request;
    const answer = await verso.answerBatch(body, { headers, address: socket.remoteAddress ?? "" });
    if (answer === null) throw new HttpProblem("bad-request", "The body is no batch of frames.");
    response.set("Cache-Control", "no-store").type(versoBatchMediaType).send(Buffer.from(answer));
  });
  router.all("/", request => {
    throw new HttpProblem("method-not-allowed", `${request.method} is not possible here.`);
  });

  return router;
}
