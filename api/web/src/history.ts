// The checks over time: what the service tells of them, and what a chart makes of it.

import { ask, type Finding } from "./api";
import type { Language } from "./words";

export interface CheckPoint {
  id: number;
  version: { id: number; title: string | null };
  finished_at: string;
  by: string;
  errors: number;
  warnings: number;
  accepted: number;
  uncovered_km2: number;
  households_uncovered: number;
  new: number | null;
  gone: number | null;
  rules_off: string[];
}
export interface History {
  numberMatched: number;
  checks: CheckPoint[];
}
export interface Changed extends Pick<Finding, "id" | "rule" | "severity" | "area" | "point" | "message" | "message_zh"> {
  stands: boolean;
}
export interface Changes {
  check: number;
  before: number | null;
  new_count: number;
  gone_count: number;
  new: Changed[];
  gone: Changed[];
}

export function checks(limit: number): Promise<History> {
  return ask<History>(`/api/coverage/history?limit=${limit}`);
}

export function changesOf(check: number): Promise<Changes> {
  return ask<Changes>(`/api/coverage/history/${check}?limit=100`);
}

export const MEASURES = ["errors", "warnings", "land", "homes"] as const;
export type Measure = (typeof MEASURES)[number];
const MU_M2 = 10_000 / 15;

/** How high a check's bar is; land in the reader's unit. */
export function height(measure: Measure, check: CheckPoint, language: Language): number {
  if (measure === "homes") return check.households_uncovered;
  if (measure !== "land") return check[measure];
  const m2 = check.uncovered_km2 * 1e6;
  return language === "zh" ? m2 / MU_M2 : m2;
}

/** Lines across a chart: nought, and two to five round numbers of which the last is not below the most. */
export function ticks(most: number): number[] {
  if (most <= 0) return [0, 1];
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max([1, 2, 5, 10].find((each) => each * power >= rough)! * power, most >= 1 ? 1 : 0);
  const n = Math.ceil(most / step - 1e-9);
  return Array.from({ length: n + 1 }, (_, at) => at * step);
}
