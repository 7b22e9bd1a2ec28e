/**
 * Formats of texts and numbers, each as a plain predicate and as a zod schema.
 *
 * A predicate looks at the length before it looks at anything else, and no pattern here can backtrack without bound.
 * Where zod's own pattern is right it is used, under the same cap. What a predicate accepts it accepts as it stands:
 * nothing is trimmed or rewritten, since a document keeps what was judged.
 */
import { z } from "zod";

/** All that the predicates match against, by name. */
export const formatPatterns = {
  email: z.regexes.email,
  scheme: /^([a-z][a-z0-9+.-]*):[^\s\p{Cc}\\]+$/iu,
  e164: z.regexes.e164,
  phone: /^\+?\(?\d(?:[ ()./-]{0,2}\d){6,14}\)?(?: ?(?:x|ext\.?) ?\d{1,6})?$/i,
  uuid: z.regexes.uuid(),
  date: z.regexes.date,
  dateTime: z.regexes.datetime({ offset: true }),
  slug: /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
} as const;

/** An address as people have them: no quoted local part, no comment, no bare host; 254 characters (RFC 5321). */
export function isEmail(value: string): boolean {
  return value.length <= 254 && formatPatterns.email.test(value);
}

export interface UrlOptions {
  /** Without the colon, in lower case. @default http and https */
  readonly protocols?: readonly string[];
}

const webProtocols = ["http", "https"];
/** Behind these the URL standard wants two slashes, and parsers forgive their absence. */
const hierarchical = new Set(["http", "https", "ws", "wss", "ftp"]);

/**
 * An absolute URL (WHATWG) of 2,048 characters at most. Stricter than a browser, which forgives: no spaces, control
 * characters or backslashes anywhere, and the slashes are there.
 */
export function isUrl(value: string, { protocols = webProtocols }: UrlOptions = {}): boolean {
  if (value.length > 2048) return false;
  const protocol = formatPatterns.scheme.exec(value)?.[1]?.toLowerCase();
  if (protocol === undefined || !protocols.includes(protocol)) return false;
  if (hierarchical.has(protocol) && !value.startsWith("://", protocol.length)) return false;
  return URL.canParse(value);
}

export interface PhoneOptions {
  /**
   * `e164`: a plus sign and 7 to 15 digits, for machines. `lenient`: 7 to 15 digits as people write them, with single
   * separators, brackets and an extension.
   * @default "e164"
   */
  readonly form?: "e164" | "lenient";
}

/** Whether it has the form of a telephone number; whether there is such a number only its network knows. */
export function isPhone(value: string, { form = "e164" }: PhoneOptions = {}): boolean {
  if (value.length > 64) return false;
  return (form === "e164" ? formatPatterns.e164 : formatPatterns.phone).test(value);
}

/** RFC 9562, of any version, in lower or upper case; the nil and the max UUID too. */
export function isUuid(value: string): boolean {
  return value.length === 36 && formatPatterns.uuid.test(value);
}

/** A day that there is, as `2024-02-29`. */
export function isIsoDate(value: string): boolean {
  return value.length === 10 && formatPatterns.date.test(value);
}

/** A moment (RFC 3339) as `2024-02-29T12:30:00.5+01:00`: seconds and the offset, or `Z`, are there. */
export function isIsoDateTime(value: string): boolean {
  return value.length <= 40 && formatPatterns.dateTime.test(value);
}

/** Words of lower-case ASCII letters and digits with single hyphens between them, 100 characters at most. */
export function isSlug(value: string): boolean {
  return value.length <= 100 && formatPatterns.slug.test(value);
}

/** An integer that a double holds exactly: its neighbours are different numbers. */
export function isSafeInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** A schema for what `isEmail` accepts. This and the following can be a schema, or a check of another `z.string()`. */
export function email(): z.ZodStringFormat<"email"> {
  return z.stringFormat("email", isEmail);
}

export function url(options: UrlOptions = {}): z.ZodStringFormat<"url"> {
  return z.stringFormat("url", value => isUrl(value, options));
}

export function phone(options: PhoneOptions = {}): z.ZodStringFormat<"phone"> {
  return z.stringFormat("phone", value => isPhone(value, options));
}

export function uuid(): z.ZodStringFormat<"uuid"> {
  return z.stringFormat("uuid", isUuid);
}

export function isoDate(): z.ZodStringFormat<"date"> {
  return z.stringFormat("date", isIsoDate);
}

export function isoDateTime(): z.ZodStringFormat<"date-time"> {
  return z.stringFormat("date-time", isIsoDateTime);
}

export function slug(): z.ZodStringFormat<"slug"> {
  return z.stringFormat("slug", isSlug);
}

export function safeInteger(): z.ZodInt {
  return z.int();
}
