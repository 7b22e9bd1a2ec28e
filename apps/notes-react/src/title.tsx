/** The title: a shared text in an input. */
import { useText } from "@verso/react";
import { TakenBack } from "./taken-back.js";
import { useCaret } from "./use-caret.js";

export function Title({ id }: { readonly id: `notes/${string}` }) {
  const [title, setTitle] = useText(id, "/note/title");
  const { field, noticed } = useCaret(title);
  return (
    <div className="field">
      <input
        ref={field}
        className="title"
        aria-label="Title"
        aria-describedby="title-taken-back"
        placeholder="Untitled"
        value={title}
        onSelect={noticed}
        onChange={event => {
          noticed(event);
          setTitle(event.target.value);
        }}
      />
      <TakenBack id={id} at="/note/title" elementId="title-taken-back" />
    </div>
  );
}
