/** The lab as a person at the browser meets it: two devices, their networks, and what becomes of the edits on them. */
import type { BrowserContext, Locator, Page } from "playwright-core";

export interface LabPage {
  readonly page: Page;
  readonly van: LabDevice;
  readonly depot: LabDevice;
  /** Errors and warnings of the page since the last call, what its content security policy forbade among them. */
  takeFaults(): string[];
}

export interface EditRow {
  readonly number: string;
  readonly words: string;
  readonly fate: string;
  readonly issues: readonly string[];
}

export type EditView = "All" | "In the outbox" | "Taken back";

export interface LabDevice {
  readonly element: Locator;
  readonly onlineSwitch: Locator;
  /** Goes to the end of the note and types, key by key. */
  type(text: string): Promise<void>;
  note(): Promise<string>;
  takeReading(celsius: number): Promise<void>;
  /** As "1,980 readings". */
  readings(): Promise<string | null>;
  makeEdits(burst: { readonly edits: number; readonly bad: number }): Promise<void>;
  /** Sets the dial. */
  set(dial: "Latency" | "Loss", value: number): Promise<void>;
  letPass(what: "Everything passes" | "WebSockets are blocked" | "Silent: nothing arrives"): Promise<void>;
  press(button: "Cut" | "Sync now"): Promise<void>;
  fact(term: "Way" | "Breaker" | "Next attempt" | "Commit" | "Tab" | "Store"): Promise<string | null>;
  /** The words in its status pill. */
  status(): Promise<string | null>;
  count(view: EditView): Promise<number>;
  /** The edits that are listed, the newest first and 100 at most; of a view, which is chosen, or of that which is. */
  edits(view?: EditView): Promise<EditRow[]>;
}

/** Another page of the context, as another tab of the same browser. */
export async function openLab(context: BrowserContext, url: string): Promise<LabPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    van: deviceOf(page, "Van"),
    depot: deviceOf(page, "Depot"),
    takeFaults: () => faults.splice(0),
  };
}

function deviceOf(page: Page, name: string): LabDevice {
  const element = page.getByRole("region", { name: `Device ${name}` });
  const note = element.getByRole("textbox", { name: "Note" });
  const view = (name: EditView) => element.locator(".lab-views label").filter({ hasText: name });
  return {
    element,
    onlineSwitch: element.getByRole("switch"),
    async type(text) {
      await note.press("Control+End");
      await note.pressSequentially(text);
    },
    note: async () => (await note.locator(".cm-line").evaluateAll(readLines)).join("\n"),
    async takeReading(celsius) {
      await element.getByLabel("Reading in °C").fill(String(celsius));
      await element.getByRole("button", { name: "Take reading" }).click();
    },
    readings: () => element.locator(".lab-readings strong").textContent(),
    async makeEdits({ edits, bad }) {
      await element.getByRole("spinbutton", { name: "Edits", exact: true }).fill(String(edits));
      await element.getByRole("spinbutton", { name: "Bad edits" }).fill(String(bad));
      await element.getByRole("button", { name: "Make them" }).click();
    },
    set: (dial, value) => element.getByLabel(dial).fill(String(value)),
    async letPass(what) {
      await element.getByLabel("What passes").selectOption(what);
    },
    press: button => element.getByRole("button", { name: button }).click(),
    fact: term => element.locator(".lab-facts > div").filter({ hasText: term }).locator("dd").textContent(),
    status: () => element.locator(".pill > [aria-hidden]").textContent(),
    count: async name => Number((await view(name).locator("b").textContent())?.replaceAll(",", "")),
    async edits(name) {
      if (name !== undefined) await view(name).locator("input").check();
      return element.locator(".lab-edits li").evaluateAll(readRows);
    },
  };
}

/** Runs in the browser. What stands for an empty text, and the carets of others, are in the lines too. */
function readLines(lines: Element[]): string[] {
  return lines.map(line => {
    const copy = line.cloneNode(true) as Element;
    for (const widget of copy.querySelectorAll(".cm-placeholder, .cm-ySelectionCaret")) widget.remove();
    return copy.textContent;
  });
}

/** Runs in the browser. */
function readRows(rows: Element[]): EditRow[] {
  const text = (row: Element, selector: string) => row.querySelector(selector)?.textContent ?? "";
  return rows.map(row => ({
    number: text(row, ".lab-number").replace("Edit ", ""),
    words: text(row, ".lab-words"),
    fate: text(row, ".lab-fate"),
    issues: [...row.querySelectorAll(".lab-issue")].map(issue => issue.textContent),
  }));
}
