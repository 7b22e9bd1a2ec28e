/**
 * Cleaning of texts that hold HTML, by `sanitize-html`.
 *
 * What comes out is HTML of the allowed tags and attributes only, well-formed, and comes out of a second cleaning as
 * it is. So nothing can be configured that would undo that: tags that run code, or whose content browsers read by
 * other rules than the parser here, and attributes that run code cannot be allowed.
 */
import sanitizeHtml from "sanitize-html";

/**
 * A pure function of the text that gives back what it gave: `sanitize(sanitize(text)) === sanitize(text)`. The same
 * text means that nothing had to be changed. One that throws refuses the text.
 */
export type Sanitizer = (text: string) => string;

export interface HtmlOptions {
  /** Tags that stay; of others the content stays, except of `script`, `style` and the like. @default those of articles and tables */
  readonly allowedTags?: readonly string[];
  /** Attributes that stay, by tag; `*` is any tag, and a name may end with `-*`. @default those of links, cells and lists */
  readonly allowedAttributes?: Readonly<Record<string, readonly string[]>>;
  /** Schemes of URLs, in lower case; relative URLs stay. @default http, https, mailto and tel */
  readonly allowedSchemes?: readonly string[];
  /** UTF-16 units. A longer text is a `RangeError`. @default 128 Ki */
  readonly maxLength?: number;
  /** Opening and closing tags. The time grows with the square of their number. More are a `RangeError`. @default 5,000 */
  readonly maxTags?: number;
}

const defaultAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ["href", "title"],
  th: ["colspan", "rowspan", "scope"],
  td: ["colspan", "rowspan"],
  ol: ["start"],
};

/** Throws a `TypeError` for tags, attributes and schemes that cannot be allowed. */
export function html({
  allowedTags = sanitizeHtml.defaults.allowedTags as readonly string[],
  allowedAttributes = defaultAttributes,
  allowedSchemes = ["http", "https", "mailto", "tel"],
  maxLength = 128 * 1024,
  maxTags = 5_000,
}: HtmlOptions = {}): Sanitizer {
  for (const tag of allowedTags) checkTag(tag);
  for (const [tag, names] of Object.entries(allowedAttributes)) {
    if (tag !== "*") checkTag(tag);
    for (const name of names) checkAttribute(name);
  }
  for (const scheme of allowedSchemes) checkScheme(scheme);
  const options: sanitizeHtml.IOptions = {
    allowedTags: [...allowedTags],
    allowedAttributes: Object.fromEntries(
      Object.entries(allowedAttributes).map(([tag, names]) => [tag, [...names]]),
    ),
    allowedSchemes: [...allowedSchemes],
    allowedSchemesByTag: {},
    allowedSchemesAppliedToAttributes: urlAttributes,
    allowProtocolRelative: false,
    // CSS cannot be allowed at all, so its parser, which browsers would have to load, has nothing to do.
    parseStyleAttributes: false,
    nestingLimit: 64,
  };

  return text => {
    if (!/[<>&]/.test(text)) return text;
    if (text.length > maxLength) {
      throw new RangeError(`HTML of ${text.length} characters, ${maxLength} are allowed.`);
    }
    if (countTags(text) > maxTags) throw new RangeError(`HTML of more than ${maxTags} tags.`);
    let cleaned = text;
    for (let round = 0; round < ROUNDS; round++) {
      const next = serialized(sanitizeHtml(cleaned, options));
      if (next === cleaned) return cleaned;
      cleaned = next;
    }
    return serialized(sanitizeHtml(cleaned, { allowedTags: [], allowedAttributes: {} }));
  };
}

/**
 * Leaving out a tag can put two others next to each other that cannot be so, which the next round resolves. What has
 * not settled by then is not worth its tags.
 */
const ROUNDS = 8;

function countTags(text: string): number {
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) tags++;
  return tags;
}

/** As a browser's `innerHTML` writes it, so that what an editor reads back from its page is left as it is. */
function serialized(cleaned: string): string {
  // Neither text nor an attribute's value has a `>` here: it is an entity there.
  return cleaned.replaceAll(" />", ">").replaceAll("\u00a0", "&nbsp;");
}

function checkTag(tag: string): void {
  if (!/^[a-z][a-z0-9-]*$/.test(tag)) throw new TypeError(`Not the name of a tag: ${JSON.stringify(tag)}`);
  if (unsafeTags.has(tag)) throw new TypeError(`The tag ${tag} cannot be allowed.`);
}

function checkAttribute(name: string): void {
  if (!/^[a-z][a-z0-9-]*(?:-\*)?$/.test(name)) {
    throw new TypeError(`Not the name of an attribute: ${JSON.stringify(name)}`);
  }
  if (name.startsWith("on") || unsafeAttributes.has(name)) {
    throw new TypeError(`The attribute ${name} cannot be allowed.`);
  }
}

function checkScheme(scheme: string): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) throw new TypeError(`Not a scheme: ${JSON.stringify(scheme)}`);
  if (/^(?:java|vb|live)script$/.test(scheme)) throw new TypeError(`The scheme ${scheme} cannot be allowed.`);
}

const unsafeTags: ReadonlySet<string> = new Set([
  // They run code, load it, or change what the rest of the page means.
  ...["script", "style", "iframe", "frame", "frameset", "object", "embed", "applet", "base", "link", "meta"],
  // Browsers do not read their content as HTML, or read it by rules of their own.
  ...["svg", "math", "template", "noscript", "noembed", "noframes", "plaintext", "xmp", "listing"],
  ...["textarea", "title", "option", "select", "html", "head", "body"],
]);

const unsafeAttributes: ReadonlySet<string> = new Set([
  "style",
  "srcdoc",
  "srcset",
  "formaction",
  "ping",
  "is",
]);

/** All attributes whose value is a URL. */
const urlAttributes = [
  ...[
    "href",
    "src",
    "cite",
    "action",
    "background",
    "data",
    "longdesc",
    "poster",
    "usemap",
    "manifest",
    "icon",
  ],
  ...["profile", "classid", "codebase", "archive", "lowsrc", "dynsrc", "imagesrcset"],
];
