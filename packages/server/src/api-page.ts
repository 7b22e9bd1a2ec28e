/**
 * The description of the HTTP API as a page for people: made from the OpenAPI document alone, in one piece, and without
 * a script.
 */
import type { JsonSchema, OpenApiDocument } from "@verso/protocol";
import { apiPageStyle } from "./api-page-style.js";
import { type Html, html } from "./html.js";
import { prose, schemaView, typeView } from "./schema-view.js";

interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

interface Answer {
  readonly description: string;
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

/** A page that needs nothing from elsewhere. */
export function apiPage(document: OpenApiDocument): string {
  const { info, tags, components } = document;
  const operations = operationsOf(document);
  const ofGroup = (name: string) => operations.filter(operation => operation.tags.includes(name));
  const schemas = Object.entries(components.schemas);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title}: HTTP API</title>
<link rel="icon" href="data:,">
<style>${{ html: apiPageStyle }}</style>
</head>
<body>
<nav aria-label="Contents">
<p class="title"><a href="#top">${info.title}</a></p>
${tags.map(
  ({ name }) => html`<h2><a href="#group-${name}">${titled(name)}</a></h2>
<ul>${ofGroup(name).map(each => html`<li><a href="#${each.operationId}">${each.summary}</a></li>\n`)}</ul>\n`,
)}
<h2><a href="#schemas">Schemas</a></h2>
<ul>${schemas.map(([name]) => html`<li><a href="#schema-${name}">${name}</a></li>\n`)}</ul>
</nav>
<main id="top">
<h1>${info.title} <small>HTTP API, version ${info.version}</small></h1>
<p>${prose(info.description)}</p>
<p>For programs: <a href="/api/openapi.json">openapi.json</a>, OpenAPI ${document.openapi}.</p>
${tags.map(
  ({ name, description }) => html`<section id="group-${name}" class="group">
<h2>${titled(name)}</h2>
<p>${prose(description)}</p>
${ofGroup(name).map(operationView)}
</section>\n`,
)}
<section id="schemas" class="group">
<h2>Schemas</h2>
${schemas.map(
  ([name, schema]) => html`<section id="schema-${name}" class="schema">
<h3>${name}</h3>
${schemaView(schema)}
</section>\n`,
)}
</section>
</main>
</body>
</html>
`;
  return page.html;
}

function operationView(operation: Operation): Html {
  const { operationId, method, path, summary, description, parameters, requestBody, responses } = operation;
  return html`<article id="${operationId}">
<h3>${summary}</h3>
<p class="route"><span class="method method-${method}">${method.toUpperCase()}</span> <code>${path}</code></p>
${description === undefined ? null : html`<p>${prose(description)}</p>`}
<p class="access">${accessOf(operation)}</p>
${parameters.length === 0 ? null : parametersView(parameters)}
${
  requestBody === undefined
    ? null
    : html`<h4>Body${requestBody.required ? null : ", which may be left out"}</h4>
${contentView(requestBody.content)}`
}
<h4>Answers</h4>
<dl class="answers">${Object.entries(responses).map(
    ([status, answer]) => html`<dt>${status}</dt>
<dd>${prose(answer.description)} ${isProblem(answer) ? null : contentView(answer.content ?? {})}</dd>\n`,
  )}</dl>
<details><summary>With curl</summary><pre tabindex="0">${curlOf(operation)}</pre></details>
</article>\n`;
}

function parametersView(parameters: readonly Parameter[]): Html {
  return html`<h4>Parameters</h4>
<div class="scroll" role="group" aria-label="Parameters" tabindex="0"><table>
<thead><tr><th>Name</th><th>In</th><th>Type</th><th>Meaning</th></tr></thead>
<tbody>${parameters.map(
    ({ name, in: place, required, description, schema }) => html`<tr>
<td><code>${name}</code>${required ? html` <span class="required">required</span>` : null}</td>
<td>${place}</td><td>${typeView(schema)}</td><td>${prose(description ?? "")}</td></tr>\n`,
  )}</tbody>
</table></div>`;
}

function contentView(content: Content): Html[] {
  return Object.entries(content).map(([mediaType, { schema }]) => {
    const of = schema === undefined ? null : html`: ${typeView(schema)}`;
    const told = schema?.description === undefined ? null : html`. ${prose(schema.description)}`;
    return html`<p class="content"><code>${mediaType}</code>${of}${told}</p>`;
  });
}

function accessOf({ security }: Operation): string {
  const [first] = security;
  if (first === undefined) return "Nobody is asked who he is.";
  const [right] = Object.values(first).flat();
  const anonymous = security.some(each => Object.keys(each).length === 0);
  const takes = right === undefined ? "Whoever is let in may do it" : `Takes the right to ${right}`;
  return `${takes}; ${anonymous ? "a token may be left out" : "a token is needed"}.`;
}

/** Problems have one schema; what they say is their codes. */
function isProblem({ content = {} }: Answer): boolean {
  return "application/problem+json" in content;
}

/** A request as one types it: `$RELAY` is where the relay is. */
function curlOf({ method, path, parameters, requestBody, security }: Operation): string {
  const query = parameters
    .filter(parameter => parameter.in === "query" && parameter.required)
    .map(({ name, schema }) => `${name}=${schema.const ?? `{${name}}`}`);
  const url = `"$RELAY${path}${query.length === 0 ? "" : `?${query.join("&")}`}"`;
  const [mediaType] = Object.keys(requestBody?.content ?? {});
  return [
    `curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}${url}`,
    ...(security.length === 0 ? [] : [`-H "Authorization: Bearer $TOKEN"`]),
    ...(mediaType === undefined ? [] : [`-H "Content-Type: ${mediaType}"`, "--data-binary @body"]),
  ].join(" \\\n  ");
}

/** Every operation, with its references replaced by what they refer to. */
function operationsOf({ paths, components }: OpenApiDocument): Operation[] {
  const named = (reference: unknown, places: Readonly<Record<string, unknown>>) => {
    const ref = (reference as { readonly $ref?: string }).$ref;
    return ref === undefined ? reference : places[ref.slice(ref.lastIndexOf("/") + 1)];
  };
  return Object.entries(paths).flatMap(([path, { parameters = [], ...methods }]) =>
    Object.entries(methods).map(([method, described]) => {
      const operation = described as Omit<Operation, "method" | "path">;
      const answers = Object.entries(operation.responses);
      return {
        ...operation,
        method,
        path,
        parameters: [...(parameters as unknown[]), ...(operation.parameters ?? [])].map(
          parameter => named(parameter, components.parameters) as Parameter,
        ),
        responses: Object.fromEntries(
          answers.map(([status, answer]) => [status, named(answer, components.responses) as Answer]),
        ),
      };
    }),
  );
}

function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
