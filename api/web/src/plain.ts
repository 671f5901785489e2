// The plain map: pictures from the service, where the browser lacks WebGL2. It shows, moves and opens
// what the live map does; only its code and its tiles are others.

import "leaflet/dist/leaflet.css";
import "./plain.css";
import {
  CircleMarker, Control, GeoJSON as Shapes, Map as Leaflet, TileLayer, type LatLng, type LeafletMouseEvent, type PathOptions,
} from "leaflet";
import { effect } from "@preact/signals";
import type { Bbox } from "./api";
import { chosenShape, keptCard, openKept } from "./chosen";
import { free } from "./frame";
import { moveBy } from "./ground";
import { addKeys } from "./keys";
import { read, write, type Link } from "./permalink";
import {
  changed, finding, grid, here, language, layers, mapShown, me, openPlace, outline, page, placing, recounted, still, t, zoom, type LayerName,
} from "./state";

// A picture tile is half as wide as a tile of the live map, whose zooms the address and the rest of
// the page count in.
const ZOOM = 1;
// What each switch turns on and off; borders and names are always there.
const SWITCHED: Record<LayerName, string[]> = {
  ground: ["ground"],
  grids: ["grids", "units"],
  households: ["households"],
  findings: ["findings"],
};
// How far from a click a marker is meant, pixels.
const NEAR_PX = 12;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
// A pixel's side on the ground at the equator and zoom 0, metres.
const EQUATOR_PX = 156543.034;
const INK = "#23272b";

/** What a page makes of the plain map, where it is not the coverage's. */
export interface PlainPage {
  ready: () => Promise<void>;
  home: () => Bbox;
  /** Where the pictures come from that lie beneath. */
  address: () => string;
  prepare: (made: Leaflet, link: Link) => void;
  click: (made: Leaflet, at: { lat: number; lng: number }) => void;
  kept: () => Partial<Link>;
}

/** Draw the map. */
export async function makePlain(container: HTMLElement): Promise<void> {
  const own =
    page === "members" ? (await import("./plain_members")).plainMembers
    : page === "incidents" ? (await import("./plain_incidents")).plainIncidents
    : page === "worklist" ? (await import("./plain_worklist")).plainWorklist
    : null;
  await own?.ready();
  const made = new Leaflet(container, {
    zoomControl: false,
    attributionControl: false,
    minZoom: 6 + ZOOM,
    maxZoom: 20,
    zoomSnap: 1,
    fadeAnimation: !CALM.matches,
    zoomAnimation: !CALM.matches,
    markerZoomAnimation: !CALM.matches,
  });
  const link = read(location.hash);
  moveBy((bbox, most = 17) => fly(made, bbox, most));
  // Before the first view, for that is when they are told of it.
  const keep = () => keepLink(made, own?.kept() ?? keptCard());
  made.on("moveend", keep);
  if (link.view) made.setView([link.view.lat, link.view.lon], Math.round(link.view.zoom + ZOOM), { animate: false });
  else fly(made, own?.home() ?? me.peek()!.bbox, 17, false);
  addControls(made, container);
  const opened = (at: { lat: number; lng: number }) => (own ? own.click(made, at) : void open(made, at));
  made.on("click", (event: LeafletMouseEvent) => opened(event.latlng));
  made.on("moveend resize", addKeys(container, container, (x, y) => opened(made.containerPointToLatLng([x, y]))));
  showTiles(made, own?.address ?? address);
  effect(() => {
    void language.value;
    keep();
  });
  if (own) return own.prepare(made, link);
  showShapes(made);
  follow(made, keep, link.view ? (link.finding ?? link.grid) : null);
  openKept(link);
}

function fly(made: Leaflet, [west, south, east, north]: Bbox, most: number, animate = !CALM.matches): void {
  // A card that has just been opened is measured once it stands on the page.
  requestAnimationFrame(() => {
    const edges = free(32);
    made.fitBounds([[south, west], [north, east]], {
      paddingTopLeft: [edges.left, edges.top],
      paddingBottomRight: [edges.right, edges.bottom],
      maxZoom: Math.round(most + ZOOM),
      animate,
    });
  });
  // Until then it stands somewhere, for tiles and keys ask where.
  if (!isPlaced(made)) made.setView([(south + north) / 2, (west + east) / 2], 9 + ZOOM, { animate: false });
}

function isPlaced(made: Leaflet): boolean {
  try {
    return made.getCenter() !== undefined;
  } catch {
    return false;
  }
}

function addControls(made: Leaflet, container: HTMLElement): void {
  new Control.Scale({ maxWidth: 110, imperial: false, position: "bottomright" }).addTo(made);
  const buttons = new Control.Zoom({ position: "bottomright" }).addTo(made);
  effect(() => {
    const words = { in: t("zoomIn"), out: t("zoomOut") };
    for (const [key, word] of Object.entries(words)) {
      const button = buttons.getContainer()!.querySelector(`.leaflet-control-zoom-${key}`)!;
      button.setAttribute("title", word);
      button.setAttribute("aria-label", word);
    }
    container.setAttribute("aria-label", t("mapKeys"));
  });
}

