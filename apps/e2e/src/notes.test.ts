/** Notes in React: two people in one note, each in a browser of his own. */
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { type NotesPage, openNotes } from "./notes-page.js";
import { setScene } from "./scene.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

async function open(name: string, context?: Parameters<typeof scene.newContext>[0]): Promise<NotesPage> {
  const url = `${scene.url}/notes/?room=minutes&name=${name}`;
  const notes = scene.watch(await openNotes(await scene.newContext(context), url));
  await expect.poll(notes.status).toBe("Synced");
  return notes;
}

describe("a note", () => {
  it("is one document for two people, online and offline", async () => {
    const ada = await open("Ada");
    const ben = await open("Ben", { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await expect.poll(ada.people).toEqual(["Ada", "Ben"]);
    await expect.poll(ben.people).toEqual(["Ben", "Ada"]);

    // Both write into all of it, and see each other do it.
    await ada.title.pressSequentially("Minutes");
    await ada.addTag("meeting");
    await ada.type("Ada opened the meeting.\n");
    await expect.poll(() => ben.title.inputValue()).toBe("Minutes");
    await expect.poll(ben.tags).toEqual(["meeting"]);
    await ben.type("Ben was late.");
    await expect.poll(ada.paragraphs).toEqual(["Ada opened the meeting.", "Ben was late."]);
    await expect.poll(ada.carets).toEqual(["Ben"]);
    await ben.addTag("monday");
    await expect.poll(ada.tags).toEqual(["meeting", "monday"]);

    // Ben goes offline, writes, and looks at the page anew; Ada writes meanwhile.
    await ben.online.uncheck();
    await expect.poll(ben.status).toBe("Offline");
    await ben.type(" Twice.");
    await expect.poll(ben.status).toMatch(/^Offline · \d+ unsent$/);
    await expect.poll(ada.people).toEqual(["Ada"]);
    await ada.title.press("End");
    await ada.title.pressSequentially(" of Monday");
    expect(await ben.title.inputValue()).toBe("Minutes");
    expect(await ada.paragraphs()).toEqual(["Ada opened the meeting.", "Ben was late."]);
    await ben.page.reload();
    await expect.poll(ben.status).toBe("Synced");
    await expect.poll(ben.paragraphs).toEqual(["Ada opened the meeting.", "Ben was late. Twice."]);
    await expect.poll(() => ben.title.inputValue()).toBe("Minutes of Monday");
    await expect.poll(ada.paragraphs).toEqual(["Ada opened the meeting.", "Ben was late. Twice."]);

    // Ada's caret stays where it is while Ben writes behind it.
    await ada.title.press("Home");
    await ben.title.press("End");
    await ben.title.pressSequentially(" 12");
    await expect.poll(() => ada.title.inputValue()).toBe("Minutes of Monday 12");
    await ada.page.keyboard.type("The ");
    await expect.poll(() => ben.title.inputValue()).toBe("The Minutes of Monday 12");

    for (const { page } of [ada, ben]) {
      expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate(tooWide)).toEqual([]);
    }
  });

  it("heals from what the relay does not allow, and says so where it was", async () => {
    const ada = await open("Ada");
    const ben = await open("Ben");
    await ada.title.fill("Minutes");
    await ada.addTag("meeting");
    await expect.poll(ben.tags).toEqual(["meeting"]);

    await ada.title.fill("x".repeat(61));
    await expect.poll(() => ada.takenBack(ada.title)).toBe("Taken back. A title has 60 characters at most.");
    expect(await ada.title.inputValue()).toBe("Minutes");
    await ada.addTag("Not a tag!");
    await expect.poll(() => ada.takenBack(ada.tag)).toMatch(/^Taken back\. /);
    await expect.poll(ada.tags).toEqual(["meeting"]);
    await ada.page.getByRole("button", { name: "Dismiss" }).last().click();
    await expect.poll(() => ada.takenBack(ada.tag)).toBe("");
    await ada.addTag("meeting");
    await expect.poll(() => ada.takenBack(ada.tag)).toBe("Taken back. The note has this tag already.");
    await expect.poll(ada.tags).toEqual(["meeting"]);
    expect(await seriousFaults(ada.page)).toEqual([]);

    await ada.title.fill("");
    await expect.poll(() => ada.takenBack(ada.title)).toBe("Taken back. A note has a title.");
    expect(await ada.title.inputValue()).toBe("Minutes");
    await ada.page.getByRole("button", { name: "Dismiss" }).first().click();
    await expect.poll(() => ada.takenBack(ada.title)).toBe("");
    // Nobody else has seen any of it.
    expect([await ben.title.inputValue(), await ben.tags()]).toEqual(["Minutes", ["meeting"]]);
    expect(await ben.takenBack(ben.title)).toBe("");
  });

  it("takes back what one did, and goes back to what it was", async () => {
    const ada = await open("Ada");
    const ben = await open("Ben");
    await ada.title.fill("First");
    await ada.type("One");
    await expect.poll(ben.paragraphs).toEqual(["One"]);
    await ben.title.fill("Second");
    await expect.poll(() => ada.title.inputValue()).toBe("Second");

    // By the button, and by the keys in the editor and in a field.
    await ada.press("Undo");
    await expect.poll(ben.paragraphs).toEqual([""]);
    await ada.press("Redo");
    await expect.poll(ben.paragraphs).toEqual(["One"]);
    await ada.body.press("Control+z");
    await expect.poll(ben.paragraphs).toEqual([""]);
    await ada.title.press("Control+Shift+z");
    await expect.poll(ben.paragraphs).toEqual(["One"]);
    expect(await ada.title.inputValue()).toBe("Second");

    await ben.press("History");
    const row = ben.history.getByRole("listitem").filter({ hasText: "edit of title" });
    await expect.poll(() => row.allTextContents()).toHaveLength(2);
    expect(await row.last().textContent()).toMatch(/^Ada\d\d:\d\dedit of title/);
    expect(await seriousFaults(ben.page)).toEqual([]);
    await row.last().getByRole("button", { name: "Restore" }).click();
    await expect.poll(() => ada.title.inputValue()).toBe("First");
    await expect.poll(ada.paragraphs).toEqual([""]);
    const newest = ben.history.getByRole("listitem").first();
    await expect.poll(() => newest.textContent()).toMatch(/^Ben\d\d:\d\drestore/);
  });
});
