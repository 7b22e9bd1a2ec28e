/** Every editor on a Verso document, by two people. */
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { type EditorName, type EditorPage, editorNames, openEditor } from "./editor-page.js";
import { setScene } from "./scene.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

const saved = "All changes saved";

/** Two people in one room: Ada at a desk, Ben with a phone in the dark. */
async function openTwo(editor: EditorName): Promise<[EditorPage, EditorPage]> {
  const at = { url: scene.url, editor, room: "story" };
  const phone = { viewport: { width: 360, height: 740 }, colorScheme: "dark" } as const;
  const contexts = await Promise.all([scene.newContext(), scene.newContext(phone)]);
  const pages = await Promise.all([
    openEditor(contexts[0], { ...at, name: "Ada" }),
    openEditor(contexts[1], { ...at, name: "Ben" }),
  ]);
  for (const page of pages) await expect.poll(scene.watch(page).status).toBe(saved);
  return pages;
}

describe.each(editorNames)("%s", editor => {
  it("shows two people what both write, keeps it offline and over a reload, and undoes one's own", async () => {
    const [ada, ben] = await openTwo(editor);
    await ada.insert("Hello from Ada. ");
    await expect.poll(ben.text).toContain("Hello from Ada.");
    await ben.type("And from Ben. ");
    await expect.poll(ada.text).toContain("Hello from Ada. And from Ben.");
    await expect.poll(ada.caretNames).toEqual(["Ben"]);
    await expect.poll(ben.caretNames).toEqual(["Ada"]);
    expect(await ada.people()).toEqual(["Ada", "Ben"]);
    expect(await ben.people()).toEqual(["Ben", "Ada"]);
    for (const { page } of [ada, ben]) expect(await seriousFaults(page)).toEqual([]);

    await ben.onlineSwitch.uncheck();
    await expect.poll(ada.caretNames).toEqual([]);
    await ben.type("Offline.");
    await expect.poll(ben.status).toMatch(/^Offline · \d+ unsent$/);
    await ada.insert("Online.");
    await expect.poll(ada.status).toBe(saved);
    expect(await ada.text()).not.toContain("Offline.");
    expect(await ben.text()).not.toContain("Online.");
    await ben.onlineSwitch.check();
    await expect.poll(ada.text).toContain("Offline.");
    await expect.poll(ben.text).toContain("Online.");
    await expect.poll(ben.text).toBe(await ada.text());

    // What was written at once is one step, for good: the other came later by more than a keystroke.
    await ada.press("Undo");
    await expect.poll(ben.text).not.toContain("Online.");
    await expect.poll(ada.text).toContain("And from Ben. Offline.");
    await ada.press("Undo");
    await expect.poll(ben.text).toBe("And from Ben. Offline.");
    await expect.poll(ada.text).toBe("And from Ben. Offline.");
    await ada.box.focus();
    await ada.page.keyboard.press("Control+Shift+Z");
    await expect.poll(ben.text).toBe("Hello from Ada. And from Ben. Offline.");
    await ada.page.keyboard.press("Control+Z");
    await expect.poll(ben.text).toBe("And from Ben. Offline.");

    await ben.onlineSwitch.uncheck();
    await ben.type(" Kept.");
    await expect.poll(ben.status).toBe("Offline · 6 unsent");
    await expect.poll(ben.kept).toBe(6);
    await ben.page.reload();
    await expect.poll(ben.text).toBe("And from Ben. Offline. Kept.");
    await expect.poll(ada.text).toBe("And from Ben. Offline. Kept.");
    await expect.poll(ben.status).toBe(saved);
    for (const { rejections } of [ada, ben]) expect(await rejections()).toEqual([]);
  });
});

describe("what the relay refuses", () => {
  it("is taken back in the editor, and the page says why", async () => {
    const [ada, ben] = await openTwo("codemirror");
    await ada.type("Short. ");
    await expect.poll(ben.text).toBe("Short. ");
    await ada.page.keyboard.insertText("long ".repeat(4_000));
    await expect.poll(ada.rejections).toEqual([expect.stringContaining("schema.too_big at /content")]);
    for (const { text } of [ada, ben]) await expect.poll(text).toBe("Short. ");
    expect(await ben.rejections()).toEqual([]);
    await ada.type("Still.");
    await expect.poll(ben.text).toBe("Short. Still.");
  });
});

