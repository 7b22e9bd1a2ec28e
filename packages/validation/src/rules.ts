/**
 * Rules: what must hold between places of a document that no schema of one place can say.
 *
 * A rule declares which places it reads, and runs only when something at, above or below one of them was touched.
 * What it costs is what it reads: a rule over a list reads the whole list, whichever element was touched, unless it
 * judges element by element.
 *
 * Rules are synchronous and pure, for the same ones judge on the server and in a client. Nothing can stop a rule that
 * runs: `deadline` only tells of it afterwards.
 */
import { type Path, parsePointer, toPointer } from "@verso/bridge";
import type { Actor } from "./actor.js";
import { PatternTree, parsePattern } from "./pattern.js";
import { createReader, type Reading, type RuleDocument } from "./reading.js";
import type { Issue, Severity } from "./verdict.js";

export interface RuleContext {
  readonly actor: Actor;
}

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
  /**
   * Whether each element that a `*` stands for is judged by itself. Then the rule gets no others than those at, above
   * or below which something was touched; all of them when a place without `*` was. @default false
   */
  readonly elementwise?: boolean;
  check(read: { readonly [I in keyof Reads]: Reading<Reads[I]> }, context: RuleContext): RuleOutcome;
}

export interface Rule extends RuleDefinition<readonly string[]> {
  readonly severity: Severity;
  readonly elementwise: boolean;
}

/** Throws a `TypeError` for a name that cannot be part of a code, and a `BridgeError` for what is no pointer. */
export function rule<const Reads extends readonly string[]>(definition: RuleDefinition<Reads>): Rule {
  const { name, reads, severity = "error", elementwise = false } = definition;
  if (!/^[\w.-]{1,64}$/.test(name)) throw new TypeError(`The name of a rule, ${JSON.stringify(name)}`);
  if (reads.length === 0) throw new TypeError(`The rule ${name} reads nothing and would never run.`);
  for (const pointer of reads) parsePattern(pointer);
  const check: RuleDefinition<Reads>["check"] = (read, context) => definition.check(read, context);
  // What a rule reads is made from its own `reads`, so it has the shape that they give it.
  return { name, reads, severity, elementwise, check: check as Rule["check"] };
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

export interface RuleSetOptions {
  /** Milliseconds; well above what the scheduler and the garbage collector may take out of a rule. @default 100 */
  readonly deadline?: number;
  /** Milliseconds since any time. @default performance.now */
  readonly clock?: () => number;
  /** Hears what a rule threw, for the operator's log. It may quote the content. */
  readonly failed?: (rule: string, cause: unknown) => void;
}

export function createRules(
  rules: readonly Rule[],
  { deadline = 100, clock = () => performance.now(), failed }: RuleSetOptions = {},
): RuleSet {
  const due = createIndex(rules);

  return {
    reads: rules.flatMap(({ name, reads }) => reads.map(pointer => ({ rule: name, pointer }))),
    check(touched, document, context) {
      const reader = createReader(document, touched);
      const issues: Issue[] = [];
      for (const rule of due(touched)) {
        const start = clock();
        try {
          const outcome = rule.check(
            rule.elementwise ? reader.touched(rule.reads) : reader.all(rule.reads),
            context,
          );
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
