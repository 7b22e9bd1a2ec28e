import { expect, it } from "vitest";
import { hashOf, inventRoomName, roomNameOf } from "./room-name.js";

function nameOf(url: string) {
  return roomNameOf(new URL(url, "http://localhost"));
}

it("a URL names a room behind # or as a parameter, the former above the latter", () => {
  expect(nameOf("/#calm-bay")).toEqual({ ok: true, name: "calm-bay" });
  expect(nameOf("/?room=calm-bay")).toEqual({ ok: true, name: "calm-bay" });
  expect(nameOf("/?room=calm-bay#still-cove")).toEqual({ ok: true, name: "still-cove" });
});

it("a URL without a room names none", () => {
  expect(nameOf("/")).toBeNull();
  expect(nameOf("/#")).toBeNull();
  expect(nameOf("/?room=")).toBeNull();
});

it("any document id survives the way through a URL", () => {
  for (const name of ["order/42", "a b", "50%", "100%25", "what?", "a#b", "é/ø/🙂", "a+b&c=d"]) {
    expect(nameOf(`/${hashOf(name)}`)).toEqual({ ok: true, name });
    expect(nameOf(`/?room=${encodeURIComponent(name)}`)).toEqual({ ok: true, name });
  }
});

it("a name that no relay takes is refused with the reason", () => {
  expect(nameOf("/#a/../b")).toEqual({ ok: false, detail: 'The document id has a segment "..".' });
  expect(nameOf("/#50%")).toEqual({ ok: false, detail: "The document id has a bad percent escape." });
  expect(nameOf(`/?room=${"a".repeat(10_000)}`)).toMatchObject({ ok: false });
});

it("an invented name is a valid one, from the first choice of each part to the last", () => {
  expect(inventRoomName(() => 0)).toBe("amber-bay-aaaa");
  expect(inventRoomName(() => 0.999_999)).toBe("wide-valley-9999");
  const name = inventRoomName();
  expect(nameOf(`/${hashOf(name)}`)).toEqual({ ok: true, name });
});
