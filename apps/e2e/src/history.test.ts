import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { drawerOf } from "./drawer.js";
import { openOrder } from "./order-page.js";
import { setScene } from "./scene.js";
import { openStudio, type StudioPage } from "./studio-page.js";
import { tooWide } from "./too-wide.js";

// The browser itself reports each edit that the relay refuses with a 422.
const scene = setScene({ isExpected: fault => /\b422\b/.test(fault) });

/** Two editors, whose users are called Ann and Ben. */
async function openText(room: string, context?: BrowserContextOptions) {
  const studio = scene.watch(await openStudio(scene.browser, `${scene.url}/texts.html#${room}`, context));
  for (const [index, name] of ["Ann", "Ben"].entries()) {
    const field = studio.panes[index]!.element.getByLabel("Name", { exact: true });
    await field.fill(name);
    await field.press("Enter");
  }
  await synced(studio);
  return { studio, page: studio.page, panes: studio.panes, drawer: drawerOf(studio.page) };
}

async function openOrderOf(room: string, context?: BrowserContextOptions) {
  const order = scene.watch(await openOrder(scene.browser, `${scene.url}/order.html#${room}`, context));
  await synced(order);
  return { page: order.page, panes: order.panes, drawer: drawerOf(order.page) };
}

async function synced({ panes }: { panes: readonly { status(): Promise<string | null> }[] }): Promise<void> {
  for (const pane of panes) await expect.poll(pane.status).toBe("Synced");
}

/** Ann writes, Ben writes into it, Ann writes behind it: three commits. */
async function writeStory({ panes: [ann, ben], commits }: StudioPage): Promise<void> {
  await ann.paste("The fox jumps.");
  await expect.poll(ben.text).toBe("The fox jumps.");
  await ben.press("Control+Home");
  for (let n = 0; n < 4; n++) await ben.press("ArrowRight");
  await ben.insert("quick ");
  await expect.poll(ann.text).toBe("The quick fox jumps.");
  await ann.paste(" High.");
  await expect.poll(ben.text).toBe("The quick fox jumps. High.");
  await expect.poll(async () => (await commits()).length).toBe(3);
}

/** Ann takes back what she did and does it again, so many times in all: as many commits. */
async function historyOf(room: string, length: number): Promise<void> {
  for (let n = 0; n < length; n++) {
    const action = n % 2 === 0 ? "undo" : "redo";
    const response = await fetch(`${scene.url}/api/documents/${room}/${action}?name=Ann`, { method: "POST" });
    expect(response.status).toBe(200);
  }
}

