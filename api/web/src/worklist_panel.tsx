// The panel of the worklist: how much is to be done, what is nobody's yet, and the tasks.

import { useEffect, useState } from "preact/hooks";
import { Problem } from "./api";
import { english } from "./findings";
import { count, day } from "./format";
import { language, me, pick, sheet, t } from "./state";
import { Symbol } from "./symbol";
import { asked, assign, begin, counts, dayFrom, fault, listed, load, loadMore, openTask, task, type Task } from "./worklist";
import { Late, whose } from "./worklist_part";
import type { Word } from "./words";

const USUAL_DAYS = 14;

export function WorklistPanel() {
  useEffect(begin, []);
  if (!counts.value) return fault.value ? <Fault /> : <p class="soft" role="status">{t("loading")}</p>;
  return (
    <>
      <Head />
      {fault.value && <Fault />}
      {counts.value.may_assign && counts.value.unassigned.length > 0 && <Left />}
      <Filter />
      <Tasks />
      <Take />
    </>
  );
}

function Fault() {
  return (
    <p class="notice" role="alert">
      {pick(fault.value!.zh, fault.value!.en)} <button type="button" class="link" onClick={() => void load()}>{t("retry")}</button>
    </p>
  );
}

function Head() {
  const { total } = counts.value!;
  const lang = language.value;
  return (
    <section>
      <h1 class="group-title">{t("worklistTitle")}</h1>
      <p class="work-n" role="status">
        <b>{count(lang, total.assigned + total.reopened)}</b> {t("workOpen")}
        {total.overdue > 0 && (
          <strong class="late">
            <Symbol id="task-overdue" size={15} /> {t("workLate", { n: count(lang, total.overdue) })}
          </strong>
        )}
      </p>
    </section>
  );
}

// -- what is nobody's yet ------------------------------------------------------------------------

function Left() {
  const left = counts.value!.unassigned;
  const lang = language.value;
  const [rule, setRule] = useState(left[0]!.rule);
  const [to, setTo] = useState<"town" | "village">("town");
  const [due, setDue] = useState(dayFrom(USUAL_DAYS));
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  // What has just been assigned whole is no longer among them.
  const chosen = left.some((each) => each.rule === rule) ? rule : left[0]!.rule;
  const all = left.reduce((sum, each) => sum + each.n, 0);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const made = await assign({ rule: chosen, to, due });
      const skipped = made.skipped.length
        ? t("workSkipped", { n: count(lang, made.skipped.length), why: pick(made.skipped[0]!.reason_zh, made.skipped[0]!.reason) })
        : "";
      setSaid(`${t("workLeftDone", { n: count(lang, made.assigned) })} ${skipped}`.trim());
      await load();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setSaid(pick(error.zh, error.en));
    } finally {
      setBusy(false);
    }
  };
  return (
    <details class="work-left">
      <summary>{t("workLeft", { n: count(lang, all) })}</summary>
      <form class="work-form" onSubmit={(event) => void submit(event)}>
        <label class="field">
          {t("workLeftKind")}
          <select value={chosen} onChange={(event) => setRule(event.currentTarget.value)}>
            {left.map((each) => (
              <option key={each.rule} value={each.rule}>
                {pick(each.name_zh, english(each.name))} {each.rule} · {count(lang, each.n)}
              </option>
            ))}
          </select>
        </label>
        <div class="two">
          <label class="field">
            {t("workAssignTo")}
            <select value={to} onChange={(event) => setTo(event.currentTarget.value as typeof to)}>
              <option value="town">{t("workTownOf")}</option>
              <option value="village">{t("workVillageOf")}</option>
            </select>
          </label>
          <label class="field">
            {t("workDue")}
            <input type="date" value={due} min={dayFrom(0)} required onChange={(event) => setDue(event.currentTarget.value)} />
          </label>
        </div>
        <button type="submit" class="primary" disabled={busy}>{t("workLeftAll")}</button>
        {said && <p role="status">{said}</p>}
      </form>
    </details>
  );
}

// -- the list ------------------------------------------------------------------------------------

