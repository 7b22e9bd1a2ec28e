import type { MutableJsonObject } from "@verso/bridge";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type DocumentOf, kindOf, textsOf } from "./kinds.js";

const invoice = z.object({ invoice: z.object({ status: z.enum(["draft", "sent"]), total: z.number() }) });
const note = z.object({ text: z.string() });
const kinds = {
  "invoice/:id": { schema: invoice },
  "invoice/:id/note": { schema: note },
  "invoice/template": { roots: { template: "map" } },
  "log/:day": {},
  "*": { schema: z.object({ anything: z.boolean() }) },
} as const;
type Of<Id extends string> = DocumentOf<typeof kinds, Id>;

describe("the kind of a document", () => {
  it("is that of the pattern with the most literal segments", () => {
    expect(kindOf(kinds, "invoice/42")).toBe(kinds["invoice/:id"]);
    expect(kindOf(kinds, "invoice/42/note")).toBe(kinds["invoice/:id/note"]);
    expect(kindOf(kinds, "invoice/template")).toBe(kinds["invoice/template"]);
    expect(kindOf(kinds, "invoice/1/2/3")).toBe(kinds["*"]);
    expect(kindOf({ "a/:b": {} }, "b/c")).toEqual({});
  });

  it("types the document, by what is known of the id", () => {
    expectTypeOf<Of<"invoice/42">>().toEqualTypeOf<z.output<typeof invoice>>();
    expectTypeOf<Of<`invoice/${number}`>>().toEqualTypeOf<z.output<typeof invoice>>();
    expectTypeOf<Of<"invoice/42/note">>().toEqualTypeOf<z.output<typeof note>>();
    expectTypeOf<Of<"invoice/template">>().toEqualTypeOf<MutableJsonObject>();
    expectTypeOf<Of<"log/monday">>().toEqualTypeOf<MutableJsonObject>();
    expectTypeOf<Of<"other">>().toEqualTypeOf<{ anything: boolean }>();
    expectTypeOf<DocumentOf<Record<never, never>, "invoice/42">>().toEqualTypeOf<MutableJsonObject>();
  });

  it("says where a new string is a text", () => {
    const textAt = textsOf({ texts: ["/lines/*/text"] });
    expect(textAt(["lines", "0", "text"])).toBe(true);
    expect(textAt(["lines", "0", "title"])).toBe(false);
    expect(textAt(["lines", "0", "text", "x"])).toBe(false);
  });
});
