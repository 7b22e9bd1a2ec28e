/**
 * Bombs: small messages that do great harm to whoever hands them to Yjs, each with the answer that it must get.
 *
 * They are what a relay is tested against while it runs: it must stay up, answer the sender, make no other
 * document wait, and load the document again. All are built by code; large ones only when they are asked for.
 *
 * Long, because it is a list.
 */
import * as encoding from "lib0/encoding";
import type { Barred, Compensate, Resync, TooLarge } from "./answers.js";
import { type CraftedContent, type CraftedStruct, craftUpdate, type Id } from "./craft.js";

export interface Bomb {
  readonly name: string;
  /** What it does when Yjs gets it. */
  readonly effect: string;
  readonly carrier: "update" | "state-vector";
  /** Updates that the document must hold before; there is nothing wrong with them. */
  readonly before?: () => Uint8Array[];
  /** The messages, in order. Each must get the answer. */
  readonly payloads: () => Uint8Array[];
  readonly answer: Answer;
  /** The answer when the sender may not write under the client id 42. */
  readonly answerWithLeases?: Answer;
}

export type Answer =
  | Pick<Barred, "type" | "code">
  | Pick<Resync, "type" | "code">
  | Pick<Compensate, "type" | "code">
  | Pick<TooLarge, "type" | "code">
  /** It may be applied, but its `work` is above 1,000: only where it can be stopped. */
  | { readonly type: "pass"; readonly code: "much-work" }
  /** The bytes alone do not give it away. */
  | { readonly type: "pass"; readonly code: "harmless-looking" };

/** An update with one block of structs, from clock 0. */
function block(client: number, structs: readonly CraftedStruct[]): Uint8Array {
  return craftUpdate({ blocks: [{ client, structs }] });
}

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], byte => Number.parseInt(byte, 16));
}

/** Structs one after the other: the first in the given place. */
function chain(client: number, parent: string | Id, contents: readonly CraftedContent[]): CraftedStruct[] {
  return contents.map((content, i) => ({
    ...content,
    ...(i === 0 ? { parent } : { origin: [client, i - 1] }),
  }));
}

/** Elements of a list that Yjs cannot join to one item: every second one is of another sort. */
const elements = (count: number): CraftedContent[] =>
  many(count, i => (i % 2 === 0 ? { any: [i] } : { binary: new Uint8Array(1) }));

/** The same for a text. */
const characters = (count: number): CraftedContent[] =>
  many(count, i => (i % 2 === 0 ? { string: "x" } : { embed: {} }));

/** Texts as the values of keys. */
const texts = (count: number): CraftedStruct[] =>
  many(count, i => ({ type: 2, parent: "map", key: `text ${i}` }));

const formats = (count: number): CraftedContent[] => many(count, i => ({ format: [`key ${i}`, true] }));

const entries = (count: number): CraftedStruct[] =>
  many(count, i => ({ any: [i], parent: "map", key: `key ${i}` }));

