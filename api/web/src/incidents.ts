// The incident map's state: what is asked for, kept in the address, and what the service says of it.

import { computed, effect, signal } from "@preact/signals";
import { ask, Problem, type Legend } from "./api";

export const CHOICES = ["kind", "tier", "alert", "status"] as const;
export type Choice = (typeof CHOICES)[number];
export const TIERS = ["auto", "local", "escalated"] as const;
export const STATUSES = ["found", "dispatched", "in_hand", "answered", "rated"] as const;
export type Per = "km2" | "households";
export type By = "area" | "kind" | "month";

export interface Asked {
  from: string;
  to: string;
  per: Per;
  bandwidth: string;
  picked: Record<Choice, string[]>;
}
export interface HeatLegend extends Legend {
  notes: { zh: string; en: string }[];
}
export interface StatisticsRow {
  key: string | null;
  name: string;
  name_en: string | null;
  n: number | null;
  households: { listed: number; located: number };
  per_100_listed: number | null;
}
export interface Statistics {
  n: number | null;
  households: { listed: number; located: number };
  rows: StatisticsRow[];
}
export interface IncidentCard {
  code: string;
  title: string;
  kind_name: { zh: string; en: string };
  status: string;
  reported_at: string;
  place: { name: string; name_en: string | null } | null;
  description: string | null;
}

const BANDWIDTH = "500";
const WAIT_MS = 250;

const said = new URLSearchParams(location.search);
const list = (name: string) => (said.get(name) ?? "").split(",").filter(Boolean);
export const asked = signal<Asked>({
  from: said.get("from") ?? "",
  to: said.get("to") ?? "",
  per: said.get("per") === "households" ? "households" : "km2",
  bandwidth: said.get("bandwidth_m") ?? BANDWIDTH,
  picked: Object.fromEntries(CHOICES.map((name) => [name, list(name)])) as Record<Choice, string[]>,
});
export const by = signal<By>("area");
export const layersOn = signal({ heat: true, incidents: true, ground: true });
export const legend = signal<HeatLegend | null>(null);
export const marks = signal<Legend | null>(null);
export const table = signal<Statistics | null>(null);
// All kinds there are, whatever is picked of them.
export const kinds = signal<StatisticsRow[]>([]);
export const fault = signal<Problem | null>(null);
export const card = signal<IncidentCard | null>(null);
export const waiting = signal(false);

/** The filter as an address says it; what is the default is left out. */
export const filterQuery = computed(() => {
  const { from, to, picked } = asked.value;
  const given = new URLSearchParams();
  if (from) given.set("from", from);
  if (to) given.set("to", to);
  for (const name of CHOICES) if (picked[name].length) given.set(name, picked[name].join(","));
  return given.toString();
});
export const heatQuery = computed(() => {
  const given = new URLSearchParams(filterQuery.value);
  if (asked.value.per !== "km2") given.set("per", asked.value.per);
  if (asked.value.bandwidth !== BANDWIDTH) given.set("bandwidth_m", asked.value.bandwidth);
  return given.toString();
});

export function change(part: Partial<Asked>): void {
  asked.value = { ...asked.value, ...part };
}

export function toggle(name: Choice, value: string): void {
  const held = asked.value.picked[name];
  const next = held.includes(value) ? held.filter((each) => each !== value) : [...held, value];
  change({ picked: { ...asked.value.picked, [name]: next } });
}

export function openIncident(code: string): void {
  void ask<IncidentCard>(`/api/incidents/${encodeURIComponent(code)}`).then((found) => (card.value = found), () => undefined);
}

let began = false;

/** Begin to ask whenever the filter changes; a later answer is never overtaken by an earlier one. */
export function begin(): void {
  if (began) return;
  began = true;
  void ask<Statistics>("/api/statistics/incidents?by=kind").then((found) => (kinds.value = found.rows), () => undefined);
  let latest = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const [heat, filter, rows] = [heatQuery.value, filterQuery.value, by.value];
    const own = ++latest;
    const search = heat ? `?${heat}` : "";
    history.replaceState(null, "", `${location.pathname}${search}${location.hash}`);
    waiting.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => void answer(own, heat, filter, rows), own === 1 ? 0 : WAIT_MS);
  });
  const answer = async (own: number, heat: string, filter: string, rows: By) => {
    try {
      const found = await Promise.all([
        ask<HeatLegend>(`/legends/heat.json?${heat}`),
        ask<Legend>(`/legends/incidents.json?${filter}`),
        ask<Statistics>(`/api/statistics/incidents?by=${rows}&${filter}`),
      ]);
      if (own !== latest) return;
      [legend.value, marks.value, table.value] = found;
      fault.value = null;
    } catch (error) {
      if (own !== latest) return;
      if (!(error instanceof Problem)) throw error;
      fault.value = error;
    }
    waiting.value = false;
  };
}
