/**
 * How long it is kept what was taken back, and why.
 *
 * The commit of a rejection stays, with its update and with what undoing needs; its issues and the hash of what was sent
 * go. Where a document's rejections are is remembered beside it, so that each commit is looked at once and not each time.
 */
import type { Ledger } from "@verso/storage";
import { z } from "zod";

export interface RejectionRetention {
  /** Days after which a rejection is forgotten. @default 90 */
  readonly keepDays: number;
  /** Rejections of one document that are kept, the latest ones. @default 1000 */
  readonly keepPerDocument: number;
}

export const defaultRejectionRetention: RejectionRetention = { keepDays: 90, keepPerDocument: 1000 };

/** Where the rejections of a document are: what stands in its records of the namespace. */
const placesSchema = z.object({
  /** The last commit that was looked at. */
  until: z.number(),
  /** Sequence and time of each, oldest first. */
  kept: z.array(z.tuple([z.number(), z.number()])),
});
type Places = z.output<typeof placesSchema>;

const namespace = "rejections";
const key = "places";

/** The moment before which rejections are forgotten, in milliseconds since 1970. */
export function forgottenBefore({ keepDays }: RejectionRetention, now: number): number {
  return now - keepDays * 24 * 60 * 60 * 1000;
}

/** Lets go of the rejections of a document that are too old or too many. Costs the commits since the last time. */
export async function forgetRejections(
  ledger: Ledger,
  documentId: string,
  { retention, now }: { readonly retention: RejectionRetention; readonly now: number },
): Promise<void> {
  const records = ledger.documentRecords(documentId, namespace);
  const known = await readPlaces(records);
  let { until } = known;
  const places = [...known.kept];
  for await (const { sequence, time, notes } of ledger.read(documentId, { from: until + 1 })) {
    if (notes.refusedUpdate !== undefined) places.push([sequence, time]);
    until = sequence;
  }

  const oldest = forgottenBefore(retention, now);
  const tooMany = places.length - retention.keepPerDocument;
  const isKept = ([, time]: Places["kept"][number], index: number) => time >= oldest && index >= tooMany;
  const kept = places.filter(isKept);
  const forgotten = places.flatMap((place, index) => (isKept(place, index) ? [] : [place[0]]));
  if (until === known.until && forgotten.length === 0) return;
  await ledger.dropIssues({ document: documentId, sequences: forgotten });
  await records.put(key, Buffer.from(JSON.stringify({ until, kept } satisfies Places)));
}

async function readPlaces(records: ReturnType<Ledger["documentRecords"]>): Promise<Places> {
  const bytes = await records.get(key);
  if (bytes === undefined) return { until: 0, kept: [] };
  return placesSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
}
