/** A part of what is known of a document, for those who need no more. */
export interface Selection<T, S> {
  /**
   * What of the value is wanted: effects run again when that has changed, and for nothing else. It may read reactive state.
   * @default all of it
   */
  readonly select?: ((value: T) => S) | undefined;
  /** When two selections are the same, so that the earlier one is kept. @default Object.is */
  readonly isEqual?: ((one: S, other: S) => boolean) | undefined;
}
