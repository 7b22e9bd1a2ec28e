/**
 * What a kind of documents asks of every transaction, compiled once for all documents of the kind.
 *
 * Only what was touched is judged. Nothing here knows Yjs: a change, the JSON that it led to, and who made it.
 */
import {
  type Change,
  type Json,
  type JsonObject,
  type KeyWrite,
  type Operation,
  type Path,
  toPointer,
} from "@verso/bridge";
import type { z } from "zod";
import type { Actor } from "./actor.js";
import { type Cleaned, createCleaning, type Sanitizers } from "./cleaning.js";
import {
  type ConflictPolicies,
  type ConflictPolicy,
  createConflicts,
  type WriteVerdict,
} from "./conflicts.js";
import { ValidationError } from "./errors.js";
import { createPermissions, denied, type Permissions } from "./permissions.js";
import { createRules, type Rule, type RuleSetOptions } from "./rules.js";
import { createSchemaCheck } from "./schema.js";
import { type DocumentReader, touchesOf } from "./touch.js";
import type { Issue } from "./verdict.js";

/** What a kind asks, as it stands in a configuration. */
export interface KindRules {
  /** Of the whole document: an object with a member for each root. */
  readonly schema?: z.ZodType | undefined;
  /** Whether keys that the schema does not name are refused, at every depth. @default false */
  readonly strict?: boolean | undefined;
  readonly permissions?: Permissions | undefined;
  readonly rules?: readonly Rule[] | undefined;
  readonly conflicts?: ConflictPolicies | undefined;
  /** What cleans accepted texts. */
  readonly sanitize?: Sanitizers | undefined;
}

/** A transaction, as far as it is to be judged. */
export interface Case {
  readonly change: Change;
  readonly actor: Actor;
  /** Whether the actor may write to this document at all. */
  readonly mayWrite: boolean;
  /** The document as it is now, after the change. */
  readonly document: DocumentReader;
}

export interface Judge {
  /** Whether writes to keys need to be looked at even where nothing was ever taken back. */
  readonly looksAtWrites: boolean;
  judge(transaction: Case): Issue[];
  judgeWrites(writes: readonly KeyWrite[]): WriteVerdict;
  /** What becomes of a write to a key that was made unseen; `null` where the kind does not say. */
  policyOf(path: Path): ConflictPolicy | null;
  /** What cleaning would write; what cannot be cleaned is among the issues of `judge`. */
  clean(transaction: Pick<Case, "change" | "document">): Cleaned["texts"];
  /** The pointers, with `*` for any one segment, that a rule reads. */
  readsOf(rule: string): readonly string[];
  /** What is wrong with a whole document, whoever made it. */
  judgeDocument(document: JsonObject, actor: Actor): Issue[];
  /** The texts of a whole document that cleaning would change, or cannot clean. Cleans all of them to find out. */
  uncleaned(document: JsonObject): Issue[];
}

/** Throws a `ValidationError` whose path says what in the configuration is at fault. */
export function createJudge(
  { schema, strict = false, permissions = {}, rules = [], conflicts = {}, sanitize = {} }: KindRules,
  options: RuleSetOptions = {},
): Judge {
  const schemaCheck = schema === undefined ? null : createSchemaCheck(schema, { strict });
  const permissionCheck = createPermissions(permissions);
  const ruleSet = createRules(rules, options);
  const conflictCheck = createConflicts(conflicts);
  const cleaning = createCleaning(sanitize);
  assertReached("permissions", permissionCheck.patterns);
  assertReached("sanitize", cleaning.patterns);
  assertReached("conflicts", conflictCheck.patterns);
  for (const { rule, pointer } of ruleSet.reads) assertReached(`rules.${rule}`, [pointer]);

  return {
    looksAtWrites: !conflictCheck.empty,
    judge({ change, actor, mayWrite, document }) {
      if (!mayWrite)
        return change.slice(0, 1).map(operation => denied(toPointer(pathOf(operation)), "update"));
      const touched = touchesOf(change);
      return [
        ...guarded("permissions", () => permissionCheck.check(change, actor)),
        ...guarded("schema", () => schemaCheck?.check(touched, document) ?? []),
        ...ruleSet.check(
          touched.map(({ path }) => path),
          document,
          { actor },
        ),
        ...cleaning.clean(change, document).issues,
      ];
    },
    clean: ({ change, document }) => cleaning.clean(change, document).texts,
    readsOf: rule => ruleSet.reads.flatMap(read => (read.rule === rule ? [read.pointer] : [])),
    judgeWrites: writes => conflictCheck.check(writes),
    policyOf: path => conflictCheck.policyOf(path),
    judgeDocument(document, actor) {
      const everything = Object.keys(document).map(name => [name]);
      const value = (path: Path) => valueAt(document, path);
      return [
        ...guarded("schema", () => schemaCheck?.checkAll(document) ?? []),
        ...ruleSet.check(everything, { value }, { actor }),
      ];
    },
    uncleaned(document) {
      const reader = { value: (path: Path) => valueAt(document, path), textLength: () => undefined };
      const { texts, issues } = cleaning.clean(settingAll(document), reader);
      const unclean = texts.map(({ pointer }): Issue => {
        const message = "This text is not cleaned.";
        return { pointer, code: "not-sanitized", message, severity: "error" };
      });
      return [...issues, ...unclean];
    },
  };

  /** Functions of the configuration may throw; what they judge is then refused, as with a rule. */
  function guarded(what: string, check: () => Issue[]): Issue[] {
    try {
      return check();
    } catch (cause) {
      options.failed?.(what, cause);
      const message = `The ${what} could not be checked.`;
      return [{ pointer: "", code: "rule-failed", message, rule: what, severity: "error" }];
    }
  }

  function assertReached(place: string, patterns: readonly string[]): void {
    if (schemaCheck === null) return;
    for (const pattern of patterns) {
      if (schemaCheck.reaches(pattern.split("/").slice(1).map(unescapeToken))) continue;
      throw new ValidationError("unknown-pointer", `The schema has nothing at ${pattern}.`, {
        path: `${place}.${pattern}`,
      });
    }
  }
}

/** The change by which a document would have come into being at once. */
function settingAll(document: JsonObject): Change {
  return Object.entries(document).map(([key, after]) => ({
    type: "set",
    path: [],
    key,
    before: undefined,
    after,
  }));
}

function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}

function pathOf(operation: Operation): Path {
  return operation.type === "set" ? [...operation.path, operation.key] : operation.path;
}

function valueAt(json: Json | undefined, path: Path): Json | undefined {
  let value = json;
  for (const segment of path) {
    if (value === undefined || value === null || typeof value !== "object") return undefined;
    value = Object.hasOwn(value, segment) ? (value as JsonObject)[segment] : undefined;
  }
  return value;
}