function Filter() {
  const { total, towns } = counts.value!;
  const lang = language.value;
  const ways: [typeof asked.value.state, Word, number][] = [
    ["open", "work_assigned", total.assigned + total.reopened],
    ["overdue", "workOverdue", total.overdue],
    ["fixed", "workReported", total.fixed],
    ["verified", "work_verified", total.verified],
    ["accepted", "work_accepted", total.accepted],
    ["all", "workAnyState", total.assigned + total.reopened + total.fixed + total.verified + total.accepted],
  ];
  const named = towns.filter((each) => each.code);
  return (
    <section class="work-filter">
      <ul class="chips" aria-label={t("workStates")}>
        {ways.map(([state, word, n]) => (
          <li key={state}>
            <button type="button" aria-pressed={asked.value.state === state} onClick={() => (asked.value = { ...asked.value, state })}>
              {t(word)} <b>{count(lang, n)}</b>
            </button>
          </li>
        ))}
      </ul>
      {named.length > 1 && (
        <label class="field">
          {t("workTown")}
          <select value={asked.value.area} onChange={(event) => (asked.value = { ...asked.value, area: event.currentTarget.value })}>
            <option value="">{t("workAllTowns")}</option>
            {named.map((each) => (
              <option key={each.code} value={each.code}>
                {pick(each.name, each.name_en)} · {count(lang, each.assigned + each.reopened)} {t("workOpen")}
              </option>
            ))}
          </select>
        </label>
      )}
    </section>
  );
}

function Tasks() {
  const found = listed.value;
  if (!found) return <p class="soft" role="status">{t("loading")}</p>;
  const { total } = counts.value!;
  const any = total.assigned + total.reopened + total.fixed + total.accepted + total.verified > 0;
  if (!found.tasks.length)
    return (
      <div class="empty">
        <p>{t(any ? "workNone" : "workNothing")}</p>
        <p class="soft">{t(any ? "workNoneHint" : "workNothingHint")}</p>
      </div>
    );
  const rest = found.numberMatched - found.tasks.length;
  return (
    <section>
      <h2 class="visually-hidden">{t("worklistTitle")}</h2>
      <ul class="rows">
        {found.tasks.map((each) => <Row key={each.id} each={each} />)}
      </ul>
      {rest > 0 && (
        <button type="button" class="more" onClick={() => void loadMore()}>{t("more", { n: count(language.value, Math.min(rest, 50)) })}</button>
      )}
    </section>
  );
}

function Row({ each }: { each: Task }) {
  const open = () => {
    sheet.value = false;
    void openTask(each.id);
  };
  return (
    <li>
      <button type="button" class="row" aria-pressed={task.value?.id === each.id} onClick={open}>
        <Symbol id={`task-${each.state}`} size={18} label={t(`work_${each.state}`)} />
        <span>
          {pick(each.message_zh, each.message)}
          <small>
            <span class="whole">{whose(each)}</span> · <span class="whole">{t("workDueOn", { day: day(language.value, each.due) })}</span>{" "}
            <Late task={each} /> {each.reopened > 0 && <em>{t("workReopenedTimes", { n: String(each.reopened) })}</em>}
          </small>
        </span>
      </button>
    </li>
  );
}

// -- to carry away -------------------------------------------------------------------------------

function Take() {
  const own = me.value!.grid_code ?? me.value!.area?.code ?? null;
  if (!own) return null;
  const lang = language.value;
  const code = asked.value.area || own;
  const open = counts.value!.total.assigned + counts.value!.total.reopened;
  // A county's villages are too many for one file.
  const printable = me.value!.area?.level !== "county" || asked.value.area !== "" || counts.value!.towns.length < 2;
  const filter = new URLSearchParams({ ...(asked.value.area ? { area: asked.value.area } : {}), lang });
  return (
    <p class="actions">
      <a class="plain" href={`/api/worklist.xlsx?${filter}`} download>{t("workBook")}</a>
      {open > 0 && printable && <a class="plain" href={`/api/worklist/pages/${code}.pdf?lang=${lang}`} download>{t("workPages")}</a>}
      {open > 0 && !printable && <small>{t("workPagesHow")}</small>}
    </p>
  );
}
