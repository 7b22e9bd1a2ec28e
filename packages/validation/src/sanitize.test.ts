import { type DefaultTreeAdapterTypes, parseFragment } from "parse5";
import { describe, expect, it } from "vitest";
import { html } from "./sanitize.js";
import { between, createRandom, forEachSeed, type Random } from "./testing.js";

const clean = html();

describe("html", () => {
  it("leaves HTML of the allowed tags as it is", () => {
    for (const text of [
      "",
      "no markup at all, only \"quotes\" and 'quotes'",
      "<p>one<br>two</p><ul><li>three</li></ul>",
      '<a href="https://example.org/?a=1&amp;b=2" title="&quot;">x</a>',
      '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>',
      "1 &lt; 2 &amp;&amp; 3 &gt; 2",
      "a&nbsp;b",
    ]) {
      expect(clean(text)).toBe(text);
    }
  });

  it("takes out other tags and leaves their content", () => {
    expect(clean("<p>a <marquee>b</marquee></p>")).toBe("<p>a b</p>");
  });

  it("takes out scripts and styles with their content", () => {
    expect(clean("a<script>alert(1)</script>b<style>*{}</style>c")).toBe("abc");
  });

  it("takes out attributes and schemes that are not allowed", () => {
    expect(clean('<p id="x" onclick="a()">a</p>')).toBe("<p>a</p>");
    expect(clean('<a href="ftp://example.org">x</a>')).toBe("<a>x</a>");
    expect(clean('<a href="//example.org">x</a>')).toBe("<a>x</a>");
    expect(clean('<a href="/path">x</a>')).toBe('<a href="/path">x</a>');
  });

  it("closes what is open, and escapes what is no markup", () => {
    expect(clean("<b>a</i>")).toBe("<b>a</b>");
    expect(clean("1 < 2 & 3")).toBe("1 &lt; 2 &amp; 3");
  });

  it("does as it is configured", () => {
    const images = html({
      allowedTags: ["img", "x-note"],
      allowedAttributes: { img: ["src"], "*": ["data-*"] },
      allowedSchemes: ["data"],
    });
    const text = '<x-note data-id="1"><img src="data:image/png;base64,AA=="></x-note>';
    expect(images(text)).toBe(text);
    expect(images('<b>a</b><img src="https://example.org/a.png" alt="a">')).toBe("a<img>");
  });

  it("cannot be configured to let code through", () => {
    for (const tag of ["script", "STYLE", "svg", "iframe", "textarea", "*", "a b", ""]) {
      expect(() => html({ allowedTags: [tag] })).toThrow(TypeError);
    }
    for (const name of ["onclick", "on*", "*", "style", "srcdoc", "o*", "HREF", "xlink:href"]) {
      expect(() => html({ allowedAttributes: { a: [name] } })).toThrow(TypeError);
    }
    expect(() => html({ allowedAttributes: { script: ["src"] } })).toThrow(TypeError);
    expect(() => html({ allowedSchemes: ["javascript"] })).toThrow(TypeError);
  });

  it("refuses what is too long to be cleaned, and only then", () => {
    expect(() => html({ maxLength: 10 })("<b>1234567</b>")).toThrow(RangeError);
    expect(html({ maxLength: 14 })("<b>1234567</b>")).toBe("<b>1234567</b>");
    expect(html({ maxLength: 10 })("no markup in it")).toBe("no markup in it");
    expect(() => html({ maxTags: 1 })("<b>a</b>")).toThrow(RangeError);
    expect(html({ maxTags: 2 })("<b>a</b>")).toBe("<b>a</b>");
  });
});

