import { createClient } from "@verso/client";
import {
  browserPersistence,
  browserTabs,
} from "@verso/client/browser";
import {
  useDocument,
  useUnsyncedChanges,
  Verso,
} from "@verso/react";
import { createRoot } from "react-dom/client";
import { z } from "zod";

const reading = z.object({ id: z.string(), celsius: z.number() });
const kinds = {
  "readings/:id": {
    roots: { readings: "array", note: "text" },
    schema: z.object({
      readings: z.array(reading),
      note: z.string(),
    }),
  },
} as const;
declare module "@verso/react" {
  interface Register {
    kinds: typeof kinds;
  }
}
const client = createClient({
  url: location.origin,
  persistence: browserPersistence(),
  tabs: browserTabs(),
  kinds,
});

function Lab() {
  const [count, change] = useDocument(
    "readings/hello",
    json => json.readings.length,
  );
  const unsynced = useUnsyncedChanges("readings/hello");
  const take = () =>
    change(({ readings }) => {
      readings.push({ id: crypto.randomUUID(), celsius: 4 });
    });
  return (
    <>
      <button type="button" onClick={take}>
        Take a reading
      </button>
      <output>
        {count} readings, {unsynced} not sent
      </output>
    </>
  );
}

createRoot(document.querySelector("#root")!).render(
  <Verso client={client}>
    <Lab />
  </Verso>,
);
