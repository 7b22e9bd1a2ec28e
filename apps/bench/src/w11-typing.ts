/**
 * W11: typing, as somebody feels it: each editor in a browser, on Verso with its schema at the gate, and with the provider and
 * the server that its binding was written for. Who types and who watches have a page each.
 */
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { digits } from "./format.js";
import { withFolder, withServer } from "./server-process.js";
import { percentile } from "./statistics.js";
import { type Subject, subjects } from "./subjects.js";
import type { Typing } from "./typing-times.js";
import type { Figures, Row, Settings, Table, Workload } from "./workload.js";

const editors = {
  tiptap: "Tiptap",
  prosemirror: "ProseMirror",
  codemirror: "CodeMirror",
  monaco: "Monaco",
  quill: "Quill",
  lexical: "Lexical",
  textarea: "textarea",
};
const STOCK = "stock";
const KEYS = { quick: 20, full: 60 };
const RATE = 10;
const PATIENCE_MS = 30_000;
const SETTLE_MS = 1000;
const LOOK_MS = 100;
/** Lines that are in the document before; no letter of theirs is a `q`. */
const LINES = 30;
const LINE = "It was a bright cold day in April, and the clocks were striking thirteen.";

/** The relay of `npm start`, whose kinds judge what each editor makes. */
const verso: Subject = {
  ...subjects.verso,
  command: ({ port, folder }) => ({
    args: [fileURLToPath(new URL("../../relay/dist/main.js", import.meta.url))],
    env: { PORT: String(port), VERSO_DATA: join(folder, "ledger"), LOG_LEVEL: "warn" },
  }),
};

export const typing: Workload = {
  name: "w11",
  title: "Typing in editors",
  participants: [
    { name: "verso", title: "@verso/client, Verso, judging" },
    { name: STOCK, title: "y-websocket provider, y-websocket server" },
  ],
  tables: [
    table("own", "To one's own screen, p50", "milliseconds from the key to the frame that has its letter"),
    table("own95", "To one's own screen, p95", "the same"),
    table(
      "peer",
      "To another's screen, p50",
      "milliseconds from the key to the frame of another page that has its letter",
    ),
    table("peer95", "To another's screen, p95", "the same"),
    table(
      "work",
      "Work for a key",
      "milliseconds of processor time of the author's page, all tasks of its main thread, by Chromium's own count",
    ),
  ],
  measure,
};

function table(name: string, title: string, about: string): Table {
  return {
    name,
    title,
    about: `${KEYS.full} keys at ${RATE} a second in a document of ${LINES} lines; ${about}. A page has 60 frames a second.`,
    columns: Object.entries(editors).map(([figure, title]) => ({ figure, title, show: digits, base: STOCK })),
  };
}

async function measure(participant: string, { quick }: Settings): Promise<readonly Row[]> {
  const subject = participant === STOCK ? subjects["y-websocket"] : verso;
  const keys = quick ? KEYS.quick : KEYS.full;
  const figures: Record<string, Record<string, number>> = {
    own: {},
    own95: {},
    peer: {},
    peer95: {},
    work: {},
  };
  return withFolder(async folder => {
    const pages = join(folder, "pages");
    await buildPage(pages);
    return withServer(subject, folder, server =>
      withBrowser(async browser => {
        for (const editor of Object.keys(editors)) {
          const url = `http://127.0.0.1:${server.address(editor).port}/bench/typing.html?editor=${editor}&provider=${participant}&room=${editor}`;
          for (const [table, figure] of Object.entries(await type(browser, { url, pages, keys }))) {
            figures[table]![editor] = figure!;
          }
        }
        return Object.entries(figures).map(([table, figures]): Row => ({ table, figures }));
      }),
    );
  });
}

interface Task {
  readonly url: string;
  readonly pages: string;
  readonly keys: number;
}

async function type(browser: Browser, { url, pages, keys }: Task): Promise<Figures> {
  const author = await openPage(browser, { url, pages });
  const peer = await openPage(browser, { url, pages });
  await author.getByRole("textbox", { name: "Document" }).focus();
  for (let line = 0; line < LINES; line++) {
    await author.keyboard.insertText(LINE);
    await author.keyboard.press("Enter");
  }
  // Monaco makes an edit of each letter of a text that is put in: they are on their way for a while.
  while ((await editsIn(peer)) < (await editsIn(author))) await sleep(LOOK_MS);
  await sleep(SETTLE_MS);

  const devtools = await author.context().newCDPSession(author);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await taskSeconds(devtools);
  const begin = performance.now();
  for (let i = 0; i < keys; i++) {
    const due = begin + (i * 1000) / RATE;
    while (performance.now() < due) await sleep(1);
    await author.keyboard.press("q");
  }
  const [written, read] = await Promise.all([author, peer].map(page => allSeen(page, keys)));
  const work = ((await taskSeconds(devtools)) - before) / keys;
  const own = written!.pressed.map((at, i) => written!.seen[i]! - at);
  const others = written!.pressed.map((at, i) => read!.seen[i]! - at);
  for (const page of [author, peer]) await page.context().close();
  return {
    own: percentile(own, 0.5),
    own95: percentile(own, 0.95),
    peer: percentile(others, 0.5),
    peer95: percentile(others, 0.95),
    work: work * 1000,
  };
}

/** A page of its own, which shares nothing with others but the server. It is served beneath the server's own address. */
async function openPage(browser: Browser, { url, pages }: Omit<Task, "keys">): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/bench/**", route => {
    const file = new URL(route.request().url()).pathname.replace("/bench/", "");
    return route.fulfill({
      contentType: contentTypes[extname(file)]!,
      body: readFileSync(join(pages, file)),
    });
  });
  await page.goto(url);
  await page.waitForFunction("window.typing !== undefined", null, { timeout: PATIENCE_MS });
  return page;
}

/** How much of Yjs's own counting of edits is in the document of a page. */
function editsIn(page: Page): Promise<number> {
  return page.evaluate("window.typing.edits()");
}

async function allSeen(page: Page, keys: number): Promise<Typing> {
  await page.waitForFunction(`window.typing.seen.length >= ${keys}`, null, { timeout: PATIENCE_MS });
  return page.evaluate<Typing>("({ pressed: window.typing.pressed, seen: window.typing.seen })");
}

async function taskSeconds(
  devtools: Awaited<ReturnType<ReturnType<Page["context"]>["newCDPSession"]>>,
): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")!.value;
}

async function buildPage(outDir: string): Promise<void> {
  const root = fileURLToPath(new URL("../page", import.meta.url));
  await build({
    configFile: false,
    root,
    base: "/bench/",
    logLevel: "error",
    // As the pages of apps/editors are built.
    resolve: { dedupe: ["yjs", "lib0", "y-protocols"], alias: { "monaco-editor/esm/vs": "monaco-editor" } },
    build: {
      outDir,
      emptyOutDir: true,
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: { input: join(root, "typing.html") },
    },
  });
}

async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  const executablePath = process.env.CHROMIUM;
  if (executablePath === undefined) throw new TypeError("The variable CHROMIUM names no browser.");
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", ...localPages],
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/** A page that comes from no server is no local one to Chromium, and may not speak with this machine's servers. */
const localPages = ["--disable-features=LocalNetworkAccessChecks"];

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".ttf": "font/ttf",
  ".woff2": "font/woff2",
};
