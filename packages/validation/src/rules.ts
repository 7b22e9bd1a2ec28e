/**
 * Rules: what must hold between places of a document that no schema of one place can say.
 *
 * A rule declares which places it reads, and runs only when something at, above or below one of them was touched.
 * What it costs is what it reads: a rule over a list reads the whole list, whichever element was touched.
 *
 * Rules are synchronous and pure, for the same ones judge on the server and in a client. Nothing can stop a rule that
 * runs: `deadline` only tells of it afterwards.
 */
import { type Json, type JsonObject, type Path, parsePointer, toPointer } from "@verso/bridge";
import type { Actor } from "./actor.js";
import { PatternTree, parsePattern } from "./pattern.js";
import type { Issue, Severity } from "./verdict.js";

export interface RuleContext {
  readonly actor: Actor;
}

/** A place that a pointer with `*` leads to. */
export interface Found {
  readonly pointer: string;
  readonly value: Json | undefined;
}

/**
 * What a rule gets for one of its `reads`: the value there, `undefined` where there is none. For a pointer with `*` a
 * `Found` for everything that its last `*` stands for, in the order of the document; `value` is `undefined` where the
 * rest of the pointer leads nowhere.
 */
export type Reading<Pointer extends string> = string extends Pointer
  ? Json | undefined | readonly Found[]
  : Pointer extends `${string}/*` | `${string}/*/${string}`
    ? readonly Found[]
    : Json | undefined;

export interface Violation {
  /** Of the faulty field. */
  readonly pointer: string;
  readonly message: string;
  /** @default that of the rule */
  readonly severity?: Severity;
}

/**
 * Nothing or `true` when the rule holds. A message, or `false`, is a violation at the first of the rule's `reads`; a
 * list says where. Of a list 100 are reported.
 */
export type RuleOutcome = undefined | boolean | string | readonly Violation[];

export interface RuleDefinition<Reads extends readonly string[]> {
  /** Letters, digits, `.`, `_` and `-`, 64 at most. Its issues have the code `rule.<name>`. */
  readonly name: string;
  /** Pointers, in which `*` stands for any one member or element. */
  readonly reads: Reads;
  /** @default "error" */
  readonly severity?: Severity;
  check(read: { readonly [I in keyof Reads]: Reading<Reads[I]> }, context: RuleContext): RuleOutcome;
}

export interface Rule extends RuleDefinition<readonly string[]> {
  readonly severity: Severity;
}

/** Throws a `TypeError` for a name that cannot be part of a code, and a `BridgeError` for what is no pointer. */
export function rule<const Reads extends readonly string[]>(definition: RuleDefinition<Reads>): Rule {
  const { name, reads, severity = "error" } = definition;
  if (!/^[\w.-]{1,64}$/.test(name)) throw new TypeError(`The name of a rule, ${JSON.stringify(name)}`);
  if (reads.length === 0) throw new TypeError(`The rule ${name} reads nothing and would never run.`);
  for (const pointer of reads) parsePattern(pointer);
  const check: RuleDefinition<Reads>["check"] = (read, context) => definition.check(read, context);
  // What a rule reads is made from its own `reads`, so it has the shape that they give it.
  return { name, reads, severity, check: check as Rule["check"] };
}

export interface RuleSet {
  /**
   * Issues of the rules that read what was touched, in the order of the rules. Where elements come into a list or
   * leave it, what was touched is the list.
   *
   * A rule that throws, or returns what is no outcome, gives `rule-failed`, an error. One that takes longer than the
   * deadline gives `rule-slow`, a warning: how long it takes depends on the machine and its load, and what is accepted
   * must not. Both are at the first of the rule's `reads` and say nothing of the content.
   */
  check(touched: readonly Path[], document: RuleDocument, context: RuleContext): Issue[];
  /** So that a configuration can be told of pointers that lead nowhere. */
  readonly reads: readonly { readonly rule: string; readonly pointer: string }[];
}

export interface RuleDocument {
  /** The value at a path of member names, `undefined` where there is none. Only asked for what a due rule reads. */
  value(path: Path): Json | undefined;
}

export interface RuleSetOptions {
  /** Milliseconds. @default 20 */
  readonly deadline?: number;
  /** Milliseconds since any time. @default performance.now */
  readonly clock?: () => number;
  /** Hears what a rule threw, for the operator's log. It may quote the content. */
  readonly failed?: (rule: string, cause: unknown) => void;
}

