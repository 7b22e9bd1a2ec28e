/** Places in the text of an element: which unit is under the pointer, and where on the page a stretch of units is. */

/** The unit of the element's text that is drawn at a point of the window; `null` between and beside the letters. */
export function unitAt(text: HTMLElement, { x, y }: { x: number; y: number }): number | null {
  const caret = document.caretPositionFromPoint(x, y);
  if (caret === null || !text.contains(caret.offsetNode)) return null;
  const before = document.createRange();
  before.selectNodeContents(text);
  before.setEnd(caret.offsetNode, caret.offset);
  const offset = before.toString().length;
  // A caret stands between two letters: the pointer is on one of them.
  for (const unit of [offset - 1, offset]) {
    const rects = rangeOf(text, { from: unit, to: unit + 1 })?.getClientRects() ?? [];
    if ([...rects].some(rect => isIn(rect, { x, y }))) return unit;
  }
  return null;
}

/** `null` where the text has no such units. */
export function rangeOf(text: HTMLElement, { from, to }: { from: number; to: number }): Range | null {
  const range = document.createRange();
  const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  let position = 0;
  let isBegun = false;
  while (nodes.nextNode()) {
    const node = nodes.currentNode as Text;
    const end = position + node.length;
    if (!isBegun && from >= position && from < end) {
      range.setStart(node, from - position);
      isBegun = true;
    }
    if (isBegun && to <= end) {
      range.setEnd(node, to - position);
      return range;
    }
    position = end;
  }
  return null;
}

function isIn({ left, right, top, bottom }: DOMRect, { x, y }: { x: number; y: number }): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}
