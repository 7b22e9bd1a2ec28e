/**
 * The code that the start page offers to copy: type-checked, built as an application builds it, and run in pages of the
 * relay, where two at a time work on one document. About a minute and a half.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { readDocument } from "./ledger.js";
import { setScene } from "./scene.js";
import { buildSnippets, type Snippets } from "./snippets.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = join(root, "apps/studio/src/snippets");
const run = promisify(execFile);
// What the browser says of a relay that is not there.
const scene = setScene({ isExpected: fault => /net::ERR_CONNECTION_|\b503\b/.test(fault) });

let snippets: Snippets;
beforeAll(async () => {
  snippets = await buildSnippets(folder);
}, 180_000);

/** Runs it in a page that has nothing but a place for it. */
async function open(name: string): Promise<Page> {
  const context = await scene.newContext();
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  scene.watch({ page, takeFaults: () => faults.splice(0) });
  await page.route("**/snippets/**", route => {
    const file = snippets.get(new URL(route.request().url()).pathname);
    return file === undefined ? route.fulfill({ status: 404 }) : route.fulfill(file);
  });
  // A page of the relay's: of one that is not, Chromium lets no socket through to here.
  await page.goto(`${scene.url}/healthz`);
  await page.evaluate(() => {
    document.body.innerHTML = '<div id="root"></div>';
  });
  const styles = [...snippets.keys()].filter(path => path.endsWith(".css"));
  for (const url of styles) await page.addStyleTag({ url });
  await page.addScriptTag({ type: "module", url: `/snippets/${name}.js` });
  return page;
}

const openAll = (names: readonly string[]) => Promise.all(names.map(open));

describe("the code for one thing", () => {
  it("compiles", { timeout: 180_000 }, async () => {
    const typed = readdirSync(folder).filter(name => /^(?!tsconfig).*\.tsx?$/.test(name));
    const isAlone = (name: string) => readFileSync(join(folder, name), "utf8").includes("declare module");
    const programs = [typed.filter(name => !isAlone(name)), ...typed.filter(isAlone).map(name => [name])];
    const work = mkdtempSync(join(root, "node_modules/.cache/snippets-"));
    try {
      for (const files of programs) {
        const config = {
          extends: join(folder, "tsconfig.json"),
          include: [],
          files: files.map(name => join(folder, name)),
        };
        writeFileSync(join(work, "tsconfig.json"), JSON.stringify(config));
        await expect(run(join(root, "node_modules/.bin/tsc"), ["-p", work])).resolves.toMatchObject({
          stdout: "",
        });
      }
    } finally {
      rmSync(work, { recursive: true });
    }
  });

  it("shares a text among all frameworks", async () => {
    const pages = await openAll(["text", "text-react", "text-svelte"]);
    const fields = pages.map(page => page.getByLabel("Text", { exact: true }));
    for (const [i, field] of fields.entries()) {
      await field.press("End");
      await field.pressSequentially(`word ${i}. `);
      const text = [0, 1, 2]
        .slice(0, i + 1)
        .map(n => `word ${n}. `)
        .join("");
      for (const each of fields) await expect.poll(() => each.inputValue()).toBe(text);
    }
    expect((await readDocument(scene.url, "hello")).content).toEqual({ content: "word 0. word 1. word 2. " });
  });

  it("tells in all of them why an e-mail was taken back, and shows what the order says", async () => {
    const pages = await openAll(["order", "order-react", "order-svelte"]);
    const fields = pages.map(page => page.getByLabel("E-mail"));
    for (const [i, page] of pages.entries()) {
      const good = `ada${i}@example.com`;
      await enter(fields[i]!, good);
      for (const each of fields) await expect.poll(() => each.inputValue()).toBe(good);
      await enter(fields[i]!, "ada at home");
      await expect.poll(() => page.locator("output").textContent()).toMatch(/email/i);
      await expect.poll(() => fields[i]!.inputValue()).toBe(good);
    }
  });

  it("counts in all of them what was written, also while there is no relay", async () => {
    const pages = await openAll(["offline", "offline-react", "offline-svelte"]);
    const take = (page: Page) => page.getByRole("button", { name: "Take a reading" }).click();
    const told = (page: Page) => page.locator("output").textContent();
    for (const [i, page] of pages.entries()) {
      await take(page);
      for (const each of pages) await expect.poll(() => told(each)).toBe(`${i + 1} readings, 0 not sent`);
    }
    await scene.stopRelay();
    for (const page of pages) {
      await take(page);
      await expect.poll(() => told(page)).toBe("4 readings, 1 not sent");
    }
    await scene.startRelay();
    for (const page of pages) await expect.poll(() => told(page)).toBe("6 readings, 0 not sent");
  });

  it("adds a column to a board in Svelte", async () => {
    const [one, other] = await openAll(["board", "board"]);
    await one!.getByLabel("Column").fill("To do");
    await one!.getByRole("button", { name: "Add" }).click();
    await other!.getByRole("heading", { name: "To do" }).waitFor();
  });

  it("asks the API with curl", async () => {
    const script = readFileSync(join(folder, "api.sh"), "utf8").replaceAll(
      "http://localhost:8080",
      scene.url,
    );
    await run("bash", ["-euo", "pipefail", "-c", script]);
    expect(await readDocument(scene.url, "plan")).toMatchObject({ content: { done: [] }, sequence: 3 });
  });
});

describe("the code for an editor", () => {
  const editors = ["tiptap", "prosemirror", "codemirror", "monaco", "quill", "lexical", "textarea", "notes"];
  it.each(editors)("shows what another one writes, and the other way round: %s", async name => {
    const [one, other] = (await openAll([name, name])) as [Page, Page];
    await write(one, "from one");
    await expect.poll(() => textOf(other)).toContain("from one");
    await write(other, ", from the other");
    await expect.poll(() => textOf(one)).toContain("from one, from the other");
  });
});

async function enter(field: Locator, text: string): Promise<void> {
  await field.fill(text);
  await field.blur();
}

function areaOf(page: Page): Locator {
  return page.locator(".native-edit-context, [contenteditable=true], textarea").first();
}

async function write(page: Page, text: string): Promise<void> {
  const area = areaOf(page);
  await area.focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(text);
}

/** What a person sees in the editor, whose spaces Monaco draws as ones that do not break. */
async function textOf(page: Page): Promise<string> {
  const textarea = page.locator("textarea:not(.ime-text-area)");
  const text =
    (await textarea.count()) > 0
      ? await textarea.inputValue()
      : String(await page.locator("body").textContent());
  return text.replaceAll("\u00a0", " ").replaceAll("\u2060", "");
}
