/**
 * A control of the order's form, and beneath it what the relay says of what was entered there.
 *
 * It shows what the document says, except while somebody is entering something else: that counts when he leaves the
 * control or presses Enter.
 */
import { element } from "./element.js";
import { type Issue, issueWords } from "./issue-words.js";

export interface OrderField {
  readonly element: HTMLElement;
  /** Shows what the document says. */
  show(value: string): void;
  /** In addition to what was told before. */
  tell(issue: Issue): void;
  /** Takes away all that was told. */
  forget(): void;
}

export interface OrderFieldOptions {
  readonly label: string;
  /** Whether the label is for screen readers only. @default false */
  readonly bare?: boolean;
  readonly control: HTMLInputElement | HTMLSelectElement | HTMLOutputElement;
  readonly onEnter?: (value: string) => void;
}

let fields = 0;

export function createOrderField({ label, bare = false, control, onEnter }: OrderFieldOptions): OrderField {
  const id = `field-${++fields}`;
  const told = element("div", { class: "field-issues", id: `${id}-issues`, role: "alert" });
  let shown = "";
  let entering = false;
  control.id = id;
  control.setAttribute("aria-describedby", told.id);
  control.addEventListener("input", () => {
    entering = true;
  });
  control.addEventListener("change", () => {
    entering = false;
    const entered = control.value;
    // What is written comes back as what the document says; what changes nothing does not.
    control.value = shown;
    onEnter?.(entered);
  });

  return {
    element: element(
      "div",
      { class: "field" },
      element("label", { for: id, class: bare ? "spoken" : "field-label" }, label),
      control,
      told,
    ),
    show(value) {
      shown = value;
      if (!entering) control.value = value;
    },
    tell(issue) {
      control.setAttribute("aria-invalid", "true");
      told.append(element("p", { class: "field-issue" }, ...issueWords(issue)));
    },
    forget() {
      control.removeAttribute("aria-invalid");
      told.replaceChildren();
    },
  };
}
