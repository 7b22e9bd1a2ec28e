/** The form of an order: its fields, its lines, and what the relay has taken back, at the field where there is one. */
import type { Doc } from "yjs";
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";
import { type Issue, issueWords } from "./issue-words.js";
import {
  addLine,
  fieldOf,
  type Line,
  type LineField,
  linesOf,
  removeLine,
  setField,
  setLine,
  setStatus,
} from "./order-document.js";
import { createOrderField, type OrderField } from "./order-field.js";

export interface OrderForm {
  readonly element: HTMLElement;
  tell(issues: readonly Issue[]): void;
  /** Takes away all that was told. */
  forget(): void;
}

export interface OrderFormOptions {
  readonly mayApprove: () => boolean;
}

export function createOrderForm(doc: Doc, { mayApprove }: OrderFormOptions): OrderForm {
  const fields = {
    customer: textField("customer", { label: "Customer", type: "text" }),
    email: textField("email", { label: "E-mail", type: "email" }),
    ordered: textField("ordered", { label: "Ordered", type: "date" }),
    delivered: textField("delivered", { label: "Delivered", type: "date" }),
    status: createOrderField({
      label: "Status",
      control: element(
        "select",
        { name: "status" },
        ...["draft", "sent", "paid"].map(status => element("option", { value: status }, status)),
      ),
      onEnter(status) {
        setStatus(doc, status, { mayApprove: mayApprove() });
      },
    }),
    total: createOrderField({ label: "Total", control: element("output", { class: "order-total" }) }),
  };
  const rows = new Map<Line, Row>();
  const list = element("ol", { class: "order-lines" });
  const more = element("button", { class: "order-add", type: "button" }, "Add line");
  more.addEventListener("click", () => {
    addLine(doc);
    rows.get(linesOf(doc).at(-1)!)?.focus();
  });
  const elsewhere = element("ul", { class: "order-issues", role: "alert", "aria-label": "Taken back" });
  const form = element(
    "form",
    { class: "order-form", autocomplete: "off", novalidate: true },
    element(
      "div",
      { class: "order-fields" },
      ...(["customer", "email", "ordered", "delivered"] as const).map(name => fields[name].element),
    ),
    element(
      "fieldset",
      {},
      element("legend", {}, "Lines"),
      element(
        "div",
        { class: "order-line order-columns", "aria-hidden": true },
        ...["Item", "Quantity", "Price"].map(column => element("span", {}, column)),
      ),
      list,
      more,
    ),
    element("div", { class: "order-fields" }, fields.status.element, fields.total.element),
    elsewhere,
  );
  // Enter in a field enters what it holds; there is nothing to submit.
  form.addEventListener("submit", event => event.preventDefault());
  doc.on("update", render);
  render();

  return {
    element: form,
    tell(issues) {
      for (const issue of issues) {
        const field = fieldAt(issue.pointer);
        if (field !== undefined) field.tell(issue);
        else
          elsewhere.append(
            element(
              "li",
              { class: "field-issue" },
              ...issueWords(issue),
              " at ",
              element("code", {}, issue.pointer),
            ),
          );
      }
    },
    forget() {
      for (const field of allFields()) field.forget();
      elsewhere.replaceChildren();
    },
  };

  function textField(
    name: "customer" | "email" | "ordered" | "delivered",
    { label, type }: { label: string; type: string },
  ): OrderField {
    return createOrderField({
      label,
      control: element("input", { name, type }),
      onEnter(value) {
        setField(doc, name, value.trim());
      },
    });
  }

  function render(): void {
    for (const name of ["customer", "email", "ordered", "delivered"] as const) {
      fields[name].show(String(fieldOf(doc, name) ?? ""));
    }
    fields.status.show(String(fieldOf(doc, "status") ?? "draft"));
    fields.total.show(money(fieldOf(doc, "total") ?? 0));
    const lines = linesOf(doc);
    for (const line of rows.keys()) if (!lines.includes(line)) rows.delete(line);
    for (const line of lines) if (!rows.has(line)) rows.set(line, createRow(doc, line));
    for (const row of rows.values()) row.show();
    const wanted = lines.map(line => rows.get(line)!.element);
    // What is taken out of the page and put in again loses the focus.
    if (wanted.length !== list.childElementCount || wanted.some((row, i) => row !== list.children[i])) {
      list.replaceChildren(...wanted);
    }
    list.hidden = lines.length === 0;
  }

  function fieldAt(pointer: string): OrderField | undefined {
    const [root, name = "", member = ""] = pointer.split("/").slice(1);
    if (root === "order")
      return Object.hasOwn(fields, name) ? fields[name as keyof typeof fields] : undefined;
    const line = linesOf(doc)[Number(name)];
    return line === undefined ? undefined : rows.get(line)?.fields.get(member);
  }

  function allFields(): OrderField[] {
    return [...Object.values(fields), ...[...rows.values()].flatMap(row => [...row.fields.values()])];
  }
}

interface Row {
  readonly element: HTMLElement;
  readonly fields: ReadonlyMap<string, OrderField>;
  show(): void;
  focus(): void;
}

function createRow(doc: Doc, line: Line): Row {
  const item = element("input", { type: "text" });
  const fields = {
    item: lineField("item", { label: "Item", control: item, toValue: text => text }),
    quantity: lineField("quantity", {
      label: "Quantity",
      control: element("input", { type: "number", step: 1, inputmode: "numeric" }),
      toValue: Number,
    }),
    price: lineField("price", {
      label: "Price",
      control: element("input", { type: "number", step: 0.01, inputmode: "decimal" }),
      toValue: text => Math.round(Number(text) * 100),
    }),
  };
  const remove = element(
    "button",
    { class: "icon-button", type: "button", title: "Remove line" },
    icon("remove"),
    spoken("Remove line"),
  );
  remove.addEventListener("click", () => removeLine(doc, line));

  return {
    element: element(
      "li",
      { class: "order-line" },
      ...Object.values(fields).map(field => field.element),
      remove,
    ),
    fields: new Map(Object.entries(fields)),
    show() {
      fields.item.show(String(line.get("item") ?? ""));
      fields.quantity.show(String(line.get("quantity") ?? ""));
      fields.price.show(money(line.get("price")));
    },
    focus: () => item.focus(),
  };

  function lineField(
    field: LineField,
    {
      label,
      control,
      toValue,
    }: { label: string; control: HTMLInputElement; toValue: (text: string) => string | number },
  ): OrderField {
    return createOrderField({
      label,
      bare: true,
      control,
      onEnter(entered) {
        setLine(doc, line, { field, value: toValue(entered) });
      },
    });
  }
}

/** From cents. What is no amount, for as long as it stands there, is shown as what it is. */
function money(cents: unknown): string {
  return typeof cents === "number" ? (cents / 100).toFixed(2) : String(cents);
}
