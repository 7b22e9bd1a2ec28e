/** The lab: what each control of a device's network does, and what is shown of it. About a minute. */
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { type LabPage, openLab } from "./lab-page.js";
import { readDocument } from "./ledger.js";
import { setScene } from "./scene.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

async function open(room: string): Promise<LabPage> {
  const context = await scene.newContext();
  const lab = scene.watch(await openLab(context, `${scene.url}/lab.html#${room}`));
  for (const device of [lab.van, lab.depot]) await expect.poll(device.status).toBe("Synced");
  return lab;
}

describe("two devices", () => {
  it("follow one another, and show of each edit what became of it", async () => {
    const { page, van, depot } = await open("follow");
    await van.type("ok");
    await expect.poll(depot.note).toBe("ok");
    await van.takeReading(4.5);
    await expect.poll(depot.readings).toBe("1 reading");
    await van.takeReading(99);
    await expect
      .poll(() => van.edits())
      .toEqual([
        {
          ...{ number: "4", words: "99 °C", fate: "refused, 4" },
          issues: [expect.stringMatching(/^\/readings\/1\/celsius Taken back\. .+ schema\.too_big$/)],
        },
        { number: "3", words: "4.5 °C", fate: "commit 3", issues: [] },
        { number: "2", words: "“k”", fate: "commit 2", issues: [] },
        { number: "1", words: "“o”", fate: "commit 1", issues: [] },
      ]);
    for (const device of [van, depot]) await expect.poll(device.readings).toBe("1 reading");
    expect(await van.fact("Way")).toBe("WebSocket");
    expect(await van.fact("Commit")).toBe("4");
    expect(await depot.edits()).toEqual([]);
    await page.getByRole("region", { name: "Commits" }).getByText("refused").waitFor();
  });

  it("keep what is written offline over a reload, and send it when they are back", async () => {
    const { page, van, depot } = await open("reload");
    await van.onlineSwitch.uncheck();
    await van.type("kept");
    await van.takeReading(4);
    await expect.poll(van.status).toBe("Offline · 5 unsynced");
    await expect
      .poll(async () => (await van.edits()).map(({ fate }) => fate))
      .toEqual(Array(5).fill("waiting"));
    expect(await depot.note()).toBe("");

    await page.reload();
    await expect.poll(van.status).toBe("Synced");
    await expect.poll(depot.note).toBe("kept");
    await expect.poll(() => van.count("In the outbox")).toBe(0);
    expect((await van.edits()).map(({ fate }) => fate)).toEqual([5, 4, 3, 2, 1].map(n => `commit ${n}`));
    await van.onlineSwitch.uncheck();
    await expect.poll(van.fact.bind(null, "Breaker")).toBe("open");
    await expect.poll(() => van.fact("Next attempt")).toMatch(/^in \d+\.\d s$/);
    await van.onlineSwitch.check();
    await expect.poll(() => van.fact("Breaker")).toBe("closed");
    expect(await van.fact("Next attempt")).toBe("none waits");
  });
});

describe("a network", () => {
  it("with latency has edits under way, and with loss all of them arrive, in their order", async () => {
    const { van, depot } = await open("late");
    await van.set("Latency", 1000);
    await van.takeReading(4);
    await expect.poll(async () => (await van.edits())[0]?.fate).toBe("sent");
    await expect.poll(van.status).toBe("Sending… · 1 unsynced");
    await expect.poll(async () => (await van.edits())[0]?.fate).toBe("commit 1");

    await van.set("Latency", 50);
    await van.set("Loss", 25);
    await van.type("never out of order");
    await expect.poll(depot.note).toBe("never out of order");
    await expect.poll(() => van.count("In the outbox")).toBe(0);
    expect(await van.note()).toBe("never out of order");
  });

  it("that is cut while edits are under way costs none of them, and doubles none", async () => {
    const { van, depot } = await open("cut");
    await van.set("Latency", 200);
    await van.makeEdits({ edits: 60, bad: 3 });
    await expect.poll(async () => (await van.edits())[0]?.fate).toBe("sent");
    await van.press("Cut");
    await expect.poll(van.status, { timeout: 40_000 }).toBe("Synced");
    for (const device of [van, depot]) await expect.poll(device.readings).toBe("57 readings");
    expect(await van.count("Taken back")).toBe(3);
    const { sequence, content } = await readDocument(scene.url, "readings/cut");
    expect(sequence).toBe(60);
    expect(new Set(content.readings.map(({ id }) => id)).size).toBe(57);
  });

  it("without WebSockets is crossed by HTTP, and by a WebSocket as soon as that works", async () => {
    const { van, depot } = await open("blocked");
    await van.letPass("WebSockets are blocked");
    await expect.poll(() => van.fact("Way")).toBe("HTTP");
    await van.takeReading(4);
    await van.takeReading(99);
    await expect.poll(depot.readings).toBe("1 reading");
    await expect.poll(() => van.count("Taken back")).toBe(1);
    await depot.takeReading(5);
    await expect.poll(van.readings).toBe("2 readings");
    await van.letPass("Everything passes");
    await van.press("Sync now");
    await expect.poll(() => van.fact("Way")).toBe("WebSocket");
  });

  it("that is silent keeps edits under way until it is not", async () => {
    const { van, depot } = await open("silent");
    await van.letPass("Silent: nothing arrives");
    await van.type("hello");
    await expect.poll(() => van.count("In the outbox")).toBe(5);
    await expect.poll(async () => (await van.edits())[0]?.fate).toBe("sent");
    await van.letPass("Everything passes");
    await expect.poll(depot.note).toBe("hello");
    await expect.poll(() => van.count("In the outbox")).toBe(0);
  });
});

describe("the page", () => {
  it("and the other pages lead to one another", async () => {
    const { page } = await open("links");
    await page.getByRole("link", { name: "Order", exact: true }).click();
    await page.getByLabel("Customer").first().waitFor();
    await page.getByRole("link", { name: "Lab", exact: true }).click();
    await page.getByRole("region", { name: "Device Van" }).waitFor();
  });

  it("takes no name that would be a document of another kind", async () => {
    const lab = scene.watch(await openLab(await scene.newContext(), `${scene.url}/lab.html#a/b`));
    await expect
      .poll(() => lab.page.getByRole("alert").textContent())
      .toBe("The name of a lab has no slash.");
  });

  it("has nothing wider than its window, and a header that does not grow", async () => {
    const { page, van } = await open("widths");
    await van.type("unbroken".repeat(6));
    await van.onlineSwitch.uncheck();
    await van.makeEdits({ edits: 200, bad: 20 });
    await van.onlineSwitch.check();
    await expect.poll(() => van.count("Taken back")).toBe(20);
    await van.edits("Taken back");
    for (const [width, colorScheme] of [
      [360, "light"],
      [800, "dark"],
      [1440, "light"],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(tooWide)).toEqual([]);
      expect(await seriousFaults(page)).toEqual([]);
      const { height } = (await page.locator(".top").boundingBox()) ?? { height: Number.NaN };
      expect(height).toBeLessThan(width < 700 ? 110 : 65);
    }
  });
});
