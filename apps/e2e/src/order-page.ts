/** The order page as a person at the browser meets it: what one enters on it, and what one sees there. */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";

export interface OrderPage {
  readonly page: Page;
  readonly panes: readonly [OrderPane, OrderPane];
  /** Errors and warnings of the page since the last call, what its content security policy forbade among them. */
  takeFaults(): string[];
}

export interface OrderPane {
  readonly element: Locator;
  readonly onlineSwitch: Locator;
  /** Enters a text into a field; where there are several, into the last one. */
  fill(label: string, text: string): Promise<void>;
  choose(status: string): Promise<void>;
  be(user: "Clerk" | "Approver"): Promise<void>;
  addLine(line: { readonly item: string; readonly quantity: string; readonly price: string }): Promise<void>;
  writeJson(text: string): Promise<void>;
  value(label: string): Promise<string>;
  total(): Promise<string>;
  json(): Promise<{ readonly order: object; readonly lines: readonly unknown[] }>;
  /** What the relay said of a field: what a screen reader reads out as its description. */
  issue(label: string): Promise<string>;
  /** All that the relay said in this pane. */
  issues(): Promise<string[]>;
  /** The words in its status pill. */
  status(): Promise<string | null>;
}

export async function openOrder(
  browser: Browser,
  url: string,
  context: BrowserContextOptions = {},
): Promise<OrderPage> {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce",
    ...context,
  });
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    panes: [openPane(page, 0), openPane(page, 1)],
    takeFaults: () => faults.splice(0),
  };
}

function openPane(page: Page, index: number): OrderPane {
  const element = page.locator(".pane").nth(index);
  const field = (label: string) => element.getByLabel(label, { exact: true }).last();
  const text = element.locator("textarea");
  return {
    element,
    onlineSwitch: element.getByRole("switch"),
    fill,
    async choose(status) {
      await field("Status").selectOption(status);
    },
    async be(user) {
      await element.getByRole("radio", { name: user }).check();
    },
    async addLine({ item, quantity, price }) {
      await element.getByRole("button", { name: "Add line" }).click();
      await fill("Item", item);
      await fill("Quantity", quantity);
      await fill("Price", price);
    },
    async writeJson(json) {
      if (!(await text.isVisible())) await element.getByText("Document as JSON").click();
      await text.fill(json);
      await element.getByRole("button", { name: "Write past the form" }).click();
    },
    value: label => field(label).inputValue(),
    total: () => field("Total").textContent().then(String),
    json: async () => JSON.parse(await text.inputValue()),
    issue: label => field(label).evaluate(readDescription),
    issues: () => element.locator(".field-issue:not(:empty)").allTextContents(),
    status: () => element.locator(".pill > [aria-hidden]").textContent(),
  };

  async function fill(label: string, value: string): Promise<void> {
    await field(label).fill(value);
    await field(label).press("Enter");
  }
}

/** Runs in the browser. */
function readDescription(control: Element): string {
  return document.getElementById(control.getAttribute("aria-describedby")!)!.textContent;
}
