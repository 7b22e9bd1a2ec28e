/** What the relay has taken back of what was written here, the latest first, each with its reasons. */
import type { Rejection } from "@verso/client";
import { element } from "./element.js";

const mostShown = 5;

export interface Rejections {
  readonly element: HTMLElement;
  add(rejection: Rejection): void;
}

export function createRejections(): Rejections {
  const list = element("ul", { class: "rejections", "aria-label": "Taken back", "aria-live": "polite" });
  return {
    element: list,
    add({ verdict, issues, madeAt }) {
      list.prepend(
        element(
          "li",
          {},
          element("strong", {}, verdict === "repaired" ? "Taken back in part. " : "Taken back. "),
          element(
            "time",
            { datetime: new Date(madeAt).toISOString() },
            new Date(madeAt).toLocaleTimeString(),
          ),
          ...issues.map(({ pointer, message, code, rule }) =>
            element(
              "span",
              { class: "issue" },
              `${message} `,
              element("code", {}, `${rule ?? code} at ${pointer === "" ? "the document" : pointer}`),
            ),
          ),
        ),
      );
      while (list.children.length > mostShown) list.lastElementChild!.remove();
    },
  };
}
