// What the frame (bar, panel, card, legend) hides of the map, measured on the page.

const PHONE = matchMedia("(max-width: 760px)");

export interface Edges {
  top: number;
  right: number;
  bottom: number;
  left: number;
}

/** How far from each edge of the page the map is hidden, and a margin more. */
export function free(margin: number): Edges {
  const edge = (selector: string, side: keyof Edges, otherwise: number) =>
    document.querySelector(selector)?.getBoundingClientRect()[side] ?? otherwise;
  if (PHONE.matches) {
    const foot = edge(".card", "top", edge(".panel", "top", innerHeight));
    const top = edge(".legend", "bottom", 60) + margin;
    return { top, bottom: innerHeight - foot + margin, left: margin, right: margin };
  }
  const right = Math.min(edge(".card", "left", innerWidth), edge(".legend", "left", innerWidth));
  return {
    top: edge(".bar", "bottom", 0) + margin,
    bottom: margin,
    left: edge(".panel", "right", 0) + margin,
    right: innerWidth - right + margin,
  };
}
