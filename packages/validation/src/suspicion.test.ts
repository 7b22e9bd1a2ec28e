import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createRules } from "./rules.js";
import {
  findSuspicions,
  SCANNED_LENGTH,
  type SuspicionKind,
  suspicion,
  suspicionPatterns,
  unsuspicious,
} from "./suspicion.js";
import { between, createRandom, forEachSeed } from "./testing.js";

const all = { sql: "error", script: "error", traversal: "error" } as const;
const actor = { user: "ann", session: "s1", roles: [] };

/** For every pattern what it must find; the same text in capitals too, where capitals mean the same. */
const attacks: Readonly<Record<SuspicionKind, Readonly<Record<string, readonly string[]>>>> = {
  sql: {
    tautology: [
      "' or '1'='1",
      "' OR 1=1 --",
      "') or ('a'='a",
      '" or ""="',
      "x' and 1=2",
      "' || 'a'='a",
      "' or not 1=2",
    ],
    "numeric-tautology": ["1 or 1=1", "5 and 1 = 2", "id=3 OR (7>5"],
    "union-select": [
      "1 union select password",
      "' UNION ALL SELECT 1,2",
      "union/**/select 1",
      "union (select 1)",
      "union\n\tdistinct select 1",
    ],
    "stacked-statement": [
      "; drop table users",
      "1;delete from users",
      "; insert into a",
      "; update users set x",
      ";exec xp_dirtree",
      "; TRUNCATE TABLE x",
    ],
    "comment-out": ["admin'--", "admin' --", "1')#", "x'/*", '";--'],
    "time-delay": [
      "1; select sleep(5)",
      "pg_sleep( 10)",
      "benchmark(1000000,md5(1))",
      "waitfor delay '0:0:5'",
    ],
    "system-table": ["select * from information_schema.tables", "sqlite_master", "xp_cmdshell"],
    "file-access": ["load_file('/etc/x')", "into outfile '/tmp/x'", "INTO DUMPFILE 'x'"],
  },
  script: {
    "script-element": ["<script>", "<script src=x>", "<script/x>", "</script>"],
    "active-element": [
      "<iframe src=x>",
      "<svg/onload=x>",
      "<object data=x>",
      "<meta http-equiv=refresh>",
      "<form action=x>",
    ],
    "event-handler": [
      "<img src=x onerror=alert(1)>",
      '" onmouseover = "x',
      "x onload=y",
      "onpointerenter=x",
      "onfocusin=x",
    ],
    "script-url": ["javascript:alert(1)", "java\tscript:alert(1)", "vbscript:x", "j\na\nvascript :x"],
    "active-data-url": ["data:text/html,x", "data:image/svg+xml,x", "data: text/html;base64,x"],
    "encoded-letter": ["&#106;avascript", "&#x6a;", "&#0000106", "&#x000006A;"],
  },
  traversal: {
    "parent-directory": [
      "../x",
      "..\\x",
      "a/../b",
      "%2e%2e/x",
      "..%2fx",
      "%252e%252e%252fx",
      "..%c0%afx",
      "..%5cx",
      "....//x",
    ],
    "last-parent-directory": ["a/..", "a\\.."],
    "system-file": ["/etc/passwd", "/proc/self/environ", "C:\\Windows\\System32", "boot.ini"],
    "null-byte": ["a.php%00.png", "a%2500b", "a\0b"],
    "local-url": ["file:///x", "php://filter", "gopher://x"],
  },
};

const honest = [
  "",
  "It's a fine day, isn't it? \"Yes,\" she said -- and left...",
  "Select the union that you like, or drop the table off at the door; update me later.",
  "if a or b then c; x < 2 and y > 2",
  "The script: see page 5. JavaScript is a language. Data: text and numbers.",
  "Come on! Load the car on Monday; focus = all. Price on = off, online=yes, only=1",
  "https://example.org/a/b?c=d&e=f#g; mail me at ann@example.org",
  "1, 2, ... / 3 .. 5, and so on; see ./README and /home/ann",
  'AT&amp;T &#8364; 5 <b>bold</b> <a href="/x">link</a>',
  "日本語のテキスト、'引用' と \"引用\"。",
];

describe.each(Object.entries(attacks))("%s", (kind, byPattern) => {
  it("has an example for each of its patterns", () => {
    expect(Object.keys(byPattern)).toEqual(Object.keys(suspicionPatterns[kind as SuspicionKind]));
  });

  it.each(
    Object.entries(byPattern).flatMap(([pattern, texts]) => texts.map(text => [pattern, text] as const)),
  )("%s is found in %j", (pattern, text) => {
    for (const variant of [text, text.toUpperCase(), `Dear all,\n${text}`]) {
      expect(findSuspicions(variant, all).map(found => found.pattern)).toContain(pattern);
    }
  });
});

