// The import page: what it is, the file, what would change, and the decision.

import { useEffect, useState } from "preact/hooks";
import type { Job, KindInfo, Outcome } from "./api";
import { Counts } from "./counts";
import { count, day } from "./format";
import { Trial } from "./trial";
import {
  busy, cancel, chosen, fault, forget, job, kind, kinds, load, named, past, resume, sent, take, undo, upload,
} from "./imports";
import { language, me, pick, t } from "./state";
import type { Word } from "./words";

const STEPS: Record<string, Word> = {
  reading: "reading", comparing: "comparing", doubting: "doubting", writing: "writing",
  committing: "committing", drawing: "drawing", undoing: "undoing", checking: "stepChecking",
};

export function ImportPanel() {
  useEffect(() => {
    void load().then(resume);
    // A file may be dropped anywhere on the page; without this the browser would open it.
    const over = (event: DragEvent) => event.preventDefault();
    const drop = (event: DragEvent) => {
      event.preventDefault();
      void take([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
  if (!me.value?.may_check) return <p class="notice">{t("onlyPlanners")}</p>;
  if (kinds.value.length === 0) return fault.value ? <Fault /> : <p class="soft" role="status">{t("loading")}</p>;
  const empty = kinds.value.every((each) => each.rows === 0);
  return (
    <>
      <section>
        <h1 class="group-title">{t(empty ? "importFirst" : "importTitle")}</h1>
        <p class="soft">{t(empty ? "importFirstWhy" : "importWhy")}</p>
      </section>
      {job.value || sent.value !== null || upload.value ? <Work /> : <Choose />}
      {!busy.value && <History />}
    </>
  );
}

function Fault() {
  return <p class="notice" role="alert">{pick(fault.value!.zh, fault.value!.en)}</p>;
}

// -- choosing ------------------------------------------------------------------------------------

function Choose() {
  const next = kinds.value.find((each) => each.rows === 0)?.name;
  const ready = !chosen.value?.named || /^[\p{L}\p{N}_-]{1,40}$/u.test(named.value.trim());
  return (
    <>
      {fault.value && <Fault />}
      <ul class="kinds" aria-label={t("whatIsIt")}>
        {kinds.value.map((each) => (
          <Choice key={each.name} each={each} next={each.name === next} />
        ))}
      </ul>
      {chosen.value && (
        <a class="link templates" href={`/api/imports/templates/${kind.value}.xlsx?lang=${language.value}`} download>
          {t("templateOf", { kind: pick(chosen.value.zh, chosen.value.en) })}
        </a>
      )}
      {chosen.value?.named && (
        <label class="field">
          {t("itsName")}
          <input value={named.value} placeholder={t("itsNameHint")} onInput={(event) => (named.value = event.currentTarget.value)} />
        </label>
      )}
      <label class={`drop${ready ? "" : " waits"}`}>
        <b>{t("drop")}</b>
        <span class="primary">{t("choose")}</span>
        <input
          type="file"
          multiple
          disabled={!ready}
          class="visually-hidden"
          onChange={(event) => void take([...(event.currentTarget.files ?? [])])}
        />
        <small>{t("formats")}</small>
      </label>
    </>
  );
}

function Choice({ each, next }: { each: KindInfo; next: boolean }) {
  const name = pick(each.zh, each.en);
  const lang = language.value;
  return (
    <li>
      <label>
        <input type="radio" name="kind" checked={kind.value === each.name} onChange={() => (kind.value = each.name)} />
        <span>
          {name}
          {next && <em>{t("next")}</em>}
          <small>{each.rows ? t("have", { n: count(lang, each.rows) }) : t("haveNone")}</small>
        </span>
      </label>
    </li>
  );
}

// -- at work -------------------------------------------------------------------------------------

function Work() {
  const held = job.value;
  return (
    <>
      {upload.value && (
        <p class="file">
          <b>{upload.value.name}</b>
          <span class="soft">{chosen.value && [pick(chosen.value.zh, chosen.value.en), named.value].filter(Boolean).join(" · ")}</span>
          {!busy.value && <button type="button" class="link" onClick={forget}>{t("another")}</button>}
        </p>
      )}
      {fault.value && <Fault />}
      {sent.value !== null && <Bar share={sent.value} word="sending" />}
      {held && <Held held={held} />}
      {!busy.value && upload.value && held?.result?.state !== "imported" && <Trial />}
    </>
  );
}

function Held({ held }: { held: Job<Outcome> }) {
  if (held.state === "queued" || held.state === "running") {
    const word = STEPS[held.step] ?? "queued";
    return (
      <>
        <Bar share={held.progress} word={word} />
        <button type="button" class="more" onClick={() => void cancel()}>{t("cancel")}</button>
      </>
    );
  }
  if (held.state === "cancelled") return <p class="notice" role="status">{t("cancelled")}</p>;
  if (held.state === "failed")
    return (
      <div class="notice" role="alert">
        <b>{t("couldNot")}</b>
        <p>{pick(held.error_zh, held.error)}</p>
      </div>
    );
  if (held.kind === "undo") return <Ended word="undone" id={null} />;
  return held.result?.state === "imported" ? <Ended word="imported" id={held.result.import} /> : null;
}

export function Bar({ share, word }: { share: number; word: Word }) {
  return (
    <div class="working" role="status">
      <span>{t(word)} … {Math.round(share * 100)}%</span>
      <progress value={share} max={1} aria-label={t(word)} />
    </div>
  );
}

function Ended({ word, id }: { word: "imported" | "undone"; id: number | null }) {
  const counts = job.value?.result?.counts;
  return (
    <div class="ended" role="status">
      <b class="verdict Yes">{t(word)}</b>
      {counts && <Counts counts={counts} />}
      <p class="soft">{t("importedWhy")}</p>
      <p class="actions">
        <button type="button" class="primary" onClick={forget}>{t("another")}</button>
        {id !== null && <button type="button" class="plain" onClick={() => void undo(id)}>{t("undo")}</button>}
        <a class="plain" href={`/${location.hash}`}>{t("seeCheck")}</a>
      </p>
    </div>
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
              <small>{[nameOf(each.kind), day(language.value, each.created_at), each.created_by].join(" · ")}</small>
            </span>
            {each.undone_by ? (
              <span class="soft">{t("undone")}</span>
            ) : (
              <button type="button" class="link" aria-label={`${t("undo")} ${each.file}`} onClick={() => void undo(each.id)}>
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
