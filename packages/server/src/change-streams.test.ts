/** Changes as server-sent events, on a relay with sockets and a disk. */
import { changeEvent, changePage, feedChange } from "@verso/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { arrival, createRelayHarness, problemOf, type RelayHarness, type Visitor } from "./relay-harness.js";

let relay: RelayHarness;
let tokens: { ann: string; guest: string; root: string };
let ann: Visitor;
let witness: Visitor;
const readers: StreamReader[] = [];

beforeEach(async () => {
  relay = createRelayHarness();
  tokens = {
    ann: await relay.createToken({ user: "ann", roles: ["writer"] }),
    guest: await relay.createToken({ user: "guest" }),
    root: await relay.createToken({ user: "root", roles: ["admin", "writer"] }),
  };
  await relay.start({
    auth: "tokens",
    access: ({ roles }, id, action) =>
      action === "admin"
        ? roles.includes("admin")
        : roles.includes("writer") || (action === "read" && id !== "secret"),
  });
  ann = await relay.open("plan", { token: tokens.ann });
  witness = await relay.open("plan", { token: tokens.ann });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.stop();
  await relay.dispose();
});

interface ServerSentEvent {
  readonly name: string;
  readonly id: string;
  readonly data: unknown;
}

interface StreamReader {
  readonly response: Response;
  /** The next events; fewer when the stream ends. */
  take(count: number): Promise<ServerSentEvent[]>;
  stop(): void;
}

async function stream(
  path: string,
  token = tokens.guest,
  headers: Record<string, string> = {},
): Promise<StreamReader> {
  const stopping = new AbortController();
  const response = await fetch(relay.url + path, {
    headers: { accept: "text/event-stream", authorization: `Bearer ${token}`, ...headers },
    signal: stopping.signal,
  });
  const events = eventsOf(response);
  const reader: StreamReader = {
    response,
    async take(count) {
      const taken: ServerSentEvent[] = [];
      while (taken.length < count) {
        const { done, value } = await events.next();
        if (done) break;
        taken.push(value);
      }
      return taken;
    },
    stop: () => stopping.abort(),
  };
  readers.push(reader);
  return reader;
}

/** As the standard parses them; comments are passed over. */
async function* eventsOf({ body }: Response): AsyncGenerator<ServerSentEvent, void> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = new Map(
        text
          .slice(0, end)
          .split("\n")
          .map(line => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      text = text.slice(end + 2);
      const data = fields.get("data");
      if (data === undefined) continue;
      yield { name: fields.get("event") ?? "message", id: fields.get("id") ?? "", data: JSON.parse(data) };
    }
  }
}

async function write(key: string): Promise<void> {
  ann.doc.getMap("m").set(key, "x");
  await arrival(witness.doc, () => witness.doc.getMap("m").has(key));
}

const told = (events: ServerSentEvent[]) =>
  events.map(({ id, data }) => [id, changeEvent.parse(data).sequence]);

