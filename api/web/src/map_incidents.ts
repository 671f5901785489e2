// Incidents on the map: their density under the borders, and each by itself from near.

import type { Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import { effect } from "@preact/signals";
import { card, fault, heatQuery, layersOn, openIncident } from "./incidents";
import { askStyle, keepLink, type MapPage } from "./map";
import { me } from "./state";

const NONE: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export const incidents: MapPage = {
  style: "incidents",
  query: () => heatQuery.peek(),
  home: () => me.peek()!.bbox,
  switches: () => [
    { layers: /^heat$/, on: layersOn.value.heat },
    { layers: /^incident/, on: layersOn.value.incidents },
    { layers: /^(settlements|water|rivers|road|settlement-label)/, on: layersOn.value.ground },
  ],
  prepare: (made) => void made.addSource("chosen", { type: "geojson", data: NONE }),
  follow,
  hit,
  click: (made, event) => {
    const found = hit(made, event);
    if (found) openIncident(String(found.properties.code));
    else card.value = null;
  },
  kept: () => ({}),
};

function follow(made: MapLibre): void {
  let drawn = heatQuery.peek();
  effect(() => {
    const wanted = heatQuery.value;
    // What the service refuses is told in the panel; the map stays as it was.
    if (wanted === drawn || fault.value) return;
    drawn = wanted;
    void askStyle().then(
      (style) => wanted === heatQuery.peek() && made.setStyle(style, { diff: false }),
      () => undefined,
    );
  });
  keepLink();
}

function hit(made: MapLibre, event: MapMouseEvent) {
  if (!made.getLayer("incidents")) return undefined;
  const { x, y } = event.point;
  return made.queryRenderedFeatures([[x - 5, y - 5], [x + 5, y + 5]], { layers: ["incidents"] })[0];
}
