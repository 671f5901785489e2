// The import page: what to bring in, the file, what would change, and the decision.

import { useEffect, useState } from "preact/hooks";
import { useArrival } from "./arrival";
import { Ask } from "./ask";
import type { Job, Outcome } from "./api";
import { Choose, Fault } from "./choose";
import { Counts } from "./counts";
import { count, day } from "./format";
import { Own } from "./own";
import { Found, Reading } from "./trial";
import {
  busy, chosen, fault, following, forget, guided, job, kinds, load, named, past, resume, sent, asking, trial, undo, upload,
} from "./imports";
import { language, me, pick, sheet, t, verdict } from "./state";
import type { Word } from "./words";

export const STEPS: Record<string, Word> = {
  reading: "reading", comparing: "comparing", doubting: "doubting", writing: "writing",
  committing: "committing", drawing: "drawing", undoing: "undoing", checking: "stepChecking",
};

function stepOf(held: Job<unknown>): Word {
  return STEPS[held.step] ?? (held.state === "done" ? "drawing" : "queued");
}

export function ImportPanel() {
  const may = me.value?.may_check;
  useEffect(() => {
    if (may) void load().then(resume);
  }, [may]);
  const working = busy.value || job.value !== null || upload.value !== null;
  // On a phone a list or a question needs the page, what would change the map.
  const reads = !working || trial.value?.state === "asked";
  useEffect(() => {
    sheet.value = reads;
  }, [reads]);
  if (!may) return <p class="notice">{t("onlyPlanners")}</p>;
  if (kinds.value.length === 0) return fault.value ? <Fault /> : <p class="soft" role="status">{t("loading")}</p>;
  return (
    <>
      <p role="status" class="visually-hidden">{told()}</p>
      {working ? (
        <Work />
      ) : (
        <>
          <Own />
          <section>
            <h1 class="group-title">{t(guided.value ? "importFirst" : "importTitle")}</h1>
            <p class="soft">{t(guided.value ? "importFirstWhy" : "importWhy")}</p>
          </section>
          <Choose />
        </>
      )}
      {!working && <History />}
    </>
  );
}

/** What the page says aloud: the step that is being done, then what came of it. */
function told(): string {
  if (sent.value !== null) return t("sending");
  const held = job.value;
  if (!held) return "";
  if (busy.value) return t(stepOf(held));
  if (held.state === "cancelled") return t("cancelled");
  if (held.state === "failed") return t("couldNot");
  if (!trial.value) return t(held.kind === "undo" ? "undone" : "imported");
  if (trial.value.state === "asked") return t(`ask_${trial.value.asks!.option}`);
  const n = (name: string) => count(language.value, trial.value?.counts[name] ?? 0);
  return t("toldCounts", { new: n("new"), changed: n("changed"), closed: n("closed"), rejected: n("rejected") });
}

// -- at work -------------------------------------------------------------------------------------

function Work() {
  const held = job.value;
  return (
    <>
      {upload.value && <FileCard />}
      {fault.value && <Fault />}
      {sent.value !== null && <Bar share={sent.value} word="sending" />}
      {asking.value && !held && <Bar share={0} word="queued" />}
      {held && <Held held={held} />}
    </>
  );
}

function FileCard() {
  const kind = chosen.value && pick(chosen.value.zh, chosen.value.en);
  const what = [kind, chosen.value?.named && named.value].filter(Boolean).join(" · ");
  return (
    <div class="file">
      <svg viewBox="0 0 24 28" width="24" height="28" aria-hidden="true">
        <path d="M3 1.5h12l6 6v19H3z" />
        <path d="M15 1.5v6h6M7 14h10M7 19h10" />
      </svg>
      <p>
        <b title={upload.value!.name}>{upload.value!.name}</b>
        <span class="soft">{what}</span>
      </p>
      {!busy.value && job.value?.result?.state !== "imported" && (
        <button type="button" class="link" onClick={forget}>{t("another")}</button>
      )}
    </div>
  );
}

