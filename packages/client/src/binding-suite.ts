/**
 * What a binding of a framework promises, as tests over real clients and a real relay. Long, because the stories share the
 * people and pages that are set up for them.
 *
 * A framework takes part by a driver of three functions. What it mounts is one component for each reading. Such a component
 *
 * - reads what `reading.of` names, by the binding's own means, with `reading`'s selector, pointer or limit;
 * - shows the value as JSON in `<p data-name="{reading.name}">`;
 * - whenever it renders says so by `view.onRender(reading.name, documentId, { value, …what the binding gives to act })`, and
 *   by `view.onCommit()` when the DOM has what was rendered.
 *
 * The suite needs a DOM, any runner with `describe` and `test`, and the URL of a relay that has the kinds `bindingKinds` and
 * believes anonymous users their names.
 */
import type { MutableJsonObject } from "@verso/bridge";
import { equalityDeep } from "lib0/function";
import { z } from "zod";
import {
  type BindingClient,
  type Other,
  type Presence,
  type RecentHistory,
  shallow,
} from "./binding/index.js";
import type { WebSocketLike } from "./client.js";
import type { Rejection } from "./document.js";
import { createClient, type Document, type Documents } from "./documents.js";
import type { Recipe } from "./draft.js";
import type { DocumentOf } from "./kinds.js";

/** The kinds that the relay has to have. */
export const bindingKinds = {
  "binding/:id": {
    roots: { note: "map", body: "text" },
    schema: z.object({
      note: z.object({ title: z.string().max(40).optional(), count: z.number().optional() }),
      body: z.string(),
    }),
  },
} as const;

/** What one component reads. */
export interface Reading {
  /** Of the component. */
  readonly name: string;
  readonly of:
    | "document"
    | "text"
    | "status"
    | "unsyncedChanges"
    | "presence"
    | "self"
    | "others"
    | "undo"
    | "history"
    | "rejections";
  /** Of a `document`, `status`, `self` or `others`. */
  readonly selector?: (value: unknown) => unknown;
  readonly isEqual?: (a: unknown, b: unknown) => boolean;
  /** Of a `text`. */
  readonly pointer?: string;
  /** Of a `history`. */
  readonly limit?: number;
}

/** What a component has read, and what beside it the binding gives to act. */
export interface Shown {
  /** Of an `undo`: `{ canUndo, canRedo }`. */
  readonly value: unknown;
  readonly change?: (recipe: Recipe<MutableJsonObject>) => void;
  readonly setText?: (text: string) => void;
  readonly update?: (change: Presence) => void;
  readonly undo?: () => Promise<unknown>;
  readonly redo?: () => Promise<unknown>;
  /** Of a `history`. */
  readonly restore?: (sequence: number) => Promise<unknown>;
  readonly dismiss?: (rejection: Rejection) => void;
}

/** What is to be rendered, and who is to be told. */
export interface View {
  readonly client: BindingClient;
  readonly documentId: string;
  readonly readings: readonly Reading[];
  /** Whether everything is to be mounted twice, where the framework can: React's StrictMode. */
  readonly isStrict: boolean;
  onRender(name: string, documentId: string, shown: Shown): void;
  onCommit(): void;
}

export interface Mounted {
  /** The same components read another document. */
  show(documentId: string): void;
  unmount(): void;
}

export interface BindingDriver {
  mount(view: View, element: HTMLElement): Mounted;
  /** The element has what `renderOnServer` has given. */
  hydrate(view: View, element: HTMLElement): Mounted;
  renderOnServer(view: View): string | Promise<string>;
}

export interface BindingSuiteOptions {
  readonly name: string;
  readonly driver: BindingDriver;
  /** Where the relay listens. */
  readonly relay: string;
  readonly runner: {
    describe(name: string, body: () => void): void;
    test(name: string, body: () => Promise<void>): void;
  };
  /** @default the environment's */
  readonly WebSocket?: new (
    url: string,
    protocols: string[],
  ) => WebSocketLike;
}

