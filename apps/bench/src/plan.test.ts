import { expect, test } from "vitest";
import { parseInvocation } from "./plan.js";

test("without arguments everything is measured three times", () => {
  expect(parseInvocation([])).toEqual({
    plan: {
      workloads: ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9", "w10", "w11"],
      subjects: [
        "verso",
        "verso-rules",
        "hocuspocus",
        "y-websocket",
        "plain-relay",
        "frame-relay",
        "batch-relay",
      ],
      quick: false,
      rounds: 3,
    },
  });
});

test("what is chosen runs in the usual order, once", () => {
  const args = ["--only", "w4,w1, w4", "--subjects", "hocuspocus,verso", "--quick", "--out", "a.md"];
  expect(parseInvocation(args)).toEqual({
    plan: { workloads: ["w1", "w4"], subjects: ["verso", "hocuspocus"], quick: true, rounds: 1 },
    out: "a.md",
  });
});

test("wrong arguments are named", () => {
  expect(() => parseInvocation(["--only", "w12"])).toThrow(
    '--only takes w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, not "w12".',
  );
  expect(() => parseInvocation(["--subjects", "toString"])).toThrow(
    /^--subjects takes .*, not "toString"\.$/,
  );
  expect(() => parseInvocation(["--rounds", "0"])).toThrow('--rounds takes a number from 1 to 99, not "0".');
  expect(() => parseInvocation(["--fast"])).toThrow(TypeError);
  expect(() => parseInvocation(["w1"])).toThrow(TypeError);
});

test("help is asked for by null", () => {
  expect(parseInvocation(["--help"])).toBeNull();
});
