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

export interface AcceptedMany {
  accepted: number;
  findings: string[];
  skipped: { finding: string; reason: string; reason_zh: string }[];
}

/** Who decides on exceptions. */
export const DECIDERS = ["administrator", "planner"];
/** So many are decided on at once at most. */
export const MOST_AT_ONCE = 1_000;

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

/** Accept all open findings of a rule or an area, as many as were seen. */
export async function acceptAll(what: object): Promise<AcceptedMany> {
  const made = await send<AcceptedMany>("POST", REGISTER, what);
  await renewed(made.findings);
  return made;
}

/** Take back what was accepted in one act. */
export async function revokeAll(findings: string[]): Promise<void> {
  await send("POST", `${REGISTER}/revocations`, { findings });
  await renewed(findings);
}

async function told(id: string): Promise<void> {
  decided.value = id;
  await renewed([id]);
}

/** Let verdict, lists, map and the open card say what has become of them. */
async function renewed(ids: string[]): Promise<void> {
  await Promise.all([loadVerdict(), ids.includes(finding.peek()?.id ?? "") ? renewFinding() : undefined]);
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
