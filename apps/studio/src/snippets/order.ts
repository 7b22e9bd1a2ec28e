import { createClient } from "@verso/client";

const client = createClient({
  url: location.origin,
  user: "clerk",
  kinds: {
    "order/:id": { roots: { order: "map", lines: "array" } },
  },
});
const order = client.open("order/hello");

const email = document.createElement("input");
email.ariaLabel = "E-mail";
const told = document.createElement("output");
document.body.append(email, told);

email.addEventListener("change", () => {
  told.textContent = "";
  order.patch([
    { op: "add", path: "/order/email", value: email.value },
  ]);
});
order.subscribe(() => {
  email.value = String(
    order.doc.getMap("order").get("email") ?? "",
  );
});
order.on("rejected", ({ issues }) => {
  told.textContent = issues.map(({ message }) => message).join(" ");
});
