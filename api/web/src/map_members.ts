// The party-member household map: the village stands out, symbols for its homes, lines on demand.

import type { GeoJSONSource, Map as MapLibre, MapGeoJSONFeature, MapMouseEvent } from "maplibre-gl";
import { effect } from "@preact/signals";
import { askStyle, keepLink, metresPerPixel, newMap, whenReady, type MapPage, type Style } from "./map";
import { allLinks, chosenLinks, points, rings, veil } from "./member_shapes";
import {
  chooseHome, chooseMember, chooseSeat, close, focus, home, layersOn, member, need, openVillage, people, settled, settledPage, village, villages,
} from "./members";
import type { Link } from "./permalink";
import { me } from "./state";

const INK = "#23272b";
const GROUND = "#f4f2ee";
const SYMBOLS = ["member-stars", "member-seats", "member-needs", "member-homes"];
// What a pointer, and what a thumb may miss by, pixels.
const NEAR_PX = matchMedia("(pointer: coarse)").matches ? 16 : 7;
const FADED = 0.22;
// How much larger a wall display has its symbols and names.
const WALL = 1.5;

export const members: MapPage = {
  style: "members",
  ready: settledPage,
  home: () => settled(village.peek()) ?? me.peek()!.bbox,
  switches: () => [
    { layers: /^member-(stars|seats)$/, on: layersOn.value.stars },
    { layers: /^member-(needs|alone)$/, on: layersOn.value.needs },
    { layers: /^member-homes$/, on: layersOn.value.homes },
    { layers: /^all-links$/, on: layersOn.value.links },
    { layers: /^(settlements|water|rivers|road|settlement-label)/, on: layersOn.value.ground },
  ],
  dress,
  prepare,
  follow,
  hit,
  click,
  kept: () => ({ home: home.peek(), member: home.peek() ? null : member.peek() }),
};

/** Feed the style from what the page knows: one answer for list and map, and none for who may not. */
function dress(style: Style): Style {
  const data = points(village.peek());
  const layers = style.layers.map(enlarged).map((layer) => {
    // The village's own name stands above the panel, and here would lie on its houses.
    if (layer.id === "village-label") return { ...layer, filter: ["all", (layer as { filter: unknown }).filter, ["!=", ["get", "code"], village.peek()?.area.code ?? ""]] };
    if (!("source" in layer) || layer.source !== "members") return layer;
    const { "source-layer": _, ...rest } = layer as { "source-layer"?: string };
    return rest;
  });
  return { ...style, sources: { ...style.sources, members: { type: "geojson", data } }, layers } as unknown as Style;
}

type Layer = Style["layers"][number];
const SIZES = ["icon-size", "text-size", "circle-radius"];

/** On a wall symbols and names are read from three metres: larger than the same zoom has them at a desk. */
function enlarged(layer: Layer): Layer {
  const grow = (of: object | undefined) =>
    Object.fromEntries(Object.entries(of ?? {}).map(([key, value]: [string, unknown]) => [key, SIZES.includes(key) ? grown(value) : value]));
  const { layout, paint } = layer as { layout?: object; paint?: object };
  return { ...layer, ...(layout && { layout: grow(layout) }), ...(paint && { paint: grow(paint) }) } as Layer;
}

/** A size, or the sizes of an interpolation by zoom, whose stops begin at its fourth place. */
function grown(size: unknown): unknown {
  if (typeof size === "number") return size * scale();
  if (!Array.isArray(size)) return size;
  return size.map((each: unknown, at) => (at >= 4 && at % 2 === 0 ? grown(each) : each));
}

function scale(): number {
  return innerWidth >= 2000 ? WALL : 1;
}

function prepare(made: MapLibre): void {
  const add = (layer: object, under = "") => made.addLayer(layer as never, made.getLayer(under) ? under : undefined);
  const source = (id: string, data: GeoJSON.FeatureCollection) => made.addSource(id, { type: "geojson", data });
  source("veil", veil(village.peek()));
  add({ id: "veil", type: "fill", source: "veil", paint: { "fill-color": GROUND, "fill-opacity": 0.66 } }, "member-homes");
  add({ id: "veil-edge-halo", type: "line", source: "veil", paint: { "line-color": "#ffffff", "line-width": 6, "line-opacity": 0.8 } }, "member-homes");
  add({ id: "veil-edge", type: "line", source: "veil", paint: { "line-color": INK, "line-width": 1.8 } }, "member-homes");
  source("all-links", allLinks(village.peek()));
  add({ id: "all-links", type: "line", source: "all-links", paint: { "line-color": INK, "line-width": 0.7, "line-opacity": 0.4 } }, "member-homes");
  source("chosen-links", chosenLinks(chosen(), home.peek()));
  const width = (far: number, near: number) => ["interpolate", ["linear"], ["zoom"], 14, far, 18, near];
  add({ id: "links-casing", type: "line", source: "chosen-links", paint: { "line-color": "#ffffff", "line-width": width(3.4, 6), "line-opacity": 0.9 } }, "member-homes");
  add({ id: "links", type: "line", source: "chosen-links", paint: { "line-color": INK, "line-width": width(1.3, 2.2) } }, "member-homes");
  source("chosen", rings(chosen(), home.peek()));
  const own = ["get", "own"];
  const ring = { "circle-radius": grown(["interpolate", ["linear"], ["zoom"], 14, ["case", own, 9, 7], 18, ["case", own, 19, 15]]), "circle-color": "#ffffff00" };
  add({ id: "chosen-halo", type: "circle", source: "chosen", paint: { ...ring, "circle-stroke-color": "#ffffff", "circle-stroke-width": ["case", own, 5.5, 4], "circle-stroke-opacity": 0.9 } });
  add({ id: "chosen-ring", type: "circle", source: "chosen", paint: { ...ring, "circle-stroke-color": INK, "circle-stroke-width": ["case", own, 2.8, 1.5] } });
  if (villages.peek()) {
    const only = ["==", ["get", "level"], "village"];
    add({ id: "villages", type: "fill", source: "areas", "source-layer": "areas", filter: only, paint: { "fill-color": INK, "fill-opacity": 0.001 } });
  }
  fade(made);
}

