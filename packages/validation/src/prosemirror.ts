/**
 * The schema of a ProseMirror or Tiptap editor as a schema of the gate: what the editor would not make, the relay refuses.
 *
 * y-prosemirror removes from the shared document what does not fit an editor's schema, for everybody, as soon as somebody
 * opens it. So what is illegal there must never get in.
 */
import { z } from "zod";
import { type Allowed, type XmlNodeOptions, xml } from "./text-schema.js";

/** What of a `Schema` of prosemirror-model is looked at; Tiptap's `getSchema(extensions)` gives one. */
export interface ProseMirrorSchema {
  readonly nodes: Readonly<Record<string, ProseMirrorNodeType>>;
  readonly marks: Readonly<Record<string, ProseMirrorMarkType>>;
  readonly topNodeType: ProseMirrorNodeType;
}

export interface ProseMirrorMarkType {
  readonly name: string;
  readonly spec: { readonly attrs?: Attributes | undefined };
}

export interface ProseMirrorNodeType extends ProseMirrorMarkType {
  readonly isText: boolean;
  readonly contentMatch: ContentMatch;
  allowsMarkType(mark: never): boolean;
}

interface ContentMatch {
  readonly edgeCount: number;
  edge(n: number): { readonly type: ProseMirrorNodeType; readonly next: ContentMatch };
}

type Attributes = Readonly<Record<string, AttributeSpec>>;

interface AttributeSpec {
  /** As ProseMirror has it: names of types with `|` between them, or a function that throws. */
  readonly validate?: string | ((value: never) => void) | undefined;
}

export interface ProseMirrorOptions {
  /** Schemas of attributes, by the name of their node or mark; they replace what the editor's schema says of them. */
  readonly attributes?: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>>;
}

/**
 * The XML fragment of an editor with this schema: its nodes, where each may stand, their attributes, and the marks that each
 * may have. An attribute without `validate` may have any value.
 *
 * Neither order nor number are judged ("a heading, then paragraphs"): two edits that keep to them may not, once merged.
 * Throws a `TypeError` for an attribute in the options that the editor's schema has not.
 */
export function prosemirror(
  schema: ProseMirrorSchema,
  { attributes = {} }: ProseMirrorOptions = {},
): z.ZodType {
  const isAttribute = (owner: string, name: string) =>
    (schema.nodes[owner] ?? schema.marks[owner])?.spec.attrs?.[name] !== undefined;
  for (const [owner, schemas] of Object.entries(attributes)) {
    const unknown = Object.keys(schemas).find(name => !isAttribute(owner, name));
    if (unknown !== undefined) throw new TypeError(`${owner} has no attribute ${unknown}.`);
  }
  const marks = Object.values(schema.marks);
  const nodes = Object.values(schema.nodes).filter(node => !node.isText && node !== schema.topNodeType);
  return xml({
    content: contentOf(schema.topNodeType),
    nodes: Object.fromEntries(nodes.map(node => [node.name, optionsOf(node)])),
    marks: Object.fromEntries(marks.map(mark => [mark.name, z.object(optional(attributesOf(mark)))])),
  });

  function optionsOf(node: ProseMirrorNodeType): XmlNodeOptions {
    return {
      attributes: attributesOf(node),
      content: contentOf(node),
      marks: marks.filter(mark => node.allowsMarkType(mark as never)).map(({ name }) => name),
    };
  }

  function attributesOf({ name, spec }: ProseMirrorMarkType): Record<string, z.ZodType> & Allowed {
    const given = attributes[name] ?? {};
    return Object.fromEntries(
      Object.entries(spec.attrs ?? {}).map(([attribute, { validate }]) => [
        attribute,
        given[attribute] ??
          z.unknown().refine(value => isValid(value, validate), "This value is not allowed here."),
      ]),
    );
  }
}

/** The names of all that may stand somewhere in a node; text is `text`. */
function contentOf({ contentMatch }: ProseMirrorNodeType): string[] {
  const names = new Set<string>();
  const seen = new Set([contentMatch]);
  for (const match of seen) {
    for (let n = 0; n < match.edgeCount; n++) {
      const { type, next } = match.edge(n);
      names.add(type.isText ? "text" : type.name);
      seen.add(next);
    }
  }
  return [...names];
}

function isValid(value: unknown, validate: AttributeSpec["validate"]): boolean {
  if (validate === undefined) return true;
  if (typeof validate === "string") {
    return validate.split("|").includes(value === null ? "null" : typeof value);
  }
  try {
    validate(value as never);
    return true;
  } catch {
    // Throwing is how such a function says no.
    return false;
  }
}

function optional(schemas: Record<string, z.ZodType>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schema.optional()]));
}
