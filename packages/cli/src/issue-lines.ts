/** Issues of documents, as lines for people. */

export interface ToldIssue {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** The pointer of the whole document is empty, which nobody would see. */
export function describeIssue({ pointer, code, message }: ToldIssue): string {
  return `${pointer || "/"}  ${code}  ${message}`;
}

/** Lines below a message, with their line breaks. */
export function indented(issues: readonly ToldIssue[]): string {
  return issues.map(issue => `\n  ${describeIssue(issue)}`).join("");
}
