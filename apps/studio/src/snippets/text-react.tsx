import { createClient } from "@verso/client";
import { useText, Verso } from "@verso/react";
import { createRoot } from "react-dom/client";

const client = createClient({
  url: location.origin,
  kinds: { ":id": { roots: { content: "text" } } },
});

function Page() {
  const [text, setText] = useText("hello", "/content");
  return (
    <textarea
      aria-label="Text"
      value={text}
      onChange={event => setText(event.target.value)}
    />
  );
}

createRoot(document.querySelector("#root")!).render(
  <Verso client={client}>
    <Page />
  </Verso>,
);
