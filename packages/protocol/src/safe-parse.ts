/** Checking what anybody may have sent by a schema. */
import { z } from "zod";

/**
 * As the schema's own `safeParse`, which throws over some of what is no text: where one with a least or greatest length
 * is asked for, zod compares the `length` of whatever is there, and `{"length": {"toString": 1}}` cannot be compared.
 */
export function safeParse<T>(schema: z.ZodType<T>, sent: unknown): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(sent);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const issues = [{ code: "custom" as const, path: [], message: "It is of another type.", input: sent }];
    return { success: false, error: new z.ZodError(issues) as z.ZodError<T> };
  }
}
