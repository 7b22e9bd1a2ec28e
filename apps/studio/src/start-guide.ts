/** What there is beside the start page: each page with a sentence, the way to it, and code that does the same. */
import { element } from "./element.js";
import { pathOfPage } from "./header.js";
import { createSnippetTabs, type Snippet } from "./snippet-tabs.js";
import api from "./snippets/api.sh?raw";
import board from "./snippets/board.svelte?raw";
import codemirror from "./snippets/codemirror.ts?raw";
import lexical from "./snippets/lexical.tsx?raw";
import monaco from "./snippets/monaco.ts?raw";
import notes from "./snippets/notes.tsx?raw";
import offline from "./snippets/offline.ts?raw";
import offlineReact from "./snippets/offline-react.tsx?raw";
import offlineSvelte from "./snippets/offline-svelte.svelte?raw";
import order from "./snippets/order.ts?raw";
import orderReact from "./snippets/order-react.tsx?raw";
import orderSvelte from "./snippets/order-svelte.svelte?raw";
import prosemirror from "./snippets/prosemirror.ts?raw";
import quill from "./snippets/quill.ts?raw";
import text from "./snippets/text.ts?raw";
import textReact from "./snippets/text-react.tsx?raw";
import textSvelte from "./snippets/text-svelte.svelte?raw";
import textarea from "./snippets/textarea.ts?raw";
import tiptap from "./snippets/tiptap.ts?raw";

interface Entry {
  readonly title: string;
  readonly path: string;
  readonly about: string;
  readonly snippets: readonly Snippet[];
}

interface Part {
  readonly title: string;
  readonly about: string;
  readonly entries: readonly Entry[];
}

const guide: readonly Part[] = [
  {
    title: "Pages and applications",
    about: "Each opens in a room of its own; its address brings others into it.",
    entries: [
      {
        title: "Texts",
        path: pathOfPage.text,
        about:
          "Two editors on one document, and beside them every commit, with the patch forward and the one back.",
        snippets: frameworks({ vanilla: text, react: textReact, svelte: textSvelte }),
      },
      {
        title: "Order form",
        path: pathOfPage.order,
        about:
          "A clerk and an approver fill in one order. What a rule forbids heals at its field, with the reason.",
        snippets: frameworks({ vanilla: order, react: orderReact, svelte: orderSvelte }),
      },
      {
        title: "Offline lab",
        path: pathOfPage.lab,
        about: "Two devices on a network that you cut, slow down or block, and what becomes of each edit.",
        snippets: frameworks({ vanilla: offline, react: offlineReact, svelte: offlineSvelte }),
      },
      {
        title: "Notes",
        path: "/notes/",
        about: "An application in React: rich text, a title and tags in one document, with its history.",
        snippets: [{ label: "React", code: notes }],
      },
      {
        title: "Board",
        path: "/board/",
        about:
          "An application in Svelte: cards that are dragged between columns. Whoever takes a card first has it.",
        snippets: [{ label: "Svelte", code: board }],
      },
    ],
  },
  {
    title: "Editors",
    about:
      "Any editor that works on Yjs works on a document: with the carets of others, undo of one's own, and offline.",
    entries: [
      editor("Tiptap", { about: "Rich text with marks, headings and lists, in Tiptap 3.", code: tiptap }),
      editor("ProseMirror", {
        about: "Rich text whose schema is the gate's too: a node that it does not know is taken back.",
        code: prosemirror,
      }),
      editor("CodeMirror", {
        about: "Plain text, with lines and carets, in CodeMirror 6.",
        code: codemirror,
      }),
      editor("Monaco", { about: "Plain text in the editor of Visual Studio Code.", code: monaco }),
      editor("Quill", { about: "Rich text as a list of formatted runs, in Quill 2.", code: quill }),
      editor("Lexical", {
        about: "Rich text in Lexical, by its plugin for React.",
        code: lexical,
        label: "React",
      }),
      editor("Textarea", { about: "Plain text in what every browser has.", code: textarea }),
    ],
  },
  {
    title: "Programs without a CRDT",
    about: "The same documents as JSON, over HTTP and WebSockets.",
    entries: [
      {
        title: "API",
        path: "/api/docs",
        about:
          "Every route, with its parameters and answers, as an OpenAPI 3.1 description and as a page of it.",
        snippets: [{ label: "curl", code: api.replaceAll("http://localhost:8080", location.origin) }],
      },
    ],
  },
];

export function createGuide(): HTMLElement[] {
  return guide.map(({ title, about, entries }, i) =>
    element(
      "section",
      { class: "guide", "aria-labelledby": `part-${i}` },
      element(
        "header",
        { class: "guide-head" },
        element("h2", { id: `part-${i}` }, title),
        element("p", {}, about),
      ),
      element("div", { class: "guide-entries" }, ...entries.map(createEntry)),
    ),
  );
}

function createEntry({ title, path, about, snippets }: Entry): HTMLElement {
  return element(
    "article",
    { class: "entry" },
    element("h3", {}, element("a", { href: path }, title)),
    element("p", {}, about),
    createSnippetTabs(title, snippets),
  );
}

function frameworks(code: Readonly<Record<"vanilla" | "react" | "svelte", string>>): Snippet[] {
  return [
    { label: "Vanilla", code: code.vanilla },
    { label: "React", code: code.react },
    { label: "Svelte", code: code.svelte },
  ];
}

function editor(
  title: string,
  { about, code, label = "Vanilla" }: { about: string; code: string; label?: string },
): Entry {
  return { title, path: `/editors/${title.toLowerCase()}.html`, about, snippets: [{ label, code }] };
}
