// The panel of the incident map: how many, the filter, and counts with what they are a share of.

import { useEffect } from "preact/hooks";
import { count, day } from "./format";
import {
  asked, begin, by, change, fault, heatQuery, kinds, legend, marks, STATUSES, table, TIERS, toggle, waiting, type By, type Choice, type Per,
} from "./incidents";
import { language, me, pick, t } from "./state";
import type { Word } from "./words";

export function IncidentsPanel() {
  useEffect(begin, []);
  return (
    <>
      <Head />
      <Filter />
      <Table />
      <Take />
    </>
  );
}

function Head() {
  const found = table.value;
  if (fault.value) return <p class="notice" role="alert">{pick(fault.value.zh, fault.value.en)}</p>;
  if (!found) return <p class="soft" role="status">{t("loading")}</p>;
  const n = (value: number) => count(language.value, value);
  const rate = found.households.listed && found.n !== null ? (found.n * 100) / found.households.listed : null;
  return (
    <section aria-busy={waiting.value}>
      <h1 class="group-title">{t("incidentsTitle")}</h1>
      <p role="status" class="incidents-n">
        <b>{found.n === null ? "—" : n(found.n)}</b> {t("incidentsN")}
        {rate !== null && (
          <small class="soft">
            {t("incidentsRate", { rate: rate.toLocaleString(language.value, { maximumSignificantDigits: 3 }), homes: n(found.households.listed) })}
          </small>
        )}
      </p>
      {found.n === 0 && <p class="notice">{t("incidentsNone")}</p>}
      {found.n === null && <p class="notice">{t("incidentsFew")}</p>}
    </section>
  );
}

// -- the filter ----------------------------------------------------------------------------------

function daysBack(days: number): string {
  const end = new Date(`${me.value!.reference_date ?? new Date().toISOString().slice(0, 10)}T00:00:00Z`);
  end.setUTCDate(end.getUTCDate() - days + 1);
  return end.toISOString().slice(0, 10);
}

function Filter() {
  const { from, to, per, bandwidth } = asked.value;
  const year = (me.value!.reference_date ?? new Date().toISOString()).slice(0, 4);
  const spans: [Word, string][] = [["allTime", ""], ["days30", daysBack(30)], ["days90", daysBack(90)], ["thisYear", `${year}-01-01`]];
  const alerts = (marks.value?.items ?? []).filter((each) => each.symbol.image?.startsWith("alert-"));
  return (
    <section class="filter">
      <h2>{t("period")}</h2>
      <div class="segments spans">
        {spans.map(([word, start]) => (
          <button key={word} type="button" aria-pressed={to === "" && from === start} onClick={() => change({ from: start, to: "" })}>{t(word)}</button>
        ))}
      </div>
      <div class="two">
        <label class="field">{t("from")}<input type="date" value={from} onChange={(event) => change({ from: event.currentTarget.value })} /></label>
        <label class="field">{t("to")}<input type="date" value={to} onChange={(event) => change({ to: event.currentTarget.value })} /></label>
      </div>
      <Chips name="kind" word="kinds" of={kinds.value.filter((each) => each.key !== null).map((each) => [each.key!, pick(each.name, each.name_en)])} />
      <Chips name="alert" word="alerts" of={alerts.map((each) => [each.id, pick(each.label.zh, each.label.en)])} />
      <Chips name="tier" word="tiers" of={TIERS.map((each) => [each, t(`tier_${each}`)])} />
      <Chips name="status" word="statuses" of={STATUSES.map((each) => [each, t(`status_${each}`)])} />
      <div class="two">
        <label class="field">
          {t("perLabel")}
          <select value={per} onChange={(event) => change({ per: event.currentTarget.value as Per })}>
            <option value="km2">{t("perKm2")}</option>
            <option value="households">{t("perHouseholds")}</option>
          </select>
        </label>
        <label class="field">
          {t("bandwidthLabel")}
          <input type="number" min="50" step="50" value={bandwidth} onChange={(event) => change({ bandwidth: event.currentTarget.value || "500" })} />
        </label>
      </div>
    </section>
  );
}

function Chips({ name, word, of }: { name: Choice; word: Word; of: [string, string][] }) {
  if (of.length < 2) return null;
  const held = asked.value.picked[name];
  return (
    <fieldset class="picks">
      <legend>{t(word)} {held.length === 0 && <span class="soft small">{t("anyOf")}</span>}</legend>
      <ul class="chips">
        {of.map(([value, label]) => (
          <li key={value}>
            <button type="button" aria-pressed={held.includes(value)} onClick={() => toggle(name, value)}>{label}</button>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

// -- counts --------------------------------------------------------------------------------------

const TABS: [By, Word][] = [["area", "countByArea"], ["kind", "countByKind"], ["month", "countByMonth"]];

function Table() {
  const rows = table.value?.rows ?? [];
  const shown = by.value === "month" ? rows : [...rows].sort((one, other) => (other.n ?? -1) - (one.n ?? -1));
  const most = Math.max(1, ...rows.map((each) => each.n ?? 0));
  const lang = language.value;
  return (
    <section>
      <div class="segments" role="group" aria-label={t("incidentsTitle")}>
        {TABS.map(([each, word]) => (
          <button key={each} type="button" aria-pressed={by.value === each} onClick={() => (by.value = each)}>{t(word)}</button>
        ))}
      </div>
      <ul class="bars">
        {shown.map((row) => (
          <li key={row.key ?? ""}>
            <span>{row.key === null ? t("elsewhere") : pick(row.name, row.name_en)}</span>
            <b>{row.n === null ? t("held") : count(lang, row.n)}</b>
            <span class="share" style={{ width: `${((row.n ?? 0) / most) * 100}%` }} aria-hidden="true" />
            {by.value === "area" && row.n !== null && (
              <small class="soft">
                {row.per_100_listed === null
                  ? t("noRate")
                  : t("incidentsRate", { rate: row.per_100_listed.toLocaleString(lang, { maximumSignificantDigits: 3 }), homes: count(lang, row.households.listed) })}
              </small>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Take() {
  const area = me.value!.area;
  if (!area || !legend.value) return null;
  const address = (form: string) => `/maps/incidents/${me.value!.grid_code ?? area.code}.${form}?${new URLSearchParams([...new URLSearchParams(heatQuery.value), ["lang", language.value]])}`;
  const reference = me.value!.reference_date;
  return (
    <p class="actions">
      <a class="plain" href={address("html")} download>{t("takeFile")}</a>
      <a class="plain" href={address("png")} target="_blank" rel="noopener">{t("takePicture")}</a>
      {reference && <small class="soft">{t("asOf", { date: day(language.value, reference) })}</small>}
    </p>
  );
}
