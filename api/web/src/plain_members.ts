// The map of member households as pictures, where the browser lacks WebGL2: symbols drawn by the
// service, lines and rings drawn here.

import { CircleMarker, GeoJSON as Shapes, TileLayer, type LatLng, type Map as Leaflet, type PathOptions } from "leaflet";
import { effect } from "@preact/signals";
import { ask } from "./api";
import { allLinks, chosenLinks, rings, veil } from "./member_shapes";
import {
  chooseHome, chooseMember, chooseSeat, close, home, layersOn, member, openVillage, people, settled, settledPage, village, villages,
} from "./members";
import type { Link } from "./permalink";
import type { PlainPage } from "./plain";
import { language, me } from "./state";

const INK = "#23272b";
// How far from a click a symbol is meant, pixels.
const NEAR_PX = 18;

export const plainMembers: PlainPage = {
  ready: settledPage,
  home: () => settled(village.peek()) ?? me.peek()!.bbox,
  address: () => `/tiles/plain/{z}/{x}/{y}.png?lang=${language.value}&scale={scale}`,
  prepare,
  click,
  kept: () => ({ home: home.peek(), member: home.peek() ? null : member.peek() }),
};

function prepare(made: Leaflet, link: Link): void {
  const scale = devicePixelRatio > 1 ? 2 : 1;
  if (village.peek()?.detail) new TileLayer(`/tiles/members/{z}/{x}/{y}.png?scale=${scale}`, { minZoom: 14, maxZoom: 20 }).addTo(made);
  const shapes = (style: PathOptions, dot?: (own: boolean) => PathOptions & { radius: number }) =>
    new Shapes(undefined, {
      interactive: false,
      style: () => style,
      pointToLayer: (feature: GeoJSON.Feature, at: LatLng) => new CircleMarker(at, dot!(Boolean(feature.properties!.own))),
    }).addTo(made);
  const fill = (layer: Shapes, data: () => GeoJSON.FeatureCollection) =>
    effect(() => {
      layer.clearLayers();
      layer.addData(data());
    });
  const who = () => (member.value ? people.value.get(member.value) : undefined);
  fill(shapes({ color: INK, weight: 1.8, fillColor: "#f4f2ee", fillOpacity: 0.66 }), () => veil(village.value));
  fill(shapes({ color: INK, weight: 0.7, opacity: 0.4 }), () => allLinks(layersOn.value.links ? village.value : null));
  fill(shapes({ color: INK, weight: 1.8 }), () => chosenLinks(who(), home.value));
  const ring = (own: boolean) => ({ radius: own ? 16 : 12, color: INK, weight: own ? 2.8 : 1.5, fill: false, interactive: false });
  fill(shapes({}, ring), () => rings(who(), home.value));
  if (link.view) return;
  if (home.peek()) chooseHome(home.peek()!);
  else if (member.peek()) chooseMember(member.peek());
}

/** Open what is nearest to a click; in choosing, the village that lies there. */
function click(made: Leaflet, at: { lat: number; lng: number }): void {
  if (villages.peek()) return void openAt(at);
  const spot = made.latLngToContainerPoint(at);
  const far = ([lng, lat]: [number, number]) => made.latLngToContainerPoint({ lat, lng }).distanceTo(spot);
  const all = [
    ...(village.peek()?.households ?? []).flatMap((each) => (each.at ? [{ far: far(each.at), open: () => chooseHome(each.code, false) }] : [])),
    ...(village.peek()?.branches ?? []).flatMap((each) => (each.at ? [{ far: far(each.at), open: () => chooseSeat(each.code) }] : [])),
  ];
  const nearest = all.filter((each) => each.far <= NEAR_PX).sort((one, other) => one.far - other.far)[0];
  if (nearest) return nearest.open();
  close();
  member.value = null;
}

async function openAt({ lng, lat }: { lat: number; lng: number }): Promise<void> {
  const here = await ask<{ areas: { code: string; level: string }[] }>(`/api/locate?lon=${lng}&lat=${lat}`);
  const found = here.areas.find((each) => each.level === "village");
  if (found) openVillage(found.code);
}