describe("a suspicion", () => {
  it.each(honest)("is not raised by %j", text => {
    expect(findSuspicions(text, all)).toEqual([]);
  });

  it("says what was found and where it begins, and never quotes it", () => {
    const text = "s3cret <script>s3cret()</script> ../../s3cret";
    const found = findSuspicions(text, { script: "error", traversal: "warning" });
    expect(found).toEqual([
      { kind: "script", pattern: "script-element", at: 7, severity: "error" },
      { kind: "traversal", pattern: "parent-directory", at: 33, severity: "warning" },
    ]);
    expect(JSON.stringify(found)).not.toContain("s3cret");
  });

  it("is looked for only where it is asked for", () => {
    expect(findSuspicions("<script> ../ ' or 1=1", { sql: "info" }).map(({ kind }) => kind)).toEqual([
      "sql",
      "sql",
    ]);
    expect(findSuspicions("<script> ../ ' or 1=1", {})).toEqual([]);
  });

  it("is found wherever it stands among honest text", () => {
    const examples = Object.values(attacks).flatMap(byPattern => Object.entries(byPattern));
    forEachSeed(seed => {
      const random = createRandom(seed);
      const pick = <T>(choices: readonly T[]): T => choices[between(random, 0, choices.length - 1)]!;
      const [pattern, texts] = pick(examples);
      const before = `${pick(honest)}\n${pick(honest)} `;
      const behind = pattern === "last-parent-directory" ? "" : ` ${pick(honest)}`;
      const found = findSuspicions(before + pick(texts) + behind, all).find(one => one.pattern === pattern);
      expect(found?.at).toBeGreaterThanOrEqual(before.length - 1);
    });
  });

  it("is also that a text is too long to be looked at as a whole", () => {
    const long = " ".repeat(SCANNED_LENGTH);
    expect(findSuspicions(long, all)).toEqual([]);
    expect(findSuspicions(`${long}<script>`, { script: "warning" })).toEqual([
      { kind: "script", pattern: "not-scanned", at: SCANNED_LENGTH, severity: "warning" },
    ]);
    expect(findSuspicions(`${long}x`, all)).toHaveLength(3);
  });
});

describe("as a check of a schema", () => {
  it("gives an issue for each finding, and not the text", () => {
    const schema = z.object({ note: z.string().check(unsuspicious()) });
    expect(schema.safeParse({ note: "fine" }).success).toBe(true);
    const { error } = schema.safeParse({ note: "<script>../s3cret" });
    expect(error?.issues).toEqual([
      {
        code: "custom",
        path: ["note"],
        message: "Looks like script injection: script-element at character 0.",
        params: { kind: "script", pattern: "script-element", at: 0 },
      },
      {
        code: "custom",
        path: ["note"],
        message: "Looks like path traversal: parent-directory at character 8.",
        params: { kind: "traversal", pattern: "parent-directory", at: 8 },
      },
    ]);
  });

  it("may be of some kinds only", () => {
    const schema = z.string().check(unsuspicious("traversal", "sql"));
    expect(schema.safeParse("<script>").success).toBe(true);
    expect(schema.safeParse("' or 1=1").success).toBe(false);
  });
});

describe("as a rule", () => {
  const find = (pointer: string, json: unknown) =>
    createRules([suspicion({ reads: [pointer], script: "error", sql: "info" })], { clock: () => 0 }).check(
      [[]],
      { value: path => path.reduce<never>((value, name) => value?.[name], json as never) },
      { actor },
    );

  it("reports each finding at the text where it is, of the finding's severity", () => {
    const json = { lines: [{ text: "fine" }, { text: "<script>" }, { text: "1 or 1=1" }] };
    expect(find("/lines/*/text", json)).toMatchObject([
      { pointer: "/lines/1/text", code: "rule.suspicion", severity: "error" },
      { pointer: "/lines/2/text", code: "rule.suspicion", severity: "info" },
    ]);
  });

  it("looks at every text below", () => {
    const json = { a: { "b/c": [1, null, true, { d: "<script>" }] } };
    expect(find("/a", json)).toMatchObject([{ pointer: "/a/b~1c/3/d" }]);
    expect(find("/nowhere", json)).toEqual([]);
  });

  it("looks at a formatted text in one piece, and at what its formats and embeds hold", () => {
    const text = (...delta: unknown[]) => ({ note: { $y: "text", delta, attrs: {} } });
    const bold = { bold: true };
    expect(find("/note", text({ insert: "<scr" }, { insert: "ipt>", attributes: bold }))).toMatchObject([
      { pointer: "/note" },
    ]);
    const link = { link: { href: "javascript:x" } };
    expect(find("/note", text({ insert: "x", attributes: link }))).toMatchObject([{ pointer: "/note" }]);
    expect(find("/note", text({ insert: { video: "javascript:x" } }))).toMatchObject([{ pointer: "/note" }]);
    expect(find("/note", text({ insert: "java" }, { insert: {} }, { insert: "script" }))).toEqual([]);
  });

  it("looks into XML", () => {
    const p = { $y: "xml", tag: "p", attrs: { href: "javascript:x" }, children: [] };
    expect(find("/doc", { doc: { $y: "frag", children: [p] } })).toMatchObject([
      { pointer: "/doc/children/0/attrs/href" },
    ]);
  });
});
