/** Who is measured: our relay, other servers with their stores, and relays without any document as limits. */
import { fileURLToPath } from "node:url";
import type { Peer } from "./peers.js";
import type { Dialect } from "./wire.js";

export interface Subject {
  readonly name: SubjectName;
  /** For tables. */
  readonly title: string;
  readonly dialect: Dialect;
  /** Where a document is; `{document}` stands for its name. */
  readonly path: string;
  /** Whether documents outlive the process. */
  readonly persistent: boolean;
  /** The folder under `peers` that must be installed. */
  readonly peer?: Peer;
  /** What Node.js is started with. */
  command(place: { readonly port: number; readonly folder: string }): {
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  };
}

export const subjectNames = [
  "verso",
  "verso-rules",
  "hocuspocus",
  "y-websocket",
  "plain-relay",
  "frame-relay",
  "batch-relay",
] as const;
export type SubjectName = (typeof subjectNames)[number];

export const subjects: Readonly<Record<SubjectName, Subject>> = {
  verso: relayWithLedger("verso", "Verso"),
  "verso-rules": relayWithLedger("verso-rules", "Verso, judging", "./rules.config.js"),
  hocuspocus: {
    name: "hocuspocus",
    title: "Hocuspocus",
    dialect: "hocuspocus",
    path: "/{document}",
    persistent: true,
    peer: "hocuspocus",
    command: ({ port, folder }) => ({ args: [file("../peers/hocuspocus/server.mjs"), String(port), folder] }),
  },
  "y-websocket": {
    name: "y-websocket",
    title: "y-websocket server",
    dialect: "y",
    path: "/{document}",
    persistent: true,
    peer: "y-websocket-server",
    command: ({ port, folder }) => ({
      args: [file("../peers/y-websocket-server/node_modules/@y/websocket-server/src/server.js")],
      env: { HOST: "127.0.0.1", PORT: String(port), YPERSISTENCE: folder },
    }),
  },
  "plain-relay": relay("plain-relay", "Plain relay", "plain"),
  "frame-relay": relay("frame-relay", "Frame relay", "frame"),
  "batch-relay": relay("batch-relay", "Batching relay", "batch"),
};

/** The subject of this name. Throws a `TypeError` if there is none. */
export function subjectOf(name: string): Subject {
  const subject = Object.hasOwn(subjects, name) ? subjects[name as SubjectName] : undefined;
  if (subject === undefined) throw new TypeError(`There is no subject "${name}".`);
  return subject;
}

function relayWithLedger(name: SubjectName, title: string, config?: string): Subject {
  return {
    name,
    title,
    dialect: "y",
    path: "/yjs/{document}",
    persistent: true,
    command: ({ port, folder }) => ({
      args: [
        file("../../../packages/cli/bin/verso.js"),
        "serve",
        ...["--data", folder, "--host", "127.0.0.1", "--port", String(port), "--log-level", "warn"],
        ...(config === undefined ? [] : ["--config", file(config)]),
      ],
    }),
  };
}

function relay(name: SubjectName, title: string, mode: string): Subject {
  return {
    name,
    title,
    dialect: "raw",
    path: "/{document}",
    persistent: false,
    command: ({ port }) => ({ args: [file("./relay-server.js"), String(port), mode] }),
  };
}

function file(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