describe("the drawer of a text", () => {
  it("shows by key what the text was at any commit, beside the present, with the differences marked", async () => {
    const { studio, drawer, page } = await openText("slide");
    await writeStory(studio);
    expect(await drawer.button.getAttribute("aria-expanded")).toBe("false");
    await drawer.button.press("Enter");
    expect(await drawer.button.getAttribute("aria-expanded")).toBe("true");
    await expect.poll(() => drawer.document("then")).toBe("The quick fox jumps. High.");
    expect(await drawer.point()).toMatch(/^Commit 3 of 3\s+Ann\s+update\s+.+\s+the present$/);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Version");

    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => drawer.document("then")).toBe("The fox jumps.");
    expect(await drawer.document("now")).toBe("The [quick ]fox jumps.[ High.]");
    expect(await drawer.slider.getAttribute("aria-valuetext")).toMatch(/^Commit 1 of 3, Ann, update, /);

    await page.keyboard.press("Escape");
    await drawer.element.waitFor({ state: "hidden" });
    expect(await drawer.button.evaluate(button => button === document.activeElement)).toBe(true);
  });

  it("stays at its point when others write on, and marks what has gone", async () => {
    const { studio, drawer, panes } = await openText("grows");
    await writeStory(studio);
    await drawer.open();
    await drawer.slideTo(2);
    await expect.poll(() => drawer.document("now")).toBe("The quick fox jumps.[ High.]");
    await panes[1].press("Control+Shift+End");
    await panes[1].press("Delete");
    await expect.poll(panes[0].text).toBe("The quick ");
    await expect.poll(() => drawer.document("then")).toBe("The quick [fox jumps.]");
    expect(await drawer.document("now")).toBe("The quick ");
    expect(await drawer.slider.inputValue()).toBe("2");
    expect(await drawer.point()).toMatch(/^Commit 2 of [1-9]/);
    expect(Number(await drawer.slider.getAttribute("max"))).toBeGreaterThan(3);
  });

  it("lists the commits of one author, and reverts one of them with later edits kept", async () => {
    const { studio, drawer, panes } = await openText("revert");
    await writeStory(studio);
    await drawer.open();
    await expect.poll(drawer.listed).toEqual([3, 2, 1]);
    await drawer.element.getByRole("button", { name: "Ben 1" }).click();
    await expect.poll(drawer.listed).toEqual([2]);
    await drawer.press("Revert", 2);
    await expect.poll(drawer.told).toBe("Commit 2 is reverted, as commit 4.");
    for (const pane of panes) await expect.poll(pane.text).toBe("The fox jumps. High.");
    await drawer.press("Revert", 2);
    await expect.poll(drawer.told).toBe("Of commit 2 there is nothing left to take back.");
    await drawer.element.getByRole("button", { name: "Everybody" }).click();
    await expect.poll(drawer.listed).toEqual([4, 3, 2, 1]);
    // It was Ann who did it, and who can take it back.
    await panes[0].take("Undo");
    for (const pane of panes) await expect.poll(pane.text).toBe("The quick fox jumps. High.");
  });

  it("restores a version, as whom one chooses", async () => {
    const { studio, drawer, panes } = await openText("restore");
    await writeStory(studio);
    await drawer.open();
    await drawer.be("Ben");
    await drawer.press("Restore", 1);
    await expect.poll(drawer.told).toBe("Version 1 is restored, as commit 4.");
    for (const pane of panes) await expect.poll(pane.text).toBe("The fox jumps.");
    await expect.poll(async () => (await studio.commits())[0]).toMatchObject({ sequence: 4, who: "Ben" });
    await drawer.press("Restore", 1);
    await expect.poll(drawer.told).toBe("The document is as it was at commit 1.");
  });

  it("tells who wrote what the pointer is on, then and now, and by key from author to author", async () => {
    const { studio, drawer, page } = await openText("blame");
    await writeStory(studio);
    await drawer.open();
    await expect.poll(() => drawer.document("now")).toBe("The quick fox jumps. High.");
    await drawer.hover("now", "quick");
    await expect.poll(drawer.blame).toMatch(/^Ben\s+Commit 2 · update\s/);
    await drawer.hover("now", "fox");
    await expect.poll(drawer.blame).toMatch(/^Ann\s+Commit 1 · update\s/);
    await drawer.hover("now", "High");
    await expect.poll(drawer.blame).toMatch(/^Ann\s+Commit 3 · update\s/);

    await drawer.slideTo(1);
    await expect.poll(() => drawer.document("then")).toBe("The fox jumps.");
    await drawer.hover("then", "fox");
    await expect.poll(drawer.blame).toMatch(/^Ann\s+Commit 1 · update\s/);
    await page.mouse.move(0, 0);
    await expect.poll(() => drawer.element.locator(".blame-card").isVisible()).toBe(false);

    await drawer.element.locator(".version-before .doc-text").focus();
    await page.keyboard.press("Tab");
    await expect.poll(drawer.blame).toMatch(/^Ann\s+Commit 1 /);
    await page.keyboard.press("ArrowRight");
    await expect.poll(drawer.blame).toMatch(/^Ben\s+Commit 2 /);
    await page.keyboard.press("ArrowRight");
    await expect.poll(drawer.blame).toMatch(/^Ann\s+Commit [13] /);
    await page.keyboard.press("Escape");
    expect(await drawer.element.isVisible()).toBe(true);
  });

  it("asks for what it shows, and not for each step of the slider", async () => {
    const { studio, drawer, page } = await openText("throttle");
    await writeStory(studio);
    await historyOf("throttle", 30);
    await expect.poll(async () => (await studio.commits())[0]?.sequence).toBe(33);
    const asked: string[] = [];
    page.on("request", request => asked.push(new URL(request.url()).search));
    await drawer.open();
    await drawer.sweep(-20);
    const head = Number(await drawer.slider.getAttribute("max"));
    await expect
      .poll(() => drawer.element.getByRole("heading", { level: 3 }).allTextContents())
      .toEqual([`As of commit ${head - 20}`, `The present, commit ${head}`]);
    expect(asked.filter(search => search.startsWith("?at=")).length).toBeLessThanOrEqual(3);
  });

  it("says when there is nothing to be read, or no relay to read from, and reads on when it is back", async () => {
    const { studio, drawer } = await openText("gone");
    await drawer.open();
    await drawer.element.getByText("There are no commits yet.").waitFor();
    await writeStory(studio);
    await expect.poll(drawer.point).toMatch(/ of 3\s/);
    await drawer.slideTo(1);
    await expect.poll(() => drawer.document("then")).toBe("The fox jumps.");
    await scene.stopRelay();
    await drawer.slideTo(2);
    await expect.poll(drawer.trouble).toBe("Commit 2 cannot be shown. The relay cannot be reached.");
    await drawer.press("Restore", 1);
    await expect.poll(drawer.told).toBe("Not done. The relay cannot be reached.");
    await scene.startRelay();
    await expect.poll(() => drawer.document("then")).toBe("The quick fox jumps.");
    expect(await drawer.trouble()).toBe("");
    // The browser reports every connection that there was not.
    studio.takeFaults();
  });
});

