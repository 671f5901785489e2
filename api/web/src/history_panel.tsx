// The checks over time: a chart, its figures as a table, and what came and went with a check.

import { useEffect, useState } from "preact/hooks";
import { ruleName } from "./chain";
import { Chart } from "./chart";
import { goTo } from "./exceptions_panel";
import { Mark } from "./findings";
import { count, day } from "./format";
import { changesOf, checks, MEASURES, height, type Changed, type Changes, type CheckPoint, type Measure } from "./history";
import { closeCard, finding, language, openFinding, pick, recounted, sheet, t, verdict } from "./state";

// So many bars can still be told apart, and hit, in the panel.
const SHOWN = 24;

/** From the check to its register and its history. */
export function CheckLinks() {
  const [last, setLast] = useState<CheckPoint | null>(null);
  useEffect(() => {
    checks(1).then((found) => setLast(found.checks[0] ?? null), () => undefined);
  }, [verdict.value?.check?.id]);
  const lang = language.value;
  const query = lang === "en" ? "#?lang=en" : "";
  const accepted = verdict.value?.summary?.accepted ?? 0;
  const since = last && last.new !== null && last.gone !== null && t("historySince", { new: count(lang, last.new), gone: count(lang, last.gone) });
  return (
    <p class="beside-links">
      <a class="link" href={`/exceptions${query}`}>
        {t("exceptionsLink")}
        {accepted > 0 && ` (${count(lang, accepted)})`}
      </a>
      <span>
        <a class="link" href={`/history${query}`}>{t("historyLink")}</a> {since && <span class="soft small">{since}</span>}
      </span>
    </p>
  );
}

export function HistoryPanel() {
  const [held, setHeld] = useState<CheckPoint[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [measure, setMeasure] = useState<Measure>("errors");
  const [chosen, setChosen] = useState<number | null>(null);
  const load = () => {
    setFailed(false);
    checks(SHOWN).then((found) => setHeld(found.checks), () => setFailed(true));
  };
  useEffect(load, [recounted.value]);
  useEffect(() => void (sheet.value = true), []);
  const earliestFirst = held && [...held].reverse();
  const at = chosen ?? held?.[0]?.id ?? null;
  return (
    <>
      <section>
        <a class="link back" href={`/${language.value === "en" ? "#?lang=en" : ""}`}>‹ {t("exceptionsLeave")}</a>
        <h1 class="group-title">{t("historyTitle")}</h1>
        <p class="soft">{t("historyWhy")}</p>
      </section>
      {failed && (
        <p class="notice" role="alert">
          {t("failed")} <button type="button" class="link" onClick={load}>{t("retry")}</button>
        </p>
      )}
      {!held && !failed && <p class="soft" role="status">{t("loading")}</p>}
      {held?.length === 0 && <p class="empty">{t("notChecked")}</p>}
      {earliestFirst && at !== null && (
        <>
          <section class="history-chart">
            <div class="segments measures" role="group" aria-label={t("historyMeasure")}>
              {MEASURES.map((each) => (
                <button type="button" key={each} aria-pressed={each === measure} onClick={() => setMeasure(each)}>{t(`measure_${each}`)}</button>
              ))}
            </div>
            <Chart measure={measure} checks={earliestFirst} chosen={at} choose={setChosen} />
          </section>
          <Comparison key={at} check={held!.find((each) => each.id === at)!} />
          <Table checks={held!} chosen={at} choose={setChosen} />
        </>
      )}
    </>
  );
}

interface TableProps {
  checks: CheckPoint[];
  chosen: number;
  choose: (check: number) => void;
}

/** The same figures for eyes and ears that a chart does not serve; a day chooses what is compared. */
function Table({ checks, chosen, choose }: TableProps) {
  const lang = language.value;
  const n = (value: number) => count(lang, Math.round(value));
  return (
    <section>
      <h2 class="rules-head">{t("historyTable")}</h2>
      <div class="history-table">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("historyCheck")}</th>
              <th scope="col">{t("historyErrors")}</th>
              <th scope="col">{t("historyWarnings")}</th>
              <th scope="col">{t("historyAccepted")}</th>
              <th scope="col">{t("historyLand", { unit: t("unit_land") })}</th>
              <th scope="col">{t("historyHomes")}</th>
            </tr>
          </thead>
          <tbody>
            {checks.map((each) => (
              <tr key={each.id} class={each.id === chosen ? "chosen" : ""}>
                <th scope="row">
                  <button type="button" class="link" aria-pressed={each.id === chosen} onClick={() => choose(each.id)}>{moment(each)}</button>
                </th>
                <td>{n(each.errors)}</td>
                <td>{n(each.warnings)}</td>
                <td>{n(each.accepted)}</td>
                <td>{n(height("land", each, lang))}</td>
                <td>{n(each.households_uncovered)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function moment(check: CheckPoint): string {
  const clock = new Intl.DateTimeFormat(language.value === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });
  return `${day(language.value, check.finished_at)} ${clock.format(new Date(check.finished_at))}`;
}

/** What came and went with a check. */
function Comparison({ check }: { check: CheckPoint }) {
  const [found, setFound] = useState<Changes | null>(null);
  const [failed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    changesOf(check.id).then(setFound, () => setFailed(true));
  };
  useEffect(load, []);
  const by = t("historyBy", { who: check.by, version: [check.version.id, check.version.title].filter(Boolean).join(" · ") });
  return (
    <section class="history-changes">
      <h2 class="rules-head">{t("historyOf", { date: moment(check) })}</h2>
      <p class="soft small">{by}</p>
      {check.rules_off.length > 0 && <p class="notice">{t("historyOff", { rules: check.rules_off.join(", ") })}</p>}
      {failed && (
        <p class="notice" role="alert">
          {t("failed")} <button type="button" class="link" onClick={load}>{t("retry")}</button>
        </p>
      )}
      {!found && !failed && <p class="soft" role="status">{t("loading")}</p>}
      {found && found.before === null && <p class="soft">{t("historyFirst")}</p>}
      {found && found.before !== null && (
        <>
          <List title={t("historyNew", { n: count(language.value, found.new_count) })} of={found.new} rest={found.new_count - found.new.length} />
          <List title={t("historyGone", { n: count(language.value, found.gone_count) })} why={t("historyGoneWhy")} of={found.gone} rest={found.gone_count - found.gone.length} />
        </>
      )}
    </section>
  );
}

function List({ title, why, of, rest }: { title: string; why?: string; of: Changed[]; rest: number }) {
  return (
    <>
      <h3 class="history-head">{title}</h3>
      {why && of.length > 0 && <p class="soft small">{why}</p>}
      {of.length === 0 && <p class="soft">{t("historyNothing")}</p>}
      <ul class="rows">
        {of.map((each) => (
          <li key={each.id}>
            <button type="button" class="row" aria-pressed={finding.value?.id === each.id} onClick={() => void show(each)}>
              <Mark severity={each.severity} />
              <span>
                {pick(each.message_zh, each.message)}
                <small>
                  {[ruleName(each.rule), pick(each.area?.town_name ?? null, each.area?.town_name_en ?? null), each.stands ? "" : t("historyNoMore")].filter(Boolean).join(" · ")}
                </small>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {rest > 0 && <p class="soft small">{t("historyRest", { n: count(language.value, rest) })}</p>}
    </>
  );
}

async function show(each: Changed): Promise<void> {
  if (each.stands) return openFinding(each.id);
  closeCard();
  goTo(each.point);
}
