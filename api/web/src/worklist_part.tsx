// A finding's task, beneath the finding: whose it is, until when; assigned, and reported fixed, here.

import { useEffect, useState } from "preact/hooks";
import { ask, Problem } from "./api";
import { day } from "./format";
import { language, me, pick, t } from "./state";
import { Symbol } from "./symbol";
import { assign, dayFrom, lateDays, report, taskOf, type Choices, type Named, type Task } from "./worklist";
import type { Word } from "./words";

const ASSIGNERS = ["administrator", "planner", "leader"];
const USUAL_DAYS = 14;

/** On the card of a finding. */
export function WorkPart({ finding }: { finding: { id: string; accepted: boolean } }) {
  const [task, setTask] = useState<Task | null | undefined>(undefined);
  const [fault, setFault] = useState<Problem | null>(null);
  const load = () => taskOf(finding.id).then(setTask, (error: unknown) => setFault(error as Problem));
  useEffect(() => void load(), [finding.id]);
  if (fault) return <p class="notice" role="alert">{pick(fault.zh, fault.en)}</p>;
  if (task === undefined) return null;
  if (task === null && (finding.accepted || !ASSIGNERS.includes(me.value!.role))) return null;
  const query = language.value === "en" ? "&lang=en" : "";
  return (
    <section class="card-part work">
      <h3>{t("workPart")}</h3>
      {task && (
        <>
          <Standing task={task} />
          <a class="link" href={`/worklist?state=all#?finding=${task.finding}${query}`}>{t("workNumber", { n: String(task.id) })}</a>
        </>
      )}
      <WorkForms key={task?.version} finding={finding.id} task={task} changed={() => void load()} />
    </section>
  );
}

/** How a task stands: by symbol and word; whose it is; until when. */
export function Standing({ task }: { task: Task }) {
  return (
    <p class="standing">
      <span class="whole"><Symbol id={`task-${task.state}`} size={18} /> <b>{t(`work_${task.state}`)}</b></span>{" "}
      <span class="whole">· {whose(task)} ·</span> <span class="whole">{t("workDueOn", { day: day(language.value, task.due) })}</span>{" "}
      <Late task={task} />
    </p>
  );
}

/** That a task is late: a symbol and words, not colour alone. */
export function Late({ task }: { task: { overdue: boolean; due: string } }) {
  if (!task.overdue) return null;
  const n = lateDays(task, dayFrom(0));
  return (
    <strong class="late">
      <Symbol id="task-overdue" size={15} /> {n > 0 ? t(n === 1 ? "workOverdueDay" : "workOverdueDays", { n: String(n) }) : t("workOverdue")}
    </strong>
  );
}

export function whose(task: { assignee: Named; person: { name: string } | null }): string {
  const area = pick(task.assignee.name, task.assignee.name_en) || task.assignee.code;
  if (!task.person) return area;
  return language.value === "zh" ? `${task.person.name}（${area}）` : `${task.person.name}, ${area}`;
}

interface FormsProps {
  finding: string;
  task: Task | null;
  changed: () => void;
}

/** What the reader may do: report it, give it to somebody. */
export function WorkForms({ finding, task, changed }: FormsProps) {
  const may = task ? task.may_assign : ASSIGNERS.includes(me.value!.role);
  if (!may && !task?.may_fix) return null;
  return (
    <>
      {task?.may_fix && <ReportForm task={task} changed={changed} />}
      {may && (task ? (
        <details class="work-again">
          <summary>{t("workAssignAgain")}</summary>
          <AssignForm finding={finding} task={task} changed={changed} />
        </details>
      ) : <AssignForm finding={finding} task={null} changed={changed} />)}
    </>
  );
}

function useSending(changed: () => void) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const send = async (work: () => Promise<string | null>) => {
    setBusy(true);
    try {
      const said = await work();
      setFault(said);
      if (said === null) changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setFault(pick(error.zh, error.en));
      // Somebody else was quicker: what he has made of it is shown.
      if (error.status === 409) changed();
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, send };
}

function ReportForm({ task, changed }: { task: Task; changed: () => void }) {
  const [note, setNote] = useState("");
  const { busy, fault, send } = useSending(changed);
  const submit = (event: Event) => {
    event.preventDefault();
    void send(() => report(task, note).then(() => null));
  };
  return (
    <form class="work-form" onSubmit={submit}>
      <label class="field">
        {t("workNote")}
        <textarea rows={2} maxLength={500} placeholder={t("workNoteHint")} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary" disabled={busy}>{t("workReport")}</button>
      <p class="soft small">{t("workReportWhy")}</p>
      {fault && <p class="notice" role="alert">{fault}</p>}
    </form>
  );
}

const ROLES: Word[] = ["grid_head", "grid_worker", "unit_head", "branch_secretary"];

function AssignForm({ finding, task, changed }: FormsProps) {
  const [choices, setChoices] = useState<Choices | null>(null);
  const [to, setTo] = useState("");
  const [due, setDue] = useState(task && !task.overdue ? task.due : dayFrom(USUAL_DAYS));
  const { busy, fault, send } = useSending(changed);
  useEffect(() => {
    void ask<Choices>(`/api/worklist/choices?${new URLSearchParams({ finding })}`).then((found) => {
      setChoices(found);
      const own = task ? (task.person ? `person ${task.person.code}` : `assignee ${task.assignee.code}`) : null;
      setTo(own ?? (found.areas.length ? `assignee ${found.areas.at(-1)!.code}` : ""));
    }, () => setChoices({ areas: [], people: [] }));
  }, [finding]);
  if (!choices) return <p class="soft" role="status">{t("loading")}</p>;
  const submit = (event: Event) => {
    event.preventDefault();
    const [kind, code] = to.split(" ") as [string, string];
    void send(async () => {
      const made = await assign({ findings: [finding], due, [kind]: code });
      const why = made.skipped[0];
      return why ? pick(why.reason_zh, why.reason) : null;
    });
  };
  const role = (name: string) => (ROLES.includes(name as Word) ? t(name as Word) : name);
  return (
    <form class="work-form" onSubmit={submit}>
      <label class="field">
        {t("workAssignTo")}
        <select value={to} required onChange={(event) => setTo(event.currentTarget.value)}>
          <optgroup label={t("workAreas")}>
            {choices.areas.map((each) => <option key={each.code} value={`assignee ${each.code}`}>{pick(each.name, each.name_en)}</option>)}
          </optgroup>
          {choices.people.length > 0 && (
            <optgroup label={t("workPeople")}>
              {choices.people.map((each) => (
                <option key={`${each.code} ${each.place} ${each.role}`} value={`person ${each.code}`}>{each.name} · {role(each.role)}</option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      <label class="field">
        {t("workDue")}
        <input type="date" value={due} min={dayFrom(0)} required onChange={(event) => setDue(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary" disabled={busy || !to}>{t("workAssignDone")}</button>
      {fault && <p class="notice" role="alert">{fault}</p>}
    </form>
  );
}
