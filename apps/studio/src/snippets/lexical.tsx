import { LexicalCollaboration } from "@lexical/react/LexicalCollaborationContext";
import { CollaborationPlugin } from "@lexical/react/LexicalCollaborationPlugin";
import { LexicalComposer } from "@lexical/react/LexicalComposer";
import { ContentEditable } from "@lexical/react/LexicalContentEditable";
import { LexicalErrorBoundary } from "@lexical/react/LexicalErrorBoundary";
import { RichTextPlugin } from "@lexical/react/LexicalRichTextPlugin";
import type { Provider } from "@lexical/yjs";
import { VersoProvider } from "@verso/client/provider";
import { createRoot } from "react-dom/client";
import { Doc } from "yjs";

function connect(id: string, docs: Map<string, Doc>): Provider {
  const doc = new Doc();
  docs.set(id, doc);
  return new VersoProvider(location.origin, id, doc, {
    connect: false,
  }) as unknown as Provider;
}

createRoot(document.querySelector("#root")!).render(
  <LexicalCollaboration>
    <LexicalComposer
      initialConfig={{
        namespace: "hello",
        editorState: null,
        onError: console.error,
      }}
    >
      <RichTextPlugin
        contentEditable={<ContentEditable aria-label="Document" />}
        ErrorBoundary={LexicalErrorBoundary}
      />
      <CollaborationPlugin
        id="editors/lexical/hello"
        providerFactory={connect}
        shouldBootstrap={false}
        username="Ann"
        cursorColor="#0069a8"
      />
    </LexicalComposer>
  </LexicalCollaboration>,
);
