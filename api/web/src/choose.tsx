// What to bring in, and the place to drop it: four steps for a new county, then every kind.

import { useEffect, useRef, useState } from "preact/hooks";
import { begun, chosen, guided, named, next, others, step, take, takeAgain, fault, way, type Step } from "./imports";
import { counted, language, pick, t } from "./state";

const NAME = /^[\p{L}\p{N}_-]{1,40}$/u;

export function Choose() {
  const list = useRef<HTMLDivElement>(null);
  // Back from a file: the keyboard stands again where the next one is chosen.
  useEffect(() => {
    if (begun.value) list.current?.querySelector<HTMLInputElement>("input:checked")?.focus();
  }, []);
  return (
    <div class="choose" ref={list}>
      {fault.value && <Fault />}
      {guided.value && (
        <ol class="steps" aria-label={t("whatIsIt")}>
          {way.value.map((each, at) => <Choice key={each.id} each={each} number={at + 1} />)}
        </ol>
      )}
      <Others />
    </div>
  );
}

export function Fault() {
  const { zh, en, status } = fault.value!;
  return (
    <div class="notice" role="alert">
      {pick(zh, en)}
      {status === 0 && <button type="button" class="more" onClick={() => void takeAgain()}>{t("retry")}</button>}
    </div>
  );
}

function Others() {
  const held = others.value;
  const kinds = (
    <ul class="steps" aria-label={t(guided.value ? "otherData" : "whatIsIt")}>
      {held.map((each) => <Choice key={each.id} each={each} number={null} />)}
    </ul>
  );
  if (!guided.value) return kinds;
  return (
    <details class="others" open={held.some((each) => each.id === step.value) || undefined}>
      <summary>{t("otherData")}</summary>
      {kinds}
    </details>
  );
}

function Choice({ each, number }: { each: Step; number: number | null }) {
  const on = step.value === each.id;
  const there = each.rows > 0;
  return (
    <li class={on ? "on" : there ? "there" : ""}>
      <label>
        <input type="radio" name="kind" class={number ? "visually-hidden" : ""} checked={on} onChange={() => (step.value = each.id)} />
        {number !== null && <Badge number={number} there={there} />}
        <b>{each.title ? t(each.title) : pick(each.kind.zh, each.kind.en)}</b>
        <span class="soft">{there ? counted("have", each.rows) : next.value === each ? t("next") : t("haveNone")}</span>
      </label>
      {on && <Told each={each} />}
    </li>
  );
}

function Badge({ number, there }: { number: number; there: boolean }) {
  return (
    <svg class="step-badge" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      {there ? <path d="M7 12.4l3.4 3.4L17 9" /> : <text x="12" y="16.4">{number}</text>}
    </svg>
  );
}

/** What the file must have, a template of it, and where to drop it. */
function Told({ each }: { each: Step }) {
  const { kind, hint } = each;
  const needed = kind.fields.filter((field) => field.required).map((field) => pick(field.zh, field.en));
  const lang = language.value;
  const ready = !kind.named || NAME.test(named.value.trim());
  return (
    <div class="told">
      {hint && <p>{t(hint)}</p>}
      <p class="soft small">{t("neededColumns", { names: needed.join(lang === "zh" ? "、" : ", ") })}</p>
      <a class="link templates" href={`/api/imports/templates/${kind.name}.xlsx?lang=${lang}`} download>
        {t("templateOf", { kind: pick(kind.zh, kind.en) })}
      </a>
      {kind.named && (
        <label class="field">
          {t("itsName")}
          <input value={named.value} maxLength={40} placeholder={t("itsNameHint")} onInput={(event) => (named.value = event.currentTarget.value)} />
        </label>
      )}
      <Drop ready={ready} />
    </div>
  );
}

function Drop({ ready }: { ready: boolean }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // A file may be dropped anywhere on the page; without this the browser would open it.
    const drag = (event: DragEvent) => {
      event.preventDefault();
      setOver(ready && event.type === "dragover");
    };
    const drop = (event: DragEvent) => {
      drag(event);
      if (ready) void take([...(event.dataTransfer?.files ?? [])]);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [ready, chosen.value]);
  return (
    <label class={`drop${ready ? "" : " waits"}${over ? " over" : ""}`}>
      <b>{t(over ? "dropNow" : "drop")}</b>
      <span class="primary">{t("choose")}</span>
      <input
        type="file"
        multiple
        disabled={!ready}
        class="visually-hidden"
        onChange={(event) => void take([...(event.currentTarget.files ?? [])])}
      />
      <small>{t(ready ? "formats" : "itsNameFirst")}</small>
    </label>
  );
}
