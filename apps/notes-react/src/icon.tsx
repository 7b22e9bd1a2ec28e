/** The icons of the page: strokes on a grid of 24, with the words that a screen reader says instead. */

const paths = {
  undo: "M9 14 4 9l5-5M4 9h10.5a5.5 5.5 0 0 1 0 11H11",
  redo: "m15 14 5-5-5-5M20 9H9.5a5.5 5.5 0 0 0 0 11H13",
  history: "M4 5v5h5M4.5 10a8 8 0 1 1-.3 4M12 8v4.5l3 2",
  remove: "M6 6l12 12M18 6 6 18",
} as const;

export function Icon({ name, label }: { readonly name: keyof typeof paths; readonly label: string }) {
  return (
    <>
      <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
        <path d={paths[name]} />
      </svg>
      <span className="spoken">{label}</span>
    </>
  );
}
