import { expect, it } from "vitest";
import { linkText } from "./status-pill.js";

it("unsent changes are counted beside the status, whatever it is", () => {
  expect(linkText({ status: "synced", unsent: 0 })).toBe("Synced");
  expect(linkText({ status: "offline", unsent: 0 })).toBe("Offline");
  expect(linkText({ status: "offline", unsent: 1 })).toBe("Offline · 1 unsent");
  expect(linkText({ status: "connecting", unsent: 12, trouble: null })).toBe("Connecting… · 12 unsent");
});
