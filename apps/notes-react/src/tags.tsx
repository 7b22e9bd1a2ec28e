/** The tags: a list, to which one adds in a form. What may be a tag the relay knows. */
import { useDocument } from "@verso/react";
import { type FormEvent, useState } from "react";
import { Icon } from "./icon.js";
import { TakenBack } from "./taken-back.js";

const none: readonly string[] = [];

export function Tags({ id }: { readonly id: `notes/${string}` }) {
  const [tags, change] = useDocument(id, ({ note }) => note.tags ?? none);
  const [tag, setTag] = useState("");

  function add(event: FormEvent) {
    event.preventDefault();
    change(({ note }) => {
      note.tags ??= [];
      note.tags.push(tag.trim());
    });
    setTag("");
  }

  const remove = (index: number) => change(({ note }) => void note.tags?.splice(index, 1));

  return (
    <div className="field">
      <ul className="tags" aria-label="Tags">
        {tags.map((each, index) => (
          // Two may be the same until the relay has taken one back.
          // biome-ignore lint/suspicious/noArrayIndexKey: a tag has no other name than its place.
          <li key={index} className="tag">
            {each}
            <button type="button" onClick={() => remove(index)}>
              <Icon name="remove" label={`Remove ${each}`} />
            </button>
          </li>
        ))}
        <li>
          <form onSubmit={add}>
            <input
              className="tag-input"
              aria-label="Add a tag"
              aria-describedby="tags-taken-back"
              placeholder="Add a tag"
              required
              value={tag}
              onChange={event => setTag(event.target.value)}
            />
          </form>
        </li>
      </ul>
      <TakenBack id={id} at="/note/tags" elementId="tags-taken-back" />
    </div>
  );
}