export const bombs: readonly Bomb[] = [
  {
    name: "announced-structs",
    effect: "Seven bytes that announce 2^25 structs: an array of 269 MB, then an exception.",
    carrier: "update",
    payloads: () => [bytes("01808080100100")],
    answer: { type: "barred", code: "truncated" },
  },
  {
    name: "overlapping-deletes",
    effect: "Each range deletes everything once more: time grows with ranges times structs, 79 s for 60,000.",
    carrier: "update",
    before: () => [block(107, entries(10_000))],
    payloads: () => [craftUpdate({ deletes: [{ client: 107, ranges: many(60_000, () => [0, 10_000]) }] })],
    answer: { type: "barred", code: "unsorted-deletes" },
  },
  {
    name: "deletes-of-a-client-twice",
    effect: "The same with one range for each mention of the client.",
    carrier: "update",
    before: () => [block(107, entries(1_000))],
    payloads: () => [craftUpdate({ deletes: many(2_000, () => ({ client: 107, ranges: [[0, 1_000]] })) })],
    answer: { type: "barred", code: "duplicate-client" },
  },
  {
    name: "conflict-chain",
    effect: "Each item conflicts with all before it: 29 s in 96 kB.",
    carrier: "update",
    payloads: () => [
      craftUpdate({
        blocks: [
          { client: 109, structs: chain(109, "list", elements(5_000)) },
          { client: 108, structs: many(5_000, i => ({ any: [i], right: [109, i] })) },
        ],
      }),
    ],
    answer: { type: "pass", code: "much-work" },
  },
  {
    name: "long-search",
    effect:
      "Few items, each between the beginning and the end of a long list: Yjs looks at everything between.",
    carrier: "update",
    before: () => [block(109, chain(109, "list", elements(100_000)))],
    payloads: () => [
      block(
        108,
        many(900, i => ({ any: [i], right: [109, 99_999 - i] })),
      ),
    ],
    answer: { type: "pass", code: "much-work" },
  },
  {
    name: "deleted-rich-text",
    effect:
      "Eight bytes that delete a text with formats: time grows with the square of its items, 2 s for 20,000.",
    carrier: "update",
    before: () => [
      block(102, texts(1)),
      block(103, chain(103, [102, 0], [...characters(20_000), ...formats(1)])),
    ],
    payloads: () => [craftUpdate({ deletes: [{ client: 103, ranges: [[0, 20_000]] }] })],
    answer: { type: "pass", code: "much-work" },
  },
  {
    name: "overwritten-rich-text",
    effect: "The same for a text that is the value of a key, when another text with formats changes as well.",
    carrier: "update",
    before: () => [
      block(102, texts(2)),
      block(103, chain(103, [102, 0], [...characters(20_000), ...formats(1)])),
      block(104, chain(104, [102, 1], [...characters(1), ...formats(1)])),
    ],
    payloads: () => [
      block(105, [
        { any: [null], origin: [102, 0] },
        { string: "x", origin: [104, 1] },
      ]),
    ],
    answer: { type: "pass", code: "much-work" },
  },
  {
    name: "format-in-a-long-text",
    effect:
      "One format in a text with 100 others: Yjs copies all of them for each item, 0.1 s for 20,000 items.",
    carrier: "update",
    before: () => [
      block(102, texts(1)),
      block(103, chain(103, [102, 0], characters(20_000))),
      // Formats before what is there are one change of all of it; content inserted behind them would repeat them all.
      block(
        104,
        formats(100).map((format, i) => ({
          ...format,
          right: [103, 0],
          ...(i === 0 ? {} : { origin: [104, i - 1] }),
        })),
      ),
    ],
    payloads: () => [block(105, [{ format: ["key 0", null], origin: [103, 19_999] }])],
    answer: { type: "pass", code: "much-work" },
  },
  {
    name: "many-cuts",
    effect:
      "Known structs that name new neighbours: Yjs cuts the stored ones, and moves all behind each cut.",
    carrier: "update",
    before: () => [block(109, [{ string: "x".repeat(20_000), parent: "text" }, ...entries(100_000)])],
    payloads: () => [
      block(109, [
        { string: "x".repeat(10_000), parent: "text" },
        ...many(5_000, (i): CraftedStruct => ({ string: "xx", origin: [109, 2 * i + 1] })),
      ]),
    ],
    answer: { type: "pass", code: "much-work" },
  },
  {
    name: "zero-length",
    effect: "A collected struct of no length: the document can never be decoded again.",
    carrier: "update",
    payloads: () => [bytes("010177000000")],
    answer: { type: "barred", code: "zero-length" },
  },
  {
    name: "huge-lengths",
    effect: "The clocks overflow: neither state nor state vector can be decoded by anybody.",
    carrier: "update",
    payloads: () => [
      block(
        105,
        many(16, () => ({ collected: Number.MAX_SAFE_INTEGER })),
      ),
    ],
    answer: { type: "barred", code: "impossible-clock" },
  },
  {
    name: "stolen-client-id",
    effect: "Takes the next thousand clocks of client 42, whose edits are dropped from then on.",
    carrier: "update",
    payloads: () => [bytes("01012a0000e80700")],
    answer: { type: "pass", code: "harmless-looking" },
    answerWithLeases: { type: "resync", code: "foreign-client" },
  },
  {
    name: "delete-the-future",
    effect: "Whatever client 9 will ever write is deleted as it arrives.",
    carrier: "update",
    payloads: () => [bytes("00016d0100ffffffffffffff0f")],
    answer: { type: "barred", code: "impossible-clock" },
  },
  {
    name: "delete-the-near-future",
    effect: "The same for the next thousand edits.",
    carrier: "update",
    payloads: () => [craftUpdate({ deletes: [{ client: 109, ranges: [[0, 1_000]] }] })],
    answer: { type: "resync", code: "unknown-delete" },
  },
  {
    name: "nested-types",
    effect: "Whoever reads or deletes the outermost of 20,000 lists overflows the stack.",
    carrier: "update",
    payloads: () => [
      block(
        103,
        many(20_000, (i): CraftedStruct => ({ type: 0, parent: i === 0 ? "list" : [103, i - 1] })),
      ),
    ],
    answer: { type: "too-large", code: "type-too-deep" },
  },
  {
    name: "nested-values",
    effect: "A value of 100,000 lists in each other overflows the stack of the decoder.",
    carrier: "update",
    payloads: () => [nestedValue(100_000)],
    answer: { type: "too-large", code: "value-too-deep" },
  },
  {
    name: "nested-json",
    effect: "The same as JSON, inside of a text.",
    carrier: "update",
    payloads: () => [
      encoding.encode(encoder => {
        writeBlockHead(encoder, 5);
        encoding.writeVarString(encoder, "text");
        encoding.writeVarString(encoder, "[".repeat(100_000) + "]".repeat(100_000));
        encoding.writeVarUint(encoder, 0);
      }),
    ],
    answer: { type: "too-large", code: "value-too-deep" },
  },
  {
    name: "missing-dependencies",
    effect:
      "Kept for ever, tried again with every update, and sent to everybody: 2.5 ms for each later edit.",
    carrier: "update",
    payloads: () => many(3_000, i => block(1_000 + i, [{ string: "x", origin: [77, i] }])),
    answer: { type: "resync", code: "missing-dependency" },
  },
  {
    name: "gap",
    effect: "The same, by leaving out the beginning.",
    carrier: "update",
    payloads: () =>
      many(100, i =>
        craftUpdate({
          blocks: [{ client: 1_000 + i, clock: 1, structs: [{ string: "x".repeat(1_000), parent: "text" }] }],
        }),
      ),
    answer: { type: "resync", code: "gap" },
  },
  {
    name: "skip",
    effect: "The same, by a placeholder.",
    carrier: "update",
    payloads: () => [
      block(1_000, [{ string: "a", parent: "text" }, { skip: 5 }, { string: "b", parent: "text" }]),
    ],
    answer: { type: "resync", code: "skip" },
  },
  {
    name: "circle",
    effect: "The same, by two clients that wait for each other.",
    carrier: "update",
    payloads: () => [
      craftUpdate({
        blocks: [
          { client: 106, structs: [{ string: "a", origin: [105, 0] }] },
          { client: 105, structs: [{ string: "b", origin: [106, 0] }] },
        ],
      }),
    ],
    answer: { type: "barred", code: "impossible-reference" },
  },
  {
    name: "self-reference",
    effect: "Throws half-way, with the document changed.",
    carrier: "update",
    payloads: () => [block(106, [{ string: "a", origin: [106, 0] }])],
    answer: { type: "barred", code: "impossible-reference" },
  },
  {
    name: "between-two-places",
    effect:
      "When the place of one neighbour is collected, who loads the document misses what others see in it.",
    carrier: "update",
    before: () => [
      block(109, [
        { string: "a", parent: "text" },
        { type: 0, parent: "map", key: "list" },
        { any: [1], parent: [109, 1] },
      ]),
    ],
    payloads: () => [block(106, [{ string: "b", origin: [109, 0], right: [109, 2] }])],
    answer: { type: "barred", code: "impossible-reference" },
  },
  {
    name: "pending-deletes",
    effect: "A million ranges of unknown ids: every later edit costs 187 ms.",
    carrier: "update",
    payloads: () => [craftUpdate({ deletes: [{ client: 109, ranges: many(1_000_000, i => [2 * i, 1]) }] })],
    answer: { type: "too-large", code: "too-many-deletes" },
  },
  {
    name: "format-keys",
    effect: "Reading a text with 4,000 different formats takes 2.2 s and 531 MB.",
    carrier: "update",
    payloads: () => [
      block(103, [
        { string: "a", parent: "text" },
        ...many(4_000, (i): CraftedStruct => {
          const origin = [103, i] as const;
          return i % 2 === 0 ? { format: [`key ${i}`, true], origin } : { string: "a", origin };
        }),
        ...many(4_000, (i): CraftedStruct => ({ format: [`other ${i}`, true], origin: [103, 4_000 + i] })),
      ]),
    ],
    answer: { type: "too-large", code: "too-many-format-keys" },
  },
  {
    name: "roots",
    effect: "150,000 roots, which nothing ever removes.",
    carrier: "update",
    payloads: () => [
      block(
        103,
        many(150_000, i => ({ any: [i], parent: `root ${i}` })),
      ),
    ],
    answer: { type: "too-large", code: "too-many-roots" },
  },
  {
    name: "roots-then-rubbish",
    effect: "The same in an update that throws at its last byte: the roots are there all the same.",
    carrier: "update",
    payloads: () => [
      block(
        103,
        many(150_000, i => ({ any: [i], parent: `root ${i}` })),
      ).slice(0, -2),
    ],
    answer: { type: "barred", code: "truncated" },
  },
  {
    name: "subdocuments",
    effect: "100,000 documents of 2.6 kB each.",
    carrier: "update",
    payloads: () => [
      block(
        103,
        many(100_000, i => ({ subdocument: `guid ${i}`, options: { autoLoad: true }, parent: "list" })),
      ),
    ],
    answer: { type: "too-large", code: "too-many-subdocuments" },
  },
  {
    name: "subdocument",
    effect: "A document of its own, of which no ledger knows.",
    carrier: "update",
    payloads: () => [block(103, [{ subdocument: "guid", parent: "list" }])],
    answer: { type: "compensate", code: "subdocument" },
  },
  {
    name: "subdocument-without-options",
    effect: "Throws while it is decoded.",
    carrier: "update",
    payloads: () => [block(103, [{ subdocument: "guid", options: null, parent: "list" }])],
    answer: { type: "barred", code: "malformed-value" },
  },
  {
    name: "state-vector",
    effect: "Three million entries: 2.1 s and 171 MB.",
    carrier: "state-vector",
    payloads: () => [
      encoding.encode(encoder => {
        encoding.writeVarUint(encoder, 3_000_000);
        for (let client = 0; client < 3_000_000; client++) {
          encoding.writeVarUint(encoder, client);
          encoding.writeVarUint(encoder, 1);
        }
      }),
    ],
    answer: { type: "too-large", code: "too-many-bytes" },
  },
  {
    name: "announced-state-vector",
    effect: "Announces what does not come.",
    carrier: "state-vector",
    payloads: () => [bytes("ffffff7f0101")],
    answer: { type: "barred", code: "truncated" },
  },
  {
    name: "empty-objects",
    effect: "Two million empty objects of two bytes take 296 MB.",
    carrier: "update",
    payloads: () => [block(103, [{ any: many(2_000_000, () => ({})), parent: "list" }])],
    answer: { type: "too-large", code: "too-many-values" },
  },
  {
    name: "one-key-of-many-clients",
    effect: "20,000 clients that set one key conflict with each other: 3.3 s.",
    carrier: "update",
    payloads: () => [
      craftUpdate({
        blocks: many(20_000, i => ({
          client: 30_000 - i,
          structs: [{ any: [i], parent: "map", key: "key" }],
        })),
      }),
    ],
    answer: { type: "too-large", code: "too-many-clients" },
  },
  {
    name: "v2-run-length",
    effect: "In the V2 encoding 30 bytes are any number of structs: `mergeUpdatesV2` does not return.",
    carrier: "update",
    payloads: () => [runLengthV2(2 ** 40)],
    answer: { type: "barred", code: "trailing-bytes" },
  },
  {
    name: "client-twice",
    effect: "`applyUpdate` takes the second list of structs, `mergeUpdates` both: replicas differ for ever.",
    carrier: "update",
    payloads: () => [
      craftUpdate({
        blocks: [
          { client: 105, structs: [{ string: "a", parent: "text" }] },
          { client: 105, structs: [{ string: "b", parent: "text" }] },
        ],
      }),
    ],
    answer: { type: "barred", code: "duplicate-client" },
  },
  {
    name: "known-ids-elsewhere",
    effect: "The new part of a struct whose known part was collected goes into a list: Yjs throws half-way.",
    carrier: "update",
    before: () => [block(104, [{ any: [0], parent: "list" }]), block(105, [{ collected: 1 }])],
    payloads: () => [block(105, [{ any: [1, 2], origin: [104, 0] }])],
    answer: { type: "barred", code: "conflicting-ids" },
  },
  {
    name: "entry-of-several-values",
    effect: "Delete the last value, and whoever deletes the map later makes Yjs throw.",
    carrier: "update",
    payloads: () => [
      craftUpdate({
        blocks: [
          {
            client: 105,
            structs: [
              { type: 1, parent: "map", key: "inner" },
              { any: [1, 2], parent: [105, 0], key: "entry" },
            ],
          },
        ],
        deletes: [{ client: 105, ranges: [[2, 1]] }],
      }),
    ],
    answer: { type: "compensate", code: "wrong-shape" },
  },
  {
    name: "element-in-a-map",
    effect: "Carried by every sync and shown to nobody.",
    carrier: "update",
    payloads: () => [
      block(105, [
        { type: 1, parent: "map", key: "inner" },
        { any: ["hidden"], parent: [105, 0] },
      ]),
    ],
    answer: { type: "compensate", code: "wrong-shape" },
  },
  {
    name: "character-as-a-parent",
    effect: "Collected as it comes.",
    carrier: "update",
    payloads: () => [
      block(105, [
        { string: "a", parent: "text" },
        { any: [1], parent: [105, 0] },
      ]),
    ],
    answer: { type: "compensate", code: "wrong-shape" },
  },
  {
    name: "insertion-into-a-character",
    effect: "Yjs replaces both halves of the character, which somebody else wrote, without an event.",
    carrier: "update",
    before: () => [block(105, [{ string: "x😀y", parent: "text" }])],
    payloads: () => [block(106, [{ string: "!", origin: [105, 1], right: [105, 2] }])],
    answer: { type: "compensate", code: "split-surrogate-pair" },
  },
  {
    name: "deletion-of-half-a-character",
    effect: "The same.",
    carrier: "update",
    before: () => [block(105, [{ string: "x😀y", parent: "text" }])],
    payloads: () => [
      craftUpdate({ deletes: [{ client: 105, ranges: [[0, 2]] }] }),
      craftUpdate({ deletes: [{ client: 105, ranges: [[2, 1]] }] }),
    ],
    answer: { type: "compensate", code: "split-surrogate-pair" },
  },
  {
    name: "insertion-into-a-character-behind-another-offence",
    effect:
      "The same, where only the first offence is looked at: whoever takes that back has done the damage.",
    carrier: "update",
    before: () => [block(105, [{ string: "x😀y", parent: "text" }])],
    payloads: () => [
      block(106, [
        { any: [1], parent: "map", key: "__proto__" },
        { string: "!", origin: [105, 1], right: [105, 2] },
      ]),
      craftUpdate({
        blocks: [{ client: 106, structs: [{ any: [1], parent: "map", key: "__proto__" }] }],
        deletes: [{ client: 105, ranges: [[2, 1]] }],
      }),
    ],
    answer: { type: "compensate", code: "split-surrogate-pair" },
  },
  {
    name: "subdocument-behind-another-offence",
    effect: "The same with a document in the document, of which no change can be told.",
    carrier: "update",
    payloads: () => [
      block(105, [
        { any: [1], parent: "map", key: "__proto__" },
        { subdocument: "inner", parent: "map", key: "a" },
      ]),
    ],
    answer: { type: "compensate", code: "subdocument" },
  },
  {
    name: "forbidden-keys",
    effect: "A plain reading of the document inherits from the value.",
    carrier: "update",
    payloads: () => {
      const evil = { role: "admin" };
      return ["__proto__", "constructor", "prototype"].flatMap(key => [
        block(105, [{ any: [evil], parent: "map", key }]),
        block(105, [{ any: [evil], parent: key }]),
        block(105, [{ any: [JSON.parse(`{"a":[{"${key}":1}]}`)], parent: "list" }]),
        block(105, [{ json: [JSON.parse(`{"a":[{"${key}":1}]}`)], parent: "list" }]),
        block(105, [{ embed: JSON.parse(`{"${key}":1}`), parent: "text" }]),
        block(105, [{ format: [key, true], parent: "text" }]),
        block(105, [{ format: ["link", JSON.parse(`{"${key}":1}`)], parent: "text" }]),
        block(105, [
          { type: 3, name: "p", parent: "xml" },
          { any: ["x"], parent: [105, 0], key },
        ]),
      ]);
    },
    answer: { type: "compensate", code: "forbidden-key" },
  },
  {
    name: "hidden-forbidden-key",
    effect: "The same, written with an escape.",
    carrier: "update",
    payloads: () => [
      encoding.encode(encoder => {
        writeBlockHead(encoder, 5);
        encoding.writeVarString(encoder, "text");
        encoding.writeVarString(encoder, '{"__pr\\u006fto__":{"role":"admin"}}');
        encoding.writeVarUint(encoder, 0);
      }),
    ],
    answer: { type: "compensate", code: "forbidden-key" },
  },
  {
    name: "trailing-bytes",
    effect: "Carried along unseen by whoever passes on bytes that it did not write.",
    carrier: "update",
    payloads: () => [bytes("0000ff")],
    answer: { type: "barred", code: "trailing-bytes" },
  },
  {
    name: "large-paste",
    effect: "Larger than the largest paste.",
    carrier: "update",
    payloads: () => [
      block(
        105,
        many(3, () => ({ string: "x".repeat(3 * 1024 * 1024), parent: "text" })),
      ),
    ],
    answer: { type: "too-large", code: "too-many-bytes" },
  },
];

