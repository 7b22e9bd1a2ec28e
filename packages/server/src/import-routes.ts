/**
 * Imports over HTTP. Whoever gets here may do it.
 *
 *     POST /documents/:id/import?allow_invalid=   takes the whole state of a Yjs document: one update in V1
 */
import { type ImportedDocument, importQuery, type ProblemCode } from "@verso/protocol";
import { type Request, Router, raw } from "express";
import { withoutGaps } from "./changes.js";
import { HttpProblem, parse } from "./http-problem.js";
import type { ImportResult } from "./import.js";

export interface ImportRoutesOptions {
  /** Bytes of a body. */
  readonly maxBytes: number;
  /** The id that stands in a path, checked. */
  readonly documentId: (text: string) => string;
  readonly importDocument: (
    request: Request,
    documentId: string,
    options: { update: Uint8Array; allowInvalid: boolean },
  ) => Promise<ImportResult>;
}

const mediaType = "application/octet-stream";

export function createImportRoutes({ maxBytes, documentId, importDocument }: ImportRoutesOptions): Router {
  const router = Router();

  router.post(
    "/documents/:id/import",
    raw({ type: mediaType, limit: maxBytes }),
    async (request, response) => {
      const id = documentId(String(request.params.id));
      const { allow_invalid: allowInvalid } = parse(importQuery, request.query);
      const update: unknown = request.body;
      if (!(update instanceof Uint8Array)) {
        throw new HttpProblem("bad-request", `The body is not of type ${mediaType}.`);
      }
      const result = await importDocument(request, id, { update, allowInvalid });
      if (result.type !== "imported") {
        const { type, detail, issues } = result;
        throw new HttpProblem(problemCodes[type], `The document was not imported: ${detail}.`, {
          issues: issues.map(withoutGaps),
        });
      }
      const { sequence, revision, issues } = result;
      const imported: ImportedDocument = { id, sequence, revision_id: revision, issues: [...issues] };
      response.status(201).json(imported);
    },
  );

  return router;
}

const problemCodes = {
  "unknown-kind": "forbidden-document",
  "document-exists": "document-exists",
  "update-refused": "update-refused",
  "too-large": "too-large",
  "invalid-document": "invalid-document",
} as const satisfies Record<Exclude<ImportResult["type"], "imported">, ProblemCode>;