export function bindingSuite(options: BindingSuiteOptions): void {
  const { driver, runner } = options;
  const test = (title: string, body: (story: Story) => Promise<void>) =>
    runner.test(title, async () => {
      const story = createStory(options);
      try {
        await body(story);
      } finally {
        await story.end();
      }
    });

  runner.describe(options.name, () => {
    test("shows an empty document first, and then what the relay has", async ({ ada, ben, mount }) => {
      await ben.write({ title: "Hello" });
      const page = await mount(ada, [{ name: "all", of: "document" }]);
      equal(page.values("all")[0], { note: {}, body: "" });
      await until(() => page.shows("all", { note: { title: "Hello" }, body: "" }));
    });

    test("shows what others change, and what is changed here at once", async ({ ada, ben, mount }) => {
      const page = await mount(ada, [{ name: "all", of: "document" }, title]);
      await ben.write({ title: "From Ben" });
      await until(() => page.shows("title", "From Ben"));

      ada.disconnect();
      page.last("title").change?.(draft => void Object.assign(draft.note as object, { title: "From Ada" }));
      await until(() => page.shows("title", "From Ada"));
      equal(page.last("all").value, { note: { title: "From Ada" }, body: "" });
      ada.connect();
      await until(() => titleOf(ben.document.json) === "From Ada");
      equal(new Set(page.renders("title").map(({ change }) => change)).size, 1);
    });

    test("never shows two states of a document at once", async ({ ada, ben, mount }) => {
      const page = await mount(ada, [
        { name: "one", of: "document", selector: countOf },
        { name: "two", of: "document", selector: countOf },
        { name: "three", of: "document", selector: json => ({ count: countOf(json) }) },
      ]);
      let commits = 0;
      const torn: unknown[] = [];
      page.onCommit(() => {
        commits += 1;
        const [one, two, three] = ["one", "two", "three"].map(page.text);
        const isSame = one === two && three === (one === "" ? "{}" : `{"count":${one}}`);
        if (!isSame) torn.push([one, two, three]);
      });
      await until(() => page.shows("one", undefined));
      for (let count = 1; count <= 30; count += 1) {
        await (count % 3 === 0 ? ben.write({ count }) : undefined);
        page.last(count % 2 === 0 ? "one" : "two").change?.(draft => {
          Object.assign(draft.note as object, { count: count * 100 });
        });
        if (count % 5 === 0) await new Promise(resolve => setTimeout(resolve));
      }
      await until(() => ada.document.unsyncedChanges === 0 && page.shows("one", countOf(ada.document.json)));
      equal(torn, []);
      isTrue(commits > 3, "The DOM was looked at.");
    });

    test("renders a component only for what it reads", async ({ ada, ben, mount }) => {
      await ben.write({ title: "Title" });
      const page = await mount(ada, [
        title,
        // Each of them makes another object each time; the second says that it is none.
        { name: "loose", of: "document", selector: json => ({ count: countOf(json) }) },
        { name: "parts", of: "document", selector: json => ({ title: titleOf(json) }), isEqual: shallow },
        { name: "body", of: "text", pointer: "/body" },
        { name: "count", of: "document", selector: countOf },
        ...synced,
      ]);
      await until(() => page.shows("synced", true) && page.shows("title", "Title"));
      const before = ["title", "parts", "body", "synced"].map(name => page.renders(name).length);
      const loose = page.renders("loose").length;
      for (let count = 1; count <= 10; count += 1) {
        if (count % 2 === 0)
          page.last("title").change?.(draft => void Object.assign(draft.note as object, { count }));
        else await ben.write({ count });
        // Ben and Ada take turns: of what two write at once Yjs would choose one.
        await until(() => page.shows("count", count) && countOf(ben.document.json) === count);
      }
      equal(
        ["title", "parts", "body", "synced"].map(name => page.renders(name).length),
        before,
      );
      const more = page.renders("loose").length - loose;
      isTrue(more >= 10 && more <= 30, `It rendered ${more} times for ten changes.`);
    });

    test("keeps a document open between an unmount and a mount, and closes it a second after the last", async story => {
      const { ada, mount } = story;
      const other = story.documentId();
      const first = await mount(ada, [title, { name: "again", of: "document" }]);
      const timer = await mount(ada, [title], { documentId: other });
      await until(() => ada.opened.length === 2);
      first.unmount();
      timer.unmount();
      const unmountedAt = Date.now();
      const second = await mount(ada, [title]);
      await until(() => ada.closed.includes(other));
      isTrue(Date.now() - unmountedAt >= 900, "It was closed too early.");
      equal(ada.closed, [other]);
      second.unmount();
      await until(() => ada.closed.length === 2);
      equal(ada.opened, [ada.documentId, other]);
      const third = await mount(ada, [title, ...synced]);
      await until(() => third.shows("synced", true));
      equal(ada.opened.length, 3);
    });

    test("opens once what is mounted twice", async story => {
      const { ada, ben, mount } = story;
      const other = story.documentId();
      await ben.write({ title: "Twice" });
      const page = await mount(ada, [title, { name: "all", of: "document" }], { isStrict: true });
      const timer = await mount(ada, [title], { documentId: other });
      await until(() => page.shows("title", "Twice"));
      timer.unmount();
      await until(() => ada.closed.includes(other));
      equal([ada.opened, ada.closed], [[ada.documentId, other], [other]]);
      await ben.write({ title: "Still open" });
      await until(() => page.shows("title", "Still open"));
    });

    test("opens nothing on a server, and goes on with what it has rendered", async story => {
      const { ada, ben, mount } = story;
      await ben.write({ title: "Hello" });
      const readings: Reading[] = [
        ...[
          { name: "all", of: "document" as const },
          title,
          { name: "body", of: "text" as const, pointer: "/body" },
        ],
        ...[...synced, { name: "unsynced", of: "unsyncedChanges" as const }],
        ...(["presence", "self", "others", "undo", "history", "rejections"] as const).map(of => ({
          name: of,
          of,
        })),
      ];
      const element = document.createElement("div");
      element.innerHTML = await driver.renderOnServer(story.view(ada, readings));
      equal([ada.opened, ada.sockets], [[], 0]);
      equal(textIn(element, "all"), JSON.stringify({ note: {}, body: "" }));
      equal(textIn(element, "undo"), JSON.stringify({ canUndo: false, canRedo: false }));

      const rendered = element.querySelector('[data-name="title"]');
      const page = await mount(ada, readings, { hydrate: element });
      await until(() => page.shows("title", "Hello"));
      isTrue(element.querySelector('[data-name="title"]') === rendered, "What the server rendered is kept.");
      equal(ada.opened.length, 1);
    });

    test("shows edits that are made offline at once, and sends them later", async ({ ada, ben, mount }) => {
      const page = await mount(ada, [title, { name: "unsynced", of: "unsyncedChanges" }, ...synced]);
      await until(() => page.shows("synced", true));
      ada.disconnect();
      await until(() => page.shows("synced", false));
      page.last("title").change?.(draft => void Object.assign(draft.note as object, { title: "Offline" }));
      await until(() => page.shows("title", "Offline") && page.shows("unsynced", 1));
      equal(titleOf(ben.document.json), undefined);
      ada.connect();
      await until(() => titleOf(ben.document.json) === "Offline");
      await until(() => page.shows("unsynced", 0) && page.shows("synced", true));
    });

    test("shows what was refused until it is dismissed, and the document without it", async ({
      ada,
      ben,
      mount,
    }) => {
      await ben.write({ title: "Right" });
      const page = await mount(ada, [title, { name: "rejections", of: "rejections" }]);
      await until(() => page.shows("title", "Right"));
      page
        .last("title")
        .change?.(draft => void Object.assign(draft.note as object, { title: "Wrong".repeat(10) }));
      await until(() => page.values("title").includes("Wrong".repeat(10)));
      const rejections = () => page.last("rejections").value as readonly Rejection[];
      await until(() => rejections().length === 1 && page.shows("title", "Right"));
      const [rejection] = rejections();
      equal(rejection?.issues[0]?.pointer, "/note/title");
      page.last("rejections").dismiss?.(rejection!);
      await until(() => page.shows("rejections", []));
    });

    test("takes back and brings again", async ({ ada, mount }) => {
      const page = await mount(ada, [title, { name: "undo", of: "undo" }, ...synced]);
      await until(() => page.shows("synced", true));
      equal(page.last("undo").value, { canUndo: false, canRedo: false });
      page.last("title").change?.(draft => void Object.assign(draft.note as object, { title: "Mine" }));
      await until(() => page.shows("undo", { canUndo: true, canRedo: false }));
      await page.last("undo").undo?.();
      await until(() => page.shows("title", undefined));
      await until(() => page.shows("undo", { canUndo: true, canRedo: true }));
      await page.last("undo").redo?.();
      await until(() => page.shows("title", "Mine"));
    });

    test("shows who is there, and shows oneself to them", async ({ ada, ben, mount }) => {
      const names = (others: unknown) => (others as readonly Other[]).map(({ presence }) => presence.name);
      const page = await mount(ada, [
        { name: "presence", of: "presence" },
        { name: "self", of: "self", selector: own => (own as Presence).name },
        { name: "others", of: "others", selector: names, isEqual: shallow },
        ...synced,
      ]);
      await until(() => page.shows("synced", true));
      page.last("presence").update?.({ name: "Ada" });
      page.last("presence").update?.({ place: 7 });
      await until(() => page.shows("presence", { name: "Ada", place: 7 }) && page.shows("self", "Ada"));
      const adaAtBens = () => ben.document.awareness.getStates().get(ada.document.doc.clientID);
      await until(() => adaAtBens()?.place === 7);
      ben.document.awareness.setLocalState({ name: "Ben" });
      await until(() => page.shows("others", ["Ben"]));
      const before = page.renders("others").length;
      ben.document.awareness.setLocalState({ name: "Ben", cursor: 1 });
      ben.document.awareness.setLocalState({ name: "Benjamin" });
      await until(() => page.shows("others", ["Benjamin"]));
      equal(page.renders("others").length, before + 1);
      await ben.client.close();
      await until(() => page.shows("others", []));
    });

    test("shows another document in the same components", async story => {
      const { ada, ben, mount } = story;
      const other = story.documentId();
      const second = ben.client.open(other);
      second.change(draft => void Object.assign(draft, { note: { title: "Second" } }));
      await ben.write({ title: "First" });
      const page = await mount(ada, [title, { name: "count", of: "document", selector: countOf }]);
      await until(() => page.shows("title", "First"));
      page.show(other);
      await until(() => page.shows("title", "Second"));
      equal(page.values("title", other).includes("First"), false);
      page.last("count").change?.(draft => void Object.assign(draft.note as object, { count: 2 }));
      await until(() => countOf(second.json) === 2);
      equal(countOf(ben.document.json), undefined);
      await until(() => ada.closed.includes(ada.documentId));
      page.show(ada.documentId);
      await until(() => page.shows("title", "First"));
    });

    test("shows the latest commits, the newest first", async ({ ada, ben, mount }) => {
      for (const title of ["one", "two", "three"]) await ben.write({ title });
      const page = await mount(ada, [{ name: "history", of: "history", limit: 2 }]);
      const history = () => page.last("history").value as RecentHistory;
      const titles = () => history().commits.map(({ forward_patch }) => JSON.stringify(forward_patch));
      const are = (...expected: string[]) => expected.every((each, at) => titles()[at]?.includes(each));
      await until(() => titles().length === 2 && are("three", "two") && !history().isLoading);
      equal([history().error, history().hasMore, history().commits[0]?.user_id], [null, true, "ben"]);
      await ben.write({ title: "four" });
      await until(() => titles().length === 2 && are("four", "three"));
    });

    test("goes back to a commit", async ({ ada, ben, mount }) => {
      await ben.write({ title: "before" });
      const page = await mount(ada, [title, { name: "history", of: "history" }, ...synced]);
      const commits = () => (page.last("history").value as RecentHistory).commits;
      await until(() => page.shows("title", "before") && commits().length > 0);
      const { sequence } = commits()[0]!;
      await ben.write({ title: "after" });
      await until(() => page.shows("title", "after"));
      await page.last("history").restore?.(sequence);
      await until(() => page.shows("title", "before") && titleOf(ben.document.json) === "before");
    });

    test("writes a text where there is none", async ({ ada, ben, mount }) => {
      const page = await mount(ada, [{ name: "title", of: "text", pointer: "/note/title" }]);
      page.last("title").setText?.("New");
      await until(() => page.shows("title", "New") && titleOf(ben.document.json) === "New");
    });

    test("shows a text, and edits it beside what others write", async ({ ada, ben, mount }) => {
      const page = await mount(ada, [
        { name: "body", of: "text", pointer: "/body" },
        { name: "missing", of: "text", pointer: "/note/nothing~1here" },
        ...synced,
      ]);
      await until(() => page.shows("synced", true));
      equal(
        page.values("missing"),
        Array.from(page.values("missing"), () => ""),
      );
      page.last("body").setText?.("a fox");
      await until(() => ben.document.doc.getText("body").toString() === "a fox");
      ada.disconnect();
      ben.document.doc.getText("body").insert(5, " jumps");
      page.last("body").setText?.("a quick fox");
      await until(() => page.shows("body", "a quick fox"));
      ada.connect();
      await until(() => page.shows("body", "a quick fox jumps"));
      equal(new Set(page.renders("body").map(({ setText }) => setText)).size, 1);
    });
  });
}

