// The coverage on the map: what is chosen, what is being tried, and the cards that a click opens.

import type { GeoJSONSource, Map as MapLibre, MapMouseEvent } from "maplibre-gl";
import { effect } from "@preact/signals";
import type { Bbox } from "./api";
import { chosenShape, keptCard, openKept } from "./chosen";
import { flyTo } from "./ground";
import { keepLink, whenReady, type MapPage } from "./map";
import type { Link } from "./permalink";
import { finding, grid, layers, me, openPlace, outline, placing, still, type LayerName } from "./state";

const SWITCHED: Record<LayerName, RegExp> = {
  grids: /^grids$|^grid-(border|label)$|^unit-border$/,
  findings: /^findings-/,
  households: /^household/,
  ground: /^(settlements|water|rivers|road|settlement-label)/,
};
const CLICKABLE_FINDINGS = ["findings-point", "findings-minor", "findings-fill", "findings-line"];
// Households of one place are many points, and no line.
const NO_POINTS: ["!=", ["geometry-type"], string] = ["!=", ["geometry-type"], "Point"];
const NONE: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export const coverage: MapPage = {
  style: "coverage",
  home: () => me.peek()!.bbox,
  switches: () => (Object.keys(SWITCHED) as LayerName[]).map((name) => ({ layers: SWITCHED[name], on: layers.value[name] })),
  prepare,
  follow,
  hit,
  click,
  kept: keptCard,
};

function prepare(made: MapLibre): void {
  // A style that has come anew, in another language say, keeps what is chosen.
  made.addSource("chosen", { type: "geojson", data: chosenShape() ?? NONE });
  const under = made.getLayer("settlement-label") ? "settlement-label" : undefined;
  made.addLayer(
    { id: "chosen-halo", type: "line", source: "chosen", filter: NO_POINTS, paint: { "line-color": "#ffffff", "line-width": 7, "line-opacity": 0.9 } },
    under,
  );
  made.addLayer(
    { id: "chosen-line", type: "line", source: "chosen", filter: NO_POINTS, paint: { "line-color": "#23272b", "line-width": 2.5 } },
    under,
  );
  made.addLayer(
    {
      id: "chosen-point",
      type: "circle",
      source: "chosen",
      filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 10, "circle-color": "#ffffff00", "circle-stroke-color": "#23272b", "circle-stroke-width": 2.5 },
    },
    under,
  );
  prepareOutline(made);
}

function follow(made: MapLibre, link: Link): void {
  let framed = link.view ? (link.finding ?? link.grid) : null;
  const fly = (id: string, bbox: Bbox, most?: number) => {
    if (id !== framed) flyTo(bbox, most);
    framed = null;
  };
  effect(() => {
    const chosen = finding.value;
    const shape = chosenShape();
    whenReady(made, () => {
      made.getSource<GeoJSONSource>("chosen")?.setData(shape ?? NONE);
    });
    if (chosen && !still.peek()) fly(chosen.id, chosen.bbox);
    keepLink();
  });
  let tried = false;
  effect(() => {
    const shown = outline.value;
    whenReady(made, () => made.getSource<GeoJSONSource>("outline")?.setData(shown ?? NONE));
    // What was tried is gone: the county is seen again.
    if (tried && !shown && !placing.peek()) flyTo(me.peek()!.bbox);
    tried = shown !== null;
    if (shown?.features.length && !placing.peek()) void made.getSource<GeoJSONSource>("outline")?.getBounds().then((box) => flyTo(box.toArray().flat() as Bbox));
  });
  effect(() => {
    if (grid.value) fly(grid.value.code, grid.value.bbox, 15.5);
    keepLink();
  });
  openKept(link);
}

const STATE = ["get", "state"] as const;
const POINT = ["==", ["geometry-type"], "Point"] as const;

/** Draw what is being tried over all but the names: by colour, and by shape for an eye that sees none. */
function prepareOutline(made: MapLibre): void {
  const css = getComputedStyle(document.documentElement);
  const [fresh, other, gone] = ["--new", "--changed", "--closed"].map((name) => css.getPropertyValue(name).trim());
  const color = ["match", STATE, "new", fresh, "changed", other, gone] as unknown as string;
  const is = (state: string) => ["==", STATE, state];
  const names = made.getStyle().layers.find((each) => each.type === "symbol" && each.id.includes("label"))?.id;
  const add = (id: string, type: "fill" | "line" | "circle", filter: unknown, paint: object) =>
    made.addLayer({ id: `outline-${id}`, type, source: "outline", filter, paint } as never, type === "circle" ? undefined : names);
  made.addSource("outline", { type: "geojson", data: outline.peek() ?? NONE });
  add("fill", "fill", ["==", ["geometry-type"], "Polygon"], { "fill-color": color, "fill-opacity": ["match", STATE, "closed", 0.06, 0.22] });
  const width = (far: number, near: number) => ["interpolate", ["linear"], ["zoom"], 9, far, 13, near];
  add("halo", "line", ["!", POINT], { "line-color": "#ffffff", "line-width": width(0, 4), "line-opacity": 0.8 });
  const drawn = ["all", ["!", POINT], ["!", is("closed")]];
  add("line", "line", drawn, { "line-color": color, "line-width": width(0.5, 2.4) });
  add("gone", "line", ["all", ["!", POINT], is("closed")], { "line-color": color, "line-width": 2, "line-dasharray": [2, 2] });
  add("chosen", "circle", ["all", POINT, ["==", ["get", "chosen"], true]], {
    "circle-radius": 13,
    "circle-color": "#ffffff",
    "circle-opacity": 0.6,
    "circle-stroke-color": "#23272b",
    "circle-stroke-width": 2.5,
  });
  add("point", "circle", POINT, {
    "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 1.6, 13, 3, 16, 6],
    "circle-color": ["match", STATE, "new", fresh, "#ffffff"],
    "circle-stroke-color": ["match", STATE, "new", "#ffffff", "changed", other, gone],
    "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 9, 0.8, 15, ["match", STATE, "new", 0.8, 2]],
  });
}

function hit(made: MapLibre, event: MapMouseEvent) {
  const { x, y } = event.point;
  const ids = (names: string[]) => names.filter((name) => made.getLayer(name));
  // What has just been switched off may not have left the map yet.
  if (!layers.value.findings) return undefined;
  const near = made.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: ids(CLICKABLE_FINDINGS) });
  return near[0];
}

function click(made: MapLibre, event: MapMouseEvent): void {
  const found = hit(made, event);
  void openPlace(event.lngLat.toArray(), found ? { finding: String(found.properties.id) } : {});
}
