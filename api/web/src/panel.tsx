// The panel: the verdict, the four numbers, and the findings beneath. On a phone, a sheet.

import { useEffect } from "preact/hooks";
import type { Summary } from "./api";
import { Decide } from "./decide";
import { ExceptionsPanel } from "./exceptions_panel";
import { ExportPanel } from "./export";
import { Findings } from "./findings";
import { count, day, land } from "./format";
import { CheckLinks, HistoryPanel } from "./history_panel";
import { ImportPanel } from "./import";
import { IncidentsPanel } from "./incidents_panel";
import { checking, checkNow, finding, grid, here, language, me, page, pick, problem, sheet, t, verdict, loadVerdict } from "./state";
import { LocatePanel, Keep } from "./locate";
import { ExportFoot } from "./made";
import { MembersPanel } from "./members_panel";
import { Own } from "./own";
import { RulesFoot, RulesPanel } from "./rules_panel";
import { WorklistPanel } from "./worklist_panel";
import type { Word } from "./words";

export function Panel() {
  const up = sheet.value;
  // On a phone the sheet steps back from what it has shown the way to.
  const card = finding.value ?? grid.value ?? here.value;
  useEffect(() => {
    if (card) sheet.value = false;
  }, [card]);
  return (
    <aside class={`panel ${page}${up ? " up" : ""}`} aria-label={t(page === "members" ? "membersPanel" : "panel")}>
      <button type="button" class="handle" aria-expanded={up} onClick={() => (sheet.value = !up)}>
        <span class="grip" aria-hidden="true" />
        {t(page === "check" ? (up ? "sheetDown" : "sheetUp") : up ? "sheetMap" : "sheetMore")}
      </button>
      <div class="panel-body">
        <Pages />
        <Task />
      </div>
      {page === "import" ? <Decide /> : page === "unlocated" ? <Keep /> : page === "export" ? <ExportFoot /> : page === "rules" && <RulesFoot />}
    </aside>
  );
}

/** What the panel is for. */
function Task() {
  if (page === "import") return <ImportPanel />;
  if (page === "unlocated") return <LocatePanel />;
  if (page === "members") return <MembersPanel />;
  if (page === "incidents") return <IncidentsPanel />;
  if (page === "worklist") return <WorklistPanel />;
  if (page === "rules") return <RulesPanel />;
  if (page === "exceptions") return <ExceptionsPanel />;
  if (page === "history") return <HistoryPanel />;
  return page === "export" ? <ExportPanel /> : <Check />;
}

// Those who know, or can find out, where a house stands.
const LOCATORS = ["administrator", "planner", "party_officer"];
// Who keeps contact with households; a leader sees the numbers.
const KEEPERS = ["administrator", "party_officer", "grid_worker", "leader"];

// Pages that the check leads to.
const OF_CHECK: (typeof page)[] = ["exceptions", "history"];

function Pages() {
  const who = me.value!;
  const words: [typeof page, string, Word, boolean][] = [
    ["check", "/", "pageCheck", true],
    ["worklist", "/worklist", "pageWorklist", true],
    ["incidents", "/incidents", "pageIncidents", true],
    ["members", "/members", "pageMembers", KEEPERS.includes(who.role)],
    ["import", "/import", "pageImport", who.may_check],
    ["unlocated", "/unlocated", "pageLocate", LOCATORS.includes(who.role)],
    ["export", "/export", "pageExport", true],
    ["rules", "/rules", "pageRules", who.may_check],
  ];
  const open = words.filter(([, , , may]) => may);
  const query = language.value === "en" ? "#?lang=en" : "";
  if (open.length === 1) return null;
  return (
    <nav class="segments pages" aria-label={t("pages")}>
      {open.map(([each, path, word]) => (
        <a key={each} href={path + query} aria-current={each === page ? "page" : each === "check" && OF_CHECK.includes(page) ? "true" : undefined}>{t(word)}</a>
      ))}
    </nav>
  );
}

function Check() {
  const summary = verdict.value?.summary ?? null;
  return (
    <>
        {problem.value && (
          <div class="notice" role="alert">
            {pick(problem.value.zh, problem.value.en)}{" "}
            <button type="button" class="link" onClick={() => void loadVerdict()}>{t("retry")}</button>
          </div>
        )}
        {verdict.value === null && !problem.value && <p class="soft" role="status">{t("loading")}</p>}
        {verdict.value && !summary && <Unchecked />}
        {summary && <Numbers summary={summary} />}
        {summary && <CheckLinks />}
        {verdict.value && <Own />}
        {summary && <Findings />}
    </>
  );
}

function Unchecked() {
  if (!me.value?.area) return <Empty />;
  return (
    <div class="notice">
      <p>{t("notChecked")}</p>
      {me.value?.may_check && (
        <button type="button" class="primary" disabled={checking.value} onClick={() => void checkNow()}>
          {t(checking.value ? "checking" : "checkNow")}
        </button>
      )}
    </div>
  );
}

/** A county that nothing is known of yet. */
function Empty() {
  const query = language.value === "en" ? "#?lang=en" : "";
  return (
    <div class="notice">
      <p>{t("emptyNow")}</p>
      {me.value?.may_check && <a class="primary" href={`/import${query}`}>{t("emptyGo")}</a>}
    </div>
  );
}

// What the claim is about: land in no grid, and households in none.
const BLIND = ["C101", "C102", "H201"];

function Numbers({ summary }: { summary: Summary }) {
  const lang = language.value;
  const n = (value: number) => count(lang, value);
  const [mainLand, otherLand] = land(lang, summary.uncovered_km2 * 1e6);
  const unlocated = summary.households_unlocated ?? 0;
  const located = summary.households - unlocated;
  const state = { true: "No", false: "Yes", null: "Unknown" }[String(summary.blind_spots)] as "No" | "Yes" | "Unknown";
  const excepted = verdict.value!.by_rule.filter((each) => BLIND.includes(each.rule)).reduce((sum, each) => sum + each.accepted, 0);
  const why = state === "Yes" && excepted ? "verdictExceptWhy" : (`verdict${state}Why` as Word);
  const gaps = { n: n(excepted), land: mainLand, other: otherLand, homes: n(summary.households_uncovered) };
  const checked = verdict.value?.check?.finished_at;
  const whole = summary.parent_area_km2;
  return (
    <section>
      <h1 class={`verdict ${state}`}>{t(`verdict${state}`)}</h1>
      <p class="verdict-why">
        {state !== "Unknown" && t(why, gaps)}{" "}
        {checked && <span class="soft whole">{t("asOf", { date: day(lang, verdict.value?.reference_date ?? checked) })}</span>}
      </p>
      <dl class="numbers">
        <Number name={t("grids")} value={n(summary.grids)} of={t("gridsOf", { errors: n(summary.errors) })} />
        <Number
          name={t("uncovered")}
          value={mainLand}
          of={whole === null ? otherLand : t("uncoveredOf", { area: n(Math.round(whole)) })}
        />
        <Number name={t("homes")} value={n(summary.households_uncovered)} of={t("homesOf", { n: n(located) })} />
        <Number name={t("unlocated")} value={n(unlocated)} of={t("unlocatedOf", { n: n(summary.households) })} />
      </dl>
    </section>
  );
}

function Number({ name, value, of }: { name: string; value: string; of: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <small>{of}</small>
      </dd>
    </div>
  );
}
