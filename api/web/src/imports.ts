// What the import page knows and does: one file at a time, from the drop to the commit.

import { computed, signal } from "@preact/signals";
import { ask, CALLED_OFF, Problem, send, sendFile } from "./api";
import type { ImportInfo, Job, KindInfo, KindList, Me, Outcome } from "./api";
import { changed, loadVerdict, me, outline } from "./state";
import type { Word } from "./words";

export interface Settings {
  crs: string;
  encoding: string;
  layer: string;
  replace: string;
  columns: Record<string, string>;
  as_is: boolean;
}
const FRESH: Settings = { crs: "", encoding: "", layer: "", replace: "", columns: {}, as_is: false };
// Most files are read in a moment: asked after soon at first, then less and less often.
const FIRST_MS = 120;
const POLL_MS = 500;
const AGAIN_MS = 2000;
// While the service or the network is away, the work goes on: it is asked after until they are back.
const AWAY = [0, 502, 503, 504];

export const kinds = signal<KindInfo[]>([]);
export const levels = signal<KindList["levels"]>({});
export const past = signal<ImportInfo[]>([]);
export const step = signal("areas");
export const named = signal("");
export const upload = signal<{ id: string; name: string } | null>(null);
export const sent = signal<number | null>(null);
export const settings = signal<Settings>(FRESH);
// What the shown trial was made with: other settings make it stale.
export const tried = signal<Settings | null>(null);
// Whether one looks at how the file is read; that stays from one trial to the next.
export const unfolded = signal(false);
export const job = signal<Job<Outcome> | null>(null);
export const fault = signal<Problem | null>(null);
// A job is being asked for, or what came of it: what was shown before holds no longer.
export const asking = signal(false);
// The check that follows an import: under way, or done.
export const following = signal<Job<unknown> | null>(null);
// Whether the reader has done something here: then the keyboard goes along with what appears.
export const begun = signal(false);
// What was sent last, for sending it again; and what ends the sending.
let last: File[] = [];
let sending = new AbortController();

// -- what comes first ----------------------------------------------------------------------------

/** One row of the list of what can be brought in: a step of the way, or a kind of data. */
export interface Step {
  id: string;
  kind: KindInfo;
  rows: number;
  title: Word | null;
  hint: Word | null;
}

// A county begins with these, in this order; the first two come as one kind.
const WAY: { id: string; kind: string; title: Word | null; hint: Word }[] = [
  { id: "county", kind: "areas", title: "stepCounty", hint: "stepCountyHint" },
  { id: "villages", kind: "areas", title: "stepVillages", hint: "stepVillagesHint" },
  { id: "grids", kind: "grids", title: null, hint: "stepGridsHint" },
  { id: "households", kind: "households", title: null, hint: "stepHouseholdsHint" },
];

export const way = computed<Step[]>(() => {
  const counted: Record<string, number | undefined> = { county: levels.value.county ?? 0, villages: levels.value.village ?? 0 };
  return WAY.flatMap(({ id, kind: name, title, hint }) => {
    const kind = kinds.value.find((each) => each.name === name);
    return kind ? [{ id, kind, rows: counted[id] ?? kind.rows, title, hint }] : [];
  });
});
/** The next step of a county that is not whole yet; null once it has all four. */
export const next = computed(() => way.value.find((each) => each.rows === 0) ?? null);
export const guided = computed(() => next.value !== null);
export const others = computed<Step[]>(() => {
  const held = guided.value ? way.value.map((each) => each.kind.name) : [];
  const left = kinds.value.filter((each) => !held.includes(each.name));
  return left.map((kind) => ({ id: kind.name, kind, rows: kind.rows, title: null, hint: null }));
});
export const chosen = computed(() => [...way.value, ...others.value].find((each) => each.id === step.value)?.kind ?? null);
export const title = computed(() => (chosen.value?.named ? `${chosen.value.name}:${named.value.trim()}` : (chosen.value?.name ?? "")));
export const stale = computed(() => JSON.stringify(settings.value) !== JSON.stringify(tried.value));
export const busy = computed(() => asking.value || sent.value !== null || ["queued", "running"].includes(job.value?.state ?? ""));
/** What a finished trial found; null while there is none. */
export const trial = computed(() => {
  const held = job.value;
  return held?.state === "done" && held.kind === "import" && held.result && held.result.state !== "imported" ? held.result : null;
});

