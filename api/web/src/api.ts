// The service's answers, and the one way to ask for them.

import type { Decision } from "./exceptions";

export type Bbox = [number, number, number, number];
export type Severity = "error" | "warning" | "info";

export interface Place {
  code: string;
  name: string;
  name_en: string | null;
  level: "county" | "town" | "village";
}
export interface Me {
  username: string;
  role: "administrator" | "planner" | "leader" | "party_officer" | "grid_worker" | "auditor";
  area: Place | null;
  grid_code: string | null;
  breadcrumb: Place[];
  bbox: Bbox;
  sees_households: boolean;
  may_check: boolean;
  synthetic: boolean;
  reference_date: string | null;
}
export interface Summary {
  grids: number;
  households: number;
  households_unlocated?: number;
  households_uncovered: number;
  parent_area_km2: number | null;
  uncovered_km2: number;
  errors: number;
  warnings: number;
  accepted?: number;
  blind_spots: boolean | null;
}
export interface ByTown {
  code: string;
  name: string;
  name_en: string | null;
  errors: number;
  warnings: number;
  accepted: number;
  households: number;
}
export interface ByRule {
  rule: string;
  name: string;
  name_zh: string;
  severity: Severity;
  count: number;
  accepted: number;
  households: number;
}
export interface Verdict {
  check: { id: number; finished_at: string } | null;
  summary: Summary | null;
  by_town: ByTown[];
  by_rule: ByRule[];
  synthetic: boolean;
  reference_date: string | null;
}
export interface Finding {
  id: string;
  rule: string;
  name: string;
  severity: Severity;
  grids: { code: string; name: string | null; name_en: string | null }[];
  area: { code: string; name: string; name_en: string | null; town_name: string | null; town_name_en: string | null } | null;
  area_m2: number;
  width_m: number;
  length_m: number;
  households: number;
  point: [number, number];
  bbox: Bbox;
  message: string;
  message_zh: string;
  fix: string | null;
  fix_zh: string | null;
  accepted: boolean;
}
export interface FindingDetail extends Finding {
  geometry: GeoJSON.Geometry;
  reason: string;
  reason_zh: string;
  exception: Decision | null;
  may_accept: boolean;
}
export interface FindingList {
  numberMatched: number;
  findings: Finding[];
}
export interface GridDetail {
  code: string;
  name: string;
  name_en: string | null;
  kind: "rural" | "community" | "dedicated";
  coverage: "exclusive" | "overlay";
  village: Place;
  town: Place | null;
  bbox: Bbox;
  area_km2: number;
  households: number;
  people: number;
  officials: Official[];
  findings: FindingHere[];
}
export interface FindingHere {
  id: string;
  rule: string;
}
export interface Official {
  role: "unit_head" | "grid_head" | "grid_worker" | "branch_secretary";
  name: string;
  phone: string | null;
  full_time: boolean | null;
}
export interface GridHere {
  code: string;
  name: string;
  name_en: string | null;
  kind: GridDetail["kind"];
  coverage: GridDetail["coverage"];
  officials: Official[];
}
/** Who answers for a place. */
export interface Chain {
  lon: number;
  lat: number;
  answer: "covered" | "several" | "nobody" | "outside" | "elsewhere";
  areas: Place[];
  unit: { code: string; name: string | null; officials: Official[] } | null;
  grid: GridHere | null;
  branch: { code: string; name: string; officials: Official[] } | null;
  also: GridHere[];
  nearest: (GridHere & { distance_m: number })[];
  findings: FindingHere[];
}
export interface Hit {
  kind: "area" | "grid";
  code: string;
  name: string;
  name_en: string | null;
  level: "county" | "town" | "village" | "grid";
  within: string;
  bbox: Bbox;
}
export interface SymbolPath {
  d: string;
  stroke: string | null;
  width: number;
  fill: string | null;
}
export interface SymbolImage {
  id: string;
  size: number;
  paths: SymbolPath[];
  repeats: boolean;
}
export interface LegendItem {
  id: string;
  label: { zh: string; en: string };
  symbol: { shape: string; color: string; image?: string; outline?: string; width?: number; dash?: number[]; casing?: string; opacity?: number };
  n: number | null;
}
export interface Legend {
  layer: string;
  title: { zh: string; en: string };
  unit: { zh: string; en: string };
  n: number | null;
  date: string | null;
  items: LegendItem[];
}

