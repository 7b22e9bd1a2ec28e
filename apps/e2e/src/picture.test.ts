/**
 * The picture at the top of the README: two people in one note, each at a window of his own. `VERSO_PICTURES=1` takes it
 * anew; else the same is done without keeping it, so that it can be taken whenever something has changed.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { setScene } from "./scene.js";

const scene = setScene();
const path = fileURLToPath(new URL("../../../docs/pictures/two-users.png", import.meta.url));
const readme = fileURLToPath(new URL("../../../README.md", import.meta.url));
const viewport = { width: 600, height: 470 };
const mostBytes = 300_000;

it("shows two people in one note", async () => {
  const [ann, ben] = [await open("Ann"), await open("Ben")];
  await ann.getByLabel("Title").fill("Walk to the harbour");
  for (const tag of ["sunday", "plan"]) {
    await ann.getByLabel("Add a tag").fill(tag);
    await ann.keyboard.press("Enter");
  }
  await bodyOf(ann).focus();
  await ann.keyboard.type("We meet at nine, at the old mill.");
  await ann.keyboard.press("Enter");
  await ann.keyboard.type("- Bread and apples");
  await ann.keyboard.press("Enter");
  await ann.keyboard.type("A map, in case of fog");
  await expect.poll(() => bodyOf(ben).textContent()).toContain("in case of fog");
  const items = ben.getByRole("listitem").filter({ has: ben.locator("p") });
  await items.last().locator("p").click();
  await ben.keyboard.press("End");
  await ben.keyboard.press("Enter");
  await ben.keyboard.type("I bring tea, warm socks and the ");
  await expect.poll(() => items.last().textContent()).toMatch(/^I bring tea, warm socks and the /);
  await expect.poll(() => bodyOf(ann).textContent()).toContain("case of fogI bring tea, warm socks and the");
  await ann.getByText("Ben", { exact: true }).first().waitFor();
  await ben.getByText("Ann", { exact: true }).first().waitFor();

  const picture = await sideBySide([
    await ann.screenshot({ scale: "device" }),
    await ben.screenshot({ scale: "device" }),
  ]);
  expect(picture.byteLength).toBeLessThan(mostBytes);
  if (process.env.VERSO_PICTURES === "1") writeFileSync(path, picture);
  expect(statSync(path).size).toBeLessThan(mostBytes);
  expect(readFileSync(readme, "utf8")).toContain("(docs/pictures/two-users.png)");
});

async function open(name: string): Promise<Page> {
  const context = await scene.newContext({ viewport, deviceScaleFactor: 2, colorScheme: "light" });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  scene.watch({ page, takeFaults: () => faults.splice(0) });
  await page.goto(`${scene.url}/notes/?room=harbour&name=${name}`);
  await page.getByText("Synced").first().waitFor();
  return page;
}

function bodyOf(page: Page) {
  return page.locator(".ProseMirror");
}

/** One picture of two, with some space around them. */
async function sideBySide(pictures: readonly Buffer[]): Promise<Buffer> {
  const context = await scene.newContext({
    viewport: { width: 2 * viewport.width + 60, height: viewport.height + 40 },
    deviceScaleFactor: 2,
  });
  const page = await context.newPage();
  const images = pictures.map(
    picture => `<img alt="" src="data:image/png;base64,${picture.toString("base64")}">`,
  );
  await page.setContent(`
    <style>
      body { display: flex; gap: 20px; margin: 20px; background: #dde1e8; }
      img { width: ${viewport.width}px; border-radius: 10px; box-shadow: 0 2px 12px rgb(16 24 40 / 18%); }
    </style>
    ${images.join("")}`);
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  const picture = await page.screenshot();
  await page.close();
  return picture;
}
