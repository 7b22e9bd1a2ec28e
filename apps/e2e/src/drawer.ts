/** The drawer of the history as a person at the browser meets it. */
import type { Locator, Page } from "playwright-core";

export interface Drawer {
  readonly element: Locator;
  /** What opens and closes it. */
  readonly button: Locator;
  readonly slider: Locator;
  open(): Promise<void>;
  /** Moves the point by so many steps, faster than anybody could look. */
  sweep(steps: number): Promise<void>;
  /** Moves the point to a commit. */
  slideTo(sequence: number): Promise<void>;
  /** What is told of the point. */
  point(): Promise<string>;
  /** The document then or now; what is on that side only stands in square brackets. */
  document(side: "then" | "now"): Promise<string>;
  /** Puts the pointer on a piece of what is shown. */
  hover(side: "then" | "now", text: string): Promise<void>;
  /** Who wrote what the pointer is on, as the card says it. */
  blame(): Promise<string>;
  /** Of those that are listed. */
  press(action: "Revert" | "Restore", sequence: number): Promise<void>;
  listed(): Promise<number[]>;
  /** What became of it. */
  told(): Promise<string | null>;
  be(user: string): Promise<void>;
  /** Why something cannot be shown. */
  trouble(): Promise<string | null>;
}

export function drawerOf(page: Page): Drawer {
  const element = page.getByRole("region", { name: "History", exact: true });
  const button = page.getByRole("button", { name: "History", exact: true });
  const slider = element.getByRole("slider", { name: "Version" });
  const bodyOf = (side: "then" | "now") =>
    element.locator(side === "then" ? ".version-before .version-body" : ".version-after .version-body");
  return {
    element,
    button,
    slider,
    open: () => button.click(),
    sweep: steps => slider.evaluate(moveBy, steps),
    slideTo: sequence => slider.fill(String(sequence)),
    point: async () => (await element.locator(".time-point > *").allTextContents()).join(" "),
    document: side => bodyOf(side).evaluate(readDocument),
    async hover(side, text) {
      const place = await bodyOf(side).evaluate(placeOf, text);
      await page.mouse.move(place.x, place.y);
    },
    blame: async () => (await element.locator(".blame-card > *").allTextContents()).join(" "),
    async press(action, sequence) {
      await element.locator(`[data-sequence="${sequence}"]`).getByRole("button", { name: action }).click();
    },
    listed: () =>
      element
        .locator("[data-sequence]")
        .evaluateAll(rows => rows.map(row => Number((row as HTMLElement).dataset.sequence))),
    told: () => element.locator(".history-told").textContent(),
    async be(user) {
      await element.getByRole("combobox", { name: "As" }).selectOption(user);
    },
    trouble: () => element.getByRole("alert").textContent(),
  };
}

/** Runs in the browser. */
function moveBy(slider: SVGElement | HTMLElement, steps: number): void {
  if (!(slider instanceof HTMLInputElement)) throw new Error("This is no slider.");
  for (let n = Math.abs(steps); n > 0; n--) {
    slider.value = String(Number(slider.value) + Math.sign(steps));
    slider.dispatchEvent(new Event("input"));
  }
}

/** Runs in the browser. */
function readDocument(body: Element): string {
  const copy = body.cloneNode(true) as Element;
  for (const spoken of copy.querySelectorAll(".spoken")) spoken.remove();
  for (const marked of copy.querySelectorAll("ins, del")) marked.replaceWith(`[${marked.textContent}]`);
  const members = copy.querySelectorAll(".doc-member");
  if (members.length === 0) return copy.textContent;
  return [...members]
    .map(({ children, textContent }) => {
      const [key] = children;
      return `${key!.textContent}${textContent.slice(key!.textContent.length).replace(/^(?=.)/, " ")}`;
    })
    .join("\n");
}

/** Runs in the browser. The middle of the first place where a text stands. */
function placeOf(body: Element, text: string): { x: number; y: number } {
  const nodes = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (nodes.nextNode()) {
    const node = nodes.currentNode as Text;
    const at = node.data.indexOf(text);
    if (at === -1 || node.parentElement?.closest(".spoken") !== null) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + text.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  }
  throw new Error(`There is no "${text}".`);
}