describe("an editor of rich text", () => {
  const blinking = { $y: "xtext", delta: [{ insert: "Blinking.", attributes: { blink: {} } }], attrs: {} };
  it.each<[EditorName, object]>([
    ["tiptap", { op: "add", path: "/content/children/-", value: node("script") }],
    ["prosemirror", { op: "add", path: "/content/children/-", value: node("paragraph", blinking) }],
    ["quill", { op: "delta", path: "/content", delta: [{ insert: "Red.", attributes: { color: "red" } }] }],
  ])("%s never sees what it could not have made", async (editor, operation) => {
    const at = { url: scene.url, editor, room: "story", name: "Ada" };
    const ada = scene.watch(await openEditor(await scene.newContext(), at));
    await ada.type("Hello.");
    await expect.poll(ada.status).toBe(saved);
    const refused = await fetch(
      `${scene.url}/api/documents/${encodeURIComponent(`editors/${editor}/story`)}`,
      {
        method: "PATCH",
        headers: { "content-type": "application/json-patch+json" },
        body: JSON.stringify([operation]),
      },
    );
    expect(await refused.json()).toMatchObject({ code: "edit-refused", issues: [{ severity: "error" }] });
    await ada.type(" Still.");
    await expect.poll(ada.status).toBe(saved);
    expect(await ada.text()).toBe("Hello. Still.");
  });

  function node(tag: string, ...children: object[]): object {
    return { $y: "xml", tag, attrs: {}, children };
  }
});

describe("a textarea", () => {
  it("keeps a selection where it is, and a word that is being composed, while somebody else writes", async () => {
    const [ada, ben] = await openTwo("textarea");
    await ada.type("one two three");
    await ada.box.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(4, 7));
    await expect.poll(ben.text).toBe("one two three");
    await ben.box.focus();
    await ben.box.evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(0, 3));
    await ben.page.keyboard.type("zero one and a half");
    await expect.poll(ada.text).toBe("zero one and a half two three");
    expect(await ada.box.evaluate(selected)).toBe("two");
    await expect.poll(() => ben.page.locator(".textarea-carets mark").textContent()).toBe("two");

    const input = await ada.page.context().newCDPSession(ada.page);
    const compose = (text: string) =>
      input.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
    await compose("に");
    await ben.page.keyboard.press("Control+Home");
    await ben.page.keyboard.type("minus one, ");
    await compose("にほん");
    await expect.poll(ben.status).toBe(saved);
    expect(await ada.text()).toBe("zero one and a half にほん three");
    await input.send("Input.insertText", { text: "日本" });
    for (const { text } of [ada, ben]) {
      await expect.poll(text).toBe("minus one, zero one and a half 日本 three");
    }
    await ada.page.keyboard.type("!");
    await expect.poll(ben.text).toBe("minus one, zero one and a half 日本! three");
  });
});

describe("the list of editors", () => {
  it("leads to each of them, in a room of its own", async () => {
    const context = await scene.newContext({ viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    await page.goto(`${scene.url}/editors/`);
    expect(await page.getByRole("main").getByRole("link").count()).toBe(editorNames.length);
    expect(await seriousFaults(page)).toEqual([]);
    expect(await page.evaluate(tooWide)).toEqual([]);
    await page.getByRole("link", { name: "Textarea" }).click();
    await page.getByRole("textbox", { name: "Document" }).waitFor();
    expect(new URL(page.url()).searchParams.get("room")).toMatch(/^[a-z]+-[a-z]+-\w{4}$/);
    expect(await page.evaluate(tooWide)).toEqual([]);
    await page.getByRole("link", { name: "All editors" }).click();
    await page.getByRole("heading", { name: "Seven editors" }).waitFor();
  });
});

function selected({ value, selectionStart, selectionEnd }: HTMLTextAreaElement): string {
  return value.slice(selectionStart, selectionEnd);
}
