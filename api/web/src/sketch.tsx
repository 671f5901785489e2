// The sketch: the reader's area as one picture, there before the live map, and instead of it where
// the browser cannot draw one.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { free } from "./frame";
import { read } from "./permalink";
import { language, mapShown, me, page, t } from "./state";

const TILE = 512;
// Nearer than this the sketch would be coarser than an empty ground.
const MOST_ZOOM = 12;

interface Place {
  left: number;
  top: number;
  width: number;
}

/** A place on the world's square (EPSG:3857), which is 1 wide and 1 high. */
function unit(lon: number, lat: number): [number, number] {
  const up = Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI;
  return [(lon + 180) / 360, (1 - up) / 2];
}

/** Where the reader's area will stand on the live map, in pixels of the page. */
function place(): Place | null {
  const [west, south, east, north] = me.peek()!.bbox;
  const [left, bottom] = unit(west, south);
  const [right, top] = unit(east, north);
  const view = read(location.hash).view;
  if (view) {
    if (view.zoom > MOST_ZOOM) return null;
    const scale = TILE * 2 ** view.zoom;
    const [x, y] = unit(view.lon, view.lat);
    return {
      left: innerWidth / 2 + (left - x) * scale,
      top: innerHeight / 2 + (top - y) * scale,
      width: (right - left) * scale,
    };
  }
  const edges = free(16);
  const room = { x: innerWidth - edges.left - edges.right, y: innerHeight - edges.top - edges.bottom };
  const scale = Math.min(room.x / (right - left), room.y / (bottom - top));
  return {
    left: edges.left + (room.x - (right - left) * scale) / 2,
    top: edges.top + (room.y - (bottom - top) * scale) / 2,
    width: (right - left) * scale,
  };
}

let tell: () => void;
/** Settles once the sketch can be seen, or will not be: the live map's work would delay it. */
export const sketched = new Promise<void>((resolve) => (tell = resolve));

export function Sketch() {
  const image = useRef<HTMLImageElement>(null);
  const [at, setAt] = useState<Place | null>(null);
  // After the frame stands on the page, for what it leaves free is measured.
  useLayoutEffect(() => {
    // It is of the coverage; the other maps come without.
    const found = page === "members" ? null : place();
    setAt(found);
    if (!found) tell();
  }, []);
  if (!at || mapShown.value) return null;
  const width = Math.min(4096, Math.max(100, Math.round(at.width)));
  return (
    <img
      ref={image}
      class="sketch"
      src={`/sketches/coverage.svg?width=${width}&lang=${language.value}`}
      alt={t("map")}
      style={{ left: `${at.left}px`, top: `${at.top}px`, width: `${at.width}px` }}
      onLoad={() => void image.current?.decode().then(() => requestAnimationFrame(seen), tell)}
      onError={tell}
    />
  );
}

function seen(): void {
  performance.mark("county-sketched");
  // The frame that shows it comes first.
  requestAnimationFrame(tell);
}
