/** What only React has: Suspense, transitions, and selectors that are written inline. */
import { createClient, type Documents, memoryPersistence } from "@verso/client";
import { bindingKinds } from "@verso/client/testing";
import { type ReactNode, Suspense, startTransition, useState } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { shallow, useDocument, useHistory, useVerso, Verso } from "./index.js";
import * as suspense from "./suspense.js";

interface Note {
  readonly note: { readonly title?: string; readonly count?: number };
}

type Id = `binding/${string}`;

const titleOf = (json: unknown) => (json as Note).note.title ?? "untitled";
const countOf = (json: unknown) => (json as Note).note.count ?? 0;

let client: Documents<typeof bindingKinds>;
let id: Id;
let element: HTMLElement;
/** What stood on the page after each commit, without repetitions. */
let texts: string[];
/** What components have read, and what they let tests do. */
let read: unknown[];
let act: () => void;
let root: Root | undefined;

beforeEach(() => {
  client = createClient({ url: inject("relay"), user: "ada", kinds: bindingKinds });
  id = `binding/${crypto.randomUUID()}`;
  element = document.body.appendChild(document.createElement("div"));
  [texts, read] = [[], []];
  new MutationObserver(() => {
    if (element.textContent !== texts.at(-1)) texts.push(element.textContent);
  }).observe(element, { childList: true, characterData: true, subtree: true });
  vi.spyOn(console, "error");
});
afterEach(async () => {
  root?.unmount();
  root = undefined;
  element.remove();
  await client.close();
  const { calls } = vi.mocked(console.error).mock;
  vi.restoreAllMocks();
  expect(calls).toEqual([]);
});

function render(page: ReactNode): void {
  root = createRoot(element);
  root.render(<Verso client={client}>{page}</Verso>);
}

/** Somebody else writes a document, and the relay has it. */
async function written(documentId: Id, title: string): Promise<void> {
  const ben = createClient({ url: inject("relay"), user: "ben", kinds: bindingKinds });
  const document = ben.open(documentId);
  await document.whenSynced;
  document.change(draft => {
    draft.note.title = title;
  });
  await expect.poll(() => document.unsyncedChanges).toBe(0);
  await ben.close();
}

describe("with Suspense", () => {
  it("a component waits until the relay has said what there is", async () => {
    await written(id, "Hello");
    const open = vi.spyOn(client, "open");
    render(<Loading />);
    await expect.poll(() => texts).toEqual(["Loading", "Hello, there"]);
    expect(new Set(read)).toEqual(new Set(["Hello"]));
    expect(open).toHaveBeenCalledTimes(1);
  });

  it("a document that nobody has written is something to show, when the relay has said so", async () => {
    render(<Loading />);
    await expect.poll(() => texts).toEqual(["Loading", "untitled, empty"]);
  });

  it("what the device has kept is shown without a connection", async () => {
    await client.close();
    const persistence = memoryPersistence();
    const options = { url: inject("relay"), connect: false, persistence, kinds: bindingKinds };
    const before = createClient(options);
    before.open(id).change(draft => {
      draft.note.title = "Kept";
    });
    await before.close();
    client = createClient(options);
    render(<Loading />);
    await expect.poll(() => texts.at(-1)).toBe("Kept, there");
    expect(new Set(read)).toEqual(new Set(["Kept"]));
  });

  it("a transition to another document shows the old one until the new one is there", async () => {
    await written(id, "First");
    const other: Id = `binding/${crypto.randomUUID()}`;
    await written(other, "Second");
    render(
      <Suspense fallback="Loading">
        <Switching to={other} />
      </Suspense>,
    );
    await expect.poll(() => texts.at(-1)).toBe("First, there");
    act();
    await expect.poll(() => texts.at(-1)).toBe("Second, there");
    expect(texts).toEqual(["Loading", "First, there", "Second, there"]);
  });

  it("a server sends the fallback, and the browser renders what is in it", async () => {
    await written(id, "Hello");
    const open = vi.spyOn(client, "open");
    const page = (
      <Verso client={client}>
        <Loading />
      </Verso>
    );
    element.innerHTML = renderToString(page);
    expect(element.textContent).toBe("Loading");
    expect(open).not.toHaveBeenCalled();
    const recovered = vi.fn();
    root = hydrateRoot(element, page, { onRecoverableError: recovered });
    await expect.poll(() => texts.at(-1)).toBe("Hello, there");
    expect(recovered).toHaveBeenCalledTimes(1);
  });
});

