/** A note as a person at the browser meets it: what one writes into it, and what one sees there. */
import type { BrowserContext, Locator, Page } from "playwright-core";

export interface NotesPage {
  readonly page: Page;
  readonly title: Locator;
  /** The field for one more tag. */
  readonly tag: Locator;
  readonly body: Locator;
  readonly online: Locator;
  readonly history: Locator;
  /** Errors and warnings of the page since the last call. */
  takeFaults(): string[];
  addTag(tag: string): Promise<void>;
  /** Types at the end of the body. */
  type(text: string): Promise<void>;
  /** Paragraphs, without the carets in them. */
  paragraphs(): Promise<string[]>;
  tags(): Promise<string[]>;
  /** What the relay says beneath a field: what a screen reader reads out as its description. */
  takenBack(field: Locator): Promise<string>;
  status(): Promise<string>;
  /** Whose carets are in the body. */
  carets(): Promise<string[]>;
  /** Who is here. */
  people(): Promise<string[]>;
  press(button: string): Promise<void>;
}

export async function openNotes(context: BrowserContext, url: string): Promise<NotesPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url);
  const tag = page.getByLabel("Add a tag");
  const body = page.getByRole("textbox", { name: "Note" });
  return {
    page,
    title: page.getByLabel("Title"),
    tag,
    body,
    online: page.getByRole("switch", { name: "Online" }),
    history: page.getByRole("complementary", { name: "History" }),
    takeFaults: () => faults.splice(0),
    async addTag(name) {
      await tag.fill(name);
      await tag.press("Enter");
    },
    async type(text) {
      await body.click();
      await body.press("Control+End");
      await body.pressSequentially(text);
    },
    paragraphs: () => body.evaluate(readParagraphs),
    tags: () => page.locator(".tag").evaluateAll(tags => tags.map(tag => tag.firstChild?.textContent ?? "")),
    takenBack: field => field.evaluate(readDescription),
    status: async () => (await page.locator(".pill > :not(:empty)").allTextContents()).join(" "),
    carets: () => body.locator(".collaboration-carets__label").allTextContents(),
    people: () => page.getByRole("list", { name: "Here now" }).locator(".spoken").allTextContents(),
    press: button => page.getByRole("button", { name: button, exact: true }).click(),
  };
}

/** Runs in the browser. */
function readParagraphs(body: Element): string[] {
  return [...body.querySelectorAll("p")].map(paragraph => {
    const copy = paragraph.cloneNode(true) as Element;
    for (const caret of copy.querySelectorAll(".collaboration-carets__caret")) caret.remove();
    // Where a caret is, ProseMirror puts word joiners around it.
    return copy.textContent.replaceAll("\u2060", "");
  });
}

/** Runs in the browser. */
function readDescription(control: Element): string {
  const described = document.getElementById(control.getAttribute("aria-describedby") ?? "");
  return described?.querySelector("span")?.textContent ?? "";
}