export function createRules(
  rules: readonly Rule[],
  { deadline = 20, clock = () => performance.now(), failed }: RuleSetOptions = {},
): RuleSet {
  const due = createIndex(rules);

  return {
    reads: rules.flatMap(({ name, reads }) => reads.map(pointer => ({ rule: name, pointer }))),
    check(touched, document, context) {
      const read = createReader(document);
      const issues: Issue[] = [];
      for (const rule of due(touched)) {
        const start = clock();
        try {
          const outcome = rule.check(rule.reads.map(read), context);
          if ((outcome as unknown) instanceof Promise) {
            Promise.resolve(outcome).catch(cause => failed?.(rule.name, cause));
            throw new TypeError("A rule cannot be asynchronous.");
          }
          issues.push(...issuesOf(rule, outcome));
        } catch (cause) {
          failed?.(rule.name, cause);
          issues.push(own(rule, "rule-failed", "could not be checked", "error"));
        }
        const took = clock() - start;
        if (took > deadline) {
          issues.push(
            own(rule, "rule-slow", `took ${Math.ceil(took)} ms, ${deadline} are allowed`, "warning"),
          );
        }
      }
      return issues;
    },
  };
}

/** Finds the rules that read at, above or below what was touched, each once, in their order. */
function createIndex(rules: readonly Rule[]): (touched: readonly Path[]) => Iterable<Rule> {
  const reading = new PatternTree<number>();
  /** Each pointer and all above it, so that what is below a path is found at it, whatever the document has there. */
  const leadingTo = new PatternTree<number>();
  for (const [index, { reads }] of rules.entries()) {
    for (const pointer of reads) {
      const pattern = parsePattern(pointer);
      reading.add(pattern, index);
      for (let length = 0; length <= pattern.length; length++) leadingTo.add(pattern.slice(0, length), index);
    }
  }

  return touched => {
    const due = new Set<number>();
    for (const path of touched) {
      if (due.size === rules.length) break;
      for (const index of reading.atOrAbove(path)) due.add(index);
      for (const index of leadingTo.at(path)) due.add(index);
    }
    return [...due].sort((a, b) => a - b).map(index => rules[index]!);
  };
}

function createReader(document: RuleDocument): (pointer: string) => Json | undefined | readonly Found[] {
  const readings = new Map<string, Json | undefined | readonly Found[]>();
  return pointer => {
    if (!readings.has(pointer)) readings.set(pointer, readPattern(document, parsePointer(pointer)));
    return readings.get(pointer);
  };
}

function readPattern(document: RuleDocument, tokens: readonly string[]): Json | undefined | readonly Found[] {
  // Whether a number is an index or the name of a member only shows in the JSON, so that is asked for from above it.
  const some = tokens.findIndex(token => token === "*" || /^\d+$/.test(token));
  const names = some < 0 ? tokens : tokens.slice(0, some);
  const value = document.value(names);
  const rest = tokens.slice(names.length);
  const last = rest.lastIndexOf("*");
  if (last < 0) return valueAt(value, rest);

  let found: Found[] = [{ pointer: toPointer(names), value }];
  for (const [depth, token] of rest.entries()) {
    const next = `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    found =
      token === "*"
        ? found.flatMap(membersOf)
        : found.map(at => ({ pointer: at.pointer + next, value: valueAt(at.value, [token]) }));
    if (depth < last) found = found.filter(at => at.value !== undefined);
  }
  return found;
}

function valueAt(json: Json | undefined, tokens: readonly string[]): Json | undefined {
  let value = json;
  for (const token of tokens) {
    if (value === undefined || value === null || typeof value !== "object") return undefined;
    if (Array.isArray(value) && !/^(?:0|[1-9]\d*)$/.test(token)) return undefined;
    value = Object.hasOwn(value, token) ? (value as JsonObject)[token] : undefined;
  }
  return value;
}

function membersOf({ pointer, value }: Found): Found[] {
  if (value === undefined || value === null || typeof value !== "object") return [];
  if (isList(value)) return value.map((member, index) => ({ pointer: `${pointer}/${index}`, value: member }));
  // The members of a tagged value are its form and not the document's.
  if (Object.hasOwn(value, "$y")) return [];
  return Object.entries(value).map(([key, member]) => ({
    pointer: pointer + toPointer([key]),
    value: member,
  }));
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

function issuesOf(rule: Rule, outcome: RuleOutcome): Issue[] {
  const { name, severity } = rule;
  const code = `rule.${name}`;
  if (outcome === undefined || outcome === true) return [];
  if (outcome === false) return [own(rule, code, "does not hold", severity)];
  const violations = typeof outcome === "string" ? [{ pointer: anchorOf(rule), message: outcome }] : outcome;
  return violations.slice(0, REPORTED).map(({ pointer, message, severity: own = severity }) => {
    parsePointer(pointer);
    return { pointer, code, message: String(message), rule: name, severity: own };
  });
}

const REPORTED = 100;

/** An issue of the rule itself, at the beginning of what it reads. */
function own(rule: Rule, code: string, what: string, severity: Severity): Issue {
  return {
    pointer: anchorOf(rule),
    code,
    message: `The rule ${rule.name} ${what}.`,
    rule: rule.name,
    severity,
  };
}

function anchorOf({ reads }: Rule): string {
  const tokens = parsePointer(reads[0]!);
  const some = tokens.indexOf("*");
  return toPointer(some < 0 ? tokens : tokens.slice(0, some));
}