function Loading() {
  return (
    <Suspense fallback="Loading">
      <Title documentId={id} />
    </Suspense>
  );
}

function Title({ documentId }: { readonly documentId: Id }) {
  const [title] = suspense.useDocument(documentId, titleOf);
  const { doc } = suspense.useReplica(documentId);
  read.push(title);
  return <h1>{`${title}, ${doc.store.clients.size > 0 ? "there" : "empty"}`}</h1>;
}

function Switching({ to }: { readonly to: Id }) {
  const [documentId, setDocumentId] = useState(id);
  act = () => startTransition(() => setDocumentId(to));
  return <Title documentId={documentId} />;
}

describe("a selector", () => {
  it("that is written inline gives the same object for as long as it is equal, whoever renders", async () => {
    render(<Parent />);
    await expect.poll(() => texts.at(-1)).toBe("untitled 0");
    act();
    await expect.poll(() => texts.at(-1)).toBe("untitled 1");
    expect(new Set(read).size).toBe(1);
    element.querySelector("button")?.click();
    await expect.poll(() => texts.at(-1)).toBe("New 1");
    expect(new Set(read).size).toBe(2);
  });
});

function Parent() {
  const [renders, setRenders] = useState(0);
  act = () => setRenders(renders + 1);
  return <Child renders={renders} />;
}

function Child({ renders }: { readonly renders: number }) {
  const [parts, change] = useDocument(id, json => ({ title: titleOf(json) }), shallow);
  read.push(parts);
  const rename = () =>
    change(draft => {
      draft.note = { title: "New" };
    });
  return (
    <button type="button" onClick={rename}>
      {`${parts.title} ${renders}`}
    </button>
  );
}

describe("a transition", () => {
  it("during which the document changes shows one state of it", async () => {
    const document = client.open(id);
    const setCount = (count: number) => document.change(draft => void Object.assign(draft.note, { count }));
    setCount(1);
    render(<List />);
    await expect.poll(() => texts.at(-1)).toBe("only 1");
    texts.splice(0);
    act();
    await vi.waitUntil(() => read.length > 3, { interval: 1 });
    expect([read.length < 20, texts]).toEqual([true, []]);
    setCount(2);
    await expect.poll(() => texts.at(-1)).toBe(`all ${"2".repeat(21)}`);
    // What stands there already is another as soon as the document is; what is being rendered is begun anew.
    expect(texts).toEqual(["only 2", `all ${"2".repeat(21)}`]);
  });
});

function List() {
  const [isWhole, setWhole] = useState(false);
  const [count] = useDocument(id, countOf);
  act = () => startTransition(() => setWhole(true));
  const slow = Array.from({ length: isWhole ? 20 : 0 }, (_, at) => <Slow key={String(at)} />);
  return [isWhole ? "all " : "only ", count, ...slow];
}

function Slow() {
  const [count] = useDocument(id, countOf);
  // So long that React lets others run between one and the next.
  const begin = performance.now();
  while (performance.now() - begin < 8);
  read.push(count);
  return <i>{count}</i>;
}

it("a history goes back to one of its commits", async () => {
  await written(id, "First");
  render(<GoingBack />);
  await expect.poll(() => texts.at(-1)).toBe("First after 1");
  client.open(id).change(draft => {
    draft.note.title = "Second";
  });
  await expect.poll(() => texts.at(-1)).toBe("Second after 2");
  act();
  await expect.poll(() => texts.at(-1)).toBe("First after 3");
});

function GoingBack() {
  const { commits, restore } = useHistory(id, { limit: 10 });
  const [title] = useDocument(id, titleOf);
  act = () => void restore(commits.at(-1)?.sequence ?? 0);
  return `${title} after ${commits.length}`;
}

it("a component outside of <Verso> is told so", () => {
  expect(() => renderToString(<Lost />)).toThrow("There is no <Verso> around this.");
});

function Lost() {
  return String(useVerso().kinds);
}
