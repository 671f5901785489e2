// The register of accepted exceptions: what the service tells of it, and the acts upon it.

import { signal } from "@preact/signals";
import { ask, send, type Finding, type Severity } from "./api";
import { finding, loadVerdict, recounted, renewFinding } from "./state";

export const STATES = ["in_force", "expired", "gone", "revoked"] as const;
export type State = (typeof STATES)[number];

export interface Decision {
  reason: string;
  accepted_by: string;
  accepted_at: string;
  until: string | null;
  ended_at: string | null;
  ended_by: string | null;
}
export interface Accepted extends Pick<Finding, "grids" | "area" | "area_m2" | "households" | "point" | "message" | "message_zh"> {
  id: string;
  rule: string;
  severity: Severity;
  state: State;
  found: boolean;
  decision: Decision;
  earlier: Decision[];
  may_change: boolean;
}
export interface AcceptedList {
  numberMatched: number;
  counts: Partial<Record<State, number>>;
  exceptions: Accepted[];
}

// The finding that was decided on just now: the keyboard goes along to what became of it.
export const decided = signal<string | null>(null);

const REGISTER = "/api/coverage/accepted";
export const REGISTER_FILE = `${REGISTER}/file.json`;

export function register(query: Record<string, string>): Promise<AcceptedList> {
  return ask<AcceptedList>(`${REGISTER}?${new URLSearchParams(query)}`);
}

/** Accept a finding, or say anew why and until when. */
export async function accept(id: string, reason: string, until: string | null): Promise<void> {
  await send("PUT", `${REGISTER}/${encodeURIComponent(id)}`, { reason, until });
  await told(id);
}

/** Take an exception back. */
export async function revoke(id: string): Promise<void> {
  await send("DELETE", `${REGISTER}/${encodeURIComponent(id)}`);
  await told(id);
}

/** Let verdict, lists, map and the open card say what has become of it. */
async function told(id: string): Promise<void> {
  decided.value = id;
  await Promise.all([loadVerdict(), finding.peek()?.id === id ? renewFinding() : undefined]);
  recounted.value += 1;
}

/** How many days a decision still holds, today not counted; null where it has no end. */
export function daysLeft(of: Decision): number | null {
  return of.until === null ? null : (Date.parse(of.until) - Date.parse(countyDay())) / 86_400_000;
}

/** A day of the county's, so many days from now. */
export function countyDay(days = 0): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(Date.now() + days * 86_400_000);
}
