/** What an operator's monitoring reads, in the text format of Prometheus. Nothing in it names a document or a user. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

export interface Metrics {
  /** A transaction was taken back, all of it or in part. */
  rejected(verdict: "refused" | "repaired", codes: readonly string[]): void;
  /** An update was turned away with its connection. */
  refused(code: string): void;
  /** A document was read again from the ledger. */
  discarded(): void;
  /** A document was opened that does not satisfy its kind. */
  invalid(): void;
  /** A request on `/ws` was answered, each told by the type of its message. */
  answered(request: string, answer: string): void;
  /** A push on `/sync` was answered. */
  pushAnswered(outcome: string): void;
  /** The text, and the media type that it has. */
  read(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsSources {
  /** How many documents are open, and bytes of memory they take, estimated. */
  readonly documents: () => { readonly size: number; readonly bytes: number };
  readonly sockets: () => number;
}

export function createMetrics({ documents, sockets }: MetricsSources): Metrics {
  // Its own, so that two relays in a process do not count together.
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  const rejections = new Counter({
    name: "verso_rejections_total",
    help: "Transactions that were taken back, all of them or in part.",
    labelNames: ["verdict"],
    registers,
  });
  const issues = new Counter({
    name: "verso_rejection_issues_total",
    help: "Issues of transactions that were taken back, by code.",
    labelNames: ["code"],
    registers,
  });
  const refusals = new Counter({
    name: "verso_refused_updates_total",
    help: "Updates that were turned away with their connections, by code.",
    labelNames: ["code"],
    registers,
  });
  const discards = new Counter({
    name: "verso_documents_discarded_total",
    help: "Documents that were read again from the ledger.",
    registers,
  });
  const invalid = new Counter({
    name: "verso_invalid_documents_total",
    help: "Openings of documents that do not satisfy their kinds; large documents are not looked at.",
    registers,
  });
  const answers = new Counter({
    name: "verso_json_requests_total",
    help: "Requests on /ws, by what they asked and what they were answered.",
    labelNames: ["request", "answer"],
    registers,
  });
  const pushes = new Counter({
    name: "verso_pushes_total",
    help: "Pushes on /sync that were answered, by what became of them.",
    labelNames: ["outcome"],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge("verso_open_documents", "Documents that are open.", () => documents().size);
  gauge("verso_open_document_bytes", "Memory of open documents, estimated.", () => documents().bytes);
  gauge("verso_sockets", "WebSockets that are open.", sockets);

  return {
    rejected(verdict, codes) {
      rejections.inc({ verdict });
      for (const code of codes) issues.inc({ code });
    },
    refused: code => refusals.inc({ code }),
    discarded: () => discards.inc(),
    invalid: () => invalid.inc(),
    answered: (request, answer) => answers.inc({ request, answer }),
    pushAnswered: outcome => pushes.inc({ outcome }),
    read: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
