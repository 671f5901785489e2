// Beside the worklist's map: the card of a task with its log, and the legend.

import { useEffect, useState } from "preact/hooks";
import { ask } from "./api";
import { Facts, Frame } from "./card";
import { ruleName } from "./chain";
import { count, day } from "./format";
import { language, pick, t } from "./state";
import { Symbol } from "./symbol";
import { counts, load, openTask, spots, STATES, task, type LogLine } from "./worklist";
import { Late, whose, WorkForms } from "./worklist_part";

const PHONE = matchMedia("(max-width: 760px)");

export function TaskCard() {
  const shown = task.value;
  if (!shown) return null;
  const lang = language.value;
  const changed = () => void Promise.all([openTask(shown.id), load()]);
  const { area } = shown;
  const facts: [string, string][] = [
    [t("workWhose"), whose(shown)],
    [t("workDue"), day(lang, shown.due)],
  ];
  if (area) facts.push([t("where"), [pick(area.town_name, area.town_name_en), pick(area.name, area.name_en)].filter(Boolean).join(" › ")]);
  if (shown.fixed_at) facts.push([t("workReported"), `${day(lang, shown.fixed_at)} · ${shown.fixed_by ?? ""}`]);
  if (shown.note) facts.push([t("workNote"), shown.note]);
  if (shown.verified_at) facts.push([t("workVerifiedOn"), day(lang, shown.verified_at)]);
  const query = lang === "en" ? "&lang=en" : "";
  return (
    <Frame
      close={() => (task.value = null)}
      title={
        <>
          <Symbol id={`task-${shown.state}`} size={18} /> {t(`work_${shown.state}`)}{" "}
          <span class="soft">{t("workNumber", { n: String(shown.id) })} · {ruleName(shown.rule)} · {shown.rule}</span>
        </>
      }
    >
      <p class="message">{pick(shown.message_zh, shown.message)}</p>
      {(shown.overdue || shown.reopened > 0) && (
        <p>
          <Late task={shown} /> {shown.reopened > 0 && <em>{t("workReopenedTimes", { n: String(shown.reopened) })}</em>}
        </p>
      )}
      <Facts facts={facts} />
      <p class="fix"><b>{t("whatToDo")}</b> {pick(shown.fix_zh, shown.fix)}</p>
      {shown.found ? (
        <a class="link about" href={`/#?finding=${shown.finding}${query}`}>{t("workShowFinding")}</a>
      ) : <p class="soft">{t("workGone")}</p>}
      <section class="card-part work">
        <WorkForms key={`${shown.id} ${shown.version}`} finding={shown.finding} task={shown} changed={changed} />
        <Log key={`log ${shown.id} ${shown.version}`} id={shown.id} />
      </section>
    </Frame>
  );
}

function Log({ id }: { id: number }) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const lang = language.value;
  useEffect(() => {
    void ask<{ lines: LogLine[] }>(`/api/worklist/${id}/log`).then((log) => setLines(log.lines), () => setLines([]));
  }, [id]);
  if (!lines.length) return null;
  return (
    <details class="work-log">
      <summary>{t("workLog")} <span class="soft">{count(lang, lines.length)}</span></summary>
      <ol>
        {lines.map((line, at) => (
          <li key={at}>
            <small>{day(lang, line.at)} · {line.actor}</small>
            {t(`workLog_${line.change}`, { who: whose({ ...line, person: null }), day: day(lang, line.due) })}
            {line.note && <q>{line.note}</q>}
          </li>
        ))}
      </ol>
    </details>
  );
}

export function TasksLegend() {
  const [open, setOpen] = useState(!PHONE.matches);
  const crowded = task.value !== null;
  useEffect(() => {
    if (crowded && innerHeight < 1100) setOpen(false);
  }, [crowded]);
  const lang = language.value;
  const total = counts.value?.total;
  const n = spots.value.spots.length;
  return (
    <section class={`legend${open ? " open" : ""}`} aria-label={t("legend")}>
      <button type="button" class="legend-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("legend")} <span aria-hidden="true">{open ? "▾" : "▸"}</span>
      </button>
      <div class="legend-body">
        <p class="soft small">
          {t("layerTasks")} <span class="whole">n = {count(lang, n)}</span>{" "}
          {counts.value && <span class="whole">{t("asOf", { date: day(lang, counts.value.today) })}</span>}
        </p>
        {open && (
          <div class="legend-section">
            <ul class="plain-list">
              {STATES.map((state) => (
                <li key={state}>
                  <Symbol id={`task-${state}`} size={18} />
                  <span>{t(`work_${state}`)}</span>
                  <span class="soft n">{total ? count(lang, total[state]) : ""}</span>
                </li>
              ))}
              <li>
                <Symbol id="task-overdue" size={18} />
                <span>{t("workOverdue")}</span>
                <span class="soft n">{total ? count(lang, total.overdue) : ""}</span>
              </li>
            </ul>
          </div>
        )}
        {open && spots.value.more && <p class="soft small">{t("workMore")}</p>}
      </div>
    </section>
  );
}
