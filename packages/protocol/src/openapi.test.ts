import { describe, expect, it } from "vitest";
import { problemStatus } from "./codes.js";
import { openApi } from "./openapi.js";

const options = { version: "1.2.3", anonymous: false, tokens: true };
const document = openApi(options);

interface DescribedOperation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const operationsOf = ({ paths }: typeof document) =>
  Object.values(paths).flatMap(
    ({ parameters: _, ...methods }) => Object.values(methods) as DescribedOperation[],
  );

/** Everything in a JSON value that stands under this name. */
function* valuesOf(name: string, json: unknown): Generator<unknown> {
  if (typeof json !== "object" || json === null) return;
  for (const [key, value] of Object.entries(json)) {
    if (key === name) yield value;
    yield* valuesOf(name, value);
  }
}

/** What a reference leads to within the document. */
function resolve(reference: string): unknown {
  let found: unknown = document;
  for (const name of reference.replace(/^#\//, "").split("/")) {
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[name];
  }
  return found;
}

describe("the description of the HTTP API", () => {
  it("holds what its references lead to, and nothing that nobody refers to", () => {
    const references = [...valuesOf("$ref", document)].map(String);
    for (const reference of references) expect(resolve(reference), reference).toBeDefined();
    const { securitySchemes: _, ...components } = document.components;
    const places = Object.entries(components).flatMap(([kind, named]) =>
      Object.keys(named).map(name => `#/components/${kind}/${name}`),
    );
    expect([...new Set(references)].sort()).toEqual(places.sort());
  });

  it("calls no two operations by one name", () => {
    const ids = operationsOf(document).map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("declares the parameters of each path", () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `#/components/parameters/${name}`);
      expect([...valuesOf("$ref", item.parameters)], path).toEqual(names);
    }
  });

  it("gives every code of a problem under its status; only what is not there has no operation", () => {
    const given = new Map<string, number>();
    for (const { responses } of operationsOf(document)) {
      for (const [status, response] of Object.entries(responses)) {
        for (const reference of valuesOf("$ref", response)) {
          for (const codes of valuesOf("enum", resolve(String(reference)))) {
            if (!String(reference).startsWith("#/components/responses/")) continue;
            for (const code of codes as string[]) given.set(code, Number(status));
          }
        }
      }
    }
    const { "method-not-allowed": _, ...codes } = problemStatus;
    expect(Object.fromEntries(given)).toEqual(codes);
  });

  it("asks for a token where one is needed", () => {
    const of = (described: typeof document, id: string) =>
      operationsOf(described).find(({ operationId }) => operationId === id)?.security;
    expect(of(document, "deleteDocument")).toEqual([{ bearer: ["delete"] }]);
    expect(of(document, "listDocuments")).toEqual([{ bearer: [] }]);
    expect(of(document, "checkReadiness")).toEqual([]);
    const open = openApi({ ...options, anonymous: true });
    expect(of(open, "deleteDocument")).toEqual([{ bearer: ["delete"] }, {}]);
    expect(of(open, "checkReadiness")).toEqual([]);
  });

  it("says nothing of tokens to be administered where there are none", () => {
    const paths = Object.keys(document.paths);
    const without = Object.keys(openApi({ ...options, tokens: false }).paths);
    expect(paths.filter(path => !without.includes(path))).toEqual([
      "/api/admin/tokens",
      "/api/admin/tokens/{token}",
    ]);
  });
});
