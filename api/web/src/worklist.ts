// The worklist's state: what is asked for, kept in the address, and what the service says of it.

import { computed, effect, signal } from "@preact/signals";
import { ask, Problem, send, type Bbox, type Finding } from "./api";

export const STATES = ["reopened", "assigned", "fixed", "accepted", "verified"] as const;
export type State = (typeof STATES)[number];
export const OPEN: State[] = ["reopened", "assigned"];

export interface Named {
  code: string;
  name: string | null;
  name_en: string | null;
  level?: string | null;
}
export interface Task {
  id: number;
  finding: string;
  rule: string;
  severity: Finding["severity"];
  state: State;
  overdue: boolean;
  found: boolean;
  due: string;
  reopened: number;
  version: number;
  note: string | null;
  fixed_at: string | null;
  fixed_by: string | null;
  verified_at: string | null;
  assignee: Named;
  person: { code: string; name: string } | null;
  area: Finding["area"];
  point: [number, number];
  bbox: Bbox;
  message: string;
  message_zh: string;
  fix: string;
  fix_zh: string;
  may_fix: boolean;
  may_assign: boolean;
}
export interface TaskDetail extends Task {
  geometry: GeoJSON.Geometry;
}
export interface LogLine {
  at: string;
  actor: string;
  change: "assigned" | "due" | "fixed" | "verified" | "reopened" | "followed";
  due: string;
  assignee: Named;
  person: string | null;
  note: string | null;
}
export type StateCounts = Record<State | "overdue", number>;
export interface Counts {
  today: string;
  total: StateCounts;
  towns: (StateCounts & Named)[];
  unassigned: { rule: string; name: string; name_zh: string; n: number }[];
  may_assign: boolean;
}
export interface Spot {
  id: number;
  finding: string;
  rule: string;
  state: State;
  overdue: boolean;
  point: [number, number];
}
export interface Choices {
  areas: Named[];
  people: { code: string; name: string; role: string; place: string }[];
}
export interface Assigned {
  assigned: number;
  reassigned: number;
  skipped: { finding: string; reason: string; reason_zh: string }[];
}
interface TaskList {
  numberMatched: number;
  tasks: Task[];
}

const PAGE = 50;
const said = new URLSearchParams(location.search);
/** Which tasks are shown; `open` stands for the two states in which somebody has to act. */
export const asked = signal({
  state: (said.get("state") ?? "open") as State | "open" | "overdue" | "all",
  area: said.get("area") ?? "",
});
export const counts = signal<Counts | null>(null);
export const listed = signal<TaskList | null>(null);
export const spots = signal<{ more: boolean; spots: Spot[] }>({ more: false, spots: [] });
export const task = signal<TaskDetail | null>(null);
export const fault = signal<Problem | null>(null);

/** The filter as the service takes it. */
export const query = computed(() => {
  const { state, area } = asked.value;
  const given = new URLSearchParams();
  if (state === "open") for (const each of OPEN) given.append("state", each);
  else if (state === "overdue") given.set("overdue", "true");
  else if (state !== "all") given.set("state", state);
  if (area) given.set("area", area);
  return given.toString();
});

async function guarded(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    fault.value = null;
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    fault.value = error;
    return false;
  }
}

let asks = 0;

/** Ask for the list, the places and the numbers; a later answer is never overtaken by an earlier one. */
export function load(): Promise<boolean> {
  const own = ++asks;
  const filter = query.peek();
  return guarded(async () => {
    const [list, places, numbers] = await Promise.all([
      ask<TaskList>(`/api/worklist?${filter}&limit=${PAGE}`),
      ask<{ more: boolean; spots: Spot[] }>(`/api/worklist/places?${filter}`),
      ask<Counts>("/api/worklist/counts"),
    ]);
    if (own !== asks) return;
    [listed.value, spots.value, counts.value] = [list, places, numbers];
  });
}

export function loadMore(): Promise<boolean> {
  const own = asks;
  return guarded(async () => {
    const before = listed.peek()?.tasks ?? [];
    const list = await ask<TaskList>(`/api/worklist?${query.peek()}&limit=${PAGE}&offset=${before.length}`);
    if (own === asks) listed.value = { ...list, tasks: [...before, ...list.tasks] };
  });
}

let began = false;

/** Begin to ask whenever the filter changes, which the address keeps. */
export function begin(): void {
  if (began) return;
  began = true;
  effect(() => {
    const { state, area } = asked.value;
    const kept = new URLSearchParams();
    if (state !== "open") kept.set("state", state);
    if (area) kept.set("area", area);
    const search = kept.toString();
    history.replaceState(null, "", `${location.pathname}${search ? `?${search}` : ""}${location.hash}`);
    void load();
  });
}

export function openTask(id: number): Promise<boolean> {
  return guarded(async () => {
    task.value = await ask<TaskDetail>(`/api/worklist/${id}`);
  });
}

export async function taskOf(finding: string): Promise<Task | null> {
  const found = await ask<TaskList>(`/api/worklist?${new URLSearchParams({ finding })}`);
  return found.tasks[0] ?? null;
}

/** Open the task of a finding, which an address keeps. */
export function openKept(finding: string | null): void {
  if (!finding) return;
  void guarded(async () => {
    const found = await taskOf(finding);
    if (found) await openTask(found.id);
  });
}

export function report(of: Task, note: string): Promise<TaskDetail> {
  return send<TaskDetail>("POST", `/api/worklist/${of.id}/fixed`, { note, version: of.version });
}

export function assign(what: object): Promise<Assigned> {
  return send<Assigned>("POST", "/api/worklist", what);
}

/** So many days from today, or from a day, as a date. */
export function dayFrom(days: number, start = new Date()): string {
  const day = new Date(start);
  day.setDate(day.getDate() + days);
  // The reader's own day, not Greenwich's.
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/** By how many days a task is late. */
export function lateDays(of: { due: string }, today: string): number {
  return Math.round((Date.parse(today) - Date.parse(of.due)) / 86_400_000);
}
