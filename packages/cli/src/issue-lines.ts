/** Issues of documents, as lines for people. */
import { printable } from "./terminal.js";

export interface ToldIssue {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** The pointer of the whole document is empty, which nobody would see. */
export function describeIssue({ pointer, code, message }: ToldIssue): string {
  return printable(`${pointer || "/"}  ${code}  ${message}`);
}

/** Lines below a message, one line each. */
export function indented(issues: readonly ToldIssue[]): string {
  return issues.map(issue => `\n  ${describeIssue(issue)}`).join("");
}