// -- asking --------------------------------------------------------------------------------------

async function guarded(work: () => Promise<void>): Promise<void> {
  fault.value = null;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) me.value = null;
    else if (error.status !== CALLED_OFF) fault.value = error;
  }
}

export function load(): Promise<void> {
  return guarded(async () => {
    const [all, list] = await Promise.all([
      ask<KindList>("/api/imports/kinds"),
      ask<{ imports: ImportInfo[] }>("/api/imports?limit=20"),
    ]);
    const first = kinds.value.length === 0;
    [kinds.value, levels.value, past.value] = [all.kinds, all.levels, list.imports];
    if (first) suggest();
  });
}

/** Choose what comes next. */
function suggest(): void {
  step.value = (next.value ?? others.value[0])?.id ?? "";
}

/** Take up what this page was doing when it was left. */
export async function resume(): Promise<void> {
  const id = new URLSearchParams(location.search).get("job");
  if (!id || job.value) return;
  await guarded(async () => {
    const found = await ask<Job<Outcome>>(`/api/jobs/${encodeURIComponent(id)}`);
    const params = found.params as Partial<Settings> & { kind?: string; upload?: string; name?: string };
    if (params.kind) {
      const [name, own] = params.kind.split(":");
      named.value = own ?? "";
      if (chosen.value?.name !== name) step.value = way.value.find((each) => each.kind.name === name)?.id ?? name!;
      upload.value = { id: params.upload!, name: params.name! };
      const { crs, encoding, layer, replace, columns, as_is } = params;
      const made = { crs: crs ?? "", encoding: encoding ?? "", layer: layer ?? "", replace: replace ?? "", columns: columns ?? {}, as_is: as_is ?? false };
      [settings.value, tried.value] = [made, made];
    }
    await follow(found);
  });
}

function clear(): void {
  [upload.value, job.value, tried.value, outline.value, fault.value, following.value] = [null, null, null, null, null, null];
  [settings.value, unfolded.value] = [FRESH, false];
}

/** Begin anew, with what comes next. */
export function forget(): void {
  begun.value = true;
  clear();
  remember(null);
  const done = guided.value ? way.value.find((each) => each.id === step.value)?.rows !== 0 : chosen.value === null;
  if (done) suggest();
}

function remember(id: string | null): void {
  const query = id ? `?job=${id}` : "";
  history.replaceState(null, "", `${location.pathname}${query}${location.hash}`);
}

// -- doing ---------------------------------------------------------------------------------------

/** Send the parts of a file, then try it. */
export function take(files: File[]): Promise<void> {
  if (busy.value || files.length === 0 || !chosen.value) return Promise.resolve();
  [begun.value, last] = [true, files];
  clear();
  return guarded(async () => {
    const { upload: id, max_mb } = await send<{ upload: string; max_mb: number }>("POST", "/api/uploads");
    const whole = files.reduce((sum, file) => sum + file.size, 0);
    // Told before it is sent: a connection that the service closes says nothing.
    if (whole > max_mb * 1024 * 1024) throw tooLarge(whole, max_mb);
    let before = 0;
    [sent.value, sending] = [0, new AbortController()];
    try {
      for (const file of files) {
        const path = `/api/uploads/${id}/${encodeURIComponent(file.name)}`;
        await sendFile(path, file, (share) => (sent.value = (before + share * file.size) / Math.max(1, whole)), sending.signal);
        before += file.size;
      }
      const main = files.find((file) => /\.(shp|tab|mif)$/i.test(file.name)) ?? files[0]!;
      upload.value = { id, name: main.name };
    } finally {
      sent.value = null;
    }
    await run(true);
  });
}

/** Send once more what did not arrive. */
export function takeAgain(): Promise<void> {
  return take(last);
}

function tooLarge(bytes: number, most: number): Problem {
  const size = Math.ceil(bytes / 1024 / 1024);
  return new Problem(
    413,
    `文件有 ${size} MB，这里最多收 ${most} MB。请拆成几个，或请管理员调大 WANGGE_MAX_UPLOAD_MB。`,
    `The file has ${size} MB, and at most ${most} MB are taken here. Split it, or have WANGGE_MAX_UPLOAD_MB raised.`,
  );
}

