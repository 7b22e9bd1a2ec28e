/** The start page as a person at the browser meets it: the two live panes, and the code to copy. */
import type { BrowserContext, Locator, Page } from "playwright-core";

export interface StartPage {
  readonly page: Page;
  readonly panes: readonly [LivePane, LivePane];
  /** The paths that its entries lead to. */
  links(): Promise<string[]>;
  /** The code of one entry. */
  code(title: string): Code;
  /** Errors and warnings of the page since the last call, what its content security policy forbade among them. */
  takeFaults(): string[];
}

export interface LivePane {
  readonly words: Locator;
  readonly price: Locator;
  readonly onlineSwitch: Locator;
  tryNegative(): Promise<void>;
  /** The words in its status pill. */
  status(): Promise<string | null>;
  /** What the relay said of what it took back. */
  told(): Promise<string | null>;
}

export interface Code {
  tab(label: string): Locator;
  /** The one that is shown. */
  shown(): Promise<string | null>;
  readonly copyButton: Locator;
}

export async function openStart(context: BrowserContext, url: string): Promise<StartPage> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    panes: [openPane(page, 0), openPane(page, 1)],
    links: () =>
      page.locator(".entry h3 a").evaluateAll(links => links.map(link => link.getAttribute("href")!)),
    code(title) {
      const entry = page
        .getByRole("article")
        .filter({ has: page.getByRole("link", { name: title, exact: true }) });
      return {
        tab: label => entry.getByRole("tab", { name: label }),
        shown: () => entry.getByRole("tabpanel").textContent(),
        copyButton: entry.getByRole("button", { name: /^Copy / }),
      };
    },
    takeFaults: () => faults.splice(0),
  };
}

function openPane(page: Page, index: number): LivePane {
  const element = page.locator(".live-pane").nth(index);
  return {
    words: element.getByLabel("Words"),
    price: element.getByLabel("Price"),
    onlineSwitch: element.getByRole("switch"),
    tryNegative: () => element.getByRole("button", { name: "Try −5" }).click(),
    status: () => element.locator(".pill > [aria-hidden]").textContent(),
    told: () => element.locator(".live-told").textContent(),
  };
}
