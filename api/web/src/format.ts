// Numbers, areas and distances as the reader's language writes them.

import type { Language } from "./words";

const MU_M2 = 10_000 / 15;
const LOCALE = { zh: "zh-CN", en: "en-GB" } as const;

export function count(language: Language, value: number): string {
  return new Intl.NumberFormat(LOCALE[language]).format(value);
}

function figures(language: Language, value: number): string {
  const digits = Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(LOCALE[language], digits).format(value);
}

/** An area in the reader's own unit first: 亩, or m² and km². */
export function land(language: Language, m2: number): [string, string] {
  const mu = `${figures(language, m2 / MU_M2)} ${language === "zh" ? "亩" : "mu"}`;
  const metric = m2 >= 1e5 ? `${figures(language, m2 / 1e6)} km²` : `${figures(language, m2)} m²`;
  return language === "zh" ? [mu, metric] : [metric, mu];
}

export function metres(language: Language, value: number): string {
  if (value >= 1000) return `${figures(language, value / 1000)} ${language === "zh" ? "公里" : "km"}`;
  if (value >= 1) return `${figures(language, value)} ${language === "zh" ? "米" : "m"}`;
  if (value >= 0.01) return `${figures(language, value * 100)} ${language === "zh" ? "厘米" : "cm"}`;
  return `${figures(language, value * 1000)} ${language === "zh" ? "毫米" : "mm"}`;
}

export function day(language: Language, moment: string): string {
  const format = new Intl.DateTimeFormat(LOCALE[language], { dateStyle: "medium" });
  return format.format(new Date(moment));
}

/** The size of a file. */
export function bytes(language: Language, value: number): string {
  const [unit, size] = value >= 1e6 ? ["MB", value / 1e6] : value >= 1e3 ? ["KB", value / 1e3] : ["B", value];
  return `${figures(language, size)} ${unit}`;
}
