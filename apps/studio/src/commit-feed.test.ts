import type { ChangeEvent } from "@verso/protocol";
import { describe, expect, it } from "vitest";
import { createCommitFeed, type FeedState } from "./commit-feed.js";

describe("the feed of commits", () => {
  it("hands over every commit once and in order, however many pages they fill", async () => {
    const { relay, feed, sequences, states } = setUp({ commits: 0 });
    await feed.read();
    relay.commits = 950;
    await feed.read();
    relay.commits = 1500;
    await feed.read();
    expect(sequences).toEqual(range(1, 1500));
    expect(states.at(-1)).toEqual({ kind: "live" });
  });

  it("begins with the most recent ones of a long document", async () => {
    const { feed, sequences } = setUp({ commits: 100_000 });
    await feed.read();
    expect(sequences).toEqual(range(99_701, 100_000));
  });

  it("begins there also when the relay could not answer at first", async () => {
    const { relay, feed, sequences } = setUp({ commits: 1000 });
    relay.answer = () => problem(503, { code: "unavailable", detail: "Try again." });
    await feed.read();
    relay.answer = null;
    await feed.read();
    expect(sequences).toEqual(range(701, 1000));
  });

  it("does not read twice at once, and does not miss what came while it was reading", async () => {
    const { relay, feed, sequences } = setUp({ commits: 10 });
    const first = feed.read();
    const second = feed.read();
    const third = feed.read();
    relay.onAnswer = () => {
      relay.commits = 20;
      relay.onAnswer = () => {};
    };
    await Promise.all([first, second, third]);
    expect(sequences).toEqual(range(1, 20));
    expect(relay.mostAtOnce).toBe(1);
  });

  it("a document that nobody has written to is empty, until somebody does", async () => {
    const { relay, feed, sequences, states } = setUp({ commits: 0 });
    await feed.read();
    relay.commits = 1;
    await feed.read();
    expect(states).toEqual([{ kind: "empty" }, { kind: "live" }]);
    expect(sequences).toEqual([1]);
  });

  it("goes on where it was when a relay that did not answer is back", async () => {
    const { relay, feed, sequences, states } = setUp({ commits: 3 });
    await feed.read();
    relay.answer = () => Promise.reject(new TypeError("Failed to fetch"));
    relay.commits = 5;
    await feed.read();
    relay.answer = null;
    await feed.read();
    expect(states).toEqual([{ kind: "live" }, { kind: "unreachable" }, { kind: "live" }]);
    expect(sequences).toEqual(range(1, 5));
  });

  it("passes on the relay's own words, and the status of whatever else stands in between", async () => {
    const { relay, feed, states } = setUp({ commits: 3 });
    relay.answer = () =>
      problem(503, { code: "unavailable", detail: "The store cannot be read now; try again." });
    await feed.read();
    relay.answer = () =>
      Promise.resolve(new Response("<h1>Bad Gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
    await feed.read();
    expect(states).toEqual([
      { kind: "problem", code: "unavailable", detail: "The store cannot be read now; try again." },
      { kind: "problem", code: "http-502", detail: 'The answer was "502 Bad Gateway".' },
    ]);
  });
});

function setUp({ commits }: { commits: number }) {
  const relay = new FakeRelay(commits);
  const sequences: number[] = [];
  const states: FeedState[] = [];
  const feed = createCommitFeed({
    documentId: "note/1",
    onCommits: changes => sequences.push(...changes.map(change => change.sequence)),
    onState: state => states.push(state),
    fetch: relay.fetch,
  });
  return { relay, feed, sequences, states };
}

/** Answers as the relay does for a document `note/1` with as many commits as one says. */
class FakeRelay {
  answer: (() => Promise<Response>) | null = null;
  onAnswer = () => {};
  mostAtOnce = 0;
  #atOnce = 0;

  constructor(public commits: number) {}

  readonly fetch = async (
    input: string | URL | Request,
    { method = "GET" }: RequestInit = {},
  ): Promise<Response> => {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    await Promise.resolve();
    try {
      return await (this.answer?.() ?? this.#answer(new URL(String(input), "http://relay"), method));
    } finally {
      this.#atOnce--;
      this.onAnswer();
    }
  };

  #answer({ pathname, searchParams }: URL, method: string): Promise<Response> {
    expect(pathname).toMatch(/^\/api\/documents\/note%2F1(\/changes)?$/);
    if (this.commits === 0) return problem(404, { code: "not-found", detail: "There is no document." });
    if (method === "HEAD")
      return Promise.resolve(new Response(null, { headers: { ETag: `"${this.commits}-0f"` } }));
    const since = Number(searchParams.get("since"));
    const limit = Number(searchParams.get("limit"));
    const changes = range(since + 1, Math.min(since + limit, this.commits)).map(sequence => change(sequence));
    return Promise.resolve(Response.json({ changes, next: changes.at(-1)?.sequence ?? since }));
  }
}

function problem(status: number, body: { code: string; detail: string }): Promise<Response> {
  const headers = { "Content-Type": "application/problem+json" };
  return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
}

function change(sequence: number): ChangeEvent {
  return {
    sequence,
    document_id: "note/1",
    event_type: "update",
    kind: "update",
    revision_id: `${sequence}-0f`,
    user_id: "anonymous",
    forward_patch: [],
    reverse_patch: [],
    created_at: "2026-01-01T00:00:00.000Z",
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}
