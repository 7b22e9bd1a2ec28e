/** What a page of W11 tells, in milliseconds since 1970, letter by letter. */
export interface Typing {
  /** When it was pressed on this page; none on the page of who watches. */
  readonly pressed: number[];
  /** The frame in which it was there. */
  readonly seen: number[];
}
