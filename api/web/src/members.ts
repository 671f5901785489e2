// The party-member household map: what is known of a village, and what is chosen in it.

import { computed, signal } from "@preact/signals";
import { ask, Problem, send, type Bbox, type Legend, type Place } from "./api";
import { flyTo } from "./ground";
import { read } from "./permalink";
import { language, me, place, sheet } from "./state";

export type At = [number, number];
export interface Counts {
  households: number;
  unlocated?: number;
  member_households?: number;
  needy?: number;
  needy_contacted?: number;
  alone?: number;
  members?: number;
  members_unlocated?: number;
  members_elsewhere?: number;
  members_no_home?: number;
  few?: number;
  many?: number;
  links?: number;
  links_out?: number;
  links_in?: number;
}
export interface Need {
  id: string;
  zh: string;
  en: string;
  n: number | null;
}
export interface Member {
  code: string;
  name: string;
  branch?: string;
  home?: string;
  elsewhere?: boolean;
  contacts?: string[];
  outside?: number;
}
export interface Household {
  code: string;
  address: string;
  at?: At;
  people?: number;
  grid?: string;
  members?: number;
  needs?: string[];
  tags?: string[];
  others?: number;
}
export interface Branch {
  code: string;
  name: string;
  grid?: string;
  at?: At;
  heads?: string[];
}
export interface Grid {
  code: string;
  name: string;
  name_en?: string;
  kind: string;
  heads?: string[];
  workers?: string[];
}
/** What a list leaves out is empty. */
export interface MemberMap {
  area: { code: string; name: string; name_en?: string; level: "village" | "grid" };
  within: Place[];
  bbox: Bbox | null;
  boundary: GeoJSON.MultiPolygon | GeoJSON.Polygon | null;
  detail: boolean;
  k: number | null;
  least: number;
  most: number;
  synthetic?: boolean;
  date?: string;
  counts: Counts;
  needs: Need[];
  legend: Legend | null;
  branches?: Branch[];
  grids?: Grid[];
  members?: Member[];
  households?: Household[];
}
export interface Village extends Place {
  town_name?: string;
  town_name_en?: string;
  counts: Counts;
}
export interface Person {
  code: string;
  person: string;
  name: string;
  branch: string | null;
  since: string | null;
}
export interface HomeCard {
  code: string;
  address: string;
  at: At | null;
  people: number | null;
  needs: string[];
  tags: string[];
  grid: { code: string; name: string; name_en: string | null } | null;
  unit: string | null;
  officials: { person: string; role: "unit_head" | "grid_head" | "grid_worker"; name: string; phone: string | null }[];
  members: Person[];
  contacts: Person[];
  others: number;
  last_visit: { at: string; name: string } | null;
}

const link = read(location.hash);
export const village = signal<MemberMap | null>(null);
export const villages = signal<{ k?: number; villages: Village[] } | null>(null);
export const fault = signal<Problem | null>(null);
// What is chosen, by its code: a household, or a member, or a branch.
export const home = signal<string | null>(link.home);
export const member = signal<string | null>(link.home ? null : link.member);
export const seat = signal<string | null>(null);
// The card of the household that is chosen, once it has come.
export const card = signal<HomeCard | Problem | null>(null);
// Only who has this need.
export const need = signal<string | null>(null);
export const layersOn = signal({ stars: true, needs: true, homes: true, links: false, ground: true });

export const homes = computed(() => new Map((village.value?.households ?? []).map((each) => [each.code, each])));
export const people = computed(() => new Map((village.value?.members ?? []).map((each) => [each.code, each])));
/** Who of this area keeps contact with each household. */
export const keepers = computed(() => {
  const found = new Map<string, Member[]>();
  for (const each of village.value?.members ?? [])
    for (const code of each.contacts ?? []) found.set(code, [...(found.get(code) ?? []), each]);
  return found;
});
/** The households whose symbols stand out; null: all of them. */
export const focus = computed(() => {
  const chosen = member.value ? people.value.get(member.value) : null;
  if (chosen) return new Set([...(chosen.contacts ?? []), ...(chosen.home ? [chosen.home] : [])]);
  const wanted = need.value;
  if (!wanted) return null;
  const needy = (village.value?.households ?? []).filter((each) => each.needs?.includes(wanted)).map((each) => each.code);
  // The lines of a chosen household lead to who keeps contact with it.
  const ends = home.value ? [home.value, ...(keepers.value.get(home.value) ?? []).flatMap((each) => each.home ?? [])] : [];
  return new Set([...needy, ...ends]);
});

/** How many keep contact with a household, those of other areas too. */
export function contacts(each: Household): number {
  return (keepers.value.get(each.code)?.length ?? 0) + (each.others ?? 0);
}