describe("the changes of a document", () => {
  it("come as they were, and then as they happen, each with its sequence", async () => {
    for (const key of ["a", "b"]) await write(key);
    const reader = await stream("/api/documents/plan/changes?since=1");
    expect(reader.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(told(await reader.take(1))).toEqual([["2", 2]]);
    for (const key of ["c", "d"]) await write(key);
    const [third, fourth] = await reader.take(2);
    expect(third).toEqual({
      name: "message",
      id: "3",
      data: expect.objectContaining({ forward_patch: [{ op: "add", path: "/m/c", value: "x" }] }),
    });
    expect(fourth?.id).toBe("4");
    const page = await relay.get("/api/documents/plan/changes?since=2", tokens.guest);
    expect([third?.data, fourth?.data]).toEqual(changePage.parse(await page.json()).changes);
  });

  it("go on behind what the client had last", async () => {
    for (const key of ["a", "b", "c"]) await write(key);
    const path = "/api/documents/plan/changes";
    const reader = await stream(`${path}?since=0`, tokens.guest, { "last-event-id": "2" });
    expect(told(await reader.take(1))).toEqual([["3", 3]]);
    const all = await stream(`${path}?roots=true`);
    expect(told(await all.take(3))).toHaveLength(3);
  });

  it("are a page for whoever does not ask for a stream", async () => {
    await write("a");
    for (const accept of ["*/*", "application/json", "application/json, text/event-stream;q=0.5"]) {
      const response = await fetch(`${relay.url}/api/documents/plan/changes`, {
        headers: { accept, authorization: `Bearer ${tokens.guest}` },
      });
      expect(await response.json()).toMatchObject({ next: 1 });
      expect(response.headers.get("vary")).toContain("Accept");
    }
    const head = await fetch(`${relay.url}/api/documents/plan/changes`, {
      method: "HEAD",
      headers: { accept: "text/event-stream", authorization: `Bearer ${tokens.guest}` },
    });
    expect(head.headers.get("content-type")).toContain("application/json");
  });

  it.each([
    ["/api/documents/none/changes", {}, 404, "not-found"],
    ["/api/documents/secret/changes", {}, 403, "forbidden"],
    ["/api/documents/plan/changes?since=-1", {}, 400, "bad-request"],
    ["/api/documents/plan/changes?since=9007199254740991", {}, 400, "bad-request"],
    ["/api/documents/plan/rejections?since=9007199254740991", {}, 400, "bad-request"],
    ["/api/documents/plan/changes", { "last-event-id": "x" }, 400, "bad-request"],
    ["/api/documents/plan/changes", { "last-event-id": "1e400" }, 400, "bad-request"],
    ["/api/changes", { "last-event-id": "-7" }, 400, "bad-request"],
    ["/api/changes", { authorization: "Bearer nobody.nothing" }, 401, "token-invalid"],
  ] as const)("are refused like a page: %s %j", async (path, headers, status, code) => {
    await write("a");
    const { response } = await stream(path, tokens.guest, headers);
    expect(await problemOf(response)).toEqual({ status, code });
  });

  it("end when the document is erased", async () => {
    await write("a");
    const reader = await stream("/api/documents/plan/changes");
    await reader.take(1);
    await relay.send("DELETE", "/api/documents/plan?erase=true", { token: tokens.ann });
    expect(await reader.take(9)).toMatchObject([{ name: "end", data: { code: "deleted" } }]);
    const { response } = await stream("/api/documents/plan/changes");
    expect(await problemOf(response)).toEqual({ status: 410, code: "deleted" });
  });

  it("end when the token is revoked", async () => {
    await write("a");
    const reader = await stream("/api/documents/plan/changes");
    const feed = await stream("/api/changes");
    for (const each of [reader, feed]) await each.take(1);
    await relay.send("DELETE", `/api/admin/tokens/${tokens.guest.split(".")[0]}`, { token: tokens.root });
    for (const each of [reader, feed]) {
      expect(await each.take(9)).toMatchObject([{ name: "end", data: { code: "token-revoked" } }]);
    }
  });

  it("end in order when the relay shuts down, and go on at the next", async () => {
    await write("a");
    const reader = await stream("/api/documents/plan/changes");
    const [first] = await reader.take(1);
    ann.provider.disconnect();
    ann.doc.getMap("m").set("offline", "x");
    await relay.stop();
    expect(await reader.take(9)).toMatchObject([{ name: "end", data: { code: "unavailable" } }]);
    await relay.start({ auth: "tokens" });
    ann = await relay.open("plan", { token: tokens.ann });
    ann.doc.getMap("m").set("b", "x");
    const next = await stream("/api/documents/plan/changes", tokens.ann, {
      "last-event-id": first?.id ?? "",
    });
    expect(told(await next.take(1))).toEqual([["2", 2]]);
  });
});

describe("the changes of all documents", () => {
  it("come as a stream to each who may read them, with their feed sequences", async () => {
    const reader = await stream("/api/changes");
    await write("a");
    const secret = await relay.open("secret", { token: tokens.ann });
    secret.doc.getMap("m").set("a", "x");
    const list = await relay.open("list", { token: tokens.ann });
    list.doc.getMap("m").set("a", "x");
    const events = await reader.take(2);
    const changes = events.map(({ data }) => feedChange.parse(data));
    expect(changes.map(({ document_id }) => document_id)).toEqual(["plan", "list"]);
    expect(events.map(({ id }) => id)).toEqual(changes.map(({ feed_sequence }) => String(feed_sequence)));
    const again = await stream("/api/changes", tokens.guest, { "last-event-id": events[0]!.id });
    expect((await again.take(1))[0]?.data).toEqual(changes[1]);
  });
});
