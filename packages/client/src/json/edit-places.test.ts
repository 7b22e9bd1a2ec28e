/**
 * Where edits land that were made one on top of the other, while others edit and some are refused: each in the thing it was
 * made for, and between the neighbours that it was put between.
 *
 * Every character and every element is another one, so that it is known wherever it has got to.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createJsonClient, type JsonClient, type JsonDocument, memoryStorage, type Patch } from "./index.js";
import { createFakeRelay } from "./testing.js";

interface Random {
  below(end: number): number;
  chance(probability: number): boolean;
}

interface Content {
  readonly text: string;
  readonly list: readonly {
    readonly id: number;
    readonly by: number | null;
    readonly inner: readonly number[];
  }[];
  readonly keys: Readonly<Record<string, { readonly by: number }>>;
}

/** What an edit was made for, told by what cannot be mistaken. */
interface Intention {
  readonly removes?: readonly (string | number)[];
  /** An element or character, and its neighbours when it was put there. */
  readonly puts?: {
    readonly it: string | number;
    readonly left?: string | number;
    readonly right?: string | number;
  };
  readonly marks?: { readonly element: number; readonly mark: number };
}

describe("edits that wait", () => {
  it.each([
    { name: "with nothing refused", refusals: 0, contests: 0 },
    { name: "some of them refused", refusals: 0.25, contests: 0 },
    { name: "merged as the relay likes", refusals: 0, contests: 0.5 },
    { name: "some of them refused, the others merged as the relay likes", refusals: 0.25, contests: 0.5 },
  ])("land where they were made for, $name", async chances => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9999), { minLength: 300, maxLength: 300 }), async tape => {
        let at = 0;
        const below = (end: number) => (tape[at++] ?? 0) % end;
        await story({ below, chance: probability => below(1000) < probability * 1000 }, chances);
      }),
      {
        numRuns: Number(process.env.VERSO_CASES ?? 1000) / 5,
        seed: Number(process.env.VERSO_SEED ?? 1),
      },
    );
  });
});

