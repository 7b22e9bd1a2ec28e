/**
 * Schemas for texts: plain, formatted (Quill, CodeMirror with marks, any Y.Text) and XML (ProseMirror, Tiptap).
 *
 * They are of the JSON that `@verso/bridge` gives for these types, and can stand wherever a schema can. What they do
 * not allow is refused, with the pointer of the run, mark, node or attribute that is at fault.
 */
import { z } from "zod";
import { strictly } from "./zod-parts.js";

export interface TextOptions {
  /** In Unicode code points. */
  readonly minLength?: number;
  /** In Unicode code points. */
  readonly maxLength?: number;
  /** Costs a reading of all the text at each edit, and so needs a `maxLength`, above which it is not tried. */
  readonly pattern?: RegExp;
}

/** A plain text: a Y.Text without formats, or a string. */
export function text({ minLength = 0, maxLength, pattern }: TextOptions = {}): z.ZodType<string> {
  if (pattern !== undefined && maxLength === undefined) throw new TypeError("A pattern needs a maxLength.");
  let schema = z.string();
  if (maxLength !== undefined) schema = schema.max(maxLength, { abort: true });
  if (minLength > 0) schema = schema.min(minLength);
  return pattern === undefined ? schema : schema.regex(pattern);
}

/**
 * What may be there: names, or names each with the schema of its value; names alone take any value.
 *
 * An object's schema for such a value refuses members that it does not name.
 */
export type Allowed = readonly string[] | Readonly<Record<string, z.ZodType>>;

export interface RichTextOptions {
  /** Formats, by the names of their attributes. @default [] */
  readonly marks?: Allowed;
  /** Embedded objects, by the one member that each of them has, as in Quill: `{ image: "…" }`. @default [] */
  readonly nodes?: Allowed;
}

/** A formatted text: a Y.Text with no marks and no embedded objects but these. */
export function richText({ marks = [], nodes = [] }: RichTextOptions = {}): z.ZodType {
  // A text that is not a root is a string as long as nothing in it is formatted.
  return z.union([z.string(), formatted("text", { marks, nodes })]);
}

export interface XmlOptions {
  /** Elements by their tags. Those of which only the name is given may have any attributes, and all others in them. */
  readonly nodes: readonly string[] | Readonly<Record<string, XmlNodeOptions>>;
  /** Formats of text, by the names of their attributes. @default [] */
  readonly marks?: Allowed;
  /** What stands at the top: tags, and `text`. @default all tags */
  readonly content?: readonly string[];
}

export interface XmlNodeOptions {
  /** Each of them may be missing. @default [] */
  readonly attributes?: Allowed;
  /** What may be in it: tags, and `text`. @default all tags, and text */
  readonly content?: readonly string[];
  /** Which of the marks its text may have. @default all */
  readonly marks?: readonly string[];
}

/** An XML fragment, as editors of ProseMirror's family keep their documents in. */
export function xml({ nodes, marks = [], content }: XmlOptions): z.ZodType {
  const options = new Map<string, XmlNodeOptions | null>(
    isNames(nodes) ? nodes.map(tag => [tag, null]) : Object.entries(nodes),
  );
  const tags = [...options.keys()];
  const formats = named(marks);
  const elements = new Map([...options].map(([tag, node]) => [tag, element(tag, node)]));
  return z.strictObject({ $y: z.literal("frag"), children: childrenOf(known(content ?? tags), formats) });

  function element(tag: string, node: XmlNodeOptions | null): z.ZodObject {
    const content = known(node?.content ?? [...tags, "text"]);
    const unknown = node?.marks?.find(name => !formats.has(name));
    if (unknown !== undefined) throw new TypeError(`There is no mark ${unknown}.`);
    const allowed = new Map([...formats].filter(([name]) => node?.marks?.includes(name) ?? true));
    return z.strictObject({
      $y: z.literal("xml"),
      tag: z.literal(tag),
      attrs: node === null ? z.record(z.string(), z.unknown()) : attributes(node.attributes ?? []),
      // Later, when all the elements are there.
      children: z.lazy(() => childrenOf(content, allowed)),
    });
  }

  function childrenOf(content: readonly string[], marks: ReadonlyMap<string, z.ZodType>): z.ZodType {
    const [first, ...rest] = content.filter(name => name !== "text").map(tag => elements.get(tag)!);
    const tagged = first === undefined ? null : z.discriminatedUnion("tag", [first, ...rest]);
    if (!content.includes("text")) return z.array(tagged ?? z.never());
    const run = formatted("xtext", { marks, nodes: [] });
    return z.array(tagged === null ? run : z.discriminatedUnion("$y", [run, tagged]));
  }

  function known(content: readonly string[]): readonly string[] {
    const unknown = content.find(name => name !== "text" && !options.has(name));
    if (unknown !== undefined) throw new TypeError(`There is no node ${unknown}.`);
    return content;
  }
}

