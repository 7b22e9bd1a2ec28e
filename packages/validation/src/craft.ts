/**
 * Writes updates struct by struct, also such as Yjs would never write, for tests of what judges them.
 */
import * as encoding from "lib0/encoding";

/** A client and a clock. */
export type Id = readonly [client: number, clock: number];

export type CraftedContent =
  | { readonly collected: number }
  | { readonly skip: number }
  | { readonly deleted: number }
  | { readonly json: readonly unknown[] }
  | { readonly binary: Uint8Array }
  | { readonly string: string }
  | { readonly embed: unknown }
  | { readonly format: readonly [key: string, value: unknown] }
  /** The number of a shared type: array 0, map 1, text 2, XML element 3, fragment 4, hook 5, XML text 6. */
  | { readonly type: number; readonly name?: string }
  | { readonly any: readonly unknown[] }
  | { readonly subdocument: string; readonly options?: unknown };

export type CraftedStruct = CraftedContent & {
  readonly origin?: Id;
  readonly right?: Id;
  /** The name of a root, or the id of the struct that holds the type. Not written beside a neighbour. */
  readonly parent?: string | Id;
  readonly key?: string;
};

export interface CraftedUpdate {
  readonly blocks?: readonly {
    readonly client: number;
    /** The clock of the first struct. @default 0 */
    readonly clock?: number;
    readonly structs: readonly CraftedStruct[];
  }[];
  readonly deletes?: readonly {
    readonly client: number;
    /** Pairs of clock and length. */
    readonly ranges: readonly (readonly [clock: number, length: number])[];
  }[];
}

export function craftUpdate({ blocks = [], deletes = [] }: CraftedUpdate): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, blocks.length);
    for (const { client, clock = 0, structs } of blocks) {
      encoding.writeVarUint(encoder, structs.length);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      for (const struct of structs) writeStruct(encoder, struct);
    }
    encoding.writeVarUint(encoder, deletes.length);
    for (const { client, ranges } of deletes) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const [clock, length] of ranges) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, length);
      }
    }
  });
}

function writeStruct(encoder: encoding.Encoder, struct: CraftedStruct): void {
  const { origin, right, parent, key } = struct;
  const content = contentNumber(struct);
  if (content === 0 || content === 10) {
    encoding.writeUint8(encoder, content);
  } else {
    encoding.writeUint8(
      encoder,
      content | (origin ? 128 : 0) | (right ? 64 : 0) | (key === undefined ? 0 : 32),
    );
    if (origin) writeId(encoder, origin);
    if (right) writeId(encoder, right);
    if (!origin && !right) {
      encoding.writeVarUint(encoder, typeof parent === "object" ? 0 : 1);
      if (typeof parent === "object") writeId(encoder, parent);
      else encoding.writeVarString(encoder, parent ?? "root");
      if (key !== undefined) encoding.writeVarString(encoder, key);
    }
  }
  writeContent(encoder, struct);
}

function contentNumber(content: CraftedContent): number {
  const names = [
    "collected",
    "deleted",
    "json",
    "binary",
    "string",
    "embed",
    "format",
    "type",
    "any",
    "subdocument",
    "skip",
  ];
  return names.findIndex(name => name in content);
}

function writeContent(encoder: encoding.Encoder, content: CraftedContent): void {
  if ("collected" in content) encoding.writeVarUint(encoder, content.collected);
  else if ("skip" in content) encoding.writeVarUint(encoder, content.skip);
  else if ("deleted" in content) encoding.writeVarUint(encoder, content.deleted);
  else if ("binary" in content) encoding.writeVarUint8Array(encoder, content.binary);
  else if ("string" in content) encoding.writeVarString(encoder, content.string);
  else if ("embed" in content) encoding.writeVarString(encoder, JSON.stringify(content.embed));
  else if ("json" in content) {
    encoding.writeVarUint(encoder, content.json.length);
    for (const value of content.json) encoding.writeVarString(encoder, JSON.stringify(value) ?? "undefined");
  } else if ("format" in content) {
    encoding.writeVarString(encoder, content.format[0]);
    encoding.writeVarString(encoder, JSON.stringify(content.format[1]));
  } else if ("type" in content) {
    encoding.writeVarUint(encoder, content.type);
    if (content.name !== undefined) encoding.writeVarString(encoder, content.name);
  } else if ("any" in content) {
    encoding.writeVarUint(encoder, content.any.length);
    for (const value of content.any) encoding.writeAny(encoder, value as encoding.AnyEncodable);
  } else {
    encoding.writeVarString(encoder, content.subdocument);
    const options = "options" in content ? content.options : {};
    encoding.writeAny(encoder, options as encoding.AnyEncodable);
  }
}

function writeId(encoder: encoding.Encoder, [client, clock]: Id): void {
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
}
