/** When something was, by calendar and clock, in the language of the browser. */

// To make one takes longer than to draw a commit.
const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** The date, and the time to the second. */
export function fullTime(moment: Date): string {
  return both.format(moment);
}

/** The time where it was on the day of `now`, else the date. */
export function shortTime(moment: Date, now: Date): string {
  return (moment.toDateString() === now.toDateString() ? time : date).format(moment);
}
