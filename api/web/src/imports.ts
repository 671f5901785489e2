// What the import page knows and does: one file at a time, from the drop to the commit.

import { computed, signal } from "@preact/signals";
import { ask, Problem, send, sendFile } from "./api";
import type { ImportInfo, Job, KindInfo, Me, Outcome } from "./api";
import { changed, loadVerdict, me, outline } from "./state";

export interface Settings {
  crs: string;
  encoding: string;
  layer: string;
  replace: string;
  columns: Record<string, string>;
  as_is: boolean;
}
const FRESH: Settings = { crs: "", encoding: "", layer: "", replace: "", columns: {}, as_is: false };
const POLL_MS = 500;

export const kinds = signal<KindInfo[]>([]);
export const past = signal<ImportInfo[]>([]);
export const kind = signal("areas");
export const named = signal("");
export const upload = signal<{ id: string; name: string } | null>(null);
export const sent = signal<number | null>(null);
export const settings = signal<Settings>(FRESH);
// What the shown trial was made with: other settings make it stale.
export const tried = signal<Settings | null>(null);
export const job = signal<Job<Outcome> | null>(null);
export const fault = signal<Problem | null>(null);

export const chosen = computed(() => kinds.value.find((each) => each.name === kind.value) ?? null);
export const title = computed(() => (chosen.value?.named ? `${kind.value}:${named.value.trim()}` : kind.value));
export const stale = computed(() => JSON.stringify(settings.value) !== JSON.stringify(tried.value));
export const busy = computed(() => sent.value !== null || ["queued", "running"].includes(job.value?.state ?? ""));

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
    const [all, list] = await Promise.all([
      ask<{ kinds: KindInfo[] }>("/api/imports/kinds"),
      ask<{ imports: ImportInfo[] }>("/api/imports?limit=20"),
    ]);
    const first = kinds.value.length === 0;
    kinds.value = all.kinds;
    past.value = list.imports;
    if (first) kind.value = (all.kinds.find((each) => each.rows === 0) ?? all.kinds[0]!).name;
  });
}

/** Take up what this page was doing when it was left. */
export async function resume(): Promise<void> {
  const id = new URLSearchParams(location.search).get("job");
  if (!id) return;
  await guarded(async () => {
    const found = await ask<Job<Outcome>>(`/api/jobs/${encodeURIComponent(id)}`);
    const params = found.params as Partial<Settings> & { kind?: string; upload?: string; name?: string };
    if (params.kind) {
      const [name, own] = params.kind.split(":");
      [kind.value, named.value] = [name!, own ?? ""];
      upload.value = { id: params.upload!, name: params.name! };
      const { crs, encoding, layer, replace, columns, as_is } = params;
      const made = { crs: crs ?? "", encoding: encoding ?? "", layer: layer ?? "", replace: replace ?? "", columns: columns ?? {}, as_is: as_is ?? false };
      [settings.value, tried.value] = [made, made];
    }
    await follow(found);
  });
}

export function forget(): void {
  [upload.value, job.value, tried.value, outline.value, fault.value] = [null, null, null, null, null];
  settings.value = FRESH;
  remember(null);
}

function remember(id: string | null): void {
  const query = id ? `?job=${id}` : "";
  history.replaceState(null, "", `${location.pathname}${query}${location.hash}`);
}

/** Send the parts of a file, then try it. */
export function take(files: File[]): Promise<void> {
  if (busy.value || files.length === 0) return Promise.resolve();
  forget();
  return guarded(async () => {
    const { upload: id } = await send<{ upload: string }>("POST", "/api/uploads");
    const whole = files.reduce((sum, file) => sum + file.size, 0);
    let before = 0;
    sent.value = 0;
    try {
      for (const file of files) {
        const path = `/api/uploads/${id}/${encodeURIComponent(file.name)}`;
        await sendFile(path, file, (share) => (sent.value = (before + share * file.size) / Math.max(1, whole)));
        before += file.size;
      }
    } finally {
      sent.value = null;
    }
    const main = files.find((file) => /\.(shp|tab|mif)$/i.test(file.name)) ?? files[0]!;
    upload.value = { id, name: main.name };
    await run(true);
  });
}

/** Try the upload, or bring it in. */
export function run(dry: boolean, partial = false): Promise<void> {
  const { crs, encoding, layer, replace, columns, as_is } = settings.value;
  tried.value = settings.value;
  return guarded(async () => {
    const body = {
      upload: upload.value!.id, kind: title.value, dry_run: dry, partial, as_is, columns,
      crs: crs || null, encoding: encoding || null, layer: layer || null, replace: replace || null,
    };
    await follow(await send<Job<Outcome>>("POST", "/api/imports", body));
  });
}

export function undo(id: number): Promise<void> {
  forget();
  return guarded(async () => follow(await send<Job<Outcome>>("POST", `/api/imports/${id}/undo`)));
}

export function cancel(): Promise<void> {
  return guarded(async () => {
    job.value = await send<Job<Outcome>>("POST", `/api/jobs/${job.value!.id}/cancel`);
  });
}

/** Show how far a job is until it ends, then what came of it. */
async function follow(begun: Job<Outcome>): Promise<void> {
  job.value = begun;
  remember(begun.id);
  while (job.value && job.value.id === begun.id && ["queued", "running"].includes(job.value.state)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const now: Job<Outcome> = await ask<Job<Outcome>>(`/api/jobs/${begun.id}`);
    if (job.value?.id === begun.id) job.value = now;
  }
  const result = job.value?.result;
  if (job.value?.state !== "done" || !result) return;
  if (result.state === "tried") {
    outline.value = await ask<GeoJSON.FeatureCollection>(`/api/uploads/${upload.value!.id}/outline.json`);
  } else {
    outline.value = null;
    // The county may have come into being: where it lies is asked anew.
    [me.value] = await Promise.all([ask<Me>("/api/session"), load(), loadVerdict()]);
    changed.value += 1;
  }
}
