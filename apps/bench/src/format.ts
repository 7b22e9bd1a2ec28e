/** Numbers as people read them in tables: three digits, never more than are true. */

/** 560, 4.2k, 33.1k, 6.48M. */
export function count(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 999_500) return `${digits(value / 1e6)}M`;
  if (magnitude >= 9995) return `${digits(value / 1e3)}k`;
  return magnitude < 10 && !Number.isInteger(value) ? digits(value) : String(Math.round(value));
}

/** Three significant digits, without zeros that say nothing. */
export function digits(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

/** A ratio: 0.83x, 1.6x, 120x. */
export function ratio(value: number): string {
  return `${Math.abs(value) >= 100 ? count(value) : Number(value.toPrecision(2))}x`;
}
