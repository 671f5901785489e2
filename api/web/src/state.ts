// What the page knows: signals, and the few actions that change them.

import { batch, computed, signal } from "@preact/signals";
import { ask, Problem, send } from "./api";
import type { Chain, FindingDetail, FindingList, GridDetail, Job, Me, Verdict } from "./api";
import { count } from "./format";
import { read } from "./permalink";
import { say, type Language, type Word } from "./words";

const link = read(location.hash);

export const language = signal<Language>(link.lang ?? "zh");
export const me = signal<Me | null | undefined>(undefined); // undefined: not known yet
export const verdict = signal<Verdict | null>(null);
export const problem = signal<Problem | null>(null);
export const finding = signal<FindingDetail | null>(null);
export const grid = signal<GridDetail | null>(null);
// Who answers for the place that was clicked.
export const here = signal<Chain | null>(null);
// Whether the live map has been drawn; until then, and where it cannot be, the sketch stands.
export const mapShown = signal(false);
export const zoom = signal(0);
export const layers = signal({ grids: true, findings: true, households: true, ground: true });
export const checking = signal(false);
// What lies over the map while something is being tried: each feature is new, changed or closed.
export const outline = signal<GeoJSON.FeatureCollection | null>(null);
// Who is told of a click on the map instead of the cards: where, as longitude and latitude.
export const placing = signal<((at: [number, number]) => void) | null>(null);
// On a phone: whether the panel's sheet is up.
export const sheet = signal(false);
// Counts up whenever this page has changed what the map shows.
export const changed = signal(0);
// Counts up whenever the same findings are counted, and drawn, in another way; nothing has moved.
export const recounted = signal(0);
// While this is on, a card says something anew, and the map stays where it is.
export const still = signal(false);

const PAGES = ["check", "import", "unlocated", "export", "members", "incidents", "worklist", "rules", "exceptions", "history"] as const;
export type Page = (typeof PAGES)[number];
const [first, second] = location.pathname.split("/").filter(Boolean);
/** Which task the panel is for: the first part of the address. */
export const page: Page = PAGES.find((each) => first === each) ?? "check";
/** Of which place: the second part. */
export const place: string | null = second ?? null;

export type LayerName = keyof typeof layers.value;

/** Say a word in the reader's language; it follows the switch. */
export function t(word: Word, gaps: Record<string, string> = {}): string {
  return say(language.value, word, gaps);
}

/** Say how many there are of something that has a word for one. */
export function counted(word: "have" | "ofRead" | "commit" | "commitGood", n: number): string {
  return t(n === 1 ? `${word}One` : word, { n: count(language.value, n) });
}

/** Choose between a Chinese and an English text. */
export function pick(zh: string | null, en: string | null): string {
  return (language.value === "zh" ? zh : en) ?? zh ?? "";
}

export const reference = computed(() => verdict.value?.check?.finished_at ?? null);

async function guarded(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    problem.value = null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) me.value = null;
    else problem.value = error;
  }
}

// The answer to "who am I" is asked for while the page's code is still being read.
export function start(): Promise<void> {
  return guarded(async () => {
    me.value = await ask<Me>("/api/session");
    await begin();
  });
}

/** Ask for what the page is about; a page with a subject of its own asks for that. */
async function begin(): Promise<void> {
  if (page !== "members") await loadVerdict();
}

export function loadVerdict(): Promise<void> {
  return guarded(async () => {
    verdict.value = await ask<Verdict>("/api/coverage");
  });
}

export async function signIn(username: string, password: string): Promise<void> {
  me.value = await send<Me>("POST", "/api/session", { username, password });
  await begin();
}

export async function signOut(): Promise<void> {
  await guarded(() => send<void>("DELETE", "/api/session"));
  // A new page, so that nothing of the last reader's stays in memory.
  location.reload();
}

export function checkNow(): Promise<void> {
  checking.value = true;
  return guarded(async () => {
    let job = await send<Job<unknown>>("POST", "/api/coverage/check");
    while (job.state === "queued" || job.state === "running") {
      await new Promise((resolve) => setTimeout(resolve, 500));
      job = await ask<Job<unknown>>(`/api/jobs/${job.id}`);
    }
    if (job.state === "failed") throw new Problem(0, job.error_zh ?? "", job.error ?? "");
    location.reload();
  }).finally(() => {
    checking.value = false;
  });
}

export function findings(query: Record<string, string>): Promise<FindingList> {
  const said = Object.entries(query).filter(([, value]) => value);
  return ask<FindingList>(`/api/coverage/findings?${new URLSearchParams(said)}`);
}

export function openFinding(id: string): Promise<void> {
  return guarded(async () => {
    show({ finding: await ask<FindingDetail>(`/api/coverage/findings/${encodeURIComponent(id)}`) });
  });
}

/** Ask again for the finding whose card is open: something of it is no longer so. */
export function renewFinding(): Promise<void> {
  return guarded(async () => {
    const id = finding.peek()?.id;
    const found = id && (await ask<FindingDetail>(`/api/coverage/findings/${encodeURIComponent(id)}`));
    // Meanwhile another card may have been opened.
    if (!found || finding.peek()?.id !== id) return;
    still.value = true;
    finding.value = found;
    still.value = false;
  });
}

export function openGrid(code: string): Promise<void> {
  return guarded(async () => {
    show({ grid: await ask<GridDetail>(`/api/grids/${encodeURIComponent(code)}`) });
  });
}

/**
 * Open the card of a place: who answers for it; or, where a finding was meant, that finding's, which
 * says beneath who answers. With `near` the service tells which finding is meant: one whose marker is
 * within so many metres, or that lies there.
 */
export function openPlace([lon, lat]: [number, number], meant: { finding?: string; near?: number } = {}): Promise<void> {
  return guarded(async () => {
    const query = new URLSearchParams({ lon: String(lon), lat: String(lat), within_m: (meant.near ?? 0).toFixed(1) });
    const chain = await ask<Chain>(`/api/locate?${query}`);
    const id = meant.finding ?? (meant.near !== undefined && layers.value.findings ? chain.findings[0]?.id : undefined);
    const found = id ? await ask<FindingDetail>(`/api/coverage/findings/${encodeURIComponent(id)}`) : null;
    show({ here: chain, finding: found });
  });
}

/** One card at a time: what is not named here is no longer shown. */
function show(card: { here?: Chain; finding?: FindingDetail | null; grid?: GridDetail }): void {
  batch(() => {
    here.value = card.here ?? null;
    finding.value = card.finding ?? null;
    grid.value = card.grid ?? null;
  });
}

export function closeCard(): void {
  show({});
}
