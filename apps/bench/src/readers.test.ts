import { createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame, PING } from "./frame.js";
import { markText } from "./marks.js";
import { hasCompiler, type Readers, startReaders, whenJoined } from "./readers.js";

const compiler = hasCompiler();
const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe.skipIf(!compiler)(`the readers in C${compiler ? "" : " (skipped: there is no C compiler)"}`, () => {
  test("count every mark once, wherever reads and frames are cut", async () => {
    const text = Array.from(
      { length: 200 },
      (_, id) => `${"x".repeat(id % 19)}${markText(id, performance.now())}`,
    );
    const whole = encodeFrame(Buffer.from(text.join("")));
    const split = Buffer.concat([
      encodeFrame(Buffer.from(text.join("").slice(0, 1005)), { isLast: false }),
      encodeFrame(Buffer.from(text.join("").slice(1005, 1009)), { opcode: 0, isLast: false }),
      encodeFrame(Buffer.from(text.join("").slice(1009)), { opcode: 0 }),
    ]);
    for (const cut of [1, 2, 5, 15, 16, 17, 1000]) {
      const readers = await startOn([...pieces(whole, cut), ...pieces(split, cut)]);
      const { delivered } = await until(readers, statistics => statistics.closed === 1);
      expect(delivered, `cut every ${cut} bytes`).toBe(400);
    }
  });

  test("do not join a mark's halves over two messages", async () => {
    const mark = Buffer.from(markText(1, performance.now()));
    const readers = await startOn([
      Buffer.concat([encodeFrame(mark.subarray(0, 9)), encodeFrame(mark.subarray(9)), encodeFrame(mark)]),
    ]);
    expect((await until(readers, statistics => statistics.closed === 1)).delivered).toBe(1);
  });

  test("measure the time from when an edit was due", async () => {
    const due = performance.now() - 1500;
    const readers = await startOn([encodeFrame(Buffer.from(markText(7, due)))]);
    const { p50, p99 } = await until(readers, statistics => statistics.delivered === 1);
    expect(p50).toBe(p99);
    expect(p50).toBeGreaterThanOrEqual(1500);
    expect(p50).toBeLessThanOrEqual(performance.now() - due);
  });

  test("have joined when the message of a join is whole, be there pings or others before", async () => {
    const readers = await startOn(
      [
        Buffer.concat([encodeFrame(Buffer.from("hi"), { opcode: PING }), encodeFrame(Buffer.alloc(60))]),
        ...pieces(encodeFrame(Buffer.alloc(100_000)), 40_000),
      ],
      { joinSize: 90_000 },
    );
    await whenJoined(readers, 1);
    expect((await readers.statistics()).joined).toBe(1);
  });
});

async function until(
  readers: Readers,
  condition: (statistics: Awaited<ReturnType<Readers["statistics"]>>) => boolean,
) {
  for (;;) {
    const statistics = await readers.statistics();
    if (condition(statistics)) return statistics;
  }
}

/** One reader of a server that answers the upgrade, sends these chunks one by one and closes. */
async function startOn(chunks: readonly Buffer[], { joinSize = 1 } = {}): Promise<Readers> {
  const server = createServer({ noDelay: true }, socket => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      let next = 0;
      const send = () => {
        const chunk = chunks[next++];
        if (chunk === undefined) socket.end();
        else socket.write(chunk, () => setImmediate(send));
      };
      send();
      socket.on("data", () => {});
    });
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  const readers = startReaders(
    { dialect: "y", port: address.port, path: "/d", document: "d" },
    { count: 1, joinSize },
  );
  closing.push(
    () => readers.close(),
    () => void server.close(),
  );
  return readers;
}

function pieces(stream: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
    stream.subarray(i * size, (i + 1) * size),
  );
}
