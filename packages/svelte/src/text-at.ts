/** The text at a JSON Pointer, `""` where there is none. */
export function textAt(json: unknown, pointer: string): string {
  let value = json;
  for (const segment of pointer.split("/").slice(1)) {
    const key = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    const holds = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    value = holds ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
  }
  return typeof value === "string" ? value : "";
}
