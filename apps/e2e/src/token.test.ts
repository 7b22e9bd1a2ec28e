/** Tokens that live for seconds, refreshed while somebody types. About 15 seconds. */
import { createHmac } from "node:crypto";
import type { Page } from "playwright-core";
import { build } from "vite";
import { beforeAll, describe, expect, it } from "vitest";
import { readDocument } from "./ledger.js";
import { setScene } from "./scene.js";

const secret = "of thirty-two characters, or more than that";
/** Seconds. */
const life = 3;
const server = new URL("../../../packages/server/dist/index.js", import.meta.url);
const scene = setScene({
  configuration: `
    import { jwt } from ${JSON.stringify(server.href)};
    export default {
      auth: jwt({ secret: ${JSON.stringify(secret)}, clockTolerance: 0 }),
      access: () => true,
      documents: { "*": {} },
    };`,
});

let script: string;
beforeAll(async () => {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      rolldownOptions: { input: new URL("token-client.ts", import.meta.url).pathname },
      modulePreload: false,
    },
  });
  const { output } = Array.isArray(built) ? built[0]! : (built as Extract<typeof built, { output: unknown }>);
  script = output[0].code;
});

describe("a token that expires while somebody types", () => {
  it("is refreshed on the connection that is there, without a lost keystroke", async () => {
    let given = 0;
    const page = await open(() => {
      given++;
      return token("ann", Date.now() / 1000 + life);
    });
    const typed = page.locator("textarea");
    await expect.poll(() => page.locator("body").getAttribute("data-synced")).toBe("true");
    let text = "";
    while (given < 6) {
      await typed.pressSequentially("key by key ");
      text += "key by key ";
    }
    await expect.poll(() => page.locator("body").getAttribute("data-unsynced")).toBe("0");
    expect(await page.locator("body").getAttribute("data-stopped")).toBe("");
    expect(await page.locator("body").getAttribute("data-closes")).toBeNull();
    const headers = { authorization: `Bearer ${token("ann", Date.now() / 1000 + 60)}` };
    const { content, sequence } = await readDocument(scene.url, "note/typed", { headers });
    expect(content).toEqual({ text });
    expect(sequence).toBe(text.length);
  });
});

/** A page of the relay's with nothing on it but the script: of one that is not, Chromium lets no socket through to here. */
async function open(freshToken: () => string): Promise<Page> {
  const context = await scene.newContext();
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  page.on("console", message => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  scene.watch({ page, takeFaults: () => faults.splice(0) });
  await page.exposeFunction("freshToken", freshToken);
  await page.route("**/typing.js", route => route.fulfill({ contentType: "text/javascript", body: script }));
  await page.goto(`${scene.url}/healthz`);
  await page.addScriptTag({ type: "module", url: "/typing.js" });
  return page;
}

/** A JSON Web Token, signed with HMAC-SHA256 (RFC 7515, appendix A.1). */
function token(user: string, expires: number): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const said = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ sub: user, exp: expires })}`;
  return `${said}.${createHmac("sha256", secret).update(said).digest("base64url")}`;
}