/** After the OWASP filter evasion cheat sheet and published mutations of other cleaners. */
const attacks = [
  "<script>alert(1)</script>",
  "<SCRIPT SRC=//evil.org/x.js></SCRIPT>",
  "<scr<script>ipt>alert(1)</scr</script>ipt>",
  "<<script>alert(1)//<</script>",
  "<script/x>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<img/src/onerror=alert(1)>",
  '<img """><script>alert(1)</script>">',
  "<svg onload=alert(1)>",
  '<svg><p><style><g title="</style><img src=x onerror=alert(1)>">',
  "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><p title="</template><img src=x onerror=alert(1)>">',
  "<textarea></textarea><script>alert(1)</script></textarea>",
  '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<object data=javascript:alert(1)></object>",
  "<embed src=javascript:alert(1)>",
  "<base href=javascript:/a/>",
  "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
  "<link rel=stylesheet href=javascript:alert(1)>",
  "<a href=javascript:alert(1)>x</a>",
  "<a href=JaVaScRiPt:alert(1)>x</a>",
  "<a href='java\tscript:alert(1)'>x</a>",
  "<a href='java\nscript:alert(1)'>x</a>",
  "<a href='\u0001javascript:alert(1)'>x</a>",
  "<a href='&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)'>x</a>",
  "<a href='&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)'>x</a>",
  "<a href='&#0000106avascript:alert(1)'>x</a>",
  "<a href='javascript&colon;alert(1)'>x</a>",
  "<a href='java&Tab;script:alert(1)'>x</a>",
  "<a href='java<!-- -->script:alert(1)'>x</a>",
  "<a href='vbscript:msgbox(1)'>x</a>",
  "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
  "<a href=' &#14; javascript:alert(1)'>x</a>",
  "<a href='https://example.org' onmouseover=alert(1)>x</a>",
  "<p style='background:url(javascript:alert(1))'>x</p>",
  "<b <script>alert(1)</script>0",
  '<!--<img src="--><img src=x onerror=alert(1)//">',
  "<![CDATA[<script>alert(1)</script>]]>",
  "<?xml:namespace prefix=x><script>alert(1)</script>",
  "<p title='`onmouseover=alert(1)'>x</p>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "<table><td><a href='javascript:alert(1)'><script>alert(1)</script></table>",
];

describe("an attack", () => {
  it.each(attacks)("comes to nothing: %s", attack => {
    const cleaned = clean(attack);
    expectHarmless(cleaned);
    expect(clean(cleaned)).toBe(cleaned);
  });

  it("put together from pieces of attacks comes to nothing either", () => {
    const cleaners = [
      clean,
      html({ allowedTags: ["p", "table", "td", "a", "b"] }),
      html({ allowedTags: [] }),
    ];
    forEachSeed(seed => {
      const random = createRandom(seed);
      const text = puzzle(random);
      for (const cleaner of cleaners) {
        const cleaned = cleaner(text);
        expect(cleaner(cleaned)).toBe(cleaned);
        expectHarmless(cleaned);
      }
    });
  });
});

/** Parsed by the standard, as a browser does: nothing but tags, attributes and schemes that may be there. */
function expectHarmless(cleaned: string): void {
  const visit = (node: DefaultTreeAdapterTypes.ChildNode): void => {
    if (node.nodeName === "#text") return;
    expect(harmlessTags).toContain(node.nodeName);
    if (!("attrs" in node)) return;
    for (const { name, value } of node.attrs) {
      expect(harmlessAttributes).toContain(name);
      const base = "https://example.org";
      if (name === "href" && URL.canParse(value, base)) {
        expect(harmlessSchemes).toContain(new URL(value, base).protocol);
      }
    }
    for (const child of node.childNodes) visit(child);
  };
  for (const child of parseFragment(cleaned).childNodes) visit(child);
}

const harmlessTags =
  `a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup data dd dfn div dl
  dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i kbd li main mark menu nav ol p pre q rb rp rt rtc
  ruby s samp section small span strong sub sup table tbody td tfoot th thead time tr u ul var wbr`.split(
    /\s+/,
  );
const harmlessAttributes = ["href", "title", "colspan", "rowspan", "scope", "start"];
const harmlessSchemes = ["http:", "https:", "mailto:", "tel:"];

function puzzle(random: Random): string {
  const pieces = attacks.flatMap(attack => attack.split(/(?=[<>"'&=/ ])/));
  const joints = [
    "",
    "<p>",
    "</p>",
    "<table>",
    "<td>",
    "<b>",
    "</a>",
    '"',
    "'",
    ">",
    "<",
    "<!--",
    "-->",
    "\u00a0",
    "&nbsp;",
  ];
  let text = "";
  for (let i = between(random, 1, 30); i > 0; i--) {
    const from = between(random, 0, 2) === 0 ? joints : pieces;
    text += from[between(random, 0, from.length - 1)]!;
  }
  return text;
}
