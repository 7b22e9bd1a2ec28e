/** The suite of bindings for React. It runs twice: with React 18 and with React 19. */
import { type BindingDriver, bindingSuite, type Reading, type Shown, type View } from "@verso/client/testing";
import { StrictMode, version } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { describe, inject, test } from "vitest";
import {
  useDocument,
  useHistory,
  useOthers,
  usePresence,
  useRejections,
  useSelf,
  useStatus,
  useText,
  useUndo,
  useUnsyncedChanges,
  Verso,
} from "./index.js";

const driver: BindingDriver = {
  mount(view, element) {
    const root = createRoot(element);
    root.render(<Page view={view} documentId={view.documentId} />);
    return {
      show: documentId => root.render(<Page view={view} documentId={documentId} />),
      unmount: () => root.unmount(),
    };
  },
  hydrate(view, element) {
    const root = hydrateRoot(element, <Page view={view} documentId={view.documentId} />);
    return {
      show: documentId => root.render(<Page view={view} documentId={documentId} />),
      unmount: () => root.unmount(),
    };
  },
  renderOnServer: view => renderToString(<Page view={view} documentId={view.documentId} />),
};

declare module "vitest" {
  interface ProvidedContext {
    /** Where the relay is that `binding-relay.ts` of apps/relay has started. */
    relay: string;
  }
}

bindingSuite({ name: `React ${version}`, driver, relay: inject("relay"), runner: { describe, test } });

function Page({ view, documentId }: { readonly view: View; readonly documentId: string }) {
  const page = (
    <Verso client={view.client}>
      {view.readings.map(reading => (
        <Component key={reading.name} {...{ view, documentId, reading }} />
      ))}
    </Verso>
  );
  return view.isStrict ? <StrictMode>{page}</StrictMode> : page;
}

interface ComponentProps {
  readonly view: View;
  readonly documentId: string;
  readonly reading: Reading;
}

function Component({ view, documentId, reading }: ComponentProps) {
  const useReading = hooks[reading.of];
  const shown = useReading(documentId, reading);
  view.onRender(reading.name, documentId, shown);
  // A reference that is another one at each render is given anew with each commit.
  const committed = (element: HTMLElement | null) => {
    if (element !== null) view.onCommit();
  };
  return (
    <p data-name={reading.name} ref={committed}>
      {JSON.stringify(shown.value)}
    </p>
  );
}

const itself = (value: unknown) => value;

/** The hooks by what they read. Functions that are written inline stand for those of a component, new at each render. */
const hooks: Readonly<Record<Reading["of"], (documentId: string, reading: Reading) => Shown>> = {
  document: function useIt(documentId, { selector = itself, isEqual }) {
    const [value, change] = useDocument(documentId, json => selector(json), isEqual);
    return { value, change };
  },
  text: function useIt(documentId, { pointer = "" }) {
    const [value, setText] = useText(documentId, pointer);
    return { value, setText };
  },
  status: function useIt(documentId, { selector = itself, isEqual }) {
    return { value: useStatus(documentId, status => selector(status), isEqual) };
  },
  unsyncedChanges: function useIt(documentId) {
    return { value: useUnsyncedChanges(documentId) };
  },
  presence: function useIt(documentId) {
    const [value, update] = usePresence(documentId);
    return { value, update };
  },
  self: function useIt(documentId, { selector = itself, isEqual }) {
    return { value: useSelf(documentId, own => selector(own), isEqual) };
  },
  others: function useIt(documentId, { selector = itself, isEqual }) {
    return { value: useOthers(documentId, others => selector(others), isEqual) };
  },
  undo: function useIt(documentId) {
    const { undo, redo, ...value } = useUndo(documentId);
    return { value, undo, redo };
  },
  history: function useIt(documentId, { limit = 50 }) {
    const { restore, ...value } = useHistory(documentId, { limit });
    return { value, restore };
  },
  rejections: function useIt(documentId) {
    const [value, dismiss] = useRejections(documentId);
    return { value, dismiss };
  },
};
