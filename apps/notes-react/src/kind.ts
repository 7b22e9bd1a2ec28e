/** What the relay asks of a note. */
export const note = { roots: { note: "map" } } as const;
