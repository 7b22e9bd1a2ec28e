/**
 * The kind of documents that the studio's order page shows, and its two users.
 *
 * A clerk writes orders; only an approver makes one paid, or takes that back. The names are taken on trust: this is
 * to look at on one's own machine.
 */
import {
  anonymous,
  type ConfigInput,
  email,
  isoDate,
  ordered,
  requiredWhen,
  rule,
  safeInteger,
} from "@verso/server";
import { z } from "zod";

export const orderUsers = anonymous({
  allowName: true,
  roles: name => (name === "clerk" || name === "approver" ? [name] : []),
});

/** In cents. */
const amount = safeInteger().nonnegative();

const line = z.object({
  item: z.string().max(120),
  quantity: safeInteger().positive().max(10_000),
  price: amount.max(100_000_000),
});

export const order = {
  roots: { order: "map", lines: "array" },
  schema: z.object({
    order: z.object({
      customer: z.string().max(120).optional(),
      email: email().optional(),
      ordered: isoDate().optional(),
      delivered: isoDate().optional(),
      status: z.enum(["draft", "sent", "paid"]).optional(),
      approved: z.literal(true).optional(),
      total: amount.optional(),
    }),
    lines: z.array(line).max(200),
  }),
  strict: true,
  permissions: { "/order/approved": ["approver"] },
  conflicts: { "/order/status": "server-wins" },
  rules: [
    ordered("/order/ordered", "/order/delivered", { name: "dates-in-order" }),
    requiredWhen(
      "/order/email",
      { "/order/status": status => status === "sent" || status === "paid" },
      { name: "email-before-sending" },
    ),
    rule({
      name: "paid-when-approved",
      reads: ["/order/status", "/order/approved"],
      check([status, approved]) {
        if ((status === "paid") === (approved === true)) return true;
        return approved === true ? "What is approved is paid." : "Only an approver makes an order paid.";
      },
    }),
    rule({
      name: "total-of-lines",
      reads: ["/order/total", "/lines/*/quantity", "/lines/*/price"],
      check([total = 0, quantities, prices]) {
        const sum = quantities.reduce(
          (sum, { value }, i) => sum + Number(value) * Number(prices[i]?.value),
          0,
        );
        return total === sum || "The total is not the sum of the lines.";
      },
    }),
  ],
} satisfies NonNullable<ConfigInput["documents"]>[string];
