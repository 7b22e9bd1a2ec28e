/**
 * Marks: what every edit inserts, so that it can be found again in any message, however messages were merged or framed.
 *
 * A mark is `#~!`, six digits of the edit's number and seven digits of the microsecond at which it was due, both in base
 * 36. The clock is the monotonic one that the readers (`readers.c`) read too, modulo 36^7 microseconds: 21 hours.
 */
export const MARK_SIZE = 16;

const PREFIX = Buffer.from("#~!");
const DIGITS = Buffer.from("0123456789abcdefghijklmnopqrstuvwxyz");
const ID_END = 9;
const CLOCK_MODULUS = 36 ** 7;

/** Added to `performance.now()`, gives the monotonic clock, in microseconds. */
const clockOffset = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000;

const digitValue = new Uint8Array(256);
for (const [value, digit] of DIGITS.entries()) digitValue[digit] = value;

/** Writes the mark of an edit that was due at a time of `performance.now()`. */
export function writeMark(target: Uint8Array, offset: number, id: number, due: number): void {
  target.set(PREFIX, offset);
  writeDigits(target, offset + PREFIX.length, ID_END - PREFIX.length, id);
  writeDigits(
    target,
    offset + ID_END,
    MARK_SIZE - ID_END,
    Math.floor(clockOffset + due * 1000) % CLOCK_MODULUS,
  );
}

export function markText(id: number, due: number): string {
  const bytes = Buffer.alloc(MARK_SIZE);
  writeMark(bytes, 0, id, due);
  return bytes.toString("latin1");
}

/** Visits the marks that lie whole in the bytes: the edit's number, and the milliseconds since it was due. */
export function scanMarks(bytes: Buffer, visit: (id: number, waited: number) => void): void {
  let at = bytes.indexOf(PREFIX);
  if (at === -1) return;
  const now = Math.floor(clockOffset + performance.now() * 1000) % CLOCK_MODULUS;
  for (; at !== -1 && at + MARK_SIZE <= bytes.length; at = bytes.indexOf(PREFIX, at + MARK_SIZE)) {
    const due = readDigits(bytes, at + ID_END, MARK_SIZE - ID_END);
    visit(
      readDigits(bytes, at + PREFIX.length, ID_END - PREFIX.length),
      ((now - due + CLOCK_MODULUS) % CLOCK_MODULUS) / 1000,
    );
  }
}

function writeDigits(target: Uint8Array, offset: number, count: number, value: number): void {
  let rest = value;
  for (let i = offset + count - 1; i >= offset; i--) {
    target[i] = DIGITS[rest % 36]!;
    rest = Math.floor(rest / 36);
  }
}

function readDigits(bytes: Uint8Array, offset: number, count: number): number {
  let value = 0;
  for (let i = offset; i < offset + count; i++) value = value * 36 + digitValue[bytes[i]!]!;
  return value;
}