/** Try the upload, or bring it in. */
export function run(dry: boolean, partial = false): Promise<void> {
  const { crs, encoding, layer, replace, columns, as_is } = settings.value;
  [begun.value, tried.value, job.value] = [true, settings.value, null];
  return guarded(async () => {
    const body = {
      upload: upload.value!.id, kind: title.value, dry_run: dry, partial, as_is, columns,
      crs: crs || null, encoding: encoding || null, layer: layer || null, replace: replace || null,
    };
    await follow(await begin("/api/imports", body));
  });
}

async function begin(path: string, body?: unknown): Promise<Job<Outcome>> {
  asking.value = true;
  try {
    job.value = await send<Job<Outcome>>("POST", path, body);
  } finally {
    asking.value = false;
  }
  return job.value;
}

/** Say how the file is read, and look again. */
export function tryWith(change: Partial<Settings>): Promise<void> {
  settings.value = { ...settings.value, ...change };
  return run(true);
}

export function undo(id: number): Promise<void> {
  begun.value = true;
  clear();
  return guarded(async () => follow(await begin(`/api/imports/${id}/undo`)));
}

export function cancel(): Promise<void> {
  if (sent.value !== null) {
    sending.abort();
    return Promise.resolve();
  }
  return guarded(async () => {
    job.value = await send<Job<Outcome>>("POST", `/api/jobs/${job.value!.id}/cancel`);
  });
}

/** Ask after a job until it ends; ``shown`` tells whether anybody still wants to know. */
async function ended<T>(begun: Job<T>, shown: () => boolean, tell: (now: Job<T>) => void): Promise<void> {
  let now = begun;
  for (let pause = FIRST_MS; ["queued", "running"].includes(now.state); pause = Math.min(pause * 1.5, POLL_MS)) {
    await new Promise((resolve) => setTimeout(resolve, fault.value ? AGAIN_MS : pause));
    if (!shown()) return;
    try {
      now = await ask<Job<T>>(`/api/jobs/${begun.id}`);
      if (AWAY.includes(fault.value?.status ?? -1)) fault.value = null;
    } catch (error) {
      if (!(error instanceof Problem) || !AWAY.includes(error.status)) throw error;
      fault.value = error;
    }
    if (shown()) tell(now);
  }
}

/** Show how far a job is until it ends, then what came of it. */
async function follow(first: Job<Outcome>): Promise<void> {
  job.value = first;
  remember(first.id);
  const ours = () => job.value?.id === first.id;
  await ended(first, ours, (now) => {
    // Its end is shown once the page knows what has become of the county.
    if (now.state === "done") asking.value = true;
    job.value = now;
  });
  try {
    if (ours()) await learn(job.value!);
  } finally {
    asking.value = false;
  }
  const changes = job.value?.kind === "undo" || job.value?.result?.state === "imported";
  if (ours() && job.value!.state === "done" && changes) await followCheck(first.created_at, ours);
}

/** Ask for what a finished job has made: shapes to look at, or a county that has changed. */
async function learn({ state, kind, result }: Job<Outcome>): Promise<void> {
  if (state !== "done" || !result) return;
  if (result.state === "tried") {
    outline.value = await ask<GeoJSON.FeatureCollection>(`/api/uploads/${upload.value!.id}/outline.json`);
  } else if (result.state === "imported" || kind === "undo") {
    outline.value = null;
    // The county may have come into being: where it lies is asked anew.
    [me.value] = await Promise.all([ask<Me>("/api/session"), load(), loadVerdict()]);
    changed.value += 1;
  }
}

/** An import is followed by a check, where there are grids: show it, and what it says. */
async function followCheck(since: string, ours: () => boolean): Promise<void> {
  const { jobs } = await ask<{ jobs: Job<unknown>[] }>("/api/jobs?kind=check&limit=1");
  const check = jobs[0];
  if (!check || Date.parse(check.created_at) < Date.parse(since) || !ours()) return;
  following.value = check;
  await ended(check, ours, (now) => (following.value = now));
  if (!ours()) return;
  await loadVerdict();
  changed.value += 1;
}
