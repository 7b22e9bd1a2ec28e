/**
 * Texts that look like an attack on a system that a text may end up in: SQL, script, paths.
 *
 * A sign and no proof, both ways: a text about SQL is found, and whoever knows the patterns gets around them. What
 * protects is binding parameters, escaping at output and resolving paths under a root. This tells of who tries.
 *
 * Only the first 128 Ki characters of a text are looked at, in a time that grows with their number and not faster;
 * a longer text is itself a finding, so that nothing hides behind its length.
 */
import { type Json, type JsonObject, toPointer } from "@verso/bridge";
import { z } from "zod";
import type { Found } from "./reading.js";
import { type Rule, rule, type Violation } from "./rules.js";
import type { Severity } from "./verdict.js";

export type SuspicionKind = "sql" | "script" | "traversal";

/** What to look for, and how serious it is. What is not named is not looked for. */
export type SuspicionOptions = Readonly<Partial<Record<SuspicionKind, Severity>>>;

export interface Suspicion {
  readonly kind: SuspicionKind;
  /** Name of the pattern, one of `suspicionPatterns`; `not-scanned` for what is beyond the part looked at. */
  readonly pattern: string;
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
  readonly severity: Severity;
}

/** How many UTF-16 units of a text are looked at. */
export const SCANNED_LENGTH = 128 * 1024;

/** The first place of each pattern that is found, by kind. Holds nothing of the text. */
export function findSuspicions(text: string, options: SuspicionOptions): Suspicion[] {
  const scanned = text.length > SCANNED_LENGTH ? text.slice(0, SCANNED_LENGTH) : text;
  const found: Suspicion[] = [];
  for (const kind of kinds) {
    const severity = options[kind];
    if (severity === undefined) continue;
    for (const [pattern, expression] of Object.entries<RegExp>(suspicionPatterns[kind])) {
      const at = scanned.search(expression);
      if (at >= 0) found.push({ kind, pattern, at, severity });
    }
    if (scanned !== text) found.push({ kind, pattern: "not-scanned", at: SCANNED_LENGTH, severity });
  }
  return found;
}

export interface SuspicionRule extends SuspicionOptions {
  /** Pointers of texts, or of what holds texts; `*` stands for any one member or element. */
  readonly reads: readonly string[];
  /** Of the rule; its issues have the code `rule.<name>`. @default "suspicion" */
  readonly name?: string;
}

/**
 * A rule over every text at or below its pointers, formatted texts too. Each finding is an issue of its own severity,
 * at the text.
 */
export function suspicion({ reads, name = "suspicion", ...options }: SuspicionRule): Rule {
  return rule({
    name,
    reads,
    elementwise: true,
    check(readings) {
      const violations: Violation[] = [];
      for (const [i, reading] of readings.entries()) {
        const pointer = reads[i]!;
        const isMany = pointer.split("/").includes("*");
        const places = isMany
          ? (reading as readonly Found[])
          : [{ pointer, value: reading as Json | undefined }];
        for (const place of places) visitTexts(place, judge);
      }
      return violations;

      function judge(text: string, pointer: string): void {
        for (const finding of findSuspicions(text, options)) {
          violations.push({ pointer, message: messageOf(finding), severity: finding.severity });
        }
      }
    },
  });
}

/**
 * A check of a zod schema that refuses what looks like an attack of these kinds, of any by default:
 * `z.string().check(unsuspicious("script"))`. Schemas know no warnings; the rule does.
 */
export function unsuspicious(...of: readonly SuspicionKind[]): z.core.$ZodCheck<string> {
  const options = Object.fromEntries((of.length === 0 ? kinds : of).map(kind => [kind, "error" as const]));
  return z.check<string>(({ value, issues }) => {
    for (const finding of findSuspicions(value, options)) {
      const { kind, pattern, at } = finding;
      const params = { kind, pattern, at };
      issues.push({ code: "custom", input: value, message: messageOf(finding), params, continue: true });
    }
  });
}

function visitTexts({ pointer, value }: Found, visit: (text: string, pointer: string) => void): void {
  if (typeof value === "string") return visit(value, pointer);
  if (value === undefined || value === null || typeof value !== "object") return;
  if (isFormatted(value)) return visit(textsOf(value), pointer);
  for (const [key, member] of Object.entries<Json>(value)) {
    visitTexts({ pointer: pointer + toPointer([key]), value: member }, visit);
  }
}

interface FormattedText {
  readonly delta: readonly JsonObject[];
  readonly attrs?: Json;
}

function isFormatted(value: object): value is FormattedText {
  return Object.hasOwn(value, "$y") && Array.isArray((value as { readonly delta?: unknown }).delta);
}

/** The text in one piece, for formats cut it where they begin; then, each on its line, what formats and embeds hold. */
function textsOf({ delta, attrs }: FormattedText): string {
  let text = "";
  const others: string[] = [];
  for (const { insert, ...formats } of delta) {
    if (typeof insert === "string") text += insert;
    for (const value of typeof insert === "string" ? [formats] : [insert, formats]) {
      visitTexts({ pointer: "", value }, other => others.push(other));
    }
  }
  visitTexts({ pointer: "", value: attrs }, other => others.push(other));
  return [text, ...others].join("\n");
}

