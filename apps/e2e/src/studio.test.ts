import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { setScene } from "./scene.js";
import { type Operation, openStudio, type StudioPage } from "./studio-page.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

async function open(room: string, context?: BrowserContextOptions): Promise<StudioPage> {
  return scene.watch(await openStudio(scene.browser, `${scene.url}/texts.html#${room}`, context));
}

describe("two editors on one document", () => {
  it("converge after writing apart, and leave every change on record, also after a reload", async () => {
    const studio = await open("harbour");
    const [left, right] = studio.panes;
    await synced(studio);
    await left.type("The harbour wall.");
    await expect.poll(right.text).toBe("The harbour wall.");
    await right.type(" It stands.");
    await expect.poll(left.text).toBe("The harbour wall. It stands.");

    await right.onlineSwitch.uncheck();
    await expect.poll(right.status).toBe("Offline");
    await left.type(" Left");
    await right.type(" Right");
    await expect.poll(right.status).toBe("Offline · 6 unsent");
    await expect.poll(left.text).toBe("The harbour wall. It stands. Left");
    await expect.poll(right.text).toBe("The harbour wall. It stands. Right");

    await right.onlineSwitch.check();
    await synced(studio);
    await expect.poll(left.text).toMatch(/^The harbour wall\. It stands\.( Left Right| Right Left)$/);
    const text = await left.text();
    await expect.poll(right.text).toBe(text);
    await listed(studio, text);
    const before = await studio.patches();

    await studio.page.reload();
    await synced(studio);
    await expect.poll(left.text).toBe(text);
    await expect.poll(right.text).toBe(text);
    await listed(studio, text);
    expect(await studio.patches()).toEqual(before);
  });

  it("list each commit with its number, who made it, when, and both its patches", async () => {
    const begun = Date.now();
    const studio = await open("notes");
    const [left, right] = studio.panes;
    await synced(studio);
    await left.type("a");
    await expect.poll(right.text).toBe("a");
    await right.type("b");
    await expect.poll(async () => (await studio.commits()).length).toBe(2);

    const [second, first] = await studio.commits();
    expect(first).toMatchObject({
      ...{ sequence: 1, who: await left.name() },
      ...{ forward: 'inserted "a" /content', reverse: "removed /content" },
    });
    expect(second).toMatchObject({
      ...{ sequence: 2, who: await right.name() },
      ...{ forward: "inserted b /content:1", reverse: "deleted b /content:1" },
    });
    for (const { createdAt, age } of [first!, second!]) {
      expect(Date.parse(createdAt)).toBeGreaterThanOrEqual(begun);
      expect(Date.parse(createdAt)).toBeLessThanOrEqual(Date.now());
      expect(age).toMatch(/^now$|^\d+s ago$/);
    }
    expect(await studio.patches()).toEqual([
      {
        forward: [{ op: "add", path: "/content", value: "a" }],
        reverse: [{ op: "remove", path: "/content" }],
      },
      {
        forward: [{ op: "str_ins", path: "/content", pos: 1, str: "b" }],
        reverse: [{ op: "str_del", path: "/content", pos: 1, str: "b" }],
      },
    ]);
  });

  it("list the commits of one of them alone", async () => {
    const studio = await open("alone");
    const [left, right] = studio.panes;
    await synced(studio);
    await right.onlineSwitch.uncheck();
    await left.paste("Nobody else is here.");
    await expect.poll(async () => (await studio.commits()).length).toBe(1);
  });

  it("undo what was written in them, and nothing of the other", async () => {
    const studio = await open("undo");
    const [left, right] = studio.panes;
    await synced(studio);
    await left.paste("left ");
    await expect.poll(right.text).toBe("left ");
    await right.paste("right");
    await expect.poll(left.text).toBe("left right");
    const asked = studio.page.waitForRequest(/\/undo\?/);
    await left.take("Undo");
    // What is typed without a pause is one step.
    expect((await asked).postDataJSON()).toEqual({ within: 500 });
    await expect.poll(right.text).toBe("right");
    await left.take("Redo");
    await expect.poll(right.text).toBe("left right");
    await left.take("Redo");
    await expect.poll(left.told).toBe(`There is nothing of ${await left.name()} to redo.`);
  });

  it("undo and redo after a reload what was written before, by key and by button", async () => {
    const studio = await open("reload");
    const [left, right] = studio.panes;
    await synced(studio);
    await left.paste("left ");
    await expect.poll(right.text).toBe("left ");
    await right.paste("right");
    await expect.poll(left.text).toBe("left right");
    await left.press("Control+z");
    await expect.poll(right.text).toBe("right");
    await expect.poll(left.told).toMatch(/^Undone as commit \d+\.$/);

    await studio.page.reload();
    await synced(studio);
    await expect.poll(left.text).toBe("right");
    await left.press("Control+Shift+Z");
    await expect.poll(right.text).toBe("left right");
    await studio.page.reload();
    await synced(studio);
    await right.take("Undo");
    await expect.poll(left.text).toBe("left ");
    await left.press("Control+z");
    await expect.poll(right.text).toBe("");
    await left.press("Control+z");
    await expect.poll(left.told).toMatch(/^There is nothing of .+ to undo\.$/);
  });

  it("undo what has only just been written, and nothing while they are offline", async () => {
    const studio = await open("flight");
    const [left, right] = studio.panes;
    await synced(studio);
    await left.paste("one");
    await left.press("Control+z");
    await expect.poll(left.told).toBe("Undone as commit 2.");
    await expect.poll(left.text).toBe("");

    await left.onlineSwitch.uncheck();
    await left.paste("two");
    await left.press("Control+z");
    expect(await left.told()).toBe("Undo asks the relay what you did: it works online only.");
    expect(await left.text()).toBe("two");
    await left.onlineSwitch.check();
    await expect.poll(right.text).toBe("two");
    await left.press("Control+z");
    await expect.poll(right.text).toBe("");
  });
});

