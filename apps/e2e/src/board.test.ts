/** The board by two people: Ada in a wide window, Ben on a telephone. */
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { type BoardPage, middleOf, openBoard } from "./board-page.js";
import { setScene } from "./scene.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

interface Two {
  readonly ada: BoardPage;
  readonly ben: BoardPage;
}

async function openTwo(room: string): Promise<Two> {
  const url = (name: string) => `${scene.url}/board/?room=${room}&name=${name}`;
  const ada = scene.watch(await openBoard(await scene.newContext(), url("Ada")));
  await ada.page.getByRole("button", { name: "Begin with three columns" }).click();
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, colorScheme: "dark" } as const;
  const ben = scene.watch(await openBoard(await scene.newContext(phone), url("Ben")));
  await bothShow({ ada, ben }, { "To do": [], Doing: [], Done: [] });
  return { ada, ben };
}

async function bothShow(
  { ada, ben }: Two,
  columns: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  for (const board of [ada, ben]) await expect.poll(board.columns).toEqual(columns);
}

describe("a board", () => {
  it("is moved by mouse, key and finger, and everybody sees it", async () => {
    const two = await openTwo("moves");
    const { ada, ben } = two;
    for (const title of ["Plan", "Build", "Test"]) await ada.add("To do", title);
    await bothShow(two, { "To do": ["Plan", "Build", "Test"], Doing: [], Done: [] });

    await ada.card("Plan").dragTo(ada.column("Done"));
    await bothShow(two, { "To do": ["Build", "Test"], Doing: [], Done: ["Plan"] });
    await ada.card("Test").dragTo(ada.card("Build").handle);
    await bothShow(two, { "To do": ["Test", "Build"], Doing: [], Done: ["Plan"] });

    await ada.card("Build").handle.focus();
    await ada.page.keyboard.press("Space");
    expect(await ada.announcement()).toMatch(/^Held\. To do, 2 of 2\./);
    await expect.poll(async () => (await ben.card("Build").holder())?.name).toBe("Ada");
    await ada.page.keyboard.press("ArrowRight");
    expect(await ada.announcement()).toBe("Doing, 1 of 1.");
    await ada.page.keyboard.press("ArrowRight");
    await ada.page.keyboard.press("ArrowUp");
    expect(await ada.announcement()).toBe("Done, 1 of 2.");
    await ada.page.keyboard.press("Space");
    expect(await ada.announcement()).toBe("Dropped. Done, 1 of 2.");
    await bothShow(two, { "To do": ["Test"], Doing: [], Done: ["Build", "Plan"] });
    // Whoever moved it goes on from there.
    await expect
      .poll(() => ada.card("Build").handle.evaluate(handle => handle === document.activeElement))
      .toBe(true);
    await ada.page.keyboard.press("Enter");
    await ada.page.keyboard.press("ArrowLeft");
    await ada.page.keyboard.press("Escape");
    expect(await ada.announcement()).toBe("Put back.");

    // The next column is in view on the telephone with its edge only.
    const from = await middleOf(ben.card("Test").handle);
    const finger = await ben.page.context().newCDPSession(ben.page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", x: number) =>
      finger.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: type === "touchEnd" ? [] : [{ x, y: from.y }],
      });
    await touch("touchStart", from.x);
    for (let x = from.x; x < 350; x += 30) await touch("touchMove", x);
    await expect.poll(() => ben.column("Doing").getAttribute("class")).toContain("target");
    await touch("touchEnd", 350);
    await bothShow(two, { "To do": [], Doing: ["Test"], Done: ["Build", "Plan"] });

    for (const { page } of [ada, ben]) {
      expect(await seriousFaults(page)).toEqual([]);
      expect((await page.evaluate(tooWide)).filter(wide => wide !== "div.columns")).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    }
  });

  it("takes back one's own, shows who is at a card, and is the same after two have moved one at once", async () => {
    const two = await openTwo("together");
    const { ada, ben } = two;
    for (const title of ["Plan", "Build"]) await ada.add("To do", title);
    await ben.add("Done", "Oops");
    await bothShow(two, { "To do": ["Plan", "Build"], Doing: [], Done: ["Oops"] });
    await ben.page.getByRole("button", { name: "Undo" }).click();
    await bothShow(two, { "To do": ["Plan", "Build"], Doing: [], Done: [] });
    await ben.page.getByRole("button", { name: "Redo" }).click();
    await bothShow(two, { "To do": ["Plan", "Build"], Doing: [], Done: ["Oops"] });
    await ada.card("Oops").element.getByRole("button", { name: "Delete" }).click();
    await bothShow(two, { "To do": ["Plan", "Build"], Doing: [], Done: [] });

    await ben.card("Plan").title.focus();
    await expect
      .poll(() => ada.card("Plan").holder())
      .toEqual({ name: "Ben", outline: expect.stringMatching(/^solid rgb/) });
    // The name of the card is what finds it, so it is kept by its place while it is typed.
    const title = ben.page.getByRole("article").first().getByLabel("Title");
    await title.press("End");
    await title.pressSequentially(" all");
    await bothShow(two, { "To do": ["Plan all", "Build"], Doing: [], Done: [] });

    // One card, by both at once: wherever it ends up, it is there once, and for both.
    const move = async ({ page, card }: BoardPage, keys: readonly string[]) => {
      await card("Build").handle.focus();
      for (const key of ["Space", ...keys, "Space"]) await page.keyboard.press(key);
    };
    await Promise.all([move(ada, ["ArrowRight"]), move(ben, ["ArrowRight", "ArrowRight"])]);
    await expect.poll(async () => [await ada.status(), await ben.status()]).toEqual(["Synced", "Synced"]);
    await expect
      .poll(async () => JSON.stringify(await ada.columns()))
      .toBe(JSON.stringify(await ben.columns()));
    expect(
      Object.values(await ada.columns())
        .flat()
        .sort(),
    ).toEqual(["Build", "Plan all"]);
  });

  it("is worked on offline; of two who claim a card the first has it, and the other is told why", async () => {
    const two = await openTwo("offline");
    const { ada, ben } = two;
    for (const title of ["Plan", "Build"]) await ada.add("To do", title);
    await bothShow(two, { "To do": ["Plan", "Build"], Doing: [], Done: [] });
    await ben.onlineSwitch.uncheck();
    await expect.poll(ben.status).toBe("Offline");
    await ben.card("Plan").press("Claim");
    await ben.add("Doing", "From the train");
    await expect.poll(ben.status).toBe("Offline · 2 unsynced");
    await ada.card("Plan").press("Claim");
    await ada.card("Build").dragTo(ada.column("Done"));
    await expect.poll(ada.status).toBe("Synced");

    await ben.page.reload();
    await expect
      .poll(ben.columns)
      .toEqual({ "To do": ["Plan", "Build"], Doing: ["From the train"], Done: [] });
    await expect.poll(ben.status).toBe("Offline · 2 unsynced");
    expect(await ben.card("Plan").owner()).toBe("Ben");

    await ben.onlineSwitch.check();
    await bothShow(two, { "To do": ["Plan"], Doing: ["From the train"], Done: ["Build"] });
    for (const board of [ada, ben]) await expect.poll(() => board.card("Plan").owner()).toBe("Ada");
    await expect
      .poll(() => ben.card("Plan").rejections())
      .toEqual(["Taken back: somebody else had claimed it first."]);
    expect(await ada.card("Plan").rejections()).toEqual([]);
    await ben.card("Plan").press("Understood");
    await expect.poll(() => ben.card("Plan").rejections()).toEqual([]);

    await ada.card("Plan").press("Release");
    await ben.card("Plan").press("Claim");
    await expect.poll(() => ada.card("Plan").owner()).toBe("Ben");
  });
});