function messageOf({ kind, pattern, at }: Suspicion): string {
  return pattern === "not-scanned"
    ? `Too long to be scanned for ${titles[kind]} beyond character ${at}.`
    : `Looks like ${titles[kind]}: ${pattern} at character ${at}.`;
}

const titles: Readonly<Record<SuspicionKind, string>> = {
  sql: "SQL injection",
  script: "script injection",
  traversal: "path traversal",
};

const kinds = ["sql", "script", "traversal"] as const;

/** Between two words of SQL: white space, brackets, comments. */
const gap = String.raw`(?:[\s(]|/\*[^*]{0,32}\*/){1,8}`;

/**
 * What is looked for, by name. Every repetition that may be followed by what it repeats is bounded, so that no text
 * makes a pattern go back far.
 */
export const suspicionPatterns: Readonly<Record<SuspicionKind, Readonly<Record<string, RegExp>>>> = {
  sql: {
    /** `' or 'a'='a`, `") and x > 1` */
    tautology:
      /['"`][\s)]{0,8}(?:or|and|\|\||&&)[\s(]{0,8}(?:not\s{1,8})?['"`]?[\w.]{0,32}['"`]?\s{0,8}[=<>]/i,
    /** `or 1=1` */
    "numeric-tautology": /\b(?:or|and)\s{1,8}\(?\d{1,10}\s{0,8}[=<>]{1,2}\s{0,8}\d/i,
    "union-select": new RegExp(`\\bunion${gap}(?:(?:all|distinct)${gap})?select\\b`, "i"),
    "stacked-statement":
      /;\s{0,8}(?:(?:drop|alter|create|truncate)\s{1,8}(?:table|database|schema|view|index|user|role|function|procedure|trigger)\b|insert\s{1,8}into\b|delete\s{1,8}from\b|update\s{1,8}[^\s;]{1,64}\s{1,8}set\b|exec(?:ute)?\s{1,8}(?:immediate|xp_|sp_))/i,
    /** `admin'--`, `1')#` */
    "comment-out": /['"`]\)?;?(?:--|#|\/\*)|'\s{1,8}--/,
    "time-delay": /\b(?:pg_sleep|sleep|benchmark)\s{0,4}\(\s{0,4}\d|\bwaitfor\s{1,8}delay\b/i,
    "system-table": /\b(?:information_schema|sqlite_master|pg_catalog|pg_shadow|sysobjects|xp_cmdshell)\b/i,
    "file-access": /\bload_file\s{0,4}\(|\binto\s{1,8}(?:out|dump)file\b/i,
  },
  script: {
    "script-element": /<\/?script\b/i,
    "active-element": /<(?:iframe|frame|object|embed|applet|base|link|meta|svg|math|style|template|form)\b/i,
    "event-handler":
      /\bon(?:abort|animation[a-z]{3,9}|auxclick|before[a-z]{4,12}|blur|cancel|change|click|close|contextmenu|copy|cut|dblclick|drag[a-z]{0,5}|drop|ended|error|focus[a-z]{0,3}|formdata|hashchange|input|invalid|key(?:down|press|up)|load[a-z]{0,9}|message|mouse[a-z]{2,5}|page(?:hide|show)|paste|play[a-z]{0,3}|pointer[a-z]{2,16}|popstate|progress|reset|resize|scroll[a-z]{0,3}|search|select[a-z]{0,6}|start|storage|submit|toggle|touch[a-z]{3,6}|transition[a-z]{3,6}|unload|wheel)\s{0,8}=/i,
    /** Browsers read over tabs and line ends in a scheme. */
    "script-url": new RegExp(`(?:${spread("javascript")}|${spread("vbscript")})\\s{0,4}:`, "i"),
    "active-data-url":
      /\bdata:\s{0,8}(?:text\/(?:html|xml|javascript)|image\/svg|application\/(?:xhtml|xml|javascript))/i,
    /** Letters written as numbers, as `&#106;` and `&#x6a;`: nobody needs that to write them. */
    "encoded-letter":
      /&#(?:0{0,8}(?:6[5-9]|[78]\d|9[07-9]|1[01]\d|12[0-2])|x0{0,8}(?:4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]))\b/i,
  },
  traversal: {
    /** `../`, `..\`, and both percent-encoded up to three times over or in overlong UTF-8. */
    "parent-directory":
      /(?:\.|%(?:25){0,3}2e){2}(?:[/\\]|%(?:25){0,3}(?:2f|5c)|%(?:25){0,3}c(?:0%(?:25){0,3}af|1%(?:25){0,3}9c))/i,
    "last-parent-directory": /[/\\]\.\.$/,
    "system-file":
      /\/etc\/(?:passwd|shadow|group|hosts|sudoers)\b|\/proc\/(?:self|\d{1,8})\/|\bwindows[/\\]{1,2}(?:system32|win\.ini)\b|\bboot\.ini\b/i,
    "null-byte": /%(?:25){0,3}00|\0/,
    "local-url": /\b(?:file|php|phar|zip|glob|expect|gopher|dict):\/\//i,
  },
};

/** A word whose letters may have tabs and line ends between them. */
function spread(word: string): string {
  return [...word].join("[\\t\\n\\r]{0,3}");
}
