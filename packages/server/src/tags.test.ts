/** Names for versions, over HTTP as everybody uses them. */
import { tag, tagList } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRelayHarness, type RelayHarness } from "./relay-harness.js";

let relay: RelayHarness;
beforeEach(() => {
  relay = createRelayHarness();
});
afterEach(() => relay.dispose());

const path = "/api/documents/plan%2F1/tags";

/** A document with three commits, written by somebody. */
async function written(): Promise<void> {
  const { doc, provider } = await relay.open("plan/1");
  for (let sequence = 1; sequence <= 3; sequence++) {
    doc.getMap("plan").set("step", sequence);
    await expect
      .poll(async () => ((await (await relay.get("/api/documents/plan%2F1")).json()) as Described).sequence)
      .toBe(sequence);
  }
  provider.destroy();
}

interface Described {
  readonly sequence: number;
}

async function names(query = ""): Promise<string[]> {
  const answer = await relay.get(path + query);
  return tagList.parse(await answer.json()).tags.map(({ name, sequence }) => `${name} ${sequence}`);
}

const post = (body: unknown) => relay.send("POST", path, { body });

describe("a tag", () => {
  it("names the last commit or another one, and is listed by its name", async () => {
    await relay.start();
    await written();
    const created = await post({ name: "signed off" });
    expect(created.status).toBe(201);
    expect(tag.parse(await created.json())).toMatchObject({ name: "signed off", sequence: 3 });
    expect((await post({ name: "draft", sequence: 1 })).status).toBe(201);
    expect((await post({ name: "Entwurf/ä" })).status).toBe(201);
    expect(await names()).toEqual(["Entwurf/ä 3", "draft 1", "signed off 3"]);
    expect(await names("?limit=1&after=Entwurf%2F%C3%A4")).toEqual(["draft 1"]);
  });

  it("survives a restart", async () => {
    await relay.start();
    await written();
    await post({ name: "v1", sequence: 2 });
    await relay.stop();
    await relay.start();
    expect(await names()).toEqual(["v1 2"]);
  });

  it("never moves: making it again changes nothing, and for another commit its name is taken", async () => {
    await relay.start();
    await written();
    const first = await (await post({ name: "v1", sequence: 2 })).json();
    expect(await (await post({ name: "v1", sequence: 2 })).json()).toEqual(first);
    const taken = await post({ name: "v1", sequence: 3 });
    expect([taken.status, await taken.json()]).toMatchObject([409, { code: "conflict" }]);
    expect(await names()).toEqual(["v1 2"]);
  });

  it("is let go of by its name", async () => {
    await relay.start();
    await written();
    await post({ name: "v/1" });
    const gone = await relay.send("DELETE", `${path}/v%2F1`);
    expect([gone.status, await gone.json()]).toMatchObject([200, { name: "v/1", sequence: 3 }]);
    expect(await names()).toEqual([]);
    expect((await relay.send("DELETE", `${path}/v%2F1`)).status).toBe(404);
  });

  it("is refused where there is nothing to name, or no name", async () => {
    await relay.start();
    await written();
    expect((await post({ name: "v1", sequence: 4 })).status).toBe(404);
    for (const body of [{}, { name: "" }, { name: " v" }, { name: "a\nb" }, { name: "v", sequence: 0 }]) {
      expect((await post(body)).status).toBe(400);
    }
    const elsewhere = { body: { name: "v1" } };
    expect((await relay.send("POST", "/api/documents/none/tags", elsewhere)).status).toBe(404);
    expect(await names()).toEqual([]);
  });

  it("takes the right to write, and seeing it the right to read", async () => {
    await relay.start();
    await written();
    await relay.stop();
    await relay.start({ access: (_actor, _document, action) => action === "read" });
    expect((await post({ name: "v1" })).status).toBe(403);
    expect((await relay.send("DELETE", `${path}/v1`)).status).toBe(403);
    expect((await relay.get(path)).status).toBe(200);
    await relay.stop();
    await relay.start({ access: () => false });
    expect((await relay.get(path)).status).toBe(403);
  });
});
