import { createClient } from "@verso/client";

const client = createClient({
  url: location.origin,
  kinds: { "editors/textarea/:id": { roots: { content: "text" } } },
});
const note = client.open("editors/textarea/hello");

const field = document.createElement("textarea");
field.ariaLabel = "Document";
document.body.append(field);

field.addEventListener("input", () => {
  note.patch([
    { op: "replace", path: "/content", value: field.value },
  ]);
});
// What others write moves the caret with the letters around it.
note.doc.getText("content").observe(({ delta, transaction }) => {
  if (transaction.local) return;
  let at = 0;
  for (const {
    retain = 0,
    insert = "",
    delete: deleted = 0,
  } of delta) {
    at += retain;
    field.setRangeText(
      String(insert),
      at,
      at + deleted,
      "preserve",
    );
    at += String(insert).length;
  }
});
