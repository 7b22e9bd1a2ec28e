import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { seriousFaults } from "./axe.js";
import { type OrderPage, type OrderPane, openOrder } from "./order-page.js";
import { setScene } from "./scene.js";
import { tooWide } from "./too-wide.js";

const scene = setScene();

async function open(name: string, context?: BrowserContextOptions): Promise<OrderPage> {
  const order = scene.watch(await openOrder(scene.browser, `${scene.url}/order.html#${name}`, context));
  for (const pane of order.panes) await expect.poll(pane.status).toBe("Synced");
  return order;
}

describe("an order", () => {
  it("is the same in both panes, with the sum of its lines", async () => {
    const { panes } = await open("same");
    const [left, right] = panes;
    await left.fill("Customer", "Ada Lovelace");
    await left.fill("E-mail", "ada@example.com");
    await left.fill("Ordered", "2026-03-01");
    await left.fill("Delivered", "2026-03-04");
    await left.addLine({ item: "Punched cards", quantity: "3", price: "12.50" });
    await left.addLine({ item: "Oil", quantity: "1", price: "0.99" });
    await expect.poll(() => right.value("Customer")).toBe("Ada Lovelace");
    await expect.poll(right.total).toBe("38.49");
    await expect.poll(right.json).toEqual({
      order: {
        ...{ customer: "Ada Lovelace", email: "ada@example.com" },
        ...{ ordered: "2026-03-01", delivered: "2026-03-04", total: 3849 },
      },
      lines: [
        { item: "Punched cards", quantity: 3, price: 1250 },
        { item: "Oil", quantity: 1, price: 99 },
      ],
    });
    await right.element.getByRole("button", { name: "Remove line" }).first().click();
    await expect.poll(left.total).toBe("0.99");
    for (const pane of panes) expect(await pane.issues()).toEqual([]);
  });

  it("takes back what its schema or a rule refuses, and says so at the field, to its author", async () => {
    const { page, panes } = await open("heals");
    const [left, right] = panes;
    await left.fill("E-mail", "ada@example.com");
    await left.fill("Ordered", "2026-03-01");
    await expect.poll(() => right.value("Ordered")).toBe("2026-03-01");

    await left.fill("E-mail", "ada at home");
    await expect.poll(() => left.issue("E-mail")).toMatch(/^Taken back\. .+ schema\.invalid_format$/);
    expect(await left.value("E-mail")).toBe("ada@example.com");

    await left.fill("Delivered", "2026-02-28");
    await expect
      .poll(() => left.issue("Delivered"))
      .toBe("Taken back. Before /order/ordered. dates-in-order");
    expect(await left.value("Delivered")).toBe("");
    expect(await left.issue("E-mail")).toBe("");
    // Whoever looks on finds it among the commits.
    await page.getByRole("region", { name: "Commits" }).getByText("Before /order/ordered.").waitFor();

    await left.addLine({ item: "Oil", quantity: "1", price: "1" });
    await expect.poll(left.total).toBe("1.00");
    await left.fill("Quantity", "0");
    await expect.poll(() => left.issue("Quantity")).toMatch(/^Taken back\. .+ schema\.too_small$/);
    expect(await left.value("Quantity")).toBe("1");
    await left.fill("Quantity", "2");
    await expect.poll(right.total).toBe("2.00");
    await expect.poll(left.issues).toEqual([]);
    expect(await right.issues()).toEqual([]);
  });

  it("is made paid by an approver, and by nobody else", async () => {
    const { panes } = await open("paid");
    const [left, right] = panes;
    await left.fill("E-mail", "ada@example.com");
    await left.choose("sent");
    await expect.poll(() => right.value("Status")).toBe("sent");

    await left.choose("paid");
    await expect.poll(() => left.issue("Status")).toMatch(/ paid-when-approved$/);
    expect(await left.value("Status")).toBe("sent");

    await right.choose("paid");
    await expect.poll(() => left.value("Status")).toBe("paid");
    await left.choose("draft");
    await expect.poll(() => left.issue("Status")).toMatch(/ paid-when-approved$/);
    for (const pane of panes) expect(await pane.value("Status")).toBe("paid");

    await left.be("Approver");
    await expect.poll(left.status).toBe("Synced");
    await left.choose("draft");
    await expect.poll(() => right.value("Status")).toBe("draft");
    expect(await left.issues()).toEqual([]);
  });

  it("heals from nonsense that is written past the form", async () => {
    const { panes } = await open("nonsense");
    const [left, right] = panes;
    await left.fill("E-mail", "ada@example.com");
    await left.addLine({ item: "Oil", quantity: "2", price: "5" });
    await expect.poll(right.total).toBe("10.00");
    const before = await right.json();

    await left.writeJson(
      JSON.stringify({ order: { total: 7, email: 12, colour: "red" }, lines: ["nonsense"] }),
    );
    await expect.poll(() => left.issue("E-mail")).toMatch(/^Taken back\. .+ schema\.invalid_type$/);
    await expect.poll(left.issues).toContainEqual(expect.stringContaining("/order/colour"));
    for (const pane of panes) await expect.poll(pane.json).toEqual(before);
    expect(await right.issues()).toEqual([]);

    await left.writeJson(JSON.stringify({ ...before, order: { ...before.order, total: 1 } }));
    await expect.poll(() => left.issue("Total")).toMatch(/ total-of-lines$/);
    await left.writeJson(JSON.stringify({ ...before, order: { ...before.order, approved: true } }));
    await expect
      .poll(left.issues)
      .toContainEqual(expect.stringMatching(/permission-denied at \/order\/approved$/));
    for (const pane of panes) await expect.poll(pane.json).toEqual(before);

    await left.writeJson("{");
    await left.element.getByText("This is not JSON").waitFor();
    await left.element.getByRole("button", { name: "Discard" }).click();
    expect(await left.json()).toEqual(before);
  });

  it("keeps the status that the relay had first, and tells whoever changed it unseen", async () => {
    const { panes } = await open("conflict");
    const [left, right] = panes;
    await left.be("Approver");
    await left.fill("E-mail", "ada@example.com");
    await left.choose("sent");
    // Which of two writes Yjs prefers is drawn by lot for the two panes: each of them comes too late once.
    await changeBoth({ late: [right, "draft"], first: [left, "paid"] });
    await changeBoth({ late: [left, "draft"], first: [right, "sent"] });
  });

  it("takes back with a status that came too late what cannot stand without it", async () => {
    const { panes } = await open("late");
    const [left, right] = panes;
    await left.fill("E-mail", "ada@example.com");
    await expect.poll(() => right.value("E-mail")).toBe("ada@example.com");
    await right.onlineSwitch.uncheck();
    await right.choose("paid");
    await left.choose("sent");
    await right.onlineSwitch.check();
    await expect.poll(() => right.issue("Status")).toContain("server-wins");
    for (const pane of panes) {
      await expect
        .poll(pane.json)
        .toEqual({ order: { email: "ada@example.com", status: "sent" }, lines: [] });
    }
  });
});