export interface AwarenessBomb {
  readonly name: string;
  /** What it does to a relay that takes it as it is. */
  readonly effect: string;
  /** An awareness update (y-protocols `encodeAwarenessUpdate`). */
  readonly payload: () => Uint8Array;
}

/** What comes as awareness. The answer is the relay's: nothing of it may reach anybody else. */
export const awarenessBombs: readonly AwarenessBomb[] = [
  {
    name: "awareness-clients",
    effect: "500,000 clients take 112 MB and half a second.",
    payload: () => awareness(many(500_000, client => [client, 1, "{}"])),
  },
  {
    name: "awareness-clock",
    effect: "Nobody hears of client 42 any more: its clock cannot be passed.",
    payload: () => awareness([[42, Number.MAX_SAFE_INTEGER - 1, '{"user":{"name":"not me"}}']]),
  },
  {
    name: "awareness-state",
    effect: "A state of a megabyte goes to everybody, again and again.",
    payload: () => awareness([[43, 1, JSON.stringify({ cursor: "x".repeat(1024 * 1024) })]]),
  },
  {
    name: "awareness-rubbish",
    effect: "Throws in whoever parses it.",
    payload: () => awareness([[43, 1, "{"]]),
  },
  {
    name: "announced-awareness",
    effect: "Announces what does not come.",
    payload: () => bytes("ffffff7f0101"),
  },
];