const title: Reading = { name: "title", of: "document", selector: titleOf };
const synced: readonly Reading[] = [
  { name: "synced", of: "status", selector: status => (status as { synced: boolean }).synced },
];

interface Note {
  readonly note: { readonly title?: string; readonly count?: number };
}

function titleOf(json: unknown): string | undefined {
  return (json as Note).note.title;
}

function countOf(json: unknown): number | undefined {
  return (json as Note).note.count;
}

type Client = Documents<typeof bindingKinds>;
type NoteDocument = Document<DocumentOf<typeof bindingKinds, "binding/story">>;

/** A user with a client of his own, who sees what it opens and closes. */
interface User {
  readonly client: Client;
  readonly documentId: string;
  /** That of the story. It is opened, if nobody has. */
  readonly document: NoteDocument;
  /** The ids of what somebody else has opened and closed by the client. */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  /** How many were made. */
  readonly sockets: number;
  connect(): void;
  disconnect(): void;
  /** Resolves when the relay has it. */
  write(note: Note["note"]): Promise<void>;
}

/** Components on a page, and what they have shown. */
interface Page {
  renders(name: string, documentId?: string): readonly Shown[];
  values(name: string, documentId?: string): readonly unknown[];
  last(name: string): Shown;
  /** What stands there. */
  text(name: string): string | undefined;
  /** Whether this is what was rendered last, and what stands there. */
  shows(name: string, value: unknown): boolean;
  onCommit(look: () => void): void;
  show(documentId: string): void;
  unmount(): void;
}

