/**
 * Who may change what, by pointer patterns.
 *
 * For a change at a path the nearest pattern at or above it decides that says anything about the action; where none
 * does, it is allowed. A change that brings or removes a whole value needs, beside that, every right below it: one
 * cannot get around the right to delete a field by deleting the object that holds it.
 *
 * Reading cannot be restricted so: a Yjs document is replicated as a whole.
 */
import { type Change, type Json, type Operation, type Path, toPointer } from "@verso/bridge";
import type { Actor } from "./actor.js";
import { PatternTree, parsePattern } from "./pattern.js";
import type { Issue } from "./verdict.js";

/** `insert` where there was nothing, `delete` where there is nothing any more, `update` for another value. */
export type Action = "insert" | "update" | "delete";

/** Roles of which the actor needs one, or a function of one's own. */
export type Grant = readonly string[] | ((actor: Actor, place: PermissionPlace) => boolean);

export interface PermissionPlace {
  readonly pointer: string;
  readonly action: Action;
}

/** One grant for all actions, or one for each; an action that is not named is left to the patterns above. */
export type Permission = Grant | Partial<Readonly<Record<Action, Grant>>>;

/** By pointer pattern, in which `*` stands for any one segment. */
export type Permissions = Readonly<Record<string, Permission>>;

export interface PermissionCheck {
  check(change: Change, actor: Actor): Issue[];
  readonly patterns: readonly string[];
}

export function createPermissions(permissions: Permissions): PermissionCheck {
  const tree = new PatternTree<Partial<Record<Action, Grant>>>();
  for (const [pattern, permission] of Object.entries(permissions)) {
    tree.add(parsePattern(pattern), grantsOf(permission));
  }

  return {
    patterns: Object.keys(permissions),
    check(change, actor) {
      if (tree.empty) return [];
      const issues: Issue[] = [];
      for (const operation of change) {
        for (const { path, action, came, went } of effectsOf(operation)) {
          const grant = tree.atOrAbove(path).find(grants => grants[action] !== undefined)?.[action];
          judge(path, action, grant);
          for (const below of tree.below(path, went)) judge(below.path, "delete", below.value.delete);
          for (const below of tree.below(path, came)) judge(below.path, "insert", below.value.insert);
        }
      }
      return issues;

      function judge(path: Path, action: Action, grant: Grant | undefined): void {
        if (grant === undefined) return;
        const pointer = toPointer(path);
        if (!holds(grant, actor, { pointer, action })) issues.push(denied(pointer, action));
      }
    },
  };
}

/** What one who may not write at all is told. */
export function denied(pointer: string, action: Action): Issue {
  const message = `You may not ${action} this.`;
  return { pointer, code: "permission-denied", message, severity: "error" };
}

function grantsOf(permission: Permission): Partial<Record<Action, Grant>> {
  if (typeof permission !== "function" && !isRoles(permission)) return permission;
  return { insert: permission, update: permission, delete: permission };
}

function isRoles(permission: Permission): permission is readonly string[] {
  return Array.isArray(permission);
}

function holds(grant: Grant, actor: Actor, place: PermissionPlace): boolean {
  if (typeof grant === "function") return grant(actor, place) === true;
  return grant.some(role => actor.roles.includes(role));
}

interface Effect {
  readonly path: Path;
  readonly action: Action;
  /** The values that came and went, with all that is in them. */
  readonly came?: Json | undefined;
  readonly went?: Json | undefined;
}

function effectsOf(operation: Operation): Effect[] {
  const { path } = operation;
  switch (operation.type) {
    case "set": {
      const { before: went, after: came } = operation;
      const action = went === undefined ? "insert" : came === undefined ? "delete" : "update";
      return [{ path: [...path, operation.key], action, came, went }];
    }
    case "insert":
      return operation.values.map((came, i) => ({
        path: [...path, operation.index + i],
        action: "insert",
        came,
      }));
    case "delete":
      return operation.values.map((went, i) => ({
        path: [...path, operation.index + i],
        action: "delete",
        went,
      }));
    case "textInsert":
      return [{ path, action: "insert" }];
    case "textDelete":
      return [{ path, action: "delete" }];
    case "delta": {
      const actions = new Set<Action>();
      for (const step of operation.delta) {
        if ("insert" in step) actions.add("insert");
        else if ("delete" in step) actions.add("delete");
        else if (step.attributes !== undefined) actions.add("update");
      }
      return [...actions].map(action => ({ path, action }));
    }
  }
}
