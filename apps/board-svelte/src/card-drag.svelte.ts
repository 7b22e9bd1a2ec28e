/**
 * Taking a card, by pointer, finger or keyboard, to another place.
 *
 * Nothing moves until it is dropped: what is dragged is a place in the document as it is then, said by the card that it is
 * before. So it disturbs nobody, and what others do meanwhile does not disturb it.
 */
import { type Before, type Board, cardsOf, columnsOf } from "./placing.js";

export interface Target {
  readonly column: string;
  readonly before: Before;
}

export interface CardDragOptions {
  readonly board: () => Board;
  readonly drop: (card: string, target: Target) => void;
}

/** Pixels that a pointer moves before it drags, and those from an edge at which what is behind it comes nearer. */
const slack = 5;
const edge = 48;

export class CardDrag {
  /** The card that is held. */
  card: string | null = $state(null);
  target: Target | null = $state.raw(null);
  /** Where the pointer is; `null` while the keyboard is used. */
  pointer: { readonly x: number; readonly y: number } | null = $state.raw(null);
  /** What a screen reader is to say. */
  announcement = $state("");
  readonly #options: CardDragOptions;

  constructor(options: CardDragOptions) {
    this.#options = options;
  }

  /** Of the keyboard, on a card's handle. */
  key(card: string, key: string): boolean {
    if (key === " " || key === "Enter") {
      if (this.card === card) this.#drop();
      else this.#take(card);
      return true;
    }
    if (this.card !== card || this.target === null) return false;
    if (key === "Escape") this.cancel();
    else if (key.startsWith("Arrow")) this.#step(key);
    else return false;
    return true;
  }

  /** The focus has left a card's handle, perhaps because the card is drawn elsewhere now. */
  leave(card: string): void {
    if (this.card === card && this.pointer === null) this.cancel();
  }

  cancel(reason = "Put back."): void {
    if (this.card === null) return;
    this.#end();
    this.announcement = reason;
  }

  /** For `{@attach}`, on the element in which the columns stand. */
  readonly listen = (root: HTMLElement): (() => void) => {
    let pressed: { readonly card: string; readonly x: number; readonly y: number } | null = null;
    let scrolling = 0;
    const ending = new AbortController();
    const on = <Type extends keyof HTMLElementEventMap>(
      type: Type,
      listener: (event: HTMLElementEventMap[Type]) => void,
    ) => root.addEventListener(type, listener, { signal: ending.signal });

    const scroll = () => {
      if (this.pointer === null) return;
      const { left, right } = root.getBoundingClientRect();
      const { x, y } = this.pointer;
      root.scrollLeft += step(x, Math.max(left, 0), Math.min(right, innerWidth));
      scrollBy(0, step(y, 0, innerHeight));
      this.target = targetAt(root, this.pointer, this.card);
      scrolling = requestAnimationFrame(scroll);
    };

    on("pointerdown", event => {
      const { target, pointerType, button, clientX: x, clientY: y } = event;
      const card = target instanceof Element ? target.closest<HTMLElement>("[data-card]") : null;
      if (!(target instanceof Element) || card === null || button !== 0 || this.card !== null) return;
      const isHandle = target.closest(".handle") !== null;
      // A finger on anything else scrolls; and fields and buttons have uses of their own.
      if (!isHandle && (pointerType !== "mouse" || target.closest("input, textarea, button, summary")))
        return;
      pressed = { card: card.dataset.card ?? "", x, y };
    });
    on("pointermove", ({ pointerId, clientX: x, clientY: y }) => {
      if (pressed !== null && Math.hypot(x - pressed.x, y - pressed.y) > slack) {
        // The card may be drawn anew meanwhile, elsewhere: what stays hears of the rest.
        root.setPointerCapture(pointerId);
        this.card = pressed.card;
        pressed = null;
        this.pointer = { x, y };
        scroll();
      }
      if (this.pointer === null) return;
      this.pointer = { x, y };
      this.target = targetAt(root, this.pointer, this.card);
    });
    on("pointerup", () => {
      pressed = null;
      cancelAnimationFrame(scrolling);
      if (this.pointer !== null) this.#drop();
    });
    on("pointercancel", () => {
      pressed = null;
      cancelAnimationFrame(scrolling);
      if (this.pointer !== null) this.cancel();
    });
    return () => {
      cancelAnimationFrame(scrolling);
      ending.abort();
    };
  };

  #take(card: string): void {
    const board = this.#options.board();
    const column = board.cards[card]?.column;
    if (column === undefined) return;
    const cards = cardsOf(board, column);
    this.card = card;
    this.pointer = null;
    this.target = { column, before: cards[cards.indexOf(card) + 1] ?? null };
    this.announcement = `Held. ${this.#place()} Arrow keys move it, space drops it, Escape puts it back.`;
  }

  #step(key: string): void {
    const board = this.#options.board();
    const columns = columnsOf(board);
    const { column, before } = this.target ?? { column: "", before: null };
    const sideways = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
    const next = columns[columns.indexOf(column) + sideways] ?? column;
    const at = indexOf(this.#othersIn(column), before);
    const others = this.#othersIn(next);
    const down = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
    const to = Math.min(Math.max(at + down, 0), others.length);
    this.target = { column: next, before: others[to] ?? null };
    this.announcement = this.#place();
  }

  #drop(): void {
    const { card, target } = this;
    if (card === null || target === null) return this.cancel();
    const place = this.#place();
    this.#end();
    this.#options.drop(card, target);
    this.announcement = `Dropped. ${place}`;
  }

  #end(): void {
    this.card = null;
    this.target = null;
    this.pointer = null;
  }

  /** "To do, 2 of 5." */
  #place(): string {
    if (this.target === null) return "";
    const { column, before } = this.target;
    const others = this.#othersIn(column);
    const title = this.#options.board().columns[column]?.title || "Untitled column";
    return `${title}, ${indexOf(others, before) + 1} of ${others.length + 1}.`;
  }

  #othersIn(column: string): string[] {
    return cardsOf(this.#options.board(), column).filter(each => each !== this.card);
  }
}

/** Where what stands before it is gone, it goes to the end. */
function indexOf(cards: readonly string[], before: Before): number {
  const at = before === null ? -1 : cards.indexOf(before);
  return at === -1 ? cards.length : at;
}

function step(at: number, from: number, to: number): number {
  return at < from + edge ? -8 : at > to - edge ? 8 : 0;
}

/** The column that is nearest, and in it the first card whose middle is below. */
function targetAt(root: HTMLElement, { x, y }: { x: number; y: number }, held: string | null): Target | null {
  const distance = (element: Element) => {
    const { left, right } = element.getBoundingClientRect();
    return Math.max(left - x, x - right, 0);
  };
  const columns = [...root.querySelectorAll<HTMLElement>("[data-column]")];
  const nearest = columns.sort((one, other) => distance(one) - distance(other))[0];
  if (nearest?.dataset.column === undefined) return null;
  const below = [...nearest.querySelectorAll<HTMLElement>("[data-card]")].find(card => {
    const { top, height } = card.getBoundingClientRect();
    return card.dataset.card !== held && top + height / 2 > y;
  });
  return { column: nearest.dataset.column, before: below?.dataset.card ?? null };
}
