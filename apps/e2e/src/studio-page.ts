/** The studio as a person at the browser meets it: what one does on the page, and what one sees there. */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";

export interface StudioPage {
  readonly page: Page;
  readonly panes: readonly [StudioPane, StudioPane];
  /** The commits as listed, newest first. */
  commits(): Promise<ListedCommit[]>;
  /** Opens every commit and reads its patches, oldest first. */
  patches(): Promise<Patches[]>;
  /** Errors and warnings of the page since the last call, what its content security policy forbade among them. */
  takeFaults(): string[];
}

export interface StudioPane {
  readonly element: Locator;
  readonly onlineSwitch: Locator;
  /** Types at the end of the text, key by key. */
  type(text: string): Promise<void>;
  /** Puts all of it at the end of the text at once. */
  paste(text: string): Promise<void>;
  /** Presses a key in the text. */
  press(key: string): Promise<void>;
  /** Puts a text where the caret is. */
  insert(text: string): Promise<void>;
  take(direction: "Undo" | "Redo"): Promise<void>;
  /** What became of the last undo or redo. */
  told(): Promise<string | null>;
  /** Of who writes in it. */
  name(): Promise<string>;
  text(): Promise<string>;
  /** The words in its status pill. */
  status(): Promise<string | null>;
  /** The names at the carets of others. */
  caretNames(): Promise<string[]>;
}

export interface ListedCommit {
  readonly sequence: number;
  readonly who: string;
  /** In ISO 8601. */
  readonly createdAt: string;
  readonly age: string;
  /** As a screen reader reads it out. */
  readonly forward: string;
  readonly reverse: string;
}

export interface Patches {
  readonly forward: readonly Operation[];
  readonly reverse: readonly Operation[];
}

/** Of those that there are, the ones that lead to and from a root with plain text. */
export type Operation =
  | { readonly op: "add"; readonly path: string; readonly value: string }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "str_ins" | "str_del"; readonly path: string; readonly pos: number; readonly str: string };

export async function openStudio(
  browser: Browser,
  url: string,
  context: BrowserContextOptions = {},
): Promise<StudioPage> {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    // What is halfway through a movement is not where it belongs.
    reducedMotion: "reduce",
    ...context,
  });
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url);
  const rows = page.locator(".commits-rows > li");
  return {
    page,
    panes: [openPane(page, 0), openPane(page, 1)],
    commits: () => rows.evaluateAll(readCommits),
    patches: async () => (await rows.evaluateAll(readPatches)).reverse(),
    takeFaults: () => faults.splice(0),
  };
}

function openPane(page: Page, index: number): StudioPane {
  const element = page.locator(".pane").nth(index);
  const content = element.getByRole("textbox", { name: "Document" });
  return {
    element,
    onlineSwitch: element.getByRole("switch"),
    async type(text) {
      await goToEnd();
      await page.keyboard.type(text);
    },
    async paste(text) {
      await goToEnd();
      await page.keyboard.insertText(text);
    },
    async press(key) {
      await content.focus();
      await page.keyboard.press(key);
    },
    insert: text => page.keyboard.insertText(text),
    take: direction => element.getByRole("button", { name: direction }).click(),
    told: () => element.locator(".pane-told").textContent(),
    name: () => element.getByLabel("Name", { exact: true }).inputValue(),
    text: () => content.locator(".cm-line").evaluateAll(readLines),
    status: () => element.locator(".pill > [aria-hidden]").textContent(),
    caretNames: () => element.locator(".cm-ySelectionInfo").allTextContents(),
  };

  async function goToEnd(): Promise<void> {
    await content.focus();
    await page.keyboard.press("Control+End");
  }
}

/** Runs in the browser. What the editor draws between the letters is not text. */
function readLines(lines: Element[]): string {
  return lines
    .map(line => {
      const copy = line.cloneNode(true) as Element;
      for (const drawn of copy.querySelectorAll(".cm-ySelectionCaret, .cm-placeholder")) drawn.remove();
      return copy.textContent;
    })
    .join("\n");
}

/** Runs in the browser. */
function readCommits(rows: Element[]): ListedCommit[] {
  return rows.map(row => {
    const text = (selector: string) => row.querySelector(selector)!.textContent;
    return {
      sequence: Number((row as HTMLElement).dataset.sequence),
      who: text(".commit-who"),
      createdAt: row.querySelector("time")!.dateTime,
      age: text("time"),
      forward: text(".patch-forward .patch-body"),
      reverse: text(".patch-reverse .patch-body"),
    };
  });
}

/** Runs in the browser. */
async function readPatches(rows: Element[]): Promise<Patches[]> {
  const all: Patches[] = [];
  for (const row of rows) {
    const details = row.querySelector("details")!;
    if (!details.open) {
      const toggled = new Promise(resolve => details.addEventListener("toggle", resolve, { once: true }));
      details.open = true;
      await toggled;
    }
    const [forward, reverse] = [...row.querySelectorAll("pre")].map(({ textContent }) => textContent);
    all.push({ forward: JSON.parse(forward!), reverse: JSON.parse(reverse!) });
  }
  return all;
}
