// What the map draws of a village: points as in the service's tiles, lines of contact, a veil around.

import { homes, isAlone, contacts, keepers, type At, type Member, type MemberMap } from "./members";

type Features = GeoJSON.FeatureCollection;
type Feature = GeoJSON.Feature;

const NOTHING: Features = { type: "FeatureCollection", features: [] };
// How far a line of contact swings out, as a share of its length, and in how many pieces.
const SWING = 0.12;
const PIECES = 14;

function point(at: At, properties: Record<string, unknown>): Feature {
  return { type: "Feature", geometry: { type: "Point", coordinates: at }, properties };
}

/** Homes, needs and seats, with the properties that they have in the tiles of the layer `members`. */
export function points(village: MemberMap | null): Features {
  if (!village) return NOTHING;
  const features: Feature[] = [];
  for (const each of village.households ?? []) {
    if (!each.at) continue;
    const members = each.members ?? 0;
    features.push(point(each.at, { kind: "home", code: each.code, members, contacts: contacts(each), alone: isAlone(each) }));
    (each.needs ?? []).forEach((need, number) =>
      features.push(point(each.at!, { kind: "need", code: each.code, need, slot: number + (members ? 1 : 0) })),
    );
  }
  for (const each of village.branches ?? []) if (each.at) features.push(point(each.at, { kind: "seat", code: each.code }));
  return { type: "FeatureCollection", features };
}

/** The line between two homes, bent a little so that it is not taken for a road. */
export function arc([x, y]: At, [x2, y2]: At): At[] {
  // Degrees of longitude are shorter than of latitude; without this the swing would not be square to it.
  const narrow = Math.cos((y * Math.PI) / 180);
  const [dx, dy] = [(x2 - x) * narrow, y2 - y];
  const [midX, midY] = [(x + x2) / 2 + (-dy * SWING) / narrow, (y + y2) / 2 + dx * SWING];
  return Array.from({ length: PIECES + 1 }, (_, piece) => {
    const t = piece / PIECES;
    const bend = (from: number, mid: number, to: number) => (1 - t) ** 2 * from + 2 * t * (1 - t) * mid + t ** 2 * to;
    return [bend(x, midX, x2), bend(y, midY, y2)] as At;
  });
}

function lines(member: Member, codes: string[]): Feature[] {
  const from = member.home ? homes.value.get(member.home)?.at : undefined;
  if (!from) return [];
  return codes.flatMap((code) => {
    const to = homes.value.get(code)?.at;
    if (!to || code === member.home) return [];
    return [{ type: "Feature", geometry: { type: "LineString", coordinates: arc(from, to) }, properties: { member: member.code, code } } as Feature];
  });
}

/** All lines of contact whose two ends are on the map. */
export function allLinks(village: MemberMap | null): Features {
  const features = (village?.members ?? []).flatMap((each) => lines(each, each.contacts ?? []));
  return { type: "FeatureCollection", features };
}

/** The lines of one member, or those that end at one household. */
export function chosenLinks(member: Member | undefined, home: string | null): Features {
  if (home) return { type: "FeatureCollection", features: (keepers.value.get(home) ?? []).flatMap((each) => lines(each, [home])) };
  return { type: "FeatureCollection", features: member ? lines(member, member.contacts ?? []) : [] };
}

/** Rings around what is chosen: a household, or a member's own and his households. */
export function rings(member: Member | undefined, home: string | null): Features {
  const own = home ?? member?.home;
  const features: Feature[] = [];
  for (const code of home ? [] : (member?.contacts ?? [])) {
    const at = homes.value.get(code)?.at;
    if (at) features.push(point(at, { own: false }));
  }
  const at = own ? homes.value.get(own)?.at : undefined;
  if (at) features.push(point(at, { own: true }));
  return { type: "FeatureCollection", features };
}

/** All the land but the village's, to be veiled; its edge is the village's border. */
export function veil(village: MemberMap | null): Features {
  const shape = village?.boundary;
  if (!shape) return NOTHING;
  const parts = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
  const [x, y] = parts[0]![0]![0]! as At;
  const far = 2;
  const around: At[] = [[x - far, y - far], [x + far, y - far], [x + far, y + far], [x - far, y + far], [x - far, y - far]];
  const outside: Feature = {
    type: "Feature",
    geometry: { type: "Polygon", coordinates: [around, ...parts.map((rings) => rings[0]!)] },
    properties: {},
  };
  // An enclave of another village lies in a hole of this one.
  const enclaves = parts.flatMap((rings) => rings.slice(1)).map(
    (ring): Feature => ({ type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties: {} }),
  );
  return { type: "FeatureCollection", features: [outside, ...enclaves] };
}
