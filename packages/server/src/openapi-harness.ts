/** The description of the HTTP API as tests read it, and the answers of a relay held against it. */
import type { OpenApiDocument } from "@verso/protocol";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { z } from "zod";

export interface DescribedOperation {
  readonly operationId: string;
  /** In capitals. */
  readonly method: string;
  readonly path: string;
  readonly parameters?: readonly DescribedParameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: object }>> };
  readonly responses: Readonly<Record<string, DescribedResponse | { readonly $ref: string }>>;
}

export interface DescribedParameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: { readonly type?: string; readonly const?: string };
}

interface DescribedResponse {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

export function operationsOf({ paths }: OpenApiDocument): DescribedOperation[] {
  return Object.entries(paths).flatMap(([path, { parameters: _, ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...(operation as Omit<DescribedOperation, "path" | "method">),
      path,
      method: method.toUpperCase(),
    })),
  );
}

export interface AnswerCheck {
  /** Fails unless the answer is one of those that are described, and not the relay's own fault; gives its text. */
  check(operation: DescribedOperation, response: Response): Promise<string>;
}

export function createAnswerCheck({ components }: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({
    // `properties` stand beside a `$ref`, whose type they do not repeat.
    strictTypes: false,
    formats: { "date-time": (text: string) => z.iso.datetime({ offset: true }).safeParse(text).success },
  });
  // The document itself is no schema; it holds them.
  ajv.addKeyword("components");
  ajv.addSchema({ components }, "openapi.json", undefined, false);
  const compiled = new Map<string, ValidateFunction>();

  return {
    async check({ method, path, responses }, response) {
      const { status } = response;
      const text = await response.text();
      const what = `${method} ${path} answers ${status}: ${text.slice(0, 1000)}`;
      expect(status, what).not.toBe(500);
      const described = resolve(responses[status]);
      expect(described, what).toBeDefined();
      for (const [name, { required }] of Object.entries(described?.headers ?? {})) {
        if (required) expect(response.headers.get(name), `${what}, with ${name}`).not.toBeNull();
      }
      if (described?.content === undefined) expect(text, what).toBe("");
      for (const [mediaType, { schema }] of Object.entries(described?.content ?? {})) {
        // It is for who asks for it, and does not end.
        if (mediaType === "text/event-stream") continue;
        expect(response.headers.get("content-type"), what).toMatch(mediaType);
        const validate = validatorOf(schema);
        const value: unknown = mediaType.startsWith("text/") ? text : JSON.parse(text);
        expect(validate(value), `${what}\n${ajv.errorsText(validate.errors)}`).toBe(true);
      }
      return text;
    },
  };

  function resolve(response: DescribedResponse | { readonly $ref: string } | undefined) {
    if (response === undefined || !("$ref" in response)) return response;
    const name = response.$ref.replace("#/components/responses/", "");
    return components.responses[name] as DescribedResponse;
  }

  /** Of a schema whose references lead into the document. */
  function validatorOf(schema: object): ValidateFunction {
    const text = JSON.stringify(schema).replaceAll('"#/', '"openapi.json#/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    return validate;
  }
}
