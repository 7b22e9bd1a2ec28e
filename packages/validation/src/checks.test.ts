import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  email,
  isEmail,
  isIsoDate,
  isIsoDateTime,
  isoDate,
  isoDateTime,
  isPhone,
  isSafeInteger,
  isSlug,
  isUrl,
  isUuid,
  phone,
  safeInteger,
  slug,
  url,
  uuid,
} from "./checks.js";
import { between, createRandom, forEachSeed } from "./testing.js";

interface Examples {
  readonly is: (value: string) => boolean;
  readonly schema: z.ZodType<string>;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const formats: Readonly<Record<string, Examples>> = {
  email: {
    is: isEmail,
    schema: email(),
    good: ["a@b.org", "ann.o'neil+tag@mail.example.co.uk", "1_-@x-y.io", `${"a".repeat(242)}@example.org`],
    bad: [
      ...[
        "",
        "a",
        "a@b",
        "a@b.c",
        "@b.org",
        "a@",
        "a b@c.org",
        ".a@b.org",
        "a..b@c.org",
        "a.@b.org",
        "a@b..org",
      ],
      ...[
        " a@b.org",
        "a@b.org ",
        "a@b.org\n",
        "a@-b.org",
        "a@b.org,c@d.org",
        "<a@b.org>",
        '"a"@b.org',
        "a@[1.2.3.4]",
      ],
      `${"a".repeat(243)}@example.org`,
    ],
  },
  url: {
    is: isUrl,
    schema: url(),
    good: [
      ...["http://a", "https://example.org", "HTTPS://EXAMPLE.ORG/", "https://user@example.org:8080/a?b=c#d"],
      ...[
        "https://例え.jp/路径",
        "http://[::1]/",
        "http://127.0.0.1",
        `https://example.org/${"a".repeat(2028)}`,
      ],
    ],
    bad: [
      ...[
        "",
        "example.org",
        "//example.org",
        "/path",
        "http:",
        "http://",
        "http:example.org",
        "http:/example.org",
      ],
      ...[
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "mailto:a@b.org",
        "https://a b",
        " http://a",
      ],
      ...[
        "http://a ",
        "http://a\n",
        "java\nscript:x",
        "http:\\\\a",
        "http://a\\b",
        "http://256.1.1.1",
        "http://a:99999",
      ],
      ...["https://\u0000a", "http://[::1", `https://example.org/${"a".repeat(2029)}`],
    ],
  },
  phone: {
    is: isPhone,
    schema: phone(),
    good: ["+4912345678", "+1234567", "+123456789012345"],
    bad: [
      "",
      "+",
      "4912345678",
      "+0123456789",
      "+123456",
      "+1234567890123456",
      "+49 1234567",
      "+49123456x",
      "+４９1234567",
    ],
  },
  "phone as people write it": {
    is: value => isPhone(value, { form: "lenient" }),
    schema: phone({ form: "lenient" }),
    good: [
      ...[
        "+4912345678",
        "030 1234567",
        "(030) 123-4567",
        "+1 (555) 123-4567",
        "555.123.4567",
        "+49-30-1234567",
      ],
      ...["030/1234567", "555-123-4567 x123", "555-123-4567 ext. 12"],
    ],
    bad: [
      "",
      "12345",
      "call me",
      "+",
      "1----2345678",
      "1234567890123456",
      "++491234567",
      "555-123-4567 x",
      `1${" ".repeat(70)}`,
    ],
  },
  uuid: {
    is: isUuid,
    schema: uuid(),
    good: [
      ...["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000"],
      ...["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    ],
    bad: [
      ...["", "123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}"],
      ...["123e4567-e89b-92d3-a456-426614174000", "123e4567-e89b-12d3-c456-426614174000"],
      ...["g23e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000\n"],
    ],
  },
  "ISO date": {
    is: isIsoDate,
    schema: isoDate(),
    good: ["2024-02-29", "2000-02-29", "1999-12-31", "0001-01-01"],
    bad: [
      "",
      "2023-02-29",
      "1900-02-29",
      "2024-04-31",
      "2024-13-01",
      "2024-00-01",
      "2024-1-1",
      "24-01-01",
      "2024-01-01T00:00:00Z",
    ],
  },
  "ISO date and time": {
    is: isIsoDateTime,
    schema: isoDateTime(),
    good: [
      "2024-02-29T12:30:00Z",
      "2024-02-29T12:30:00.123456Z",
      "2024-02-29T12:30:00+01:00",
      "2024-02-29T23:59:59-11:30",
    ],
    bad: [
      ...[
        "",
        "2024-02-29",
        "2024-02-29T12:30:00",
        "2024-02-29T12:30Z",
        "2024-02-29T24:00:00Z",
        "2024-02-29 12:30:00Z",
      ],
      ...[
        "2023-02-29T12:30:00Z",
        "2024-02-29T12:30:00+0100",
        "2024-02-29T12:30:00z",
        `2024-02-29T12:30:00.${"1".repeat(30)}Z`,
      ],
    ],
  },
  slug: {
    is: isSlug,
    schema: slug(),
    good: ["a", "a-b", "2024-in-review", "a".repeat(100)],
    bad: ["", "-", "-a", "a-", "a--b", "A", "a_b", "a b", "ä", "a\n", "a".repeat(101)],
  },
};

describe.each(Object.entries(formats))("%s", (_, { is, schema, good, bad }) => {
  it.each(good)("is %j", value => expect(is(value)).toBe(true));
  it.each(bad)("is not %j", value => expect(is(value)).toBe(false));

  it("is as a schema what it is as a predicate, and changes nothing", () => {
    for (const value of good) expect(schema.safeParse(value)).toEqual({ success: true, data: value });
    for (const value of [...bad, 1, null, undefined]) expect(schema.safeParse(value).success).toBe(false);
  });

  it("is not what a good one becomes with something before, behind or inside that never belongs there", () => {
    forEachSeed(
      seed => {
        const random = createRandom(seed);
        const value = good[between(random, 0, good.length - 1)]!;
        const at = between(random, 0, value.length);
        const odd = ["\n", "\u0000", "\u2028", "\\", "\ud800"][between(random, 0, 4)]!;
        // Every one of these is a character that a URL may have, so only what is no text at all is left to it.
        expect(is(value.slice(0, at) + odd + value.slice(at)) && odd !== "\ud800").toBe(false);
      },
      { share: 0.2 },
    );
  });
});

it("a URL may have other protocols", () => {
  const options = { protocols: ["mailto", "ftp"] };
  expect(isUrl("mailto:ann@example.org", options)).toBe(true);
  expect(isUrl("ftp://example.org", options)).toBe(true);
  expect(isUrl("https://example.org", options)).toBe(false);
  expect(url(options).safeParse("mailto:ann@example.org").success).toBe(true);
});

it("a safe integer is one whose neighbours are different numbers", () => {
  for (const value of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    expect(isSafeInteger(value)).toBe(true);
    expect(safeInteger().safeParse(value).success).toBe(true);
  }
  for (const value of [
    0.5,
    Number.MAX_SAFE_INTEGER + 1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "1",
    null,
    1n,
  ]) {
    expect(isSafeInteger(value)).toBe(false);
    expect(safeInteger().safeParse(value).success).toBe(false);
  }
});

it("a format is a check of another schema too", () => {
  const work = z.string().endsWith("@example.org").check(email());
  expect(work.safeParse("ann@example.org").success).toBe(true);
  expect(work.safeParse("ann@other.org").success).toBe(false);
  expect(work.safeParse("@example.org").error?.issues).toMatchObject([
    { code: "invalid_format", format: "email" },
  ]);
});

it("what it says of a value does not quote it", () => {
  const issues = z.object({ mail: email(), site: url() }).safeParse({ mail: "s3cret", site: "s3cret" })
    .error?.issues;
  expect(issues).toHaveLength(2);
  expect(JSON.stringify(issues)).not.toContain("s3cret");
});
