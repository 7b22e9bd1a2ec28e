/**
 * What is looked at in JSON that anybody may have sent, before a schema sees it, at a cost that grows with its length and
 * no faster.
 */

export interface JsonBounds {
  /** Objects and arrays inside one another. */
  readonly depth: number;
  /** Values, members and elements counted. */
  readonly values: number;
}

export const defaultJsonBounds: JsonBounds = { depth: 64, values: 200_000 };

export interface JsonFault {
  readonly code: "bad-request" | "too-large";
  readonly detail: string;
  /** JSON Pointer to what is wrong. */
  readonly pointer?: string;
}

interface Container {
  readonly value: object;
  readonly depth: number;
  /** Where it stands, as what holds it and the name there; the whole stands nowhere. */
  readonly place: { readonly holder: Container; readonly key: string } | null;
}

/**
 * Looks at every value once, without recursion: what is behind this has as few values and as little depth as a schema can
 * walk through. `__proto__` is refused and not passed over, since then less would be written than was sent.
 */
export function checkJsonBounds(
  json: unknown,
  { depth, values }: JsonBounds = defaultJsonBounds,
): JsonFault | null {
  // `1e999` is read as Infinity, and would be written as null.
  const isEndless = (value: unknown) => typeof value === "number" && !Number.isFinite(value);
  if (isEndless(json)) return { code: "bad-request", detail: "The number is too large.", pointer: "" };
  if (typeof json !== "object" || json === null) return null;
  const open: Container[] = [{ value: json, depth: 1, place: null }];
  let seen = 0;
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    if (holder.depth > depth) {
      return { code: "too-large", detail: `JSON is taken up to ${depth} levels deep.` };
    }
    for (const key of Object.keys(holder.value)) {
      if (++seen > values) return { code: "too-large", detail: `JSON is taken up to ${values} values.` };
      const at = (detail: string): JsonFault => ({
        code: "bad-request",
        detail,
        pointer: pointerOf([...pathOf(holder), key]),
      });
      if (key === "__proto__") return at("No member may have this name.");
      const member = (holder.value as Readonly<Record<string, unknown>>)[key];
      if (typeof member === "object" && member !== null) {
        open.push({ value: member, depth: holder.depth + 1, place: { holder, key } });
      }
      if (isEndless(member)) return at("The number is too large.");
    }
  }
  return null;
}

/** The JSON Pointer of a path (RFC 6901). */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map(key => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function pathOf(container: Container): string[] {
  const path: string[] = [];
  for (let { place } = container; place !== null; place = place.holder.place) path.unshift(place.key);
  return path;
}
