/** Why the relay has not taken something back, in words; empty when it has. */
import { ClientError, type UndoOutcome } from "@verso/client";

export async function troubleOf(step: Promise<UndoOutcome>): Promise<string> {
  try {
    const outcome = await step;
    return outcome.type === "refused" ? outcome.issues.map(({ message }) => message).join(" ") : "";
  } catch (error) {
    if (error instanceof ClientError) return error.message;
    throw error;
  }
}