describe("the drawer of an order", () => {
  it("shows its members, with those marked that have come, gone or become another", async () => {
    const { drawer, panes } = await openOrderOf("members");
    const [clerk, approver] = panes;
    await clerk.fill("Customer", "Ada");
    await clerk.fill("E-mail", "ada@example.com");
    await expect.poll(() => approver.value("E-mail")).toBe("ada@example.com");
    await approver.fill("Customer", "Ada King");
    await approver.addLine({ item: "Oil", quantity: "2", price: "1.50" });
    await expect.poll(clerk.total).toBe("3.00");
    await drawer.open();
    await drawer.slideTo(2);
    await expect
      .poll(() => drawer.document("then"))
      .toBe(["order", "customer [Ada]", "email ada@example.com", "lines empty"].join("\n"));
    expect((await drawer.document("now")).split("\n").sort()).toEqual(
      [
        ...["order", "customer [Ada King]", "email ada@example.com", "total [300]"],
        ...["lines", "0", "item [Oil]", "price [150]", "quantity [2]"],
      ].sort(),
    );
    await drawer.hover("now", "Ada King");
    await expect.poll(drawer.blame).toMatch(/^approver\s+Commit 3 · update\s/);
    await drawer.hover("now", "ada@example.com");
    await expect.poll(drawer.blame).toMatch(/^clerk\s+Commit 2 · update\s/);
    await drawer.hover("then", "Ada");
    await expect.poll(drawer.blame).toMatch(/^clerk\s+Commit 1 · update\s/);
  });

  it("tells why a revert is refused, and so does an undo in a pane, also after a reload", async () => {
    const { page, drawer, panes } = await openOrderOf("refused");
    const [clerk, approver] = panes;
    await clerk.fill("E-mail", "ada@example.com");
    await expect.poll(() => approver.value("E-mail")).toBe("ada@example.com");
    await approver.choose("sent");
    await expect.poll(() => clerk.value("Status")).toBe("sent");
    await drawer.open();
    await drawer.press("Revert", 1);
    await expect.poll(drawer.told).toMatch(/^Refused; nothing has changed\..+email-before-sending$/);

    await page.reload();
    await synced({ panes });
    await clerk.element.getByRole("button", { name: "Undo" }).click();
    await expect
      .poll(() => clerk.element.locator(".pane-told").textContent())
      .toMatch(/^Refused; nothing has changed\..+email-before-sending$/);
    await expect.poll(() => clerk.issue("E-mail")).toMatch(/email-before-sending$/);
    expect(await clerk.value("E-mail")).toBe("ada@example.com");

    await approver.element.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => clerk.value("Status")).toBe("draft");
    await clerk.element.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => approver.value("E-mail")).toBe("");
    await page.reload();
    await synced({ panes });
    await clerk.element.getByRole("button", { name: "Redo" }).click();
    await expect.poll(() => approver.value("E-mail")).toBe("ada@example.com");
  });
});

describe.each(["light", "dark"] as const)("in %s colours", colorScheme => {
  it.each([360, 800, 1440])("nothing is wider than a window of %d pixels", async width => {
    const context = { colorScheme, viewport: { width, height: 800 } };
    const text = await openText("widths", context);
    await text.panes[0].paste(`${"unbroken".repeat(30)}\nWords, and words.\n`);
    await text.panes[0].paste("More.");
    await expect.poll(text.panes[1].text).toBe(await text.panes[0].text());
    const order = await openOrderOf("widths", context);
    await order.panes[0].fill("Customer", "unbroken".repeat(12));
    await order.panes[0].fill("Customer", "x");
    await expect.poll(() => order.panes[1].value("Customer")).toBe("x");
    for (const { page, drawer } of [text, order]) {
      await drawer.open();
      await drawer.slideTo(1);
      await expect.poll(() => drawer.document("now")).toMatch(/\[(More\.|x)\]/);
      await drawer.press("Restore", 1);
      await expect.poll(drawer.told).toMatch(/^Version 1 is restored/);
      expect(await page.evaluate(tooWide)).toEqual([]);
      if (width === 360) expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(colorScheme);
    }
  });
});