describe("people in a room", () => {
  it("see the names of the others at their carets, and who is there", async () => {
    const ours = await open("people");
    const theirs = await open("people");
    await synced(ours);
    await synced(theirs);
    const name = theirs.panes[0].element.getByLabel("Name", { exact: true });
    await name.fill("Grace");
    await name.press("Enter");
    await theirs.panes[0].type("Hello.");
    for (const pane of [...ours.panes, theirs.panes[1]]) {
      await expect.poll(pane.text).toBe("Hello.");
      await expect.poll(pane.caretNames).toEqual(["Grace"]);
    }
    await expect.poll(theirs.panes[0].caretNames).toEqual([]);
    const present = ours.page.getByRole("list", { name: "In this room" }).getByRole("listitem");
    await expect.poll(() => present.count()).toBe(4);
    await ours.page.getByRole("listitem", { name: "Grace" }).waitFor();

    await theirs.page.close();
    await expect.poll(() => present.count()).toBe(2);
    await expect.poll(ours.panes[0].caretNames).toEqual([]);
  });

  it("keep their names when they reload", async () => {
    const studio = await open("names");
    const name = studio.panes[1].element.getByLabel("Name", { exact: true });
    await name.fill("Barbara");
    await name.press("Enter");
    const other = await studio.panes[0].element.getByLabel("Name", { exact: true }).inputValue();
    await studio.page.reload();
    expect(await name.inputValue()).toBe("Barbara");
    expect(await studio.panes[0].element.getByLabel("Name", { exact: true }).inputValue()).toBe(other);
  });
});

