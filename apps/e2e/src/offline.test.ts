/** What the client promises, in a browser: tabs, the relay and the disk fail, and no edit is lost. About a minute and a half. */
import { describe, expect, it } from "vitest";
import { type LabDevice, type LabPage, openLab } from "./lab-page.js";
import { readCommits, readDocument } from "./ledger.js";
import { setScene } from "./scene.js";

// What a browser says of a relay that is not there, and of a disk that is full.
const scene = setScene({
  isExpected: fault => /WebSocket connection to|Failed to load resource|ERR_CONNECTION|Quota/.test(fault),
});

const urlOf = (room: string) => `${scene.url}/lab.html#${room}`;

async function synced({ van, depot }: LabPage): Promise<void> {
  for (const device of [van, depot]) await expect.poll(device.status, { timeout: 40_000 }).toBe("Synced");
}

describe("a tab that is killed in the middle of typing", () => {
  it("has lost nothing that was kept: the next one sends it, each keystroke by itself", async () => {
    const context = await scene.newContext();
    const lab = scene.watch(await openLab(context, urlOf("kill")));
    await synced(lab);
    await lab.van.onlineSwitch.uncheck();
    const text = "0123456789".repeat(100);
    const typing = Promise.allSettled([lab.van.type(text)]);
    await expect.poll(() => waiting(lab.van)).toBeGreaterThan(40);
    const crashed = lab.page.waitForEvent("crash");
    const devtools = await context.newCDPSession(lab.page);
    const kept = await waiting(lab.van);
    void devtools.send("Page.crash").catch(() => "A page that crashes does not answer.");
    await crashed;
    await lab.page.close();
    await typing;

    const next = scene.watch(await openLab(context, urlOf("kill")));
    await synced(next);
    const note = await next.van.note();
    expect(note.length).toBeGreaterThanOrEqual(kept);
    expect(note.length).toBeLessThan(text.length);
    expect(text.startsWith(note)).toBe(true);
    await expect.poll(next.depot.note).toBe(note);
    await expect.poll(() => next.van.count("In the outbox")).toBe(0);
    const { sequence, content } = await readDocument(scene.url, "readings/kill");
    expect(content.note).toBe(note);
    expect(sequence).toBe(note.length);
  });
});

describe("a relay that is killed while somebody types", () => {
  it("and started again has every keystroke once", async () => {
    const lab = scene.watch(await openLab(await scene.newContext(), urlOf("sigkill")));
    await synced(lab);
    const sentence = "All of this arrives, whatever happens to the relay. ";
    let text = "";
    let killed = false;
    const typing = (async () => {
      // The last sentence is typed as a whole while there is no relay.
      for (let last = false; !last; text += sentence) {
        last = killed;
        await lab.van.type(sentence);
      }
    })();
    await expect.poll(async () => (await lab.depot.note()).length).toBeGreaterThan(20);
    await scene.killRelay();
    killed = true;
    await typing;
    await expect.poll(lab.van.status).toMatch(/^Connecting… · \d+ unsynced$/);
    await scene.startRelay();
    await synced(lab);
    for (const device of [lab.van, lab.depot]) await expect.poll(device.note).toBe(text);
    const { content, sequence } = await readDocument(scene.url, "readings/sigkill");
    expect(content.note).toBe(text);
    expect(sequence).toBe(text.length);
  });
});