function awareness(states: readonly (readonly [client: number, clock: number, state: string])[]): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, states.length);
    for (const [client, clock, state] of states) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, state);
    }
  });
}

/** Begins an update of one struct in a root, whose name and content are to follow. */
function writeBlockHead(encoder: encoding.Encoder, content: number): void {
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint(encoder, 103);
  encoding.writeVarUint(encoder, 0);
  encoding.writeUint8(encoder, content);
  encoding.writeVarUint(encoder, 1);
}

function nestedValue(depth: number): Uint8Array {
  return encoding.encode(encoder => {
    writeBlockHead(encoder, 8);
    encoding.writeVarString(encoder, "list");
    encoding.writeVarUint(encoder, 1);
    for (let i = 0; i < depth; i++) {
      encoding.writeUint8(encoder, 117);
      encoding.writeVarUint(encoder, 1);
    }
    encoding.writeAny(encoder, null);
    encoding.writeVarUint(encoder, 0);
  });
}

/** An update in the V2 encoding whose columns repeat their last value for ever: so many collected structs of length 1. */
export function runLengthV2(structs: number): Uint8Array {
  return encoding.encode(encoder => {
    encoding.writeUint8(encoder, 0);
    const column = (...content: number[]) => encoding.writeVarUint8Array(encoder, Uint8Array.from(content));
    const empty = () => column();
    empty(); // keys
    column(1); // clients: 1, once
    empty(); // left clocks
    empty(); // right clocks
    column(0); // infos: collected, and nothing after it, which means "from here on"
    column(1, 0); // strings
    empty(); // parents
    empty(); // types
    column(0x41, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f); // lengths: 1, and how often
    encoding.writeVarUint(encoder, 1); // clients
    encoding.writeVarUint(encoder, structs);
    encoding.writeVarUint(encoder, 0); // the first clock
    encoding.writeVarUint(encoder, 0); // deletions
  });
}
