// What the export page knows and does: choices, one file at a time, and what was made before.

import { computed, signal } from "@preact/signals";
import { ask, Problem, send } from "./api";
import type { Job, Place } from "./api";
import { me } from "./state";

export type Format = "xlsx" | "csv" | "gpkg" | "shp.zip" | "geojson" | "kml" | "kmz" | "parquet";
export interface ExportKind {
  name: string;
  zh: string;
  en: string;
  shapes: "polygons" | "points" | "any" | "none";
  named: boolean;
  layers: string[];
  personal: boolean;
  versioned: boolean;
  empty: boolean;
  formats: Format[];
}
export interface Choices {
  kinds: ExportKind[];
  versions: { id: number; title: string; at: string }[];
  area: Place | null;
  may_reveal: boolean;
}
export interface Made {
  file: string;
  bytes: number;
  crs: string;
  counts: { rows: number; located?: number; unlocated?: number };
  masked: string[];
  notes: { message: string; message_zh: string }[];
}
export interface Export extends Job<Made> {
  ready: boolean;
  params: { kind: string; format: Format; name: string; reveal: string | null };
}
/** A place that was found by its name. */
export interface Chosen {
  code: string;
  name: string;
}

const POLL_MS = 400;
const AGAIN_MS = 2000;
// While the service or the network is away, the work goes on: it is asked after until they are back.
const AWAY = [0, 502, 503, 504];
// Formats that have one coordinate system.
const WGS_ONLY: Format[] = ["geojson", "kml", "kmz"];

export const choices = signal<Choices | null>(null);
export const past = signal<Export[]>([]);
export const job = signal<Export | null>(null);
export const fault = signal<Problem | null>(null);
// Whether the reader has done something here: then the keyboard goes along with what appears.
export const begun = signal(false);

// -- what is chosen ------------------------------------------------------------------------------

/** As it is written: `grids`, or `reference:roads`. */
export const title = signal("");
export const area = signal<Chosen | null>(null);
export const version = signal<number | null>(null);
export const format = signal<Format>("xlsx");
export const crs = signal("EPSG:4326");
export const lang = signal<"zh" | "en" | "code" | null>(null);
export const clear = signal(false);
export const reason = signal("");

export const kind = computed(() => choices.value?.kinds.find((each) => each.name === title.value.split(":")[0]) ?? null);
export const busy = computed(() => ["queued", "running"].includes(job.value?.state ?? ""));
export const wgsOnly = computed(() => WGS_ONLY.includes(format.value));
export const placed = computed(() => kind.value?.shapes !== "none");
export const revealing = computed(() => clear.value && !!kind.value?.personal && !!choices.value?.may_reveal);
export const ready = computed(
  () =>
    !!kind.value?.formats.includes(format.value) &&
    (!revealing.value || reason.value.trim().length >= 4) &&
    (!placed.value || wgsOnly.value || /^(GCJ-02|BD-09|EPSG:\d{4,6})$/.test(crs.value)),
);

/** Every layer that there is, in the order of the kinds; null where there is none of a kind. */
export const layers = computed(() =>
  (choices.value?.kinds ?? []).flatMap((each): { title: string; kind: ExportKind; own: string | null; empty: boolean }[] => {
    if (!each.named) return [{ title: each.name, kind: each, own: null, empty: each.empty }];
    if (each.layers.length === 0) return [{ title: each.name, kind: each, own: null, empty: true }];
    return each.layers.map((own) => ({ title: `${each.name}:${own}`, kind: each, own, empty: false }));
  }),
);

/** The county's own zone: three degrees wide, about a meridian. */
export const zone = computed(() => {
  const [west, , east] = me.value?.bbox ?? [114, 0, 114, 0];
  const cm = Math.min(135, Math.max(75, Math.round((west + east) / 6) * 3));
  return { cm, plain: `EPSG:${4534 + (cm - 75) / 3}`, prefixed: `EPSG:${4513 + (cm - 75) / 3}` };
});

// -- doing ---------------------------------------------------------------------------------------

async function guarded(work: () => Promise<void>): Promise<void> {
  fault.value = null;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) me.value = null;
    else fault.value = error;
  }
}

export function load(): Promise<void> {
  return guarded(async () => {
    choices.value = await ask<Choices>("/api/exports/choices");
    if (!title.value) title.value = layers.value.find((each) => !each.empty && each.title === "grids")?.title ?? layers.value.find((each) => !each.empty)?.title ?? "";
    await loadPast();
  });
}

async function loadPast(): Promise<void> {
  past.value = (await ask<{ exports: Export[] }>("/api/exports?limit=10")).exports;
}

/** Take up what this page was doing when it was left. */
export async function resume(): Promise<void> {
  const id = new URLSearchParams(location.search).get("job");
  if (!id || job.value) return;
  await guarded(async () => follow(await ask<Export>(`/api/exports/${encodeURIComponent(id)}`)));
}

export function make(language: "zh" | "en"): Promise<void> {
  begun.value = true;
  return guarded(async () => {
    const body = {
      kind: title.value, format: format.value, area: area.value?.code ?? null,
      version: kind.value!.versioned ? version.value : null,
      crs: !placed.value || wgsOnly.value || crs.value === "EPSG:4326" ? null : crs.value,
      lang: lang.value ?? language, reveal: revealing.value ? reason.value.trim() : null,
    };
    await follow(await send<Export>("POST", "/api/exports", body));
  });
}

export function cancel(): Promise<void> {
  return guarded(async () => {
    job.value = await send<Export>("POST", `/api/exports/${job.value!.id}/cancel`);
  });
}

/** Back to the choices; they stay as they were. */
export function forget(): void {
  [begun.value, job.value, fault.value] = [true, null, null];
  remember(null);
}

function remember(id: string | null): void {
  history.replaceState(null, "", `${location.pathname}${id ? `?job=${id}` : ""}${location.hash}`);
}

/** Show how far an export is until it ends. */
async function follow(first: Export): Promise<void> {
  job.value = first;
  remember(first.id);
  while (busy.value && job.value.id === first.id) {
    await new Promise((resolve) => setTimeout(resolve, fault.value ? AGAIN_MS : POLL_MS));
    if (job.value?.id !== first.id) return;
    try {
      const now: Export = await ask<Export>(`/api/exports/${first.id}`);
      if (job.value?.id === first.id) job.value = now;
      fault.value = null;
    } catch (error) {
      if (!(error instanceof Problem) || !AWAY.includes(error.status)) throw error;
      fault.value = error;
    }
  }
  await loadPast();
}
