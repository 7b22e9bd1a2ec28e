import { createClient } from "@verso/client";

const client = createClient({
  url: location.origin,
  kinds: { ":id": { roots: { content: "text" } } },
});
const page = client.open("hello");

const field = document.createElement("textarea");
field.ariaLabel = "Text";
document.body.append(field);

field.addEventListener("input", () => {
  page.change(draft => {
    draft.content = field.value;
  });
});
page.subscribe(() => {
  field.value = String(page.json.content);
});
