// The worklist over pictures, where the browser lacks WebGL2: the same symbols at the same places.

import { DivIcon, GeoJSON as Shapes, Layer, LayerGroup, Marker, type Map as Leaflet } from "leaflet";
import { effect } from "@preact/signals";
import { flyTo } from "./ground";
import type { Link } from "./permalink";
import type { PlainPage } from "./plain";
import { language, me } from "./state";
import { symbols } from "./symbol";
import { openKept, openTask, spots, task, type Spot } from "./worklist";

const SIZE = 22;
const LATE = 32;

export const plainWorklist: PlainPage = {
  ready: () => Promise.resolve(),
  home: () => me.peek()!.bbox,
  address: () => `/tiles/coverage/{z}/{x}/{y}.png?lang=${language.value}&only=areas,grids,ground,labels&scale={scale}`,
  prepare,
  click: () => void (task.value = null),
  kept: () => ({ finding: task.peek()?.finding ?? null }),
};

function drawn(id: string, size: number): string {
  const image = symbols().get(id);
  if (!image) return "";
  const paths = image.paths.map((path) => `<path d="${path.d}" stroke="${path.stroke ?? "none"}" stroke-width="${path.width}" fill="${path.fill ?? "none"}"/>`);
  const at = (LATE - size) / 2;
  return `<svg x="${at}" y="${at}" width="${size}" height="${size}" viewBox="0 0 ${image.size} ${image.size}" stroke-linejoin="round">${paths.join("")}</svg>`;
}

function marker(spot: Spot): Layer {
  const both = (spot.overdue ? drawn("task-overdue", LATE) : "") + drawn(`task-${spot.state}`, SIZE);
  const icon = new DivIcon({ className: "task-mark", iconSize: [LATE, LATE], html: `<svg width="${LATE}" height="${LATE}">${both}</svg>` });
  const [lon, lat] = spot.point;
  // Reached by the list, which names each; on the map alone there would be hundreds of nameless stops.
  return new Marker([lat, lon], { icon, keyboard: false }).on("click", () => void openTask(spot.id));
}

function prepare(made: Leaflet, link: Link): void {
  const marks = new LayerGroup().addTo(made);
  const chosen = new Shapes(undefined, { interactive: false, style: { color: "#23272b", weight: 2.5, fill: false }, pointToLayer: () => new LayerGroup() }).addTo(made);
  let framed = link.view ? link.finding : null;
  effect(() => {
    void symbols();
    marks.clearLayers();
    for (const spot of spots.value.spots) marks.addLayer(marker(spot));
  });
  effect(() => {
    const own = task.value;
    chosen.clearLayers();
    if (!own) return;
    chosen.addData(own.geometry);
    if (own.finding !== framed) flyTo(own.bbox);
    framed = null;
  });
  openKept(link.finding);
}
