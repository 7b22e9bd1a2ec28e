/** Runs in the browser. What shows more than fits into it, by a scrollbar or beyond its edges. */
export function tooWide(): string[] {
  return [...document.querySelectorAll("*")]
    .filter(element => {
      const cutOnPurpose =
        element.matches(".spoken") || getComputedStyle(element).textOverflow === "ellipsis";
      return !cutOnPurpose && element.clientWidth > 0 && element.scrollWidth > element.clientWidth;
    })
    .map(element => `${element.tagName.toLowerCase()}.${element.className}`);
}