describe("the page", () => {
  it("and the page of texts lead to each other", async () => {
    const { page } = await open("links");
    await page.getByRole("link", { name: "Text", exact: true }).click();
    await page.getByRole("textbox", { name: "Document" }).first().waitFor();
    await page.getByRole("link", { name: "Order", exact: true }).click();
    await page.getByLabel("Customer").first().waitFor();
  });

  it("takes no name that would be a document of another kind", async () => {
    const order = scene.watch(await openOrder(scene.browser, `${scene.url}/order.html#a/b`));
    await expect
      .poll(() => order.page.getByRole("alert").textContent())
      .toBe("The name of an order has no slash.");
  });

  it.each([
    [360, "light"],
    [800, "dark"],
    [1440, "light"],
  ] as const)("has nothing wider than a window of %d pixels", async (width, colorScheme) => {
    const { page, panes } = await open("widths", { colorScheme, viewport: { width, height: 800 } });
    const [left] = panes;
    await left.fill("E-mail", "unbroken".repeat(30));
    await expect.poll(() => left.issue("E-mail")).not.toBe("");
    await left.addLine({ item: "unbroken".repeat(10), quantity: "9999", price: "9999.99" });
    await left.fill("Quantity", "-1");
    await expect.poll(() => left.issue("Quantity")).not.toBe("");
    await openJson(left);
    expect(await page.evaluate(tooWide)).toEqual([]);
    expect(await seriousFaults(page)).toEqual([]);
  });
});

/** One pane changes the status offline, before the other does online, and comes back after it. */
async function changeBoth({
  late: [late, refused],
  first: [first, status],
}: {
  late: readonly [OrderPane, string];
  first: readonly [OrderPane, string];
}): Promise<void> {
  await expect.poll(first.status).toBe("Synced");
  await expect.poll(late.json).toEqual(await first.json());
  await late.onlineSwitch.uncheck();
  await late.choose(refused);
  await late.fill("Customer", `Who wished it were a ${refused}`);
  await first.choose(status);
  expect(await late.value("Status")).toBe(refused);
  expect(await first.value("Status")).toBe(status);

  await late.onlineSwitch.check();
  await expect
    .poll(() => late.issue("Status"))
    .toBe("Taken back. Somebody else had changed this meanwhile. server-wins");
  for (const pane of [late, first]) {
    await expect.poll(() => pane.value("Status")).toBe(status);
    await expect.poll(() => pane.value("Customer")).toBe(`Who wished it were a ${refused}`);
  }
  expect(await late.issues()).toEqual([await late.issue("Status")]);
}

async function openJson({ element }: OrderPane): Promise<void> {
  await element.getByText("Document as JSON").click();
}
