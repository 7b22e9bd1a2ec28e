/** JSON Schemas as one reads them: what a value is, and what its members mean. */
import type { JsonSchema } from "@verso/protocol";
import { type Html, html } from "./html.js";

/** All of a schema: what it is, its members one by one, and its examples. */
export function schemaView(schema: JsonSchema): Html {
  const { description, examples } = schema;
  const members = membersOf(schema);
  const given = Array.isArray(examples) ? examples : [];
  return html`${description === undefined ? null : html`<p>${prose(description)}</p>`}
${members === null ? html`<p>${typeView(schema)}</p>` : membersView(members)}
${given.map(example => html`<pre>${JSON.stringify(example, null, 2)}</pre>`)}`;
}

/** What a value is, in a few words, with links to schemas that have a name. */
export function typeView(schema: JsonSchema): Html {
  const limits = limitsOf(schema);
  return html`<span class="type">${kindOf(schema)}${limits === "" ? null : html` <span class="limits">${limits}</span>`}</span>`;
}

/** Text in which code stands between backticks. */
export function prose(text: string): Html[] {
  return text.split("`").map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}

type Members = readonly {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
}[];

function membersOf(schema: JsonSchema): Members | null {
  if (schema.properties === undefined) return null;
  const required = new Set(schema.required);
  return Object.entries(schema.properties).map(([name, member]) => ({
    name,
    required: required.has(name),
    schema: asSchema(member),
  }));
}

function membersView(members: Members): Html {
  return html`<dl class="members">${members.map(
    ({
      name,
      required,
      schema,
    }) => html`<dt><code>${name}</code>${required ? null : html` <span class="optional">optional</span>`} ${typeView(schema)}</dt>
<dd>${prose(schema.description ?? "")}${partsView(schema)}</dd>\n`,
  )}</dl>`;
}

/** The members of an object that has no name of its own, also where it is an element or one of several. */
function partsView(schema: JsonSchema): Html | Html[] {
  const members = membersOf(schema);
  if (members !== null) return membersView(members);
  const inner = [...elementsOf(schema), ...choicesOf(schema)].filter(each => each.$ref === undefined);
  return inner.map(
    each =>
      html`${each.description === undefined ? null : html` ${prose(each.description)}`}${partsView(each)}`,
  );
}

function kindOf(schema: JsonSchema): Html {
  const { $ref, type, format } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined)
    return between(schema.enum.map(each => html`<code>${JSON.stringify(each)}</code>`));
  const choices = choicesOf(schema);
  if (choices.length > 0) return between(choices.map(kindOf));
  const [element] = elementsOf(schema);
  if (element !== undefined) return html`array of ${kindOf(element)}`;
  if (
    type === "object" &&
    typeof schema.additionalProperties === "object" &&
    schema.properties === undefined
  ) {
    return html`object of ${kindOf(schema.additionalProperties)}`;
  }
  return html`${format === "date-time" ? "time" : (type ?? "any value")}`;
}

function choicesOf({ anyOf, oneOf }: JsonSchema): JsonSchema[] {
  return (anyOf ?? oneOf ?? []).map(asSchema);
}

function elementsOf({ items }: JsonSchema): JsonSchema[] {
  return items === undefined ? [] : [items].flat().map(asSchema);
}

/** `true` and `false` are schemas as well: of anything, and of nothing. */
function asSchema(schema: JsonSchema | boolean): JsonSchema {
  return typeof schema === "boolean" ? {} : schema;
}

function between(alternatives: readonly Html[]): Html {
  return html`${alternatives.map((each, i) => (i === 0 ? each : html` or ${each}`))}`;
}

function limitsOf({ minimum, exclusiveMinimum, maximum, maxLength, default: preset }: JsonSchema): string {
  // That it is safe goes without saying.
  const most = (maximum ?? 0) >= Number.MAX_SAFE_INTEGER - 1 ? undefined : maximum;
  return [
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? [] : [`at least ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...(maxLength === undefined ? [] : [`up to ${maxLength} characters`]),
    ...(preset === undefined ? [] : [`${JSON.stringify(preset)} if left out`]),
  ].join(", ");
}