describe("2,000 edits that are made offline, 20 of them bad", () => {
  it("are judged one by one: 1,980 arrive, each once, and 20 are taken back, with the reasons", {
    timeout: 180_000,
  }, async () => {
    const lab = scene.watch(await openLab(await scene.newContext(), urlOf("bulk")));
    const { van, depot } = lab;
    await synced(lab);
    await van.onlineSwitch.uncheck();
    await van.makeEdits({ edits: 2000, bad: 20 });
    await expect.poll(van.status).toBe("Offline · 2,000 unsynced");
    await expect.poll(() => van.count("In the outbox")).toBe(2000);
    await expect.poll(() => waiting(van)).toBe(100);
    expect(await van.readings()).toBe("2,000 readings");

    await van.onlineSwitch.check();
    await expect.poll(() => van.count("In the outbox"), { timeout: 120_000 }).toBe(0);
    await synced(lab);
    expect(await van.count("Taken back")).toBe(20);
    for (const { words, issues } of await van.edits("Taken back")) {
      expect(words).toBe("99 °C");
      expect(issues).toEqual([expect.stringMatching(/celsius Taken back\. .+ schema\.too_big$/)]);
    }
    for (const device of [van, depot]) await expect.poll(device.readings).toBe("1,980 readings");

    const { sequence, content } = await readDocument(scene.url, "readings/bulk");
    expect(sequence).toBe(2000);
    expect(new Set(content.readings.map(({ id }) => id)).size).toBe(1980);
    expect(content.readings.every(({ celsius }) => celsius <= 40)).toBe(true);
    const commits = await readCommits(scene.url, "readings/bulk");
    expect(commits.filter(({ refused }) => refused === true)).toHaveLength(20);
    expect(new Set(commits.map(({ user_id }) => user_id))).toEqual(new Set(["Van"]));
  });
});

describe("two tabs of one user", () => {
  it("have one that speaks for both; when it is closed the other sends what it has left", async () => {
    const context = await scene.newContext();
    const first = scene.watch(await openLab(context, urlOf("tabs")));
    await synced(first);
    const second = scene.watch(await openLab(context, urlOf("tabs")));
    await synced(second);
    expect(await first.van.fact("Tab")).toBe("leads");
    expect(await second.van.fact("Tab")).toBe("follows");

    await second.van.type("from the second. ");
    await expect.poll(first.van.note).toBe("from the second. ");
    await expect.poll(first.depot.note).toBe("from the second. ");
    await expect
      .poll(async () => new Set((await second.van.edits()).map(({ fate }) => fate)))
      .toEqual(new Set(["sent by the leading tab"]));

    // Nobody but the leading tab has a connection that can be missing.
    await first.van.onlineSwitch.uncheck();
    await first.van.type("left by the first. ");
    await expect.poll(second.van.note).toBe("from the second. left by the first. ");
    await second.van.type("and by the second.");
    const text = "from the second. left by the first. and by the second.";
    for (const { van } of [first, second]) await expect.poll(van.note).toBe(text);
    await expect.poll(() => second.van.count("In the outbox")).toBe(37);
    expect((await readDocument(scene.url, "readings/tabs")).content.note).toBe("from the second. ");

    await first.page.close();
    await expect.poll(() => second.van.fact("Tab")).toBe("leads");
    await synced(second);
    await expect.poll(() => second.van.count("In the outbox")).toBe(0);
    await expect.poll(second.depot.note).toBe(text);
    const { content, sequence } = await readDocument(scene.url, "readings/tabs");
    expect(content.note).toBe(text);
    expect(sequence).toBe(text.length);
  });
});

describe("a disk without room", () => {
  it("is told, and stops nothing: edits go on to the relay, and are kept again when there is room", async () => {
    const context = await scene.newContext();
    // Chromium asks for the room that is left before the first write, and then trusts the answer for half a minute.
    const devtools = await context.newCDPSession(await context.newPage());
    const { origin } = new URL(scene.url);
    await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
    const lab = scene.watch(await openLab(context, urlOf("quota")));
    const { van, depot } = lab;
    await synced(lab);
    await van.type("meanwhile. ");
    await expect.poll(() => van.fact("Store")).toBe("storage-full");
    await expect.poll(depot.note).toBe("meanwhile. ");
    await expect.poll(() => van.count("In the outbox")).toBe(0);

    await devtools.send("Storage.overrideQuotaForOrigin", { origin });
    await van.press("Sync now");
    await expect.poll(() => van.fact("Store")).toBe("keeps all");
    await van.onlineSwitch.uncheck();
    await van.type("after.");
    await expect.poll(async () => (await van.edits())[0]?.fate).toBe("waiting");
    await lab.page.reload();
    await expect.poll(depot.note).toBe("meanwhile. after.");
    const { sequence } = await readDocument(scene.url, "readings/quota");
    expect(sequence).toBe("meanwhile. after.".length);
  });
});

/** Of the edits that are listed, those that the device keeps and nobody has answered. */
async function waiting(device: LabDevice): Promise<number> {
  return (await device.edits()).filter(({ fate }) => fate === "waiting").length;
}
