/** What `npm start` opens on: two panes that live, code to copy, and the way to every other page. */
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { setScene } from "./scene.js";
import { openStart } from "./start-page.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

async function open(context?: Parameters<typeof scene.newContext>[0]) {
  const start = scene.watch(await openStart(await scene.newContext(context), scene.url));
  for (const pane of start.panes) await expect.poll(pane.status).toBe("Synced");
  return start;
}

describe("the price label", () => {
  it("is one document in two panes, also after one was offline, and heals where the relay says no", async () => {
    const { page, panes } = await open();
    const [ann, ben] = panes;
    await ann.words.pressSequentially("Apples");
    await expect.poll(() => ben.words.inputValue()).toBe("Apples");
    await ben.price.fill("3.5");
    await expect.poll(() => ann.price.inputValue()).toBe("3.5");

    await ann.price.fill("-1");
    await expect.poll(ann.told).toBe("Taken back. A price is not negative. schema.too_small");
    await expect.poll(() => ann.price.inputValue()).toBe("3.5");
    expect(await ben.price.inputValue()).toBe("3.5");
    expect(await ben.told()).toBe("");
    await ann.price.fill("4");
    await expect.poll(() => ben.price.inputValue()).toBe("4");
    expect(await ann.told()).toBe("");

    await ben.onlineSwitch.uncheck();
    await expect.poll(ben.status).toBe("Offline");
    await ben.words.press("End");
    await ben.words.pressSequentially(" from Kent");
    await ben.tryNegative();
    await expect.poll(ben.status).toBe("Offline · 11 unsent");
    expect(await ben.price.inputValue()).toBe("-5");
    // Who writes has his caret between the letters where it was, whatever the other writes before it.
    await ann.words.press("Home");
    await ann.words.pressSequentially("Red ");
    await ann.words.press("End");
    expect(await ben.words.inputValue()).toBe("Apples from Kent");
    await ben.onlineSwitch.check();
    for (const pane of panes) {
      await expect.poll(() => pane.words.inputValue()).toBe("Red Apples from Kent");
      await expect.poll(() => pane.price.inputValue()).toBe("4");
      await expect.poll(pane.status).toBe("Synced");
    }
    await expect.poll(ben.told).toMatch(/^Taken back\. /);
    await ann.words.pressSequentially("!");
    await expect.poll(() => ben.words.inputValue()).toBe("Red Apples! from Kent");

    await page.reload();
    for (const pane of panes) await expect.poll(() => pane.words.inputValue()).toBe("Red Apples! from Kent");
  });
});

describe("the code", () => {
  it("is chosen by key among frameworks, and copied as it stands", async () => {
    const permissions = ["clipboard-read", "clipboard-write"];
    const { page, code } = await open({ permissions });
    const texts = code("Texts");
    await texts.tab("Vanilla").focus();
    expect(await texts.shown()).toContain('from "@verso/client";');
    await page.keyboard.press("ArrowRight");
    expect(await texts.tab("React").evaluate(tab => tab === document.activeElement)).toBe(true);
    expect(await texts.shown()).toContain('from "@verso/react";');
    await page.keyboard.press("End");
    expect(await texts.shown()).toContain('from "@verso/svelte";');
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowLeft");
    expect(await texts.tab("Svelte").getAttribute("aria-selected")).toBe("true");
    // One of the tabs is on the way of the Tab key, and behind it what copies and the code.
    await page.keyboard.press("Tab");
    expect(await texts.copyButton.evaluate(button => button === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    await expect.poll(() => texts.copyButton.getByRole("status").textContent()).toBe("Copied");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.trimEnd()).toBe(await texts.shown());
    // Of an entry with a single piece of code too, and with the place of this relay in it.
    await code("API").copyButton.click();
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toContain(`${scene.url}/api/`);
  });
});

describe("the way", () => {
  it("leads to pages that there are, and from the old place of a room to its new one", async () => {
    const { page, links } = await open();
    const paths = await links();
    expect(paths).toEqual(
      expect.arrayContaining([
        "/texts.html",
        "/order.html",
        "/lab.html",
        "/editors/tiptap.html",
        "/api/docs",
      ]),
    );
    for (const path of paths) {
      const response = await page.request.get(scene.url + path);
      expect([path, response.status()]).toEqual([path, 200]);
      expect(response.headers()["content-type"]).toContain("text/html");
    }
    for (const room of ["/#invoice/42", "/?room=invoice/42"]) {
      await page.goto(scene.url + room);
      await page.waitForURL(`${scene.url}/texts.html${room.slice(1)}`);
      await expect.poll(() => page.title()).toBe("invoice/42 · Verso Studio");
    }
    await page.getByRole("link", { name: "Verso" }).click();
    await page.getByRole("heading", { name: "Editors" }).waitFor();
  });
});

describe.each(["light", "dark"] as const)("in %s colours", colorScheme => {
  it("the page and that of the API suit a phone, a wide screen and a screen reader", async () => {
    const { page, panes, code, takeFaults } = await open({ colorScheme });
    await panes[0].words.fill("unbroken".repeat(30));
    await panes[0].tryNegative();
    await expect.poll(panes[0].told).not.toBe("");
    await code("Order form").tab("React").click();
    for (const width of [360, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(tooWide)).toEqual([]);
      expect(await seriousFaults(page)).toEqual([]);
    }
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(colorScheme);
    await page.goto(`${scene.url}/api/docs`);
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await seriousFaults(page)).toEqual([]);
    }
    expect(takeFaults()).toEqual([]);
  });
});
