import { encodeVersoServerMessage, type VersoServerMessage } from "@verso/protocol";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { describe, expect, it } from "vitest";
import { createLink, type Link, type LinkInput, type LinkOutput, type LinkState } from "./link.js";

const limits = { updateBytes: 1, frameBytes: 1, openDocuments: 1 };
const messages = {
  welcome: { type: "welcome", session: "s", user: "ada", heartbeat: 20_000, limits },
  denied: { type: "denied", code: "token-expired", message: "No." },
  "token-wanted": { type: "token-wanted", within: 1000 },
  pong: { type: "pong", nonce: 1 },
  "about a document": { type: "erased", channel: 0 },
} as const satisfies Record<string, VersoServerMessage>;

const frame = (message: VersoServerMessage): LinkInput => ({
  type: "frame",
  frame: encodeVersoServerMessage(message),
});
const batch = (...answered: VersoServerMessage[]): Uint8Array =>
  encoding.encode(encoder => {
    for (const message of answered) encoding.writeVarUint8Array(encoder, encodeVersoServerMessage(message));
  });

/** Everything that can happen. */
const inputs = {
  connect: { type: "connect" },
  disconnect: { type: "disconnect" },
  woken: { type: "woken" },
  token: { type: "token", token: "t" },
  "no token": { type: "token-failed", error: new Error("none") },
  "socket opened": { type: "socket-opened" },
  "socket closed": { type: "socket-closed", code: 1006, reason: "" },
  "socket closed for good": { type: "socket-closed", code: 4401, reason: "" },
  welcome: frame(messages.welcome),
  denied: frame(messages.denied),
  "token wanted": frame(messages["token-wanted"]),
  pong: frame(messages.pong),
  "about a document": frame(messages["about a document"]),
  "no message": { type: "frame", frame: new Uint8Array([99]) },
  "batch answered": { type: "posted", answer: batch(messages.welcome) },
  "batch denied": { type: "posted", answer: batch(messages.denied) },
  "batch not answered": { type: "posted", answer: null },
  "no batch": { type: "posted", answer: new Uint8Array([50, 1]) },
  attempt: { type: "link-timer", timer: "attempt" },
  patience: { type: "link-timer", timer: "patience" },
  heartbeat: { type: "link-timer", timer: "heartbeat" },
} as const satisfies Record<string, LinkInput>;

type Input = keyof typeof inputs;

const nothing = Object.fromEntries(Object.keys(inputs).map(input => [input, null])) as Record<Input, null>;

/** The state after each input in each state; null where it stays. An input that is forgotten here stays, too. */
const table: Record<LinkState, Record<Input, LinkState | null>> = {
  idle: { ...nothing, connect: "asking" },
  asking: { ...nothing, disconnect: "idle", token: "connecting", "no token": "waiting" },
  connecting: {
    ...nothing,
    disconnect: "idle",
    "socket opened": "greeting",
    "socket closed": "waiting",
    "socket closed for good": "stopped",
    // Nothing comes on a socket that is not open; what does is as it would be later, but not believed to be a welcome.
    "no message": "waiting",
    patience: "waiting",
  },
  greeting: {
    ...nothing,
    disconnect: "idle",
    "socket closed": "waiting",
    "socket closed for good": "stopped",
    welcome: "ready",
    "no message": "waiting",
    patience: "waiting",
  },
  ready: {
    ...nothing,
    disconnect: "idle",
    "socket closed": "waiting",
    "socket closed for good": "stopped",
    "no message": "waiting",
    heartbeat: "waiting",
  },
  posting: {
    ...nothing,
    disconnect: "idle",
    "batch answered": "waiting",
    "batch denied": "stopped",
    "batch not answered": "waiting",
    "no batch": "waiting",
  },
  waiting: { ...nothing, connect: "asking", disconnect: "idle", woken: "asking", attempt: "asking" },
  stopped: { ...nothing, connect: "asking" },
};

describe("the connection, in every state", () => {
  for (const [state, row] of Object.entries(table) as [LinkState, Record<Input, LinkState | null>][]) {
    it.each(Object.entries(row) as [Input, LinkState | null][])(`${state}: %s`, (input, next) => {
      const { link } = linkIn(state);
      link.handle(inputs[input]);
      expect(link.state).toBe(next ?? state);
    });
  }
});

