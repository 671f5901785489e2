// The worklist on the map: each task where its finding is, by how it stands.

import type { GeoJSONSource, Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import { effect } from "@preact/signals";
import { flyTo } from "./ground";
import { keepLink, whenReady, type MapPage } from "./map";
import type { Link } from "./permalink";
import { layers, me } from "./state";
import { openKept, openTask, spots, task } from "./worklist";

const NONE: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const NO_POINTS = ["!=", ["geometry-type"], "Point"] as const;

export const worklist: MapPage = {
  style: "coverage",
  home: () => me.peek()!.bbox,
  // The tasks stand for the findings; a household is not shown where nobody asked for it.
  switches: () => [
    { layers: /^(findings-|household)/, on: false },
    { layers: /^(settlements|water|rivers|road|settlement-label)/, on: layers.value.ground },
  ],
  prepare,
  follow,
  hit,
  click: (made, event) => {
    const found = hit(made, event);
    if (found) void openTask(Number(found.properties.id));
    else task.value = null;
  },
  kept: () => ({ finding: task.peek()?.finding ?? null }),
};

function prepare(made: MapLibre): void {
  made.addSource("chosen", { type: "geojson", data: NONE });
  made.addSource("tasks", { type: "geojson", data: features() });
  const line = (id: string, color: string, width: number) =>
    made.addLayer({ id, type: "line", source: "chosen", filter: NO_POINTS, paint: { "line-color": color, "line-width": width } } as never);
  line("chosen-halo", "#ffffff", 7);
  line("chosen-line", "#23272b", 2.5);
  const size = ["interpolate", ["linear"], ["zoom"], 8, 0.6, 14, 1];
  const common = { "icon-allow-overlap": true, "icon-ignore-placement": true, "icon-size": size };
  const add = (id: string, filter: unknown, layout: object) =>
    made.addLayer({ id, type: "symbol", source: "tasks", filter, layout: { ...common, ...layout } } as never);
  add("tasks-late", ["==", ["get", "overdue"], true], { "icon-image": "task-overdue" });
  add("tasks", ["has", "id"], { "icon-image": ["concat", "task-", ["get", "state"]] });
  made.addLayer({
    id: "chosen-point", type: "circle", source: "tasks", filter: ["==", ["get", "id"], task.peek()?.id ?? -1],
    paint: { "circle-radius": 17, "circle-color": "#ffffff00", "circle-stroke-color": "#23272b", "circle-stroke-width": 2.5 },
  } as never);
}

function features(): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: spots.peek().spots.map(({ point, ...properties }) => ({ type: "Feature", geometry: { type: "Point", coordinates: point }, properties })),
  };
}

function follow(made: MapLibre, link: Link): void {
  // What a kept address has framed already is not flown to.
  let framed = link.view ? link.finding : null;
  effect(() => {
    void spots.value;
    whenReady(made, () => made.getSource<GeoJSONSource>("tasks")?.setData(features()));
  });
  effect(() => {
    const chosen = task.value;
    const shape: GeoJSON.Feature | null = chosen && { type: "Feature", geometry: chosen.geometry, properties: {} };
    whenReady(made, () => {
      made.getSource<GeoJSONSource>("chosen")?.setData(shape ?? NONE);
      if (made.getLayer("chosen-point")) made.setFilter("chosen-point", ["==", ["get", "id"], chosen?.id ?? -1]);
    });
    if (chosen && chosen.finding !== framed) flyTo(chosen.bbox);
    if (chosen) framed = null;
    keepLink();
  });
  openKept(link.finding);
}

function hit(made: MapLibre, event: MapMouseEvent) {
  if (!made.getLayer("tasks")) return undefined;
  const { x, y } = event.point;
  return made.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: ["tasks"] })[0];
}
