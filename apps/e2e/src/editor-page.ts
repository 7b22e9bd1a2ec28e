/** The page of an editor as a person at the browser meets it: what one writes in it, and what one sees there. */
import type { BrowserContext, Locator, Page } from "playwright-core";

/** Where an editor shows its text and the names at the carets of others. */
interface Places {
  /** The lines of the text, each an element. */
  readonly lines: string;
  readonly carets: string;
  /** Whether a line that is wrapped is several elements. */
  readonly wraps?: boolean;
}

const places = {
  tiptap: { lines: ".ProseMirror > *", carets: ".collaboration-carets__label" },
  prosemirror: { lines: ".ProseMirror > *", carets: ".ProseMirror-yjs-cursor > div" },
  codemirror: { lines: ".cm-line", carets: ".cm-ySelectionInfo" },
  monaco: { lines: ".view-line", carets: ".yRemoteSelectionHead", wraps: true },
  quill: { lines: ".ql-editor > *", carets: ".ql-cursor-name" },
  lexical: { lines: ".lexical-content > *", carets: ".lexical-caret-name" },
  textarea: { lines: "textarea", carets: ".textarea-caret > span" },
} as const satisfies Record<string, Places>;

export type EditorName = keyof typeof places;

export const editorNames = Object.keys(places) as EditorName[];

export interface EditorPage {
  readonly page: Page;
  /** What one writes in. */
  readonly box: Locator;
  readonly onlineSwitch: Locator;
  /** Goes to the end of the text and types, key by key. */
  type(text: string): Promise<void>;
  /** Goes to the end of the text and puts all of it there at once. */
  insert(text: string): Promise<void>;
  text(): Promise<string>;
  /** The names at the carets of others. */
  caretNames(): Promise<string[]>;
  /** The words in its status pill. */
  status(): Promise<string | null>;
  /** How many edits lie on the device that the relay has not answered: what a reload leaves of them. */
  kept(): Promise<number>;
  /** The names of those who are here, as seen. */
  people(): Promise<string[]>;
  /** What was taken back, with the reasons. */
  rejections(): Promise<string[]>;
  press(button: "Undo" | "Redo"): Promise<void>;
  /** Errors and warnings of the page since the last call, what its content security policy forbade among them. */
  takeFaults(): string[];
}

export async function openEditor(
  context: BrowserContext,
  { url, editor, room, name }: { url: string; editor: EditorName; room: string; name: string },
): Promise<EditorPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(`${url}/editors/${editor}.html?${new URLSearchParams({ room, name })}`);
  const box = page.getByRole("textbox", { name: "Document" });
  const { lines, carets, wraps = false }: Places = places[editor];
  return {
    page,
    box,
    onlineSwitch: page.getByRole("switch"),
    async type(text) {
      await goToEnd();
      await page.keyboard.type(text);
    },
    async insert(text) {
      await goToEnd();
      await page.keyboard.insertText(text);
    },
    text: () => page.locator(lines).evaluateAll(readLines, { carets, between: wraps ? "" : "\n" }),
    caretNames: () => page.locator(carets).evaluateAll(readNames),
    status: () => page.locator(".pill > [aria-hidden]").textContent(),
    kept: () => page.evaluate(countRecords, `${name}/editors/${editor}/${room}:outbox`),
    people: () => page.getByRole("list", { name: "Who is here" }).locator(".person-name").allTextContents(),
    rejections: () => page.getByRole("list", { name: "Taken back" }).locator("li").allTextContents(),
    press: button => page.getByRole("button", { name: button }).click(),
    takeFaults: () => faults.splice(0),
  };

  async function goToEnd(): Promise<void> {
    await box.focus();
    await page.keyboard.press("Control+End");
  }
}

/** Runs in the browser. What the editor draws between the letters is not text. */
function readLines(lines: Element[], { carets, between }: { carets: string; between: string }): string {
  return lines
    .map(line => {
      if (line instanceof HTMLTextAreaElement) return line.value;
      const copy = line.cloneNode(true) as Element;
      for (const drawn of copy.querySelectorAll(`${carets}, .cm-placeholder`)) drawn.remove();
      // Invisible letters hold carets, and an editor may show its spaces as ones that do not break.
      return copy.textContent.replaceAll("\u2060", "").replaceAll("\u00a0", " ");
    })
    .join(between);
}

/** Runs in the browser. */
function countRecords(database: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const opened = opening.result;
      const counting = opened.transaction("records").objectStore("records").count();
      counting.onerror = () => reject(counting.error);
      counting.onsuccess = () => {
        opened.close();
        resolve(counting.result);
      };
    };
  });
}

/** Runs in the browser. y-monaco's carets have their names in their style. */
function readNames(carets: Element[]): string[] {
  return carets.map(caret => caret.textContent || JSON.parse(getComputedStyle(caret, "::after").content));
}
