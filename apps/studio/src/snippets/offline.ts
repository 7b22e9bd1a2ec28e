import { createClient } from "@verso/client";
import {
  browserPersistence,
  browserTabs,
} from "@verso/client/browser";

const client = createClient({
  url: location.origin,
  persistence: browserPersistence(),
  tabs: browserTabs(),
  kinds: {
    "readings/:id": { roots: { readings: "array", note: "text" } },
  },
});
const lab = client.open("readings/hello");

const button = document.createElement("button");
button.textContent = "Take a reading";
const told = document.createElement("output");
document.body.append(button, told);

button.addEventListener("click", () => {
  const reading = { id: crypto.randomUUID(), celsius: 4 };
  lab.patch([{ op: "add", path: "/readings/-", value: reading }]);
});
lab.subscribe(() => {
  const { length } = lab.doc.getArray("readings");
  told.textContent = `${length} readings, ${lab.unsyncedChanges} not sent`;
});
