// The county's rules: as the service has them, and as they are being changed.

import { computed, signal } from "@preact/signals";
import { ask, Problem, send, type Severity } from "./api";

export interface Rule {
  code: string;
  name: string;
  name_zh: string;
  reason: string;
  reason_zh: string;
  on: boolean;
  severity: Severity;
  usual_severity: Severity;
  privacy: "open" | "individual" | "sensitive";
  limits: string[];
  page: string;
}
export type Ends = { least: number; most: number };
export type Kinds = Record<"rural" | "community" | "dedicated", Ends>;
export type Value = number | Ends | Kinds;
export interface Limit {
  key: string;
  name: string;
  name_zh: string;
  unit: string;
  unit_zh: string;
  form: "number" | "range" | "kinds";
  low: number;
  high: number;
  value: Value;
  usual: Value;
  by_area: boolean;
}
export interface AreaLimits {
  code: string;
  name: string;
  name_en: string | null;
  limits: Record<string, Value>;
}
export interface Book {
  rules: Rule[];
  limits: Limit[];
  areas: AreaLimits[];
  changed_at: string | null;
  changed_by: string | null;
}

export const kept = signal<Book | null>(null);
export const draft = signal<Book | null>(null);
export const fault = signal<Problem | null>(null);
export const saving = signal(false);
export const saved = signal(false);

/** How many rules and thresholds differ from what is kept. */
export const changes = computed(() => (kept.value && draft.value ? differing(kept.value, draft.value) : 0));

export function differing(one: Book, two: Book): number {
  const rules = two.rules.filter((rule, at) => rule.on !== one.rules[at]!.on || rule.severity !== one.rules[at]!.severity);
  const limits = two.limits.filter((limit, at) => !equal(limit.value, one.limits[at]!.value));
  const codes = new Set([...one.areas, ...two.areas].map((each) => each.code));
  const own = (book: Book, code: string) => book.areas.find((each) => each.code === code)?.limits ?? {};
  const areas = [...codes].flatMap((code) =>
    [...new Set([...Object.keys(own(one, code)), ...Object.keys(own(two, code))])].filter(
      (key) => !equal(own(one, code)[key], own(two, code)[key]),
    ),
  );
  return rules.length + limits.length + areas.length;
}

export function equal(one: unknown, two: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(two);
}

/** What is said to the service: what is as it comes is left out. */
export function said(book: Book): unknown {
  const rules = book.rules
    .filter((rule) => !rule.on || rule.severity !== rule.usual_severity)
    .map((rule) => [
      rule.code,
      { ...(rule.on ? {} : { on: false }), ...(rule.severity === rule.usual_severity ? {} : { severity: rule.severity }) },
    ]);
  const limits = book.limits.filter((limit) => !equal(limit.value, limit.usual)).map((limit) => [limit.key, limit.value]);
  const areas = book.areas.filter((each) => Object.keys(each.limits).length).map((each) => [each.code, each.limits]);
  return { rules: Object.fromEntries(rules), limits: Object.fromEntries(limits), areas: Object.fromEntries(areas) };
}

async function guarded(work: () => Promise<Book>): Promise<void> {
  fault.value = null;
  try {
    kept.value = draft.value = await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    fault.value = error;
  }
}

export function load(): Promise<void> {
  return guarded(() => ask<Book>("/api/rules"));
}

export async function save(): Promise<void> {
  saving.value = true;
  saved.value = false;
  await guarded(() => send<Book>("PUT", "/api/rules", said(draft.value!)));
  saving.value = false;
  saved.value = fault.value === null;
}

export function discard(): void {
  draft.value = kept.value;
  fault.value = null;
}

function changed(some: Partial<Book>): void {
  saved.value = false;
  draft.value = { ...draft.value!, ...some };
}

export function setRule(code: string, some: Partial<Pick<Rule, "on" | "severity">>): void {
  changed({ rules: draft.value!.rules.map((rule) => (rule.code === code ? { ...rule, ...some } : rule)) });
}

export function setLimit(key: string, value: Value): void {
  changed({ limits: draft.value!.limits.map((limit) => (limit.key === key ? { ...limit, value } : limit)) });
}

/** Set a threshold of a town or a village; without a value it has none of its own. */
export function setAreaLimit(area: Omit<AreaLimits, "limits">, key: string, value?: Value): void {
  const areas = draft.value!.areas.some((each) => each.code === area.code)
    ? draft.value!.areas
    : [...draft.value!.areas, { ...area, limits: {} }];
  changed({
    areas: areas
      .map((each) => {
        if (each.code !== area.code) return each;
        const { [key]: _, ...rest } = each.limits;
        return { ...each, limits: value === undefined ? rest : { ...rest, [key]: value } };
      })
      .filter((each) => Object.keys(each.limits).length),
  });
}
