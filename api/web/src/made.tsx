// The file of an export: on its way, there to be fetched, or not; and the files before it.

import { useArrival } from "./arrival";
import { busy, cancel, choices, fault, forget, job, load, make, past, ready, type Export } from "./exports";
import { bytes, count, day } from "./format";
import { Bar } from "./import";
import { language, pick, t } from "./state";
import type { Word } from "./words";

export const STEPS: Record<string, Word> = { counting: "exportCounting", writing: "exportWriting" };

export function Fault() {
  return (
    <div class="notice" role="alert">
      {pick(fault.value!.zh, fault.value!.en)}
      {!choices.value && <button type="button" class="more" onClick={() => void load()}>{t("retry")}</button>}
    </div>
  );
}

// -- at work -------------------------------------------------------------------------------------

export function Work({ held }: { held: Export }) {
  return (
    <>
      <FileCard held={held} />
      {fault.value && <Fault />}
      {busy.value && <Bar share={held.progress} word={STEPS[held.step] ?? "queued"} />}
      {held.state === "done" && <Ready held={held} />}
      {held.state === "failed" && <Failed held={held} />}
      {held.state === "cancelled" && <p class="notice">{t("exportCancelled")}</p>}
    </>
  );
}

function FileCard({ held }: { held: Export }) {
  const size = held.result ? bytes(language.value, held.result.bytes) : "";
  return (
    <div class="file">
      <svg viewBox="0 0 24 28" width="24" height="28" aria-hidden="true">
        <path d="M3 1.5h12l6 6v19H3z" />
        <path d="M15 1.5v6h6M7 14h10M7 19h10" />
      </svg>
      <p>
        <b>{held.params.name}</b>
        <span class="soft">{[size, marks(held)].filter(Boolean).join(" · ")}</span>
      </p>
    </div>
  );
}

function marks(held: Export): string {
  if (held.params.reveal) return t("exportClearMark");
  return held.result?.masked.length ? t("exportMaskedMark") : "";
}

function Ready({ held }: { held: Export }) {
  const place = useArrival<HTMLHeadingElement>();
  const { counts, crs: system, notes } = held.result!;
  const n = (value: number) => count(language.value, value);
  const said = [
    t(counts.rows === 1 ? "exportRowsOne" : "exportRows", { n: n(counts.rows) }),
    counts.unlocated ? t("exportUnlocated", { n: n(counts.unlocated) }) : "",
    system,
  ];
  return (
    <section class="ended">
      <h2 class="verdict Yes" ref={place} tabIndex={-1}>{t("exportReady")}</h2>
      <p>{said.filter(Boolean).join(" · ")}</p>
      {notes.length > 0 && (
        <ul class="told-notes">
          {notes.map((each) => <li key={each.message}>{pick(each.message_zh, each.message)}</li>)}
        </ul>
      )}
      <p class="soft small">{t("exportKept")}</p>
    </section>
  );
}

function Failed({ held }: { held: Export }) {
  const place = useArrival<HTMLHeadingElement>();
  return (
    <div class="notice bad" role="alert">
      <h2 ref={place} tabIndex={-1}>{t("couldNot")}</h2>
      <p>{pick(held.error_zh, held.error)}</p>
    </div>
  );
}

/** The foot of the page: always in sight, it holds the one thing to do next. */
export function ExportFoot() {
  const held = job.value;
  if (!choices.value) return null;
  if (!held)
    return (
      <footer class="panel-foot">
        <button type="button" class="primary" disabled={!ready.value} onClick={() => void make(language.value)}>{t("exportGo")}</button>
      </footer>
    );
  if (busy.value)
    return (
      <footer class="panel-foot">
        <button type="button" class="more" onClick={() => void cancel()}>{t("cancel")}</button>
      </footer>
    );
  return (
    <footer class="panel-foot">
      {held.ready && <a class="primary" href={fileOf(held)} download>{t("exportFetch")}</a>}
      <button type="button" class={held.ready ? "more" : "primary"} onClick={forget}>{t("exportAnother")}</button>
    </footer>
  );
}

function fileOf(held: Export): string {
  return `/api/exports/${held.id}/file`;
}

// -- what came before ----------------------------------------------------------------------------

export function Past() {
  const made = past.value.filter((each) => each.state === "done");
  if (made.length === 0) return null;
  return (
    <section class="history">
      <h2>{t("exportPast")}</h2>
      <ul class="rows">
        {made.map((each) => (
          <li key={each.id}>
            <span>
              {each.params.name}
              <small>{[day(language.value, each.created_at), bytes(language.value, each.result!.bytes), marks(each)].filter(Boolean).join(" · ")}</small>
            </span>
            {each.ready ? (
              <a class="link" href={fileOf(each)} download aria-label={t("exportFetchName", { name: each.params.name })}>{t("exportFetch")}</a>
            ) : (
              <span class="soft">{t("exportGone")}</span>
            )}
          </li>
        ))}
      </ul>
      <p class="soft small">{t("exportKept")}</p>
    </section>
  );
}