async function story(
  random: Random,
  { refusals, contests }: { readonly refusals: number; readonly contests: number },
): Promise<void> {
  const relay = createFakeRelay();
  relay.stands = () => !random.chance(contests);
  let next = 0;
  const unique = () => ++next;
  const character = () => String.fromCharCode(0x4e00 + unique());
  const element = () => ({ id: unique(), by: null, inner: [unique()] });
  const text = Array.from({ length: 4 }, character);
  const list = Array.from({ length: 3 }, element);
  const beginning = [...text, ...list.map(({ id }) => id)];
  relay.create("note", { text: text.join(""), list, keys: {} });

  const intentions = new Map<string, Intention>();
  const outcomes = new Map<string, string>();
  const doomed = new Map<string, object | null>();
  relay.intercept = request => {
    if (request.type !== "update_document" || !doomed.has(request.edit_id!)) return null;
    const known = doomed.get(request.edit_id!);
    if (known) return known;
    const { commits } = relay.documents.get("note")!;
    // A refusal may leave a commit that has changed nothing.
    const answer = random.chance(0.5)
      ? { type: "error", code: "forbidden", message: "No." }
      : {
          type: "rejected",
          document_id: "note",
          sequence: commits.push({ patch: [], user: "ada" }),
          issues: [{ pointer: "", code: "no", message: "No.", severity: "error" }],
        };
    doomed.set(request.edit_id!, answer);
    return answer;
  };

  const people: { client: JsonClient; note: JsonDocument; storage: ReturnType<typeof memoryStorage> }[] = [];
  for (const userId of ["ada", "ben"]) people.push(await open(userId, memoryStorage()));
  await relay.flush();

  for (let step = 0; step < 30; step++) {
    const who = random.below(2);
    const { client, note, storage } = people[who]!;
    const what = random.below(14);
    if (what === 0) await relay.flush();
    else if (what === 1) await relay.flushRequests();
    else if (what === 2) relay.cut();
    else if (what === 3) client.disconnect();
    else if (what === 4) client.connect();
    else if (what === 5) {
      await client.close();
      people[who] = await open(who === 0 ? "ada" : "ben", storage);
    } else edit(note);
  }
  for (const { client } of people) client.connect();
  for (let round = 0; round < 4; round++) {
    await relay.flush();
    relay.clock.advance(30_000);
  }
  await relay.flush();
  check();
  for (const { client } of people) await client.close();

  async function open(userId: string, storage: ReturnType<typeof memoryStorage>) {
    const { webSocket, clock } = relay;
    const client = await createJsonClient({
      ...{ url: "ws://relay/ws", userId, token: "t", webSocket, clock, random: () => 0.5, storage },
      uuid: () => `edit ${unique()}`,
    });
    client.on("answered", ({ message }, outcome) => {
      const error = outcome.type === "failed" ? (outcome.error.relayCode ?? outcome.error.code) : "";
      outcomes.set(message.edit_id, outcome.type + error);
    });
    return { client, note: client.open("note"), storage };
  }

  function edit(note: JsonDocument): void {
    const content = note.getSnapshot()?.content as unknown as Content | undefined;
    if (content === undefined) return;
    const { text, list } = content;
    const at = random.below(list.length + 1);
    const there = list[at];
    switch (random.below(7)) {
      case 0:
      case 1: {
        const pos = random.below(text.length + 1);
        const it = character();
        const neighbours = { left: text[pos - 1], right: text[pos] };
        return make(note, [{ op: "str_ins", path: "/text", pos, str: it }], {
          puts: { it, ...given(neighbours) },
        });
      }
      case 2: {
        const pos = random.below(text.length + 1);
        const str = text.slice(pos, pos + 2);
        if (str === "") return;
        return make(note, [{ op: "str_del", path: "/text", pos, str }], { removes: [...str] });
      }
      case 3: {
        const value = element();
        const path = there === undefined && random.chance(0.5) ? "/list/-" : `/list/${at}`;
        const neighbours = { left: list[at - 1]?.id, right: there?.id };
        return make(note, [{ op: "add", path, value }], { puts: { it: value.id, ...given(neighbours) } });
      }
      case 4:
        if (there === undefined) return;
        return make(note, [{ op: "remove", path: `/list/${at}` }], { removes: [there.id] });
      case 5: {
        if (there === undefined) return;
        const mark = unique();
        const path = random.chance(0.5) ? "by" : "inner/0";
        return make(note, [{ op: "replace", path: `/list/${at}/${path}`, value: mark }], {
          marks: { element: there.id, mark },
        });
      }
      default: {
        const key = `/keys/${random.chance(0.5) ? "a" : "b"}`;
        const mark = unique();
        const isThere = Object.hasOwn(content.keys, key.slice(-1));
        const patch: Patch =
          isThere && random.chance(0.5)
            ? [{ op: "replace", path: `${key}/by`, value: mark }]
            : [{ op: "add", path: key, value: { by: mark } }];
        return make(note, patch, {});
      }
    }
  }

  function make(note: JsonDocument, patch: Patch, intention: Intention): void {
    const isDoomed = random.chance(refusals);
    const before = next;
    void note.patch(patch);
    const id = `edit ${before + 1}`;
    intentions.set(id, intention);
    if (isDoomed) doomed.set(id, null);
  }

  function check(): void {
    const { json } = relay.documents.get("note")!;
    const content = json.content as unknown as Content;
    for (const { client, note } of people) {
      expect(client.queue).toEqual([]);
      expect(note.getSnapshot()).toEqual({ ...json, pending: 0 });
    }
    expect([...outcomes.keys()].sort()).toEqual([...intentions.keys()].sort());
    for (const [id, outcome] of outcomes) {
      const expected =
        doomed.has(id) && doomed.get(id) !== null
          ? ["rejected", "failedforbidden"]
          : ["done", "unchanged", "failedplace-lost"];
      expect(expected, id).toContain(outcome);
    }

    const made = [...intentions].filter(([id]) => outcomes.get(id) === "done").map(([, each]) => each);
    const mayGo = new Set(made.flatMap(({ removes = [] }) => removes));
    const order = new Map<string | number, number>();
    [...content.text].forEach((it, index) => void order.set(it, index));
    content.list.forEach(({ id }, index) => void order.set(id, index));
    for (const { puts, marks } of made) {
      if (puts !== undefined) {
        const at = order.get(puts.it);
        if (at !== undefined) {
          expect(order.get(puts.left ?? "") ?? -1, JSON.stringify(puts)).toBeLessThan(at);
          expect(order.get(puts.right ?? "") ?? 1e9, JSON.stringify(puts)).toBeGreaterThan(at);
        }
      }
      if (marks === undefined) continue;
      for (const { id, by, inner } of content.list) {
        if (by === marks.mark || inner.includes(marks.mark)) expect(id).toBe(marks.element);
      }
    }
    // All that ever was there, and is not, was to go.
    const puts = made.flatMap(({ puts: put }) => (put === undefined ? [] : [put.it]));
    for (const it of [...beginning, ...puts]) if (!order.has(it)) expect(mayGo).toContain(it);
  }
}

function given<T extends object>(object: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: NonNullable<T[Key]>;
  };
}