function Held({ held }: { held: Job<Outcome> }) {
  if (busy.value) return <Bar share={held.progress} word={stepOf(held)} />;
  if (held.state === "cancelled")
    return (
      <Said word="cancelled">
        {upload.value && <Reading outcome={null} />}
      </Said>
    );
  if (held.state === "failed") return <Failed held={held} />;
  if (!trial.value) return <Ended undone={held.kind === "undo"} />;
  if (trial.value.state === "asked") return <Ask question={trial.value.asks!} outcome={trial.value} />;
  return (
    <>
      <Found outcome={trial.value} />
      <Reading outcome={trial.value} />
    </>
  );
}

function Said({ word, children }: { word: Word; children: preact.ComponentChildren }) {
  const place = useArrival<HTMLHeadingElement>();
  return (
    <>
      <h2 class="notice" ref={place} tabIndex={-1}>{t(word)}</h2>
      {children}
    </>
  );
}

function Failed({ held }: { held: Job<Outcome> }) {
  const place = useArrival<HTMLHeadingElement>();
  return (
    <>
      <div class="notice bad" role="alert">
        <h2 ref={place} tabIndex={-1}>{t("couldNot")}</h2>
        <p>{pick(held.error_zh, held.error)}</p>
      </div>
      {upload.value && <Reading outcome={null} />}
    </>
  );
}

export function Bar({ share, word }: { share: number; word: Word }) {
  const percent = Math.round(share * 100);
  return (
    <div class="working">
      <span>
        {t(word)}… <b>{percent}%</b>
      </span>
      <progress value={share} max={1} aria-label={t(word)} />
    </div>
  );
}

function Ended({ undone }: { undone: boolean }) {
  const place = useArrival<HTMLHeadingElement>();
  const counts = job.value?.result?.counts;
  return (
    <section class="ended">
      <h2 class="verdict Yes" ref={place} tabIndex={-1}>{t(undone ? "undone" : "imported")}</h2>
      {counts && <Counts counts={counts} />}
      {!undone && (counts?.unlocated ?? 0) > 0 && (
        <p>
          {t("unlocatedNote", { n: count(language.value, counts!.unlocated!) })}
          {language.value === "zh" ? "，" : ": "}
          <a class="link whole" href={`/unlocated${query()}`}>{t("unlocatedGo")}</a>
        </p>
      )}
      <Following />
    </section>
  );
}

/** What keeps the language on the next page. */
function query(): string {
  return language.value === "en" ? "#?lang=en" : "";
}

/** What the check says that follows an import by itself. */
function Following() {
  const check = following.value;
  if (!check) return null;
  if (check.state === "queued" || check.state === "running") return <Bar share={check.progress} word={STEPS[check.step] ?? "queued"} />;
  if (check.state === "failed") return <p class="notice" role="alert">{pick(check.error_zh, check.error)}</p>;
  const summary = verdict.value?.summary;
  if (check.state !== "done" || !summary) return null;
  const n = (value: number) => count(language.value, value);
  return (
    <p role="status">
      {t("checkSaid", { errors: n(summary.errors), warnings: n(summary.warnings) })}{" "}
      <a class="link whole" href={`/${query()}`}>{t("seeCheck")}</a>
    </p>
  );
}

// -- what came before ----------------------------------------------------------------------------

function History() {
  const [all, setAll] = useState(false);
  if (past.value.length === 0) return null;
  const shown = all ? past.value : past.value.slice(0, 4);
  return (
    <section class="history">
      <h2>{t("history")}</h2>
      <ul class="rows">
        {shown.map((each) => (
          <li key={each.id}>
            <span>
              {each.undoes ? t("undoOf", { id: String(each.undoes) }) : each.file}
              <small>{[`#${each.id}`, nameOf(each.kind), day(language.value, each.created_at), each.created_by].join(" · ")}</small>
            </span>
            {each.undone_by ? (
              <span class="soft">{t("undone")}</span>
            ) : (
              <button type="button" class="link" aria-label={`${t("undo")} #${each.id} ${each.file}`} onClick={() => void undo(each.id)}>
                {t("undo")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {past.value.length > shown.length && (
        <button type="button" class="more" onClick={() => setAll(true)}>
          {t("more", { n: count(language.value, past.value.length - shown.length) })}
        </button>
      )}
    </section>
  );
}

function nameOf(words: string): string {
  const [name, own] = words.split(":");
  const found = kinds.value.find((each) => each.name === name);
  return [found ? pick(found.zh, found.en) : name, own].filter(Boolean).join(" ");
}