interface MountOptions {
  /** @default that of the story */
  readonly documentId?: string;
  readonly isStrict?: boolean;
  /** With what a server has rendered. */
  readonly hydrate?: HTMLElement;
}

interface Story {
  readonly ada: User;
  readonly ben: User;
  /** That of one more document. */
  documentId(): string;
  view(user: User, readings: readonly Reading[]): View;
  /** Resolves when everything was rendered for the first time. */
  mount(user: User, readings: readonly Reading[], options?: MountOptions): Promise<Page>;
  end(): Promise<void>;
}

function createStory({ driver, relay, WebSocket = globalThis.WebSocket }: BindingSuiteOptions): Story {
  const documentId = () => `binding/${crypto.randomUUID()}`;
  const id = documentId();
  const users = ["ada", "ben"].map(name => createUser(name, { relay, documentId: id, WebSocket })) as [
    User,
    User,
  ];
  const pages: Page[] = [];
  const console = watchConsole();
  const view = (
    { client, documentId }: Pick<User, "client" | "documentId">,
    readings: readonly Reading[],
    isStrict = false,
  ): View => ({ client, documentId, readings, isStrict, onRender() {}, onCommit() {} });

  return {
    ada: users[0],
    ben: users[1],
    documentId,
    view,
    async mount({ client }, readings, { documentId = id, isStrict, hydrate } = {}) {
      const page = createPage(driver, view({ client, documentId }, readings, isStrict), hydrate);
      pages.push(page);
      await until(() => readings.every(({ name }) => page.renders(name).length > 0));
      return page;
    },
    async end() {
      for (const page of pages) page.unmount();
      for (const { client } of users) await client.close();
      equal(console.end(), []);
    },
  };
}

