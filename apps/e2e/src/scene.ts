/** What every test in the browser begins with: one browser for a file, and for each test a relay on a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type Relay, startRelay } from "./relay.js";

/** A page that tells what went wrong on it. */
export interface Watched {
  readonly page: Page;
  takeFaults(): string[];
}

export interface Scene {
  readonly browser: Browser;
  /** Where the relay listens, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Has a page closed when the test ends, which fails if anything went wrong on it. */
  watch<T extends Watched>(watched: T): T;
  /** What its pages share, as the tabs of one browser do. It closes when the test ends. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  stopRelay(): Promise<void>;
  /** Ends it with SIGKILL. */
  killRelay(): Promise<void>;
  /** Starts the relay that has ended: on the same data, at the same place. */
  startRelay(): Promise<void>;
}

export interface SceneOptions {
  /** Whether a fault is none, because it is what a test is about. */
  readonly isExpected?: (fault: string) => boolean;
  /** The source of the relay's configuration file. @default none */
  readonly configuration?: string;
}

/** To be called at the head of a file of tests. */
export function setScene({ isExpected = () => false, configuration }: SceneOptions = {}): Scene {
  let browser: Browser | undefined;
  let relay: Relay | undefined;
  let data: string;
  const watched: Watched[] = [];
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    const executablePath = process.env.CHROMIUM;
    if (executablePath === undefined)
      throw new Error("The variable CHROMIUM names no browser. `npm test` finds one.");
    browser = await chromium.launch({
      executablePath,
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
        ...["--disable-background-networking", "--disable-component-update"],
      ],
    });
  });

  afterAll(() => browser?.close());

  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), "verso-studio-"));
    if (configuration !== undefined) writeFileSync(join(data, "verso.config.mjs"), configuration);
    relay = await startRelay({ data: join(data, "ledger"), folder: data });
  });

  afterEach(async () => {
    const pages = watched.splice(0);
    const faults = pages.flatMap(({ takeFaults }) => takeFaults()).filter(fault => !isExpected(fault));
    for (const { page } of pages) await page.close();
    for (const context of contexts.splice(0)) await context.close();
    await relay?.stop();
    rmSync(data, { recursive: true });
    expect(faults).toEqual([]);
  });

  const scene: Scene = {
    get browser() {
      if (browser === undefined) throw new Error("The browser is there when a test runs, and not before.");
      return browser;
    },
    get url() {
      if (relay === undefined) throw new Error("The relay is there when a test runs, and not before.");
      return relay.url;
    },
    watch(page) {
      watched.push(page);
      return page;
    },
    async newContext(options) {
      const context = await scene.browser.newContext({
        viewport: { width: 1440, height: 900 },
        reducedMotion: "reduce",
        ...options,
      });
      contexts.push(context);
      return context;
    },
    async killRelay() {
      await relay?.kill();
    },
    async stopRelay() {
      await relay?.stop();
    },
    async startRelay() {
      const { port } = new URL(scene.url);
      relay = await startRelay({ data: join(data, "ledger"), folder: data, port });
    },
  };
  return scene;
}
