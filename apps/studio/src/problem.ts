/** What the relay answers when it does not do what it was asked for, and how that is told to a person. */
import type { Problem } from "@verso/protocol";
import type { Issue } from "./issue-words.js";

/** The relay answered, and said why not. */
export class RelayProblem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly issues: readonly Issue[],
  ) {
    super(detail);
  }
}

export async function problemOf(response: Response): Promise<RelayProblem> {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("application/problem+json")) {
    // A proxy in between, for instance.
    const detail = `The answer was "${response.status} ${response.statusText}".`;
    return new RelayProblem(`http-${response.status}`, detail, []);
  }
  const { code, detail, issues = [] } = (await response.json()) as Problem;
  return new RelayProblem(code, detail, issues);
}

/** Why a request has failed, in a sentence. Throws what is no failure of a request. */
export function troubleOf(error: unknown): string {
  if (error instanceof RelayProblem) return error.detail;
  // This is what fetch throws when there is no answer.
  if (error instanceof TypeError) return "The relay cannot be reached.";
  throw error;
}
