/** What the relay asks of a board. */
export const board = { roots: { board: "map" } } as const;
