/**
 * What happens on a relay, as lines for whoever watches it while he builds an application.
 *
 *     12:00:01.123 → ann            orders/7  update 12
 *                    replace /status "paid"
 *     12:00:01.130 ← bob            orders/7  conflict (reject) at /status
 *
 * An arrow to the right is what came from a client, one to the left what it was told. Documents' contents are shown: this
 * is no log to keep.
 */
import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { Conflict, FeedChange } from "@verso/protocol";
import type { Actor } from "./actor.js";
import type { RoomEvents } from "./room-events.js";

export interface Monitor {
  /** A connection was let in; `at` is its path, or its document. */
  opened(connection: { readonly actor: Pick<Actor, "user">; readonly at: string }): void;
  closed(connection: {
    readonly actor: Pick<Actor, "user">;
    readonly at: string;
    readonly code: number;
    readonly reason: string;
  }): void;
  /** A commit is durable. */
  changed(change: FeedChange): void;
  /** A patch was not made, because of what others have changed since its base. */
  conflict(told: { readonly actor: Pick<Actor, "user">; readonly conflict: Conflict }): void;
  refused: RoomEvents["refused"];
  /** Something was asked for that cannot be done, or has failed. */
  problem(problem: {
    readonly actor: Pick<Actor, "user"> | null;
    readonly at: string;
    readonly code: string;
    readonly detail: string;
  }): void;
}

export interface MonitorOptions {
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
  readonly isColored: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One for who sits before a terminal, in colours, or for a pipe, without. */
export function monitorOn(output: WriteStream): Monitor {
  const isColored = output.isTTY && output.hasColors() && process.env.NO_COLOR === undefined;
  return createMonitor({ write: line => void output.write(line), isColored, now: Date.now });
}

type Style = Parameters<typeof styleText>[0];

const nameWidth = 14;
const indent = " ".repeat(15);
const longestValue = 200;
const mostOperations = 20;

export function createMonitor({ write, isColored, now }: MonitorOptions): Monitor {
  const paint = (style: Style, text: string) =>
    isColored ? styleText(style, text, { validateStream: false }) : text;

  return {
    opened: ({ actor, at }) => line("→", actor.user, paint("green", `opened ${shown(at)}`)),
    closed: ({ actor, at, code, reason }) =>
      line("←", actor.user, paint("dim", `closed ${shown(at)} ${code} ${shown(reason)}`.trimEnd())),
    changed(change) {
      const { user_id: user, document_id: document, kind, sequence, issues = [] } = change;
      const isRefused = kind === "refused";
      const what = paint(isRefused ? "red" : "cyan", `${kind} ${sequence}`);
      line("→", user, `${paint("bold", shown(document))}  ${what}${undone(change)}`);
      for (const operation of operationsOf(change)) write(`${indent}${operation}\n`);
      for (const { severity, code, pointer, message } of issues) {
        const style = severity === "error" ? "red" : "yellow";
        write(
          `${indent}${paint(style, `${severity} ${code} at ${shown(pointer) || "the top"}: ${shown(message)}`)}\n`,
        );
      }
    },
    conflict({ actor, conflict: { document_id: document, strategy, pointers, commits } }) {
      const told = paint("magenta", `conflict (${strategy}) at ${pointers.map(shown).join(", ")}`);
      line("←", actor.user, `${paint("bold", shown(document))}  ${told}`);
      for (const { sequence, user_id: user } of commits)
        write(`${indent}with ${sequence} by ${shown(user)}\n`);
    },
    refused: ({ documentId, actor, code, detail }) =>
      line(
        "←",
        actor.user,
        `${paint("bold", shown(documentId))}  ${paint("red", `${code}: ${shown(detail)}`)}`,
      ),
    problem: ({ actor, at, code, detail }) =>
      line(
        "←",
        actor?.user ?? "",
        `${paint("bold", shown(at))}  ${paint("red", `${code}: ${shown(detail)}`)}`,
      ),
  };

  function line(arrow: "→" | "←", user: string, what: string): void {
    const time = paint("dim", new Date(now()).toISOString().slice(11, 23));
    write(
      `${time} ${paint(arrow === "→" ? "green" : "blue", arrow)} ${shown(user).padEnd(nameWidth)} ${what}\n`,
    );
  }
}

function undone({ undoes = [] }: FeedChange): string {
  return undoes.length === 0 ? "" : ` (takes back ${undoes.join(", ")})`;
}

function operationsOf({ event_type: event, forward_patch: patch, target }: FeedChange): string[] {
  if (patch === null) return event === "delete" ? [] : ["(its change is no longer kept)"];
  if (!Array.isArray(patch)) return [jsonText(patch)];
  const operations = patch.slice(0, mostOperations).map(({ op, path, ...rest }) => {
    const members = Object.entries(rest).map(([name, value]) =>
      name === "value" || name === "str" ? jsonText(value) : `${name} ${jsonText(value)}`,
    );
    return [op, shown(path) || '""', ...members, ...(target === "document" ? ["(document)"] : [])].join(" ");
  });
  const left = patch.length - operations.length;
  return left > 0 ? [...operations, `and ${left} more`] : operations;
}

function jsonText(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return shown(text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);
}

/** Without what a terminal would obey: names and contents come from anybody. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, unit => `\\u{${unit.codePointAt(0)!.toString(16)}}`);
}
