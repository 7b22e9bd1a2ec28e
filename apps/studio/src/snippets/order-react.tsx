import { createClient } from "@verso/client";
import { useDocument, useRejections, Verso } from "@verso/react";
import { createRoot } from "react-dom/client";
import { z } from "zod";

const kinds = {
  "order/:id": {
    roots: { order: "map", lines: "array" },
    schema: z.object({
      order: z.object({ email: z.email().optional() }),
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
  user: "clerk",
  kinds,
});

function Order() {
  const [email, change] = useDocument(
    "order/hello",
    ({ order }) => order.email,
  );
  const [rejections] = useRejections("order/hello");
  // Under another key the field shows what the document says.
  return (
    <>
      <input
        key={rejections.length + (email ?? "")}
        aria-label="E-mail"
        defaultValue={email}
        onBlur={({ target }) =>
          change(({ order }) => {
            order.email = target.value;
          })
        }
      />
      <output>{rejections.at(-1)?.issues[0]?.message}</output>
    </>
  );
}

createRoot(document.querySelector("#root")!).render(
  <Verso client={client}>
    <Order />
  </Verso>,
);
