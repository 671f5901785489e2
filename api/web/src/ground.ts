// Which map the page has: the live one, or pictures where the browser cannot draw it. Whoever moves
// the map says so here, and need not know.

import type { Bbox } from "./api";

/** Whether this browser draws the live map, which needs WebGL2. */
export const LIVE = drawsLive();

function drawsLive(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

type Move = (bbox: Bbox, most?: number) => void;
let move: Move = () => undefined;

/** Tell how the map is moved; the last one to say so is the map. */
export function moveBy(own: Move): void {
  move = own;
}

/** Move to a place; what is smaller than a house is shown with its surroundings. */
export function flyTo(bbox: Bbox, most = 17): void {
  move(bbox, most);
}