describe("the connection", () => {
  it("waits longer after each failure, anywhere up to twice as long and never over 30 s", () => {
    const { link, outputs } = createTestLink({ random: () => 1 });
    for (let failures = 0; failures < 12; failures++) {
      link.handle({ type: "token-failed", error: null });
      link.handle(inputs.attempt);
    }
    expect(delaysOf(outputs)).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000,
    ]);
  });

  it("begins anew only when a document is synced, not when the relay says welcome", () => {
    const { link, outputs } = createTestLink({ random: () => 1 });
    for (const isSynced of [false, false, true, false]) {
      for (const input of ["token", "socket opened", "welcome"] as const) link.handle(inputs[input]);
      if (isSynced) link.succeeded();
      link.handle(inputs["socket closed"]);
      link.handle(inputs.attempt);
    }
    expect(delaysOf(outputs)).toEqual([250, 500, 250, 500]);
  });

  it("is open after five failures, and half-open while the next attempt lasts", () => {
    const { link } = createTestLink();
    for (let failures = 0; failures < 5; failures++) {
      expect(link.status.breaker).toBe("closed");
      link.handle(inputs["no token"]);
      if (failures < 4) link.handle(inputs.attempt);
    }
    expect(link.status.breaker).toBe("open");
    link.handle(inputs.woken);
    expect(link.status.breaker).toBe("half-open");
  });

  it("goes by HTTP after three WebSockets that failed, until one works", () => {
    const { link, outputs, says } = createTestLink();
    for (let failures = 0; failures < 3; failures++) {
      link.handle(inputs.token);
      link.handle(inputs["socket closed"]);
      if (failures < 2) link.handle(inputs.attempt);
    }
    link.handle(inputs.token);
    expect(link.state).toBe("posting");
    expect(frames(outputs)).toBe(2); // the hello, and what is said while the batch is made up
    link.handle(inputs["batch answered"]);
    expect(link.status).toMatchObject({ connection: "connected", transport: "http" });
    for (let batches = 0; batches < 12; batches++) {
      link.handle(inputs.attempt);
      link.handle(inputs.token);
      expect(link.state).toBe("posting");
      link.handle(inputs["batch answered"]);
    }
    link.handle(inputs.attempt);
    for (const input of ["token", "socket opened", "welcome"] as const) link.handle(inputs[input]);
    expect(link.status).toMatchObject({ connection: "connected", transport: "websocket" });
    expect(says.ups).toEqual([...Array.from({ length: 13 }, () => true), false]);
  });

  it("says why it stopped, in the words of the relay", () => {
    const { link, says } = linkIn("greeting");
    link.handle(inputs.denied);
    link.handle(inputs["socket closed for good"]);
    expect(link.status.stopped).toEqual({ code: 4401, reason: "token-expired: No." });
    expect(says.denied).toEqual(["token-expired: No."]);
  });

  it("sends a fresh token on the connection there is, which is not interrupted", () => {
    const { link, outputs } = linkIn("ready");
    outputs.length = 0;
    link.handle(inputs["token wanted"]);
    expect(outputs.map(({ type }) => type)).toEqual(["want-token"]);
    link.handle(inputs.token);
    expect(outputs.map(({ type }) => type)).toEqual(["want-token", "send"]);
    expect(link.state).toBe("ready");
  });

  it("holds a relay that answers for there, and one that does not for gone", () => {
    const { link } = linkIn("ready");
    for (let beats = 0; beats < 3; beats++) {
      link.handle(inputs.pong);
      link.handle(inputs.heartbeat);
      expect(link.state).toBe("ready");
    }
    link.handle(inputs.heartbeat);
    expect(link.state).toBe("waiting");
  });
});

function createTestLink({ random = () => 0.5 }: { random?: () => number } = {}) {
  const outputs: LinkOutput[] = [];
  const says = { ups: [] as boolean[], denied: [] as string[] };
  const link: Link = createLink(
    { user: null, agent: "test" },
    {
      emit(output) {
        outputs.push(output);
        if (output.type === "event" && output.event.type === "authenticationFailed")
          says.denied.push(output.event.args[0].reason);
      },
      random,
      isWanted: () => true,
      up({ isBatch }) {
        says.ups.push(isBatch);
        link.send({ type: "close", channel: 0 });
      },
      message() {},
      down: () => false,
    },
  );
  link.evaluate();
  return { link, outputs, says };
}

function linkIn(state: LinkState) {
  const made = createTestLink();
  const steps: Record<LinkState, readonly Input[]> = {
    idle: ["disconnect"],
    asking: [],
    connecting: ["token"],
    greeting: ["token", "socket opened"],
    ready: ["token", "socket opened", "welcome"],
    posting: [
      "token",
      "socket closed",
      "attempt",
      "token",
      "socket closed",
      "attempt",
      "token",
      "socket closed",
      "token",
    ],
    waiting: ["no token"],
    stopped: ["token", "socket closed for good"],
  };
  for (const step of steps[state]) made.link.handle(inputs[step]);
  expect(made.link.state).toBe(state);
  return made;
}

function delaysOf(outputs: readonly LinkOutput[]): number[] {
  return outputs.flatMap(output =>
    output.type === "set-timer" && output.timer === "attempt" ? [output.delay] : [],
  );
}

function frames(outputs: readonly LinkOutput[]): number {
  let count = 0;
  for (const output of outputs) {
    if (output.type !== "post") continue;
    const decoder = decoding.createDecoder(output.body);
    for (; decoding.hasContent(decoder); count++) decoding.readVarUint8Array(decoder);
  }
  return count;
}