/** One picture holds all layers that are on: a tile is asked for once, whatever is shown. */
function address(): string {
  const shown = (Object.keys(SWITCHED) as LayerName[]).filter((name) => layers.value[name]);
  const only = ["areas", "labels", ...shown.flatMap((name) => SWITCHED[name])].sort().join(",");
  return `/tiles/coverage/{z}/{x}/{y}.png?lang=${language.value}&only=${only}&scale={scale}`;
}

function showTiles(made: Leaflet, address: () => string): void {
  const [west, south, east, north] = me.peek()!.bbox;
  const options = {
    minZoom: 6 + ZOOM,
    maxZoom: 20,
    bounds: [[south - 0.02, west - 0.02], [north + 0.02, east + 0.02]] as [[number, number], [number, number]],
    scale: devicePixelRatio > 1 ? 2 : 1,
    keepBuffer: 1,
  };
  const tiles = new TileLayer(address(), options as never).addTo(made);
  tiles.on("load", () => {
    if (!mapShown.peek()) performance.mark("county-painted");
    mapShown.value = true;
  });
  let shown = address();
  effect(() => {
    // A browser asks for a picture once a page, whatever its age: what has changed has another address.
    const again = changed.value + recounted.value;
    const wanted = again ? `${address()}&again=${again}` : address();
    if (wanted !== shown) tiles.setUrl(wanted);
    shown = wanted;
  });
}

type State = { state?: string; chosen?: boolean };

/** What is chosen, and what is being tried, lie over the pictures. */
function showShapes(made: Leaflet): void {
  const css = getComputedStyle(document.documentElement);
  const ink = (state: string | undefined) => {
    const name = { new: "--new", changed: "--changed", closed: "--closed" }[state ?? ""];
    return name ? css.getPropertyValue(name).trim() : INK;
  };
  const dot = (_: unknown, at: LatLng, style: PathOptions, radius: number) => new CircleMarker(at, { ...style, radius });
  const chosen = new Shapes(undefined, {
    interactive: false,
    style: { color: INK, weight: 2.5, fill: false },
    pointToLayer: (feature, at) => dot(feature, at, { color: INK, weight: 2.5, fill: false }, 10),
  }).addTo(made);
  const tried = new Shapes(undefined, {
    interactive: false,
    style: (feature) => {
      const { state } = (feature?.properties ?? {}) as State;
      const closed = state === "closed";
      return { color: ink(state), weight: closed ? 2 : 2.4, fillOpacity: closed ? 0.06 : 0.22, ...(closed ? { dashArray: "4 4" } : {}) };
    },
    pointToLayer: (feature, at) => {
      const { state, chosen: own } = feature.properties as State;
      return dot(feature, at, { color: own ? INK : ink(state), weight: own ? 2.5 : 1, fillColor: state === "new" ? ink(state) : "#ffffff", fillOpacity: 1 }, own ? 9 : 4);
    },
  }).addTo(made);
  effect(() => {
    chosen.clearLayers();
    const shape = chosenShape();
    if (shape) chosen.addData(shape);
  });
  effect(() => {
    tried.clearLayers();
    if (!outline.value) return;
    tried.addData(outline.value);
    if (tried.getLayers().length > 0 && !placing.peek()) {
      const box = tried.getBounds();
      fly(made, [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()], 17);
    }
  });
}

/** Let the map follow the page's state; what a kept address has framed already is not flown to. */
function follow(made: Leaflet, keep: () => void, framed: string | null): void {
  const go = (id: string, bbox: Bbox, most?: number) => {
    if (id !== framed) fly(made, bbox, most ?? 17);
    framed = null;
  };
  effect(() => {
    if (finding.value && !still.peek()) go(finding.value.id, finding.value.bbox);
    keep();
  });
  effect(() => {
    void here.value;
    keep();
  });
  effect(() => {
    if (grid.value) go(grid.value.code, grid.value.bbox, 15.5);
    keep();
  });
  effect(() => {
    if (changed.value && !placing.peek()) fly(made, me.peek()!.bbox, 17);
  });
  effect(() => {
    made.getContainer().classList.toggle("placing", placing.value !== null);
  });
}

function keepLink(made: Leaflet, chosen: Partial<Link>): void {
  if (!isPlaced(made)) return;
  const { lng, lat } = made.getCenter();
  zoom.value = made.getZoom() - ZOOM;
  const view = { zoom: made.getZoom() - ZOOM, lat, lon: lng };
  history.replaceState(null, "", write({ ...read(""), ...chosen, view, lang: language.peek() }));
}

/** Open the card of what is at a place; the pictures do not know it, the service does. */
async function open(made: Leaflet, at: { lat: number; lng: number }): Promise<void> {
  if (placing.value) return placing.value([at.lng, at.lat]);
  const { classList } = made.getContainer();
  const pixel = (EQUATOR_PX * Math.cos((at.lat * Math.PI) / 180)) / 2 ** made.getZoom();
  classList.add("working");
  await openPlace([at.lng, at.lat], { near: NEAR_PX * pixel });
  classList.remove("working");
}
