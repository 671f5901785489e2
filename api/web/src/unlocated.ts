// What the page of unlocated households knows: where they are missing, and where they were put.

import { computed, effect, signal } from "@preact/signals";
import { ask, Problem, send } from "./api";
import type { Unlocated, UnlocatedList, UnlocatedVillage } from "./api";
import { flyTo } from "./ground";
import { changed, loadVerdict, me, outline, placing, sheet } from "./state";

export interface Spot {
  lon: number;
  lat: number;
  byHand: boolean;
}
type At = [number, number];

export const villages = signal<UnlocatedVillage[] | null>(null);
export const village = signal<UnlocatedList | null>(null);
// Where somebody has said that a household is; kept only when he saves.
export const spots = signal<Record<string, Spot>>({});
export const chosen = signal<string | null>(null);
export const saved = signal<{ import: number; located: number } | null>(null);
export const fault = signal<Problem | null>(null);
export const waiting = signal(false);
// The village that was left last: there the list goes on.
export const left = signal<string | null>(null);

export const proposals = computed(() => (village.value?.households ?? []).filter((each) => each.proposal && !spots.value[each.code]));

async function guarded(work: () => Promise<void>): Promise<void> {
  [fault.value, waiting.value] = [null, true];
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) me.value = null;
    else fault.value = error;
  } finally {
    waiting.value = false;
  }
}

export function loadVillages(): Promise<void> {
  return guarded(async () => {
    villages.value = (await ask<{ villages: UnlocatedVillage[] }>("/api/households/unlocated")).villages;
  });
}

export function openVillage(code: string): Promise<void> {
  return guarded(async () => {
    [spots.value, chosen.value, saved.value] = [{}, null, null];
    village.value = await ask<UnlocatedList>(`/api/households/unlocated/${encodeURIComponent(code)}`);
    sheet.value = false;
    const { bbox } = village.value;
    if (bbox) flyTo(bbox);
  });
}

export function leaveVillage(): void {
  left.value = village.value?.village.code ?? null;
  [village.value, spots.value, chosen.value, saved.value, fault.value] = [null, {}, null, null, null];
  void loadVillages();
}

export function put(code: string, [lon, lat]: At, byHand: boolean): void {
  spots.value = { ...spots.value, [code]: { lon, lat, byHand } };
}

export function takeBack(code: string): void {
  const { [code]: _, ...rest } = spots.value;
  spots.value = rest;
}

export function acceptAll(): void {
  const found = proposals.value.map((each) => [each.code, { ...each.proposal!, byHand: false }] as const);
  spots.value = { ...spots.value, ...Object.fromEntries(found) };
}

export function save(): Promise<void> {
  return guarded(async () => {
    const places = Object.entries(spots.value).map(([code, { lon, lat }]) => ({ code, lon, lat }));
    const done = await send<{ import: number; located: number }>("POST", "/api/households/locations", { places });
    await openVillage(village.value!.village.code);
    saved.value = done;
    changed.value += 1;
    await loadVerdict();
  });
}

/** Take back what was saved last. */
export function undoSaved(): Promise<void> {
  return guarded(async () => {
    await send("DELETE", `/api/households/locations/${saved.value!.import}`);
    await openVillage(village.value!.village.code);
    changed.value += 1;
    await loadVerdict();
  });
}

// A click on the map is where the chosen household is; the next one without a place follows.
export function placeHere(at: At): void {
  const code = chosen.value;
  if (!code) return;
  put(code, at, true);
  const list = village.value!.households;
  const from = list.findIndex((each) => each.code === code);
  const next = [...list.slice(from + 1), ...list.slice(0, from)].find((each) => !spots.value[each.code]);
  chosen.value = next?.code ?? null;
}

/** Read “115.273, 33.512”, as a phone or another map shows it. */
export function readPlace(text: string): At | null {
  const numbers = text.match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
  const [lon, lat] = numbers;
  if (numbers.length !== 2 || Math.abs(lon!) > 180 || Math.abs(lat!) > 90) return null;
  return [lon!, lat!];
}

function feature(each: Unlocated): GeoJSON.Feature[] {
  const at = spots.value[each.code] ?? each.proposal;
  if (!at) return [];
  const state = spots.value[each.code] ? "new" : "changed";
  return [{
    type: "Feature",
    geometry: { type: "Point", coordinates: [at.lon, at.lat] },
    properties: { state, code: each.code, chosen: chosen.value === each.code },
  }];
}

/** Let the map show what this page knows, for as long as the page stands. */
export function show(): () => void {
  placing.value = placeHere;
  const stop = effect(() => {
    const features = (village.value?.households ?? []).flatMap(feature);
    outline.value = { type: "FeatureCollection", features };
  });
  return () => {
    stop();
    [placing.value, outline.value] = [null, null];
  };
}
