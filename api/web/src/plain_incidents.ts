// The incident map as pictures, where the browser lacks WebGL2: the same density, drawn by the service.

import { TileLayer } from "leaflet";
import { effect } from "@preact/signals";
import { filterQuery, heatQuery, layersOn } from "./incidents";
import type { PlainPage } from "./plain";
import { language, me } from "./state";

export const plainIncidents: PlainPage = {
  ready: () => Promise.resolve(),
  home: () => me.peek()!.bbox,
  address: () => `/tiles/plain/{z}/{x}/{y}.png?lang=${language.value}&scale={scale}`,
  prepare: (made) => {
    const scale = devicePixelRatio > 1 ? 2 : 1;
    const layer = (name: "heat" | "incidents", query: () => string, minZoom: number) => {
      const address = () => `/tiles/${name}/{z}/{x}/{y}.png?${query()}&scale=${scale}`;
      const tiles = new TileLayer(address(), { minZoom, maxZoom: 20 });
      effect(() => {
        tiles.setUrl(address());
        if (layersOn.value[name]) tiles.addTo(made);
        else tiles.remove();
      });
    };
    layer("heat", () => heatQuery.value, 4);
    layer("incidents", () => filterQuery.value, 11);
  },
  click: () => undefined,
  kept: () => ({}),
};