function formatted(
  form: "text" | "xtext",
  { marks, nodes }: { marks: Allowed | ReadonlyMap<string, z.ZodType>; nodes: Allowed },
) {
  const embed = attributes(nodes).refine(value => Object.keys(value).length === 1, {
    error: "An embedded object has one member.",
    // One that is not named is fault enough.
    when: ({ issues }) => issues.length === 0,
  });
  const run = z.strictObject({
    insert: named(nodes).size === 0 ? z.string() : z.union([z.string(), embed]),
    attributes: formatsOf(named(marks)).optional(),
  });
  return z.strictObject({ $y: z.literal(form), delta: z.array(run), attrs: z.strictObject({}) });
}

/**
 * Every format is judged by itself, so that of a change only the formats that came are looked at.
 *
 * A format that is not allowed is refused by its value and not by its name: an intersection forgives a name that only
 * one of its sides refuses.
 */
function formatsOf(marks: ReadonlyMap<string, z.ZodType>): z.ZodType {
  let schema: z.ZodType = z.looseRecord(
    otherThan([...marks.keys()]),
    z.never("This mark is not allowed here."),
  );
  for (const [name, value] of marks) {
    if (value.type === "unknown") continue;
    schema = z.intersection(schema, z.looseRecord(z.string().regex(nameOf([name])), unchanged(value)));
  }
  return schema;
}

function otherThan(marks: readonly string[]) {
  if (marks.length === 0) return z.string();
  const name = nameOf(marks);
  return z.string().refine(key => !name.test(key));
}

/** y-prosemirror adds a hash of its value to the name of a mark that can stand on the same text several times. */
function nameOf(marks: readonly string[]): RegExp {
  const names = marks.map(mark => mark.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  return new RegExp(`^(?:${names})(?:--[A-Za-z0-9+/=]{8})?$`);
}

/** Judges by a schema and hands on what was there, as both sides of an intersection must. */
function unchanged(schema: z.ZodType): z.ZodType {
  const strict = strictly(schema);
  return z.unknown().refine(value => z.core.safeParse(strict, value).success, {
    error: ({ input }) => z.core.safeParse(strict, input).error?.issues[0]?.message,
  });
}

function attributes(allowed: Allowed) {
  return z.strictObject(
    Object.fromEntries([...named(allowed)].map(([name, schema]) => [name, strictOptional(schema)])),
  );
}

function strictOptional(schema: z.ZodType): z.ZodType {
  return z.optional(strictly(schema) as z.ZodType);
}

function named(allowed: Allowed | ReadonlyMap<string, z.ZodType>): ReadonlyMap<string, z.ZodType> {
  if (allowed instanceof Map) return allowed;
  if (isNames(allowed)) return new Map(allowed.map(name => [name, z.unknown()]));
  return new Map(Object.entries(allowed));
}

function isNames(allowed: object): allowed is readonly string[] {
  return Array.isArray(allowed);
}
