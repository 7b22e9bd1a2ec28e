/**
 * The process that is killed in `crash.test.ts`.
 *
 *     node crash.test.writer.js steps DIRECTORY POINT    kills itself at the numbered step, or prints how many there are
 *     node crash.test.writer.js load DIRECTORY RUN       writes until it is killed
 *
 * Each line that it prints is in the pipe, and so with its reader, before the next thing is done.
 */

import { writeSync } from "node:fs";
import { openLevelBackend } from "./backends/level.js";
import type { CommitDraft } from "./commit.js";
import type { DocumentLog } from "./document-log.js";
import { createFaults } from "./faults.js";
import { openLedger } from "./ledger.js";

/** One line of the child's. */
export type Line =
  | { readonly type: "tries"; readonly document: string; readonly text: string }
  | {
      readonly type: "acknowledged";
      readonly document: string;
      readonly text: string;
      readonly sequence: number;
    }
  | { readonly type: "points"; readonly points: number };

const [mode = "", directory = "", argument = "0"] = process.argv.slice(2);

const faults = createFaults(({ number }) => {
  if (mode === "steps" && number === Number(argument)) process.kill(process.pid, "SIGKILL");
});
await using ledger = await openLedger({ open: async () => faults.wrap(await openLevelBackend(directory)) });

if (mode === "steps") {
  const { log: a } = await ledger.open("a");
  const { log: b } = await ledger.open("b");
  await append(a, ["a1"]);
  await Promise.all([append(a, ["a2", "a3"]), append(b, ["b1"]), append(a, ["a4"]), append(b, ["b2", "b3"])]);
  await Promise.all([a.saveSnapshot({ sequence: 3, state: Buffer.alloc(300_000, 1) }), append(a, ["a5"])]);
  await ledger.dropParts({ document: "a", before: 3, parts: ["update", "change"] });
  await append(b, ["b4"]);
  await ledger.close();
  say({ type: "points", points: faults.points });
} else {
  const writers = ["a", "b", "c", "d"].map(async (document, writer) => {
    const { log } = await ledger.open(document);
    for (let round = 0; ; round++) {
      const texts = Array.from(
        { length: 1 + ((round + writer) % 5) },
        (_, each) => `${argument} ${round} ${each}`,
      );
      await append(log, texts);
      if (round % 50 === 49)
        await log.saveSnapshot({ sequence: log.head!.sequence, state: Buffer.alloc(100_000, 7) });
    }
  });
  await Promise.all(writers);
}

/** Says what it is going to do, does it, and says what came of it. */
async function append(log: DocumentLog, texts: readonly string[]): Promise<void> {
  const { document } = log;
  for (const text of texts) say({ type: "tries", document, text });
  const answers = await log.append(texts.map(draftOf));
  for (const [index, { sequence }] of answers.entries()) {
    say({ type: "acknowledged", document, text: texts[index]!, sequence });
  }
}

function draftOf(text: string): CommitDraft {
  return {
    actor: { user: "writer" },
    kind: "update",
    update: Buffer.from(`update ${text}`),
    change: Buffer.from(`change ${text}`),
    notes: { issues: [{ pointer: "/", code: text, message: "", severity: "info" }] },
    dedupe: text,
  };
}

function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
