/** The board as a person at the browser meets it: its columns and cards, and what one does with them. */
import type { BrowserContext, Locator, Page } from "playwright-core";

export interface BoardPage {
  readonly page: Page;
  readonly onlineSwitch: Locator;
  card(title: string): BoardCard;
  column(title: string): Locator;
  /** The titles of the cards by those of their columns, as they stand. */
  columns(): Promise<Readonly<Record<string, readonly string[]>>>;
  add(column: string, title: string): Promise<void>;
  /** What a screen reader says of a card that is moved. */
  announcement(): Promise<string | null>;
  /** The words in the status pill. */
  status(): Promise<string | null>;
  /** Errors and warnings of the page since the last call, what its content security policy forbade among them. */
  takeFaults(): string[];
}

export interface BoardCard {
  readonly element: Locator;
  readonly handle: Locator;
  readonly title: Locator;
  press(button: "Claim" | "Release" | "Understood"): Promise<void>;
  /** Takes it by its handle and lets it go at the middle of something, a bit above it. */
  dragTo(target: Locator): Promise<void>;
  owner(): Promise<string | null>;
  /** What the relay has taken back of it. */
  rejections(): Promise<string[]>;
  /** The name at it of who has it selected, and the colour around it. */
  holder(): Promise<{ readonly name: string; readonly outline: string } | null>;
}

export async function openBoard(context: BrowserContext, url: string): Promise<BoardPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url);
  const column = (title: string) => page.getByRole("region", { name: title, exact: true });
  return {
    page,
    column,
    onlineSwitch: page.getByRole("switch"),
    card: title => cardOf(page, title),
    columns: () => page.locator("[data-column]").evaluateAll(readColumns),
    async add(name, title) {
      await column(name).getByLabel("New card").fill(title);
      await column(name).getByLabel("New card").press("Enter");
    },
    announcement: () => page.locator("[aria-live=assertive]").textContent(),
    status: () => page.locator(".pill > [aria-hidden]").textContent(),
    takeFaults: () => faults.splice(0),
  };
}

function cardOf(page: Page, name: string): BoardCard {
  const element = page.getByRole("article", { name, exact: true });
  const handle = element.getByRole("button", { name: `Move ${name}` });
  return {
    element,
    handle,
    title: element.getByLabel("Title"),
    press: button => element.getByRole("button", { name: button }).click(),
    async dragTo(target) {
      const from = await middleOf(handle);
      const to = await middleOf(target);
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y - 10, { steps: 6 });
      await page.mouse.up();
    },
    owner: () => textOf(element.locator(".owner-name")),
    rejections: async () =>
      (await element.getByRole("alert").allInnerTexts()).map(text => text.split("\n")[0] ?? ""),
    async holder() {
      const name = await textOf(element.locator(".holder"));
      return name === null ? null : { name, outline: await element.evaluate(readOutline) };
    },
  };
}

/** Where the middle of an element is, which is brought into view. */
export async function middleOf(element: Locator): Promise<{ readonly x: number; readonly y: number }> {
  await element.scrollIntoViewIfNeeded();
  const box = await element.boundingBox();
  if (box === null) throw new Error(`${element} is not seen.`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

async function textOf(element: Locator): Promise<string | null> {
  return (await element.count()) === 0 ? null : element.first().textContent();
}

/** Runs in the browser. */
function readColumns(columns: Element[]): Record<string, string[]> {
  const titleOf = (element: Element) => element.getAttribute("aria-label") ?? "";
  return Object.fromEntries(
    columns.map(column => [titleOf(column), [...column.querySelectorAll("[data-card]")].map(titleOf)]),
  );
}

/** Runs in the browser. */
function readOutline(card: Element): string {
  const { outlineStyle, outlineColor } = getComputedStyle(card);
  return `${outlineStyle} ${outlineColor}`;
}