function chosen() {
  return member.peek() ? people.peek().get(member.peek()!) : undefined;
}

/** What is not looked at steps back. */
function fade(made: MapLibre): void {
  const wanted = focus.peek();
  const opacity: never | 1 = wanted ? (["case", ["in", ["get", "code"], ["literal", [...wanted]]], 1, FADED] as never) : 1;
  for (const id of SYMBOLS) {
    if (id === "member-homes") {
      made.setPaintProperty(id, "circle-opacity", opacity);
      made.setPaintProperty(id, "circle-stroke-opacity", opacity);
    } else if (id !== "member-seats") made.setPaintProperty(id, "icon-opacity", opacity);
  }
  made.setPaintProperty("member-alone", "icon-opacity", opacity);
  // One need is looked for: the others at the same house step back as well.
  if (need.peek()) made.setPaintProperty("member-needs", "icon-opacity", ["case", ["==", ["get", "need"], need.peek()], 1, FADED] as never);
}

function follow(made: MapLibre, link: Link): void {
  const fill = (id: string, make: () => GeoJSON.FeatureCollection) =>
    effect(() => {
      const data = make();
      whenReady(made, () => made.getSource<GeoJSONSource>(id)?.setData(data));
    });
  const who = () => (member.value ? people.value.get(member.value) : undefined);
  fill("members", () => points(village.value));
  fill("veil", () => veil(village.value));
  fill("all-links", () => allLinks(village.value));
  fill("chosen-links", () => chosenLinks(who(), home.value));
  fill("chosen", () => rings(who(), home.value));
  effect(() => {
    void focus.value;
    void need.value;
    whenReady(made, () => fade(made));
  });
  effect(() => {
    void home.value;
    void member.value;
    keepLink();
  });
  if (link.view) return;
  if (home.peek()) chooseHome(home.peek()!);
  else if (member.peek()) chooseMember(member.peek());
}

function near(made: MapLibre, event: MapMouseEvent): MapGeoJSONFeature | undefined {
  const { x, y } = event.point;
  const layers = SYMBOLS.filter((id) => made.getLayer(id));
  const box: [[number, number], [number, number]] = [[x - NEAR_PX, y - NEAR_PX], [x + NEAR_PX, y + NEAR_PX]];
  const far = (each: MapGeoJSONFeature) => {
    const at = made.project((each.geometry as GeoJSON.Point).coordinates as [number, number]);
    return Math.hypot(at.x - x, at.y - y);
  };
  return made.queryRenderedFeatures(box, { layers }).sort((one, other) => far(one) - far(other))[0];
}

function hit(made: MapLibre, event: MapMouseEvent): unknown {
  if (!villages.peek()) return near(made, event);
  return made.getLayer("villages") && made.queryRenderedFeatures(event.point, { layers: ["villages"] })[0];
}

function click(made: MapLibre, event: MapMouseEvent): void {
  const found = hit(made, event) as MapGeoJSONFeature | undefined;
  const code = found ? String(found.properties.code) : null;
  if (!code) {
    close();
    member.value = null;
  } else if (villages.peek()) openVillage(code);
  else if (found!.properties.kind === "seat") chooseSeat(code);
  else chooseHome(code, false);
}

export interface Picture {
  url: string;
  metresPerPixel: number;
}

// Dots of the printer for one pixel of the page: 96 of these are an inch.
const PRINT_RATIO = 3;

/** Draw the whole village once more, for paper: sharper than the screen, whatever is seen there. */
export async function picture(width: number, height: number): Promise<Picture> {
  const container = document.createElement("div");
  container.className = "print-map";
  Object.assign(container.style, { width: `${width}px`, height: `${height}px` });
  document.body.append(container);
  const made = newMap(container, await askStyle(), {
    interactive: false,
    pixelRatio: PRINT_RATIO,
    canvasContextAttributes: { preserveDrawingBuffer: true },
    bounds: settled(village.peek())!,
    fitBoundsOptions: { padding: 36 },
  });
  await new Promise((resolve) => made.once("idle", resolve));
  const drawn = { url: made.getCanvas().toDataURL(), metresPerPixel: metresPerPixel(made) };
  made.remove();
  container.remove();
  return drawn;
}