export interface Job<Result> {
  id: string;
  kind: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress: number;
  step: string;
  params: Record<string, unknown>;
  result: Result | null;
  error: string | null;
  error_zh: string | null;
  created_at: string;
}
export interface FieldInfo {
  name: string;
  zh: string;
  en: string;
  type: string;
  required: boolean;
  example: string;
  choices: string[];
}
export interface KindInfo {
  name: string;
  zh: string;
  en: string;
  shapes: "polygons" | "points" | "any" | "none";
  named: boolean;
  partial: boolean;
  rows: number;
  fields: FieldInfo[];
}
export interface KindList {
  kinds: KindInfo[];
  levels: Partial<Record<Place["level"], number>>;
}
/** What must be said before a file can be read. */
export interface Question {
  option: "crs" | "layer" | "encoding" | "columns";
  choices: string[];
  message: string;
  message_zh: string;
}
export interface RejectGroup {
  field: string;
  reason: string;
  code: string;
  value: string;
  n: number;
  rows: number[];
  message: string;
  message_zh: string;
  cure: string;
  cure_zh: string;
}
export interface Doubt {
  kind: string;
  area: string | null;
  distance_m: number;
  message: string;
  message_zh: string;
}
export interface Outcome {
  kind: string;
  file: string;
  state: "imported" | "unchanged" | "tried" | "rejected" | "doubted" | "asked";
  import: number | null;
  crs: string;
  headers: string[];
  columns: Record<string, string>;
  counts: Record<string, number>;
  notes: string[];
  hopeless: boolean;
  asks: Question | null;
  doubts: Doubt[];
  reject_groups: RejectGroup[];
}
export interface UnlocatedVillage extends Place {
  town_name: string | null;
  town_name_en: string | null;
  n: number;
  bbox: Bbox | null;
}
export interface Proposal {
  lon: number;
  lat: number;
  how: string;
  basis: string;
  spread_m: number;
}
export interface Unlocated {
  code: string;
  address: string;
  people: number | null;
  proposal: Proposal | null;
}
export interface UnlocatedList {
  village: Place;
  bbox: Bbox | null;
  households: Unlocated[];
}
export interface ImportInfo {
  id: number;
  kind: string;
  file: string;
  counts: Record<string, number>;
  undoes: number | null;
  undone_by: number | null;
  created_by: string;
  created_at: string;
}

/** A problem (RFC 9457), in both languages. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly zh: string,
    readonly en: string,
  ) {
    super(en);
  }
}

/** Ask the service; an error of any kind comes as a Problem. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers: { Accept: "application/json", ...init.headers } });
  } catch {
    throw new Problem(0, "没有连上服务，请检查网络。", "The service does not answer; check the network.");
  }
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const said = (await answer.json().catch(() => ({}))) as { detail?: string; detail_zh?: string };
  const en = said.detail ?? "Something went wrong.";
  throw new Problem(answer.status, said.detail_zh ?? "出了点问题，请重试。", en);
}

/** The status of what the reader himself has called off. */
export const CALLED_OFF = -1;

/** Send a file; a fetch does not tell how far it is. */
export function sendFile(path: string, file: File, told: (share: number) => void, off: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    off.addEventListener("abort", () => request.abort());
    request.onabort = () => reject(new Problem(CALLED_OFF, "", ""));
    request.open("PUT", path);
    request.upload.onprogress = (event) => told(event.loaded / Math.max(1, event.total));
    request.onerror = () => reject(new Problem(0, "没有连上服务，请检查网络。", "The service does not answer; check the network."));
    request.onload = () => {
      if (request.status < 300) return resolve();
      const said = parsed(request.responseText);
      reject(new Problem(request.status, said.detail_zh ?? "文件没有送达，请重试。", said.detail ?? "The file did not arrive; try again."));
    };
    request.send(file);
  });
}

function parsed(text: string): { detail?: string; detail_zh?: string } {
  try {
    return JSON.parse(text) as { detail?: string; detail_zh?: string };
  } catch {
    return {};
  }
}

export function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
  if (body === undefined) return ask<T>(path, { method });
  return ask<T>(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
}
