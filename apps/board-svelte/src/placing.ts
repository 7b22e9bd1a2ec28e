/**
 * Where columns and cards stand: by a fractional key each, and by their ids where two keys are equal.
 *
 * They are equal where two people put something into one place at once. Between two equal keys there is no room: those
 * behind the place get new keys then, up to the next that differs, so that all stay in the order in which they were seen.
 */
import type { DocumentOf, Snapshot } from "@verso/client";
import { generateNKeysBetween } from "fractional-indexing";
import type { BoardId, kinds } from "./kinds.js";

export type BoardDraft = DocumentOf<typeof kinds, BoardId>;
export type Board = Snapshot<BoardDraft>;

/** Before the card or column with this id; `null`: behind all. */
export type Before = string | null;

interface Placed {
  order: string;
}

/** The ids of the columns, from the left. */
export function columnsOf({ columns }: Board): string[] {
  return inOrder(columns);
}

/** The ids of the cards of a column, from the top. */
export function cardsOf({ cards }: Board, column: string): string[] {
  return inOrder(cards, card => card.column === column);
}

/** The ids of the cards whose column somebody has deleted while they were put there. */
export function strayCardsOf({ cards, columns }: Board): string[] {
  return inOrder(cards, card => !Object.hasOwn(columns, card.column));
}

export function addColumn(draft: BoardDraft, id: string, title: string): void {
  draft.columns[id] = { title, order: placeBetween(draft.columns, inOrder(draft.columns), null) };
}

/** Its cards go with it. */
export function deleteColumn(draft: BoardDraft, id: string): void {
  for (const card of cardsOf(draft, id)) delete draft.cards[card];
  delete draft.columns[id];
}

export function moveColumn(draft: BoardDraft, id: string, before: Before): void {
  const column = draft.columns[id];
  if (column === undefined || before === id) return;
  const others = inOrder(draft.columns).filter(each => each !== id);
  column.order = placeBetween(draft.columns, others, before);
}

export function addCard(
  draft: BoardDraft,
  id: string,
  { title, column }: { title: string; column: string },
): void {
  const order = placeBetween(draft.cards, cardsOf(draft, column), null);
  draft.cards[id] = { title, text: "", column, order };
}

/** Nothing, where somebody has deleted the card meanwhile. */
export function moveCard(
  draft: BoardDraft,
  id: string,
  { column, before }: { column: string; before: Before },
): void {
  const card = draft.cards[id];
  if (card === undefined) return;
  const all = cardsOf(draft, column);
  const at = before === null ? all.length : all.indexOf(before);
  if (card.column === column && (before === id || all[at - 1] === id)) return;
  card.order = placeBetween(
    draft.cards,
    all.filter(each => each !== id),
    before,
  );
  card.column = column;
}

function inOrder<T extends Placed>(
  all: Readonly<Record<string, Readonly<T>>>,
  isMeant: (placed: Readonly<T>) => boolean = () => true,
): string[] {
  const entries = Object.entries(all).filter(([, placed]) => isMeant(placed));
  return entries
    .sort(([id, a], [otherId, b]) => compare(a.order, b.order) || compare(id, otherId))
    .map(([id]) => id);
}

/** By code units, as the keys are made; how a language sorts its letters has no say in it. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A key for one more of these ids, which are in order; new ones for those behind it that leave no room. */
function placeBetween(all: Record<string, Placed>, ids: readonly string[], before: Before): string {
  const at = before !== null && ids.includes(before) ? ids.indexOf(before) : ids.length;
  const orderAt = (index: number) => all[ids[index] ?? ""]?.order ?? null;
  const above = orderAt(at - 1);
  let next = at;
  while (above !== null && orderAt(next) === above) next += 1;
  const [order, ...repaired] = generateNKeysBetween(above, orderAt(next), 1 + next - at);
  repaired.forEach((key, index) => {
    const placed = all[ids[at + index] ?? ""];
    if (placed !== undefined) placed.order = key;
  });
  return order ?? "";
}
