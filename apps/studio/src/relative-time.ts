/** How long ago something was, in words that are right for as long as they stand there. */

const format = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

const units: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** `now`, `12s ago`, `3m ago`, `2h ago`, `5d ago`. A clock that runs ahead of ours gives `now`. */
export function relativeTime(time: number, now: number): string {
  const seconds = Math.floor((now - time) / 1000);
  for (const [unit, length] of units) {
    if (seconds >= length * (unit === "second" ? 5 : 1))
      return format.format(-Math.floor(seconds / length), unit);
  }
  return "now";
}