describe("a relay that goes away", () => {
  it("is missed out loud, and gets what was written meanwhile when it is back", async () => {
    const studio = await open("storm");
    const [left, right] = studio.panes;
    await synced(studio);
    await left.type("calm");
    await expect.poll(right.text).toBe("calm");

    await scene.stopRelay();
    const alert = studio.page.getByRole("alert").filter({ hasText: "The relay cannot be reached." });
    await alert.waitFor();
    await expect.poll(left.status).toBe("Connecting…");
    await left.type(" sea");
    await expect.poll(left.status).toBe("Connecting… · 4 unsent");

    await scene.startRelay();
    await synced(studio);
    await alert.waitFor({ state: "detached" });
    await expect.poll(right.text).toBe("calm sea");
    await listed(studio, "calm sea");
    // The browser itself reports each request that a relay on its way out did not take, or took with a 503.
    const faults = studio.takeFaults().filter(fault => !/net::ERR_CONNECTION_|\b503\b/.test(fault));
    expect(faults).toEqual([]);
  });
});

describe("a room's URL", () => {
  it("is invented where there is none, and can be changed on the page", async () => {
    const { page } = await open("");
    await expect.poll(() => new URL(page.url()).hash).toMatch(/^#[a-z]+-[a-z]+-[a-z0-9]{4}$/);
    const name = page.getByLabel("Room", { exact: true });
    await name.fill("order/42 b");
    await name.press("Enter");
    await page.waitForURL(`${scene.url}/texts.html#order/42%20b`);
    await expect.poll(() => page.title()).toBe("order/42 b · Verso Studio");
  });

  it("that no document can have leads to a page that says why", async () => {
    const { page } = await open("a/../b");
    await expect
      .poll(() => page.getByRole("alert").textContent())
      .toBe('The document id has a segment "..".');
    expect(await page.locator(".pane").count()).toBe(0);
    await page.getByRole("link", { name: "Begin in a new room" }).click();
    await page.locator(".pane").first().waitFor();
  });
});

describe.each(["light", "dark"] as const)("in %s colours", colorScheme => {
  it.each([360, 800, 1440])("nothing is wider than a window of %d pixels", async width => {
    const studio = await open("widths", { colorScheme, viewport: { width, height: 800 } });
    const [left, right] = studio.panes;
    await synced(studio);
    const name = left.element.getByLabel("Name", { exact: true });
    await name.fill("M".repeat(24));
    await name.press("Enter");
    await left.paste(`${"unbroken".repeat(30)}\nWords, and words.\n`);
    await expect.poll(right.text).toBe(await left.text());
    await right.onlineSwitch.uncheck();
    await right.paste("Written apart.");
    await studio.page.locator(".commit summary").first().click();
    await studio.page.locator(".patch-json").first().waitFor();
    expect(await studio.page.evaluate(tooWide)).toEqual([]);
    if (width === 360) expect(await seriousFaults(studio.page)).toEqual([]);
    expect(await studio.page.evaluate(() => document.documentElement.dataset.theme)).toBe(colorScheme);
  });
});

async function synced({ panes }: StudioPage): Promise<void> {
  for (const pane of panes) await expect.poll(pane.status).toBe("Synced");
}

/** Waits until the commits on the page, numbered without a gap, lead from nothing to the text and back. */
async function listed(studio: StudioPage, text: string): Promise<void> {
  await expect
    .poll(async () =>
      replay(
        (await studio.patches()).flatMap(({ forward }) => forward),
        null,
      ),
    )
    .toBe(text);
  const reverse = (await studio.patches()).reverse().flatMap(patch => patch.reverse);
  expect(replay(reverse, text)).toBeNull();
  const sequences = (await studio.commits()).map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.map((_, i) => sequences.length - i));
}

/** What the operations of a patch make of the text at `/content`; `null` is none. */
function replay(operations: readonly Operation[], text: string | null): string | null {
  for (const operation of operations) {
    if (operation.path !== "/content") throw new Error(`Nobody has written to ${operation.path}.`);
    if (operation.op === "add") text = operation.value;
    else if (operation.op === "remove") text = null;
    else {
      const { op, pos, str } = operation;
      const after = op === "str_ins" ? pos : pos + str.length;
      if (op === "str_del" && text!.slice(pos, after) !== str)
        throw new Error(`There is no "${str}" at ${pos}.`);
      text = text!.slice(0, pos) + (op === "str_ins" ? str : "") + text!.slice(after);
    }
  }
  return text;
}
