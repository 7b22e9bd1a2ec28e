/** Draws what changes often no more often than one can look. */

const pause = 60;

/** Runs `draw` soon after it was called, however often it was; at once the first time. */
export function createRedraw(draw: () => void): () => void {
  let isWaiting = false;
  draw();
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    // Not with the next frame: a tab that is not seen has none, and is to be right when it is looked at.
    setTimeout(() => {
      isWaiting = false;
      draw();
    }, pause);
  };
}
