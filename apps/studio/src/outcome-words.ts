/** What became of taking something back, in words. */
import { element } from "./element.js";
import type { Outcome, Unrestored } from "./history-api.js";
import { issueWords } from "./issue-words.js";

export interface OutcomeWords {
  /** What one says when it was done, as "Undone". */
  readonly done: string;
  /** What one says when there was nothing to take back. */
  readonly nothing: string;
}

export function outcomeWords(outcome: Outcome, { done, nothing }: OutcomeWords): (Node | string)[] {
  switch (outcome.kind) {
    case "done":
      return [`${done} as commit ${outcome.sequence}.`, ...unrestoredWords(outcome.unrestored)];
    case "nothing":
      return [nothing, ...unrestoredWords(outcome.unrestored)];
    case "refused":
      return [
        "Refused; nothing has changed.",
        ...outcome.issues.map(issue =>
          element(
            "span",
            { class: "outcome-line" },
            element("code", {}, issue.pointer),
            " ",
            ...issueWords(issue),
          ),
        ),
      ];
    case "failed":
      return [`Not done. ${outcome.detail}`];
  }
}

const reasons: Readonly<Record<Unrestored["reason"], string>> = {
  overwritten: "something else stands there now",
  "deleted-later": "it was deleted again since",
  "parent-gone": "what held it is gone",
};

const longestContent = 60;

function unrestoredWords(unrestored: readonly Unrestored[]): Node[] {
  return unrestored.map(({ reason, key, content }) => {
    const json = content === null ? "Something" : JSON.stringify(content);
    const shown = json.length <= longestContent ? json : `${json.slice(0, longestContent)}…`;
    const place = key === null ? "" : ` at "${key}"`;
    return element(
      "span",
      { class: "outcome-line" },
      `${shown}${place} did not come back: ${reasons[reason]}.`,
    );
  });
}
