/**
 * Signs the heads of all documents that have changed, every few hours, and exports them.
 *
 * The feed says which have changed since the last time, so a run costs what was written and not what there is. Of each
 * run with signed heads there is a file in the export folder, one line a head, which is complete when it has its name:
 * kept where nobody who writes to the store can write, it shows whether the past was changed. Where a run was cut off the
 * next begins at the same place, so that no head is missing from the files.
 */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { formatSignedHead, type Ledger, readPrivateKey, type SignedHead, StorageError } from "@verso/storage";
import { z } from "zod";
import type { Cancel, Clock } from "./clock.js";
import { ServerError } from "./errors.js";
import { type Signer, signPresentHead } from "./signed-heads.js";

/** The shape of `signing` in a configuration. */
export const signingSchema = z.strictObject({
  /** File of the private key: Ed25519 in PEM (PKCS #8). */
  key: z.string().min(1),
  /** Hours between two runs. */
  everyHours: z.number().positive().max(500).default(24),
  /** Folder for the files of signed heads; it is made if it is not there. */
  exportTo: z.string().min(1).optional(),
});

export type SigningOptions = z.output<typeof signingSchema>;

export interface Signing {
  readonly signer: Signer;
  /** Waits for the run that is under way; none begins from then on. */
  close(): Promise<void>;
}

export interface SigningContext {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Told of each run that signed something. */
  readonly onSigned: (run: { readonly heads: number; readonly file: string | undefined }) => void;
  /** Told of a run that failed; it is tried again in a minute. */
  readonly onError: (error: unknown) => void;
}

/** How far signing has come: what stands in the records of the namespace. */
const progressSchema = z.object({
  /** Feed sequence of the last commit whose document was looked at. */
  since: z.number(),
  /** When the last run was, in milliseconds since 1970. */
  time: z.number(),
});
type Progress = z.output<typeof progressSchema>;

const namespace = "signing";
const hour = 60 * 60 * 1000;
const retry = 60 * 1000;

/** Begins to sign. Throws `config-invalid` when the key cannot be used. */
export async function startSigning(
  { key, everyHours, exportTo }: SigningOptions,
  { ledger, clock, onSigned, onError }: SigningContext,
): Promise<Signing> {
  const signer: Signer = { privateKey: await readKey(key), now: clock.now };
  const records = ledger.records(namespace);
  let running: Promise<void> = Promise.resolve();
  let closed = false;
  const { time } = await readProgress();
  let cancel = plan(Math.min(Math.max(time + everyHours * hour - clock.now(), 0), everyHours * hour));

  return {
    signer,
    async close() {
      closed = true;
      cancel();
      await running;
    },
  };

  function plan(milliseconds: number): Cancel {
    return clock.after(milliseconds, () => {
      running = run().then(
        () => planNext(everyHours * hour),
        error => {
          onError(error);
          planNext(Math.min(retry, everyHours * hour));
        },
      );
    });
  }

  function planNext(milliseconds: number): void {
    if (!closed) cancel = plan(milliseconds);
  }

  async function run(): Promise<void> {
    const { since } = await readProgress();
    const time = clock.now();
    const seen = new Set<string>();
    let until = since;
    let exported: Export | undefined;
    try {
      for await (const { document, erased, feedSequence } of ledger.feed({ since })) {
        if (closed) return;
        until = feedSequence;
        if (erased || seen.has(document)) continue;
        seen.add(document);
        const head = await sign(document);
        if (head === undefined || exportTo === undefined) continue;
        exported ??= await beginExport(resolve(exportTo), time);
        await exported.write(`${formatSignedHead(head)}\n`);
      }
    } finally {
      await exported?.close();
    }
    await exported?.publish();
    await records.put("progress", Buffer.from(JSON.stringify({ since: until, time } satisfies Progress)));
    if (seen.size > 0) onSigned({ heads: seen.size, file: exported?.file });
  }

  async function sign(document: string): Promise<SignedHead | undefined> {
    try {
      return await signPresentHead(ledger, document, signer);
    } catch (error) {
      if (error instanceof StorageError && error.code === "erased") return undefined;
      throw error;
    }
  }

  async function readProgress(): Promise<Progress> {
    const bytes = await records.get("progress");
    if (bytes === undefined) return { since: 0, time: 0 };
    return progressSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  }
}

interface Export {
  readonly file: string;
  write(line: string): Promise<void>;
  /** Makes what was written durable. */
  close(): Promise<void>;
  /** Gives the file its name. */
  publish(): Promise<void>;
}

async function beginExport(folder: string, time: number): Promise<Export> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `heads-${new Date(time).toISOString().replace(/[:.]/g, "-")}.jsonl`);
  const partial = `${file}.partial`;
  const handle = await open(partial, "w");
  return {
    file,
    async write(line) {
      await handle.appendFile(line);
    },
    async close() {
      await handle.sync();
      await handle.close();
    },
    publish: () => rename(partial, file),
  };
}

async function readKey(file: string): Promise<Signer["privateKey"]> {
  try {
    return readPrivateKey(await readFile(resolve(file), "utf8"));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError("config-invalid", `The signing key ${file} cannot be used: ${detail}`, {
      cause,
      path: "signing.key",
    });
  }
}
