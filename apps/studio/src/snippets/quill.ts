import { createClient } from "@verso/client";
import Quill from "quill";
import "quill/dist/quill.snow.css";
import QuillCursors from "quill-cursors";
import { QuillBinding } from "y-quill";

const client = createClient({ url: location.origin });
const { doc, awareness } = client.open("editors/quill/hello");
awareness.setLocalStateField("user", {
  name: "Ann",
  color: "#0069a8",
});

Quill.register("modules/cursors", QuillCursors);
const quill = new Quill(
  document.body.appendChild(document.createElement("div")),
  {
    formats: [
      "bold",
      "italic",
      "underline",
      "link",
      "header",
      "list",
    ],
    modules: {
      cursors: true,
      toolbar: ["bold", "italic", "underline"],
    },
    theme: "snow",
  },
);
new QuillBinding(doc.getText("content"), quill, awareness);