function createUser(
  name: string,
  {
    relay,
    documentId,
    WebSocket,
  }: { relay: string; documentId: string } & Required<Pick<BindingSuiteOptions, "WebSocket">>,
): User {
  const opened: string[] = [];
  const closed: string[] = [];
  let sockets = 0;
  const counting = class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      sockets += 1;
    }
  };
  const client = createClient({ url: relay, user: name, kinds: bindingKinds, WebSocket: counting });
  const { open } = client;
  const own = () => open(documentId as "binding/story");
  Object.assign(client, {
    open(id: string) {
      opened.push(id);
      const document = open(id);
      const { close } = document;
      return Object.assign(document, {
        close() {
          closed.push(id);
          return close();
        },
      });
    },
  });
  return {
    ...{ client, documentId, opened, closed },
    get document() {
      return own();
    },
    get sockets() {
      return sockets;
    },
    connect: client.connect,
    disconnect: client.disconnect,
    async write(note) {
      const document = own();
      await document.whenSynced;
      document.change(draft => Object.assign(draft.note, note));
      await until(() => !document.hasUnsyncedChanges);
    },
  };
}

function createPage(driver: BindingDriver, view: View, hydrate: HTMLElement | undefined): Page {
  const rendered: { readonly name: string; readonly documentId: string; readonly shown: Shown }[] = [];
  const element = hydrate ?? document.createElement("div");
  let look = () => {};
  document.body.append(element);
  const told: View = {
    ...view,
    onRender: (name, documentId, shown) => void rendered.push({ name, documentId, shown }),
    onCommit: () => look(),
  };
  const mounted = driver[hydrate === undefined ? "mount" : "hydrate"](told, element);
  let isMounted = true;
  const page: Page = {
    renders: (name, documentId) =>
      rendered
        .filter(each => each.name === name && (documentId ?? each.documentId) === each.documentId)
        .map(({ shown }) => shown),
    values: (name, documentId) => page.renders(name, documentId).map(({ value }) => value),
    last: name => page.renders(name).at(-1)!,
    text: name => textIn(element, name),
    shows: (name, value) =>
      equalityDeep(page.last(name).value, value) &&
      page.text(name) === (JSON.stringify(page.last(name).value) ?? ""),
    onCommit(watch) {
      look = watch;
    },
    show: mounted.show,
    unmount() {
      if (!isMounted) return;
      isMounted = false;
      mounted.unmount();
      element.remove();
    },
  };
  return page;
}

function textIn(element: HTMLElement, name: string): string | undefined {
  return element.querySelector(`[data-name="${name}"]`)?.textContent ?? undefined;
}

/** What frameworks say of wrong use goes to the console. */
function watchConsole(): { end(): readonly unknown[] } {
  const { error, warn } = console;
  const said: unknown[] = [];
  console.error = console.warn = (...words) => said.push(words.map(String).join(" "));
  return {
    end() {
      Object.assign(console, { error, warn });
      return said;
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  const begin = Date.now();
  while (!holds()) {
    if (Date.now() - begin > 20_000) throw new Error(`This never came to hold: ${holds}`);
    // It looks again and again: frameworks render when they like, and a relay answers when it can.
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

function isTrue(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

function equal(actual: unknown, expected: unknown): void {
  if (equalityDeep(actual, expected)) return;
  throw new Error(`Expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}.`);
}
