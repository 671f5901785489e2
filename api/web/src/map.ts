// The map: one style from the service, symbols drawn here, clicks that open cards.

import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import {
  Map as MapLibre,
  NavigationControl,
  prewarm,
  ScaleControl,
  setWorkerUrl,
  type GeoJSONSource,
  type MapMouseEvent,
  type StyleSpecification,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import { effect } from "@preact/signals";
import { ask, type Bbox, type SymbolImage } from "./api";
import { free } from "./frame";
import { moveBy } from "./ground";
import { read, write } from "./permalink";
import { draw } from "./symbols";
import {
  changed, finding, grid, language, layers, mapShown, me, openFinding, openGrid, outline, placing, zoom, type LayerName,
} from "./state";

// Which of the style's layers each switch turns on and off.
const SWITCHED: Record<LayerName, RegExp> = {
  grids: /^grids$|^grid-(border|label)$|^unit-border$/,
  findings: /^findings-/,
  households: /^household/,
  ground: /^(settlements|water|rivers|road|settlement-label)/,
};
const CLICKABLE_FINDINGS = ["findings-point", "findings-minor", "findings-fill", "findings-line"];
const NONE: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

type Style = StyleSpecification & { metadata?: { "wangge:images"?: SymbolImage[] } };

// The worker is a file of our own, so that the content policy need allow no other.
setWorkerUrl(workerUrl);
// They start while the session is asked for.
prewarm();

let map: MapLibre | null = null;

/** Move to a place; what is smaller than a house is shown with its surroundings. */
function flyTo(bbox: Bbox, most = 17): void {
  // A card that has just been opened is measured once it stands on the page, a sheet once it rests.
  requestAnimationFrame(() => {
    const moving = document.querySelector(".panel")?.getAnimations() ?? [];
    void Promise.allSettled(moving.map((each) => each.finished)).then(() =>
      map?.fitBounds(bbox, { padding: free(32), maxZoom: most, animate: !CALM.matches, duration: 900 }),
    );
  });
}

/** Ask for the style, while the map's place on the page is still being made. */
export function askStyle(): Promise<Style> {
  return ask<Style>(`/styles/coverage.json?lang=${language.peek()}`);
}

/** Draw the map; throws where the browser cannot (it lacks WebGL2). */
export function makeMap(container: HTMLElement, style: Style): void {
  const link = read(location.hash);
  const home = me.peek()!.bbox;
  const made = new MapLibre({
    container,
    style,
    // Chinese and Latin text alike are drawn in the reader's own fonts; none is fetched.
    localIdeographFontFamily: '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
    attributionControl: false,
    maxZoom: 19,
    minZoom: 6,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    ...(link.view
      ? { center: [link.view.lon, link.view.lat] as [number, number], zoom: link.view.zoom }
      : { bounds: home, fitBoundsOptions: { padding: free(16) } }),
  });
  map = made;
  moveBy(flyTo);
  made.touchZoomRotate.disableRotation();
  made.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-right");
  made.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  // A symbol is drawn when the style first asks for it, and kept.
  const images = new Map((style.metadata?.["wangge:images"] ?? []).map((image) => [image.id, image]));
  const ratio = Math.max(2, Math.ceil(devicePixelRatio));
  made.setMissingStyleImageResolver((id) => {
    const image = images.get(id);
    if (image) made.addImage(id, draw(image, ratio), { pixelRatio: ratio });
  });
  made.on("style.load", () => prepare(made));
  made.on("moveend", keepLink);
  made.on("click", (event) => click(made, event));
  made.on("mousemove", (event) => {
    made.getCanvas().style.cursor = placing.peek() ? "crosshair" : hit(made, event) ? "pointer" : "";
  });
  // "load": all that the first view needs has come and has been drawn.
  made.once("load", () => {
    performance.mark("county-painted");
    mapShown.value = true;
  });
  // The sketch leaves as soon as the county's shapes are there: under it each frame costs more.
  made.on("render", function takeOver() {
    if (!["areas", "grids"].every((id) => made.getSource(id) && made.isSourceLoaded(id))) return;
    mapShown.value = true;
    made.off("render", takeOver);
  });
  follow(made, link.view ? (link.finding ?? link.grid) : null);
  if (link.finding) void openFinding(link.finding);
  else if (link.grid) void openGrid(link.grid);
}

function prepare(made: MapLibre): void {
  made.addSource("chosen", { type: "geojson", data: NONE });
  const under = made.getLayer("settlement-label") ? "settlement-label" : undefined;
  made.addLayer(
    { id: "chosen-halo", type: "line", source: "chosen", paint: { "line-color": "#ffffff", "line-width": 7, "line-opacity": 0.9 } },
    under,
  );
  made.addLayer(
    { id: "chosen-line", type: "line", source: "chosen", paint: { "line-color": "#23272b", "line-width": 2.5 } },
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

/** Let the map follow the page's state; what a kept address has framed already is not flown to. */
function follow(made: MapLibre, framed: string | null): void {
  let shown = language.peek();
  const fly = (id: string, bbox: Bbox, most?: number) => {
    if (id !== framed) flyTo(bbox, most);
    framed = null;
  };
  effect(() => {
    if (language.value === shown) return;
    shown = language.value;
    keepLink();
    void ask<Style>(`/styles/coverage.json?lang=${shown}`).then((style) => made.setStyle(style, { diff: false }));
  });
  effect(() => {
    const wanted = layers.value;
    whenReady(made, () => {
      for (const { id } of made.getStyle().layers) {
        const name = (Object.keys(SWITCHED) as LayerName[]).find((each) => SWITCHED[each].test(id));
        if (name) made.setLayoutProperty(id, "visibility", wanted[name] ? "visible" : "none");
      }
    });
  });
  effect(() => {
    const chosen = finding.value;
    whenReady(made, () => {
      const shape = chosen && { type: "Feature" as const, geometry: chosen.geometry, properties: {} };
      made.getSource<GeoJSONSource>("chosen")?.setData(shape ?? NONE);
    });
    if (chosen) fly(chosen.id, chosen.bbox);
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
    if (!changed.value) return;
    void askStyle().then((style) => made.setStyle(style, { diff: false }));
    // Who places households stays where he is.
    if (!placing.peek()) flyTo(me.peek()!.bbox);
  });
  effect(() => {
    if (grid.value) fly(grid.value.code, grid.value.bbox, 15.5);
    keepLink();
  });
}

const STATE = ["get", "state"] as const;
const POINT = ["==", ["geometry-type"], "Point"] as const;

/** Draw what is being tried over everything: by colour, and by shape for an eye that sees none. */
function prepareOutline(made: MapLibre): void {
  const css = getComputedStyle(document.documentElement);
  const [fresh, other, gone] = ["--new", "--changed", "--closed"].map((name) => css.getPropertyValue(name).trim());
  const color = ["match", STATE, "new", fresh, "changed", other, gone] as unknown as string;
  const is = (state: string) => ["==", STATE, state];
  const add = (id: string, type: "fill" | "line" | "circle", filter: unknown, paint: object) =>
    made.addLayer({ id: `outline-${id}`, type, source: "outline", filter, paint } as never);
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

function whenReady(made: MapLibre, work: () => void): void {
  if (made.getSource("chosen")) work();
  else made.once("style.load", work);
}

function keepLink(): void {
  if (!map) return;
  const { lng, lat } = map.getCenter();
  zoom.value = map.getZoom();
  const link = {
    view: { zoom: map.getZoom(), lat, lon: lng },
    finding: finding.peek()?.id ?? null,
    grid: grid.peek()?.code ?? null,
    lang: language.peek(),
  };
  history.replaceState(null, "", write(link));
}

function hit(made: MapLibre, event: MapMouseEvent) {
  const { x, y } = event.point;
  const ids = (names: string[]) => names.filter((name) => made.getLayer(name));
  const near = made.queryRenderedFeatures([[x - 4, y - 4], [x + 4, y + 4]], { layers: ids(CLICKABLE_FINDINGS) });
  return near[0] ?? made.queryRenderedFeatures(event.point, { layers: ids(["grids"]) })[0];
}

function click(made: MapLibre, event: MapMouseEvent): void {
  if (placing.value) return placing.value([event.lngLat.lng, event.lngLat.lat]);
  const found = hit(made, event);
  if (!found) return;
  if (found.source === "findings") void openFinding(String(found.properties.id));
  else if (made.getZoom() >= 10) void openGrid(String(found.properties.code));
}