/** Whether a household is in need and nobody keeps contact with it. */
export function isAlone(each: Household): boolean {
  return (each.needs?.length ?? 0) > 0 && contacts(each) === 0;
}

/** An address without the names of the town and the village that all of them begin with. */
export function short(address: string): string {
  const ground = village.value;
  if (!ground) return address;
  const names = [...ground.within.filter((each) => each.level !== "county").map((each) => each.name), ground.area.name];
  let rest = address;
  for (const name of names) if (rest.startsWith(name)) rest = rest.slice(name.length);
  return rest || address;
}

// The village that the address names, else the reader's own; null: he has to choose one.
function own(): string | null {
  const who = me.peek()!;
  return place ?? who.grid_code ?? (who.area?.level === "village" ? who.area.code : null);
}

let asked: Promise<void> | null = null;

/** Ask for the village, or for the villages to choose from: once, whoever needs it first. */
export function ready(): Promise<void> {
  asked ??= load();
  return asked;
}

/** The same, once what it says stands on the page: what that leaves free of the map is measured. */
export async function settledPage(): Promise<void> {
  await ready();
  await new Promise((resolve) => setTimeout(resolve, 30));
}

export function again(): Promise<void> {
  asked = null;
  return ready();
}

async function load(): Promise<void> {
  const code = own();
  try {
    if (code) {
      if (!place) history.replaceState(null, "", `/members/${code}${location.hash}`);
      village.value = await ask<MemberMap>(`/api/members/${encodeURIComponent(code)}`);
      if (home.peek()) void loadCard(home.peek()!);
    } else villages.value = await ask<{ k?: number; villages: Village[] }>("/api/members");
    fault.value = null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) me.value = null;
    else fault.value = error;
  }
}

async function loadCard(code: string): Promise<void> {
  card.value = null;
  const area = village.peek()!.area.code;
  const found = await ask<HomeCard>(`/api/members/${area}/households/${encodeURIComponent(code)}`).catch((error: unknown) => {
    if (error instanceof Problem) return error;
    throw error;
  });
  // Another may have been chosen since.
  if (home.peek() === code) card.value = found;
}

/** Show a household: on the map, and its card. */
export function chooseHome(code: string, fly = true): void {
  home.value = code;
  seat.value = null;
  sheet.value = false;
  void loadCard(code);
  const at = homes.peek().get(code)?.at;
  if (fly && at) flyTo([...at, ...at], 17);
}

/** Show a member's households with the lines to them; the same one again: no longer. */
export function chooseMember(code: string | null): void {
  close();
  member.value = code;
  sheet.value = false;
  const chosen = code ? people.peek().get(code) : null;
  if (!chosen) return;
  need.value = null;
  const codes = [chosen.home, ...(chosen.contacts ?? [])];
  const spots = codes.map((each) => (each ? homes.peek().get(each)?.at : undefined)).filter((at) => at !== undefined);
  const box = around(spots);
  if (box) flyTo(box, 17);
}

export function chooseSeat(code: string): void {
  close();
  seat.value = code;
}

/** Close the card; a member stays chosen. */
export function close(): void {
  home.value = null;
  seat.value = null;
  card.value = null;
}

export function chooseNeed(id: string | null): void {
  member.value = null;
  need.value = id;
}

/** The address of a village's map, in the reader's language; without a code, of the list. */
export function addressOf(code = ""): string {
  return `/members${code && `/${code}`}${language.value === "en" ? "#?lang=en" : ""}`;
}

/** Go to a village's map: a page of its own. */
export function openVillage(code: string): void {
  location.assign(addressOf(code));
}

/** Where the homes are: what the map begins with; the boundary where there are none. */
export function settled(of: MemberMap | null): Bbox | null {
  const spots = (of?.households ?? []).flatMap((each) => (each.at ? [each.at] : []));
  return (spots.length > 1 ? around(spots) : null) ?? of?.bbox ?? null;
}

export function around(spots: At[]): Bbox | null {
  if (!spots.length) return null;
  const [lons, lats] = [spots.map(([lon]) => lon), spots.map(([, lat]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

const EARTH_M = 6_371_008.8;

/** Metres between two places; exact enough within a county (haversine on a sphere). */
export function distance([lon, lat]: At, [lon2, lat2]: At): number {
  const rad = Math.PI / 180;
  const [up, over] = [((lat2 - lat) * rad) / 2, ((lon2 - lon) * rad) / 2];
  const part = Math.sin(up) ** 2 + Math.cos(lat * rad) * Math.cos(lat2 * rad) * Math.sin(over) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(part));
}

/** Ask for a person's name and number, for a reason that is kept in the log. */
export function reveal(person: string, reason: string): Promise<{ name: string; phone: string | null }> {
  return send<{ name: string; phone: string | null }>("POST", `/api/people/${encodeURIComponent(person)}/reveal`, { reason });
}
