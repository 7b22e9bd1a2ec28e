/** The page that `npm start` opens on: what this is, in two panes that live, and the way to everything else with its code. */
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./page.css";
import "./start.css";
import { recall, remember } from "./browser-memory.js";
import { element } from "./element.js";
import { createStartHeader, pathOfPage } from "./header.js";
import { createLivePane } from "./live-pane.js";
import { inventRoomName, roomNameOf } from "./room-name.js";
import { createGuide } from "./start-guide.js";

const people = [
  { name: "Ann", color: "#0069a8" },
  { name: "Ben", color: "#b54708" },
] as const;

// The two editors once stood here, and links to their rooms still lead to them.
addEventListener("hashchange", () => location.reload());
if (roomNameOf(location) !== null) location.replace(pathOfPage.text + location.search + location.hash);
else showStart();

function showStart(): void {
  const label = recall("window", "label") ?? inventRoomName();
  remember("window", "label", label);
  document.body.append(
    createStartHeader(),
    element(
      "main",
      { class: "start" },
      element(
        "div",
        { class: "start-opening" },
        element("h1", {}, "One document, two people, every edit judged."),
        element(
          "p",
          {},
          "Write on one side, and the other follows. Take a side offline, write on both, bring it back: they end up the " +
            "same. Write a price below zero: the relay takes it back, and says why.",
        ),
      ),
      element(
        "div",
        { class: "live", role: "group", "aria-label": "A price label, at two people's" },
        ...people.map(person => createLivePane({ person, documentId: `label/${label}` })),
      ),
      ...createGuide(),
    ),
  );
}
