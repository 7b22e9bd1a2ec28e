/** The page of the API: all that is described is on it, and nothing comes from elsewhere. */
import { type OpenApiDocument, openApi } from "@verso/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { apiPage } from "./api-page.js";
import { createRelayHarness, type RelayHarness } from "./relay-harness.js";

const described = openApi({ version: "1.2.3", anonymous: false, tokens: true });
const page = apiPage(described);

/** The values of an attribute, in order. */
function values(name: string, text = page): string[] {
  return [...text.matchAll(new RegExp(` ${name}="([^"]*)"`, "g"))].map(([, value]) => value!);
}

describe("the page of the API", () => {
  it("has every operation, parameter, schema and problem that is described", () => {
    const ids = new Set(values("id"));
    for (const [path, methods] of Object.entries(described.paths)) {
      expect(page).toContain(`<code>${path}</code>`);
      for (const [method, operation] of Object.entries(methods)) {
        if (method === "parameters") continue;
        const {
          operationId,
          summary,
          parameters = [],
        } = operation as {
          operationId: string;
          summary: string;
          parameters?: { name: string }[];
        };
        const article = page.slice(page.indexOf(`<article id="${operationId}">`)).split("</article>")[0]!;
        expect(article).toContain(summary.replaceAll("'", "&#39;"));
        for (const { name } of parameters) expect(article, operationId).toContain(`<code>${name}</code>`);
      }
    }
    for (const [name, { properties = {} }] of Object.entries(described.components.schemas)) {
      expect(ids).toContain(`schema-${name}`);
      const section = page.slice(page.indexOf(`<section id="schema-${name}"`)).split("</section>")[0]!;
      for (const member of Object.keys(properties)) expect(section, name).toContain(`<code>${member}</code>`);
    }
    const codes = ["token-expired", "version-dropped", "edit-refused"];
    for (const code of codes) expect(page).toContain(`<code>${code}</code>`);
  });

  it("leads nowhere but to itself and the description for programs", () => {
    const ids = values("id");
    expect(new Set(ids).size).toBe(ids.length);
    // Without it browsers look for one at the relay.
    const noIcon = "data:,";
    const links = values("href").filter(href => href !== "/api/openapi.json" && href !== noIcon);
    expect(links.filter(href => !ids.includes(href.slice(1)) || !href.startsWith("#"))).toEqual([]);
    expect(page).not.toMatch(
      /<script|<link(?! rel="icon" href="data:,">)|<img|@import|url\(|https?:|\bon\w+="/,
    );
  });

  it("says who may do a thing, and how one asks", () => {
    const article = (id: string) => page.slice(page.indexOf(`<article id="${id}">`)).split("</article>")[0]!;
    expect(article("undo")).toContain("Takes the right to write; a token is needed.");
    expect(article("listDocuments")).toContain("Whoever is let in may do it; a token is needed.");
    expect(article("checkLiveness")).toContain("Nobody is asked who he is.");
    expect(article("deleteDocument")).toContain("curl -X DELETE &#34;$RELAY/api/documents/{document}&#34;");
    expect(article("compareVersions")).toContain("/diff?from={from}&#38;to={to}&#34;");
    expect(article("patchDocument")).toContain("Content-Type: application/json-patch+json");
    expect(apiPage(openApi({ version: "1", anonymous: true, tokens: false }))).toContain(
      "; a token may be left out.",
    );
  });

  it("takes what is described for text", () => {
    const hostile = '<script>alert("&")</script>';
    const { Problem, ...schemas } = described.components.schemas;
    const document: OpenApiDocument = {
      ...described,
      info: { ...described.info, title: hostile, description: hostile },
      components: {
        ...described.components,
        schemas: {
          ...schemas,
          Problem: {
            ...Problem,
            description: `\`${hostile}\``,
            examples: [hostile],
            properties: {
              [hostile]: { enum: [hostile], default: hostile },
              b: { items: { const: hostile } },
            },
          },
        },
      },
    };
    const made = apiPage(document);
    expect(made).not.toContain("<script");
    expect(made).toContain("&#60;script&#62;alert(&#34;&#38;&#34;)&#60;/script&#62;");
  });
});

describe("over HTTP", () => {
  let relay: RelayHarness;
  afterEach(() => relay.dispose());

  it("is there for everybody, and may load nothing", async () => {
    relay = createRelayHarness();
    await relay.start({ auth: "tokens" });
    const response = await relay.get("/api/docs");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/html; charset=utf-8",
    ]);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(await response.text()).toContain('<article id="listAllChanges">');
    expect((await relay.get("/api/docs?x=%3Cscript%3E")).status).toBe(200);
    expect((await relay.send("POST", "/api/docs")).status).toBe(401);
  });
});
