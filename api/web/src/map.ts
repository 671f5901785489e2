// The map: one style from the service, symbols drawn here. What is on it beside, and what a click
// does, is a page's own: each gives a MapPage.

import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import {
  Map as MapLibre,
  NavigationControl,
  prewarm,
  ScaleControl,
  setWorkerUrl,
  type MapMouseEvent,
  type MapOptions,
  type StyleSpecification,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import { effect } from "@preact/signals";
import { ask, type Bbox, type SymbolImage } from "./api";
import { free } from "./frame";
import { moveBy } from "./ground";
import { addKeys } from "./keys";
import { coverage } from "./map_coverage";
import { incidents } from "./map_incidents";
import { members } from "./map_members";
import { worklist } from "./map_worklist";
import { read, write, type Link } from "./permalink";
import { draw } from "./symbols";
import { changed, language, mapShown, me, page, placing, recounted, t, zoom, type Page } from "./state";

export type Style = StyleSpecification & { metadata?: { "wangge:images"?: SymbolImage[] } };

/** What a page makes of the map. */
export interface MapPage {
  /** Its style's name: the document is /styles/{style}.json. */
  style: string;
  /** What the style is asked for beside the language, as a query. */
  query?: () => string;
  /** What must be known before the map can begin. */
  ready?: () => Promise<void>;
  /** Where the map begins, and goes back to. */
  home: () => Bbox;
  /** Which of the style's layers each switch turns on and off, and whether it is on. */
  switches: () => { layers: RegExp; on: boolean }[];
  /** Change a style that has come, before it is drawn. */
  dress?: (style: Style) => Style;
  /** Add sources and layers of the page's own, each time a style has come. */
  prepare: (made: MapLibre) => void;
  /** Let the map follow the page's state; what a kept address has framed already is not flown to. */
  follow: (made: MapLibre, link: Link) => void;
  /** What is under the pointer, that a click would open. */
  hit: (made: MapLibre, event: MapMouseEvent) => unknown;
  click: (made: MapLibre, event: MapMouseEvent) => void;
  /** What the address keeps beside the view. */
  kept: () => Partial<Link>;
}

const OWN: MapPage = ({ members, incidents, worklist } as Partial<Record<Page, MapPage>>)[page] ?? coverage;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

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
export async function askStyle(): Promise<Style> {
  const [style] = await Promise.all([ask<Style>(`/styles/${OWN.style}.json?lang=${language.peek()}&${OWN.query?.() ?? ""}`), OWN.ready?.()]);
  return OWN.dress ? OWN.dress(style) : style;
}

/** A map in a style, with its symbols and what the page adds; for the page, or for its print. */
export function newMap(container: HTMLElement, style: Style, options: Omit<MapOptions, "container" | "style">): MapLibre {
  const made = new MapLibre({
    container,
    style,
    // Chinese and Latin text alike are drawn in the reader's own fonts; none is fetched.
    localIdeographFontFamily: '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
    attributionControl: false,
    maxZoom: 19,
    minZoom: 6,
    fadeDuration: 0,
    ...options,
  });
  // A symbol is drawn when the style first asks for it, and kept.
  const images = new Map((style.metadata?.["wangge:images"] ?? []).map((image) => [image.id, image]));
  const ratio = Math.max(2, Math.ceil(options.pixelRatio ?? devicePixelRatio));
  made.setMissingStyleImageResolver((id) => {
    const image = images.get(id);
    if (image) made.addImage(id, draw(image, ratio), { pixelRatio: ratio });
  });
  made.on("style.load", () => {
    OWN.prepare(made);
    switchLayers(made);
  });
  return made;
}

/** The page's map as it is seen now; null before it stands. */
export function snapshot(): { url: string; metresPerPixel: number } | null {
  if (!map) return null;
  // What was drawn is only to be had in the same breath.
  map.redraw();
  return { url: map.getCanvas().toDataURL(), metresPerPixel: metresPerPixel(map) };
}

/** How many metres of land a pixel of the page is, in the map's middle. */
export function metresPerPixel(made: MapLibre): number {
  const { x, y } = made.project(made.getCenter());
  return made.unproject([x - 50, y]).distanceTo(made.unproject([x + 50, y])) / 100;
}

/** Draw the map; throws where the browser cannot (it lacks WebGL2). */
export function makeMap(container: HTMLElement, style: Style): void {
  const link = read(location.hash);
  const made = newMap(container, style, {
    dragRotate: false,
    pitchWithRotate: false,
    ...(link.view
      ? { center: [link.view.lon, link.view.lat] as [number, number], zoom: link.view.zoom }
      : { bounds: OWN.home(), fitBoundsOptions: { padding: free(16) } }),
  });
  map = made;
  moveBy(flyTo);
  made.touchZoomRotate.disableRotation();
  made.addControl(new ScaleControl({ maxWidth: 110 }), "bottom-right");
  made.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  made.on("moveend", keepLink);
  made.on("click", (event) => (placing.peek() ? placing.peek()!([event.lngLat.lng, event.lngLat.lat]) : OWN.click(made, event)));
  const canvas = made.getCanvas();
  made.on("moveend", addKeys(container, canvas, (x, y) => {
    // As a mouse would click there: the page's own way of opening follows.
    const { left, top } = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: left + x, clientY: top + y }));
  }));
  effect(() => canvas.setAttribute("aria-label", t("mapKeys")));
  made.on("mousemove", (event) => {
    canvas.style.cursor = placing.peek() ? "crosshair" : OWN.hit(made, event) ? "pointer" : "";
  });
  // "load": all that the first view needs has come and has been drawn.
  made.once("load", () => {
    performance.mark("county-painted");
    mapShown.value = true;
  });
  // The sketch leaves as soon as the county's shapes are there: under it each frame costs more.
  made.on("render", function takeOver() {
    const shapes = ["areas", "grids"].filter((id) => made.getSource(id));
    if (!shapes.length || !shapes.every((id) => made.isSourceLoaded(id))) return;
    mapShown.value = true;
    made.off("render", takeOver);
  });
  follow(made);
  OWN.follow(made, link);
}

/** What every page's map follows: the language, the switches, and what this page has changed. */
function follow(made: MapLibre): void {
  let shown = language.peek();
  const redraw = () => void askStyle().then((style) => made.setStyle(style, { diff: false }));
  effect(() => {
    if (language.value === shown) return;
    shown = language.value;
    keepLink();
    redraw();
  });
  effect(() => {
    OWN.switches();
    whenReady(made, () => switchLayers(made));
  });
  effect(() => {
    if (recounted.value) redraw();
  });
  effect(() => {
    if (!changed.value) return;
    redraw();
    // Who places households stays where he is.
    if (!placing.peek()) flyTo(me.peek()!.bbox);
  });
}

function switchLayers(made: MapLibre): void {
  const switches = OWN.switches();
  for (const { id } of made.getStyle().layers) {
    const own = switches.find(({ layers }) => layers.test(id));
    if (own) made.setLayoutProperty(id, "visibility", own.on ? "visible" : "none");
  }
}

/** Do something once the page's own sources are there. */
export function whenReady(made: MapLibre, work: () => void): void {
  if (made.getSource("chosen")) work();
  else made.once("style.load", work);
}

/** Keep what is seen in the page's address. */
export function keepLink(): void {
  if (!map) return;
  const { lng, lat } = map.getCenter();
  zoom.value = map.getZoom();
  const view = { zoom: map.getZoom(), lat, lon: lng };
  history.replaceState(null, "", write({ ...read(""), ...OWN.kept(), view, lang: language.peek() }));
}
