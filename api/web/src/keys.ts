// The map by keyboard: beside the arrows and plus and minus, which both maps know, Enter opens what
// is in the middle of what can be seen; where that is, is marked while the keys are the map's.

import { free } from "./frame";

/**
 * Listen for Enter.
 *
 * @param container - the map's element, on which the mark is drawn
 * @param focused - what has the focus when the keys are the map's: the container, or its canvas
 * @param opened - told where the middle is, in the container's pixels
 * @returns what is to be called when the map has moved or changed its size
 */
export function addKeys(container: HTMLElement, focused: HTMLElement, opened: (x: number, y: number) => void): () => void {
  focused.setAttribute("role", "application");
  // A click gives the map the keys too, but then nobody asks where its middle is.
  focused.addEventListener("mousedown", () => container.classList.remove("keys"));
  focused.addEventListener("keyup", () => container.classList.add("keys"));
  focused.addEventListener("blur", () => container.classList.remove("keys"));
  focused.addEventListener("keydown", (event) => {
    if (event.target !== focused || event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    opened(...middle(container));
  });
  const mark = () => {
    const [x, y] = middle(container);
    container.style.setProperty("--middle-x", `${x}px`);
    container.style.setProperty("--middle-y", `${y}px`);
  };
  focused.addEventListener("focus", mark);
  return mark;
}

/** The middle of the part of the map that nothing hides, in its pixels. */
function middle({ clientWidth, clientHeight }: HTMLElement): [number, number] {
  const edges = free(0);
  return [(edges.left + clientWidth - edges.right) / 2, (edges.top + clientHeight - edges.bottom) / 2];
}
