/** Notes: rich text, a title and tags in one document, in React. */
import "@fontsource-variable/inter/wght.css";
import "./notes.css";
import { Verso } from "@verso/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { client, place } from "./client.js";
import { NotePage } from "./note-page.js";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no place for the note.");
createRoot(root).render(
  <StrictMode>
    <Verso client={client}>
      <NotePage room={place.room} />
    </Verso>
  </StrictMode>,
);
