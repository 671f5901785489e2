// The page of rules: which are on, how grave, and by which thresholds; of the county, and of areas.

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Hit, type Severity } from "./api";
import { english } from "./findings";
import { count, day } from "./format";
import {
  changes, discard, draft, fault, kept, load, save, saved, saving, setAreaLimit, setLimit, setRule,
  equal, type AreaLimits, type Ends, type Kinds, type Limit, type Rule, type Value,
} from "./rules";
import { checking, checkNow, language, me, pick, sheet, t } from "./state";
import type { Word } from "./words";

const GROUPS: [string, Word][] = [
  ["C", "rulesC"], ["H", "rulesH"], ["G", "rulesG"], ["S", "rulesS"], ["P", "rulesP"], ["V", "rulesV"],
];
const SEVERITIES: Severity[] = ["error", "warning", "info"];
const KINDS = ["rural", "community", "dedicated"] as const;

const docs = (path: string) => `${path}?lang=${language.value}`;

export function RulesPanel() {
  useEffect(() => {
    if (me.value!.may_check) void load();
    sheet.value = true;
  }, []);
  if (!me.value!.may_check) return <p class="notice">{t("rulesRefused")}</p>;
  if (!draft.value) return fault.value ? <Fault /> : <p class="soft" role="status">{t("loading")}</p>;
  return (
    <>
      <section>
        <h1 class="group-title">{t("rulesTitle")}</h1>
        <p class="soft">{t("rulesWhy")}</p>
        <p class="rules-links">
          <a class="link" href={docs("/docs/rules")}>{t("rulesDocs")}</a>
          <a class="link" href={docs("/docs/proof")}>{t("rulesProof")}</a>
        </p>
        <LastChange />
      </section>
      {GROUPS.map(([letter, word]) => (
        <section key={letter}>
          <h2 class="rules-head">{t(word)}</h2>
          {letter === "C" && <p class="soft small">{t("rulesBlind")}</p>}
          <ul class="rules-list">
            {draft.value!.rules.filter((rule) => rule.code.startsWith(letter)).map((rule) => (
              <RuleRow key={rule.code} rule={rule} />
            ))}
          </ul>
        </section>
      ))}
      <section>
        <h2 class="rules-head">{t("limitsTitle")}</h2>
        <ul class="rules-list">
          {draft.value.limits.map((limit) => (
            <li key={limit.key} class="limit">
              <Field limit={limit} value={limit.value} set={(value) => setLimit(limit.key, value)} />
              {!equal(limit.value, limit.usual) && (
                <button type="button" class="link" onClick={() => setLimit(limit.key, limit.usual)}>{t("limitReset")}</button>
              )}
            </li>
          ))}
        </ul>
      </section>
      <Areas />
    </>
  );
}

function LastChange() {
  const { changed_at, changed_by } = kept.value!;
  const words = changed_at ? t("rulesChanged", { who: changed_by ?? "", date: day(language.value, changed_at) }) : t("rulesUsual");
  return <p class="soft small">{words}</p>;
}

function Fault() {
  return (
    <p class="notice" role="alert">
      {pick(fault.value!.zh, fault.value!.en)}
    </p>
  );
}

const named = (rule: Rule) => pick(rule.name_zh, english(rule.name));

function RuleRow({ rule }: { rule: Rule }) {
  const title = named(rule);
  return (
    <li class={rule.on ? "rule" : "rule off"}>
      <label class="rule-tick">
        <input
          type="checkbox"
          checked={rule.on}
          aria-label={t("rulesOn", { rule: `${rule.code} ${title}` })}
          onChange={(event) => setRule(rule.code, { on: event.currentTarget.checked })}
        />
      </label>
      <span class="rule-name">
        <a href={docs(rule.page)} title={t("ruleAbout")}>
          <b>{title}</b> <span class="soft">{rule.code}</span>
        </a>
        {rule.privacy !== "open" && <small>{t(rule.privacy === "sensitive" ? "rulesSensitive" : "rulesIndividual")}</small>}
        {rule.severity !== rule.usual_severity && <small>{t("rulesUsually", { usual: t(rule.usual_severity) })}</small>}
      </span>
      <select
        value={rule.severity}
        disabled={!rule.on}
        aria-label={t("rulesGrave", { rule: `${rule.code} ${title}` })}
        onChange={(event) => setRule(rule.code, { severity: event.currentTarget.value as Severity })}
      >
        {SEVERITIES.map((each) => <option key={each} value={each}>{t(each)}</option>)}
      </select>
    </li>
  );
}

// -- thresholds ----------------------------------------------------------------------------------

interface FieldProps {
  limit: Limit;
  value: Value;
  set: (value: Value) => void;
  of?: string;
}

/** A threshold's inputs: a number, a range, or a range for each kind of grid. */
function Field({ limit, value, set, of }: FieldProps) {
  const name = pick(limit.name_zh, limit.name);
  const unit = pick(limit.unit_zh, limit.unit);
  const label = of ? `${of} · ${name}` : name;
  const ends = (said: Ends, put: (next: Ends) => void, about: string) =>
    (["least", "most"] as const).map((end) => (
      <label key={end}>
        <span class="soft small">{t(end === "least" ? "limitLeast" : "limitMost")}</span>
        <Num limit={limit} value={said[end]} label={`${about} · ${t(end === "least" ? "limitLeast" : "limitMost")}`} set={(n) => put({ ...said, [end]: n })} />
      </label>
    ));
  return (
    <div class="limit-field">
      <span class="limit-name">{name}</span>
      {limit.form === "number" && (
        <span class="limit-ends">
          <Num limit={limit} value={value as number} label={label} set={set} /> <span class="soft">{unit}</span>
        </span>
      )}
      {limit.form === "range" && (
        <span class="limit-ends">
          {ends(value as Ends, set, label)} <span class="soft">{unit}</span>
        </span>
      )}
      {limit.form === "kinds" &&
        KINDS.map((kind) => (
          <span class="limit-ends kinds" key={kind}>
            <span class="limit-kind">{t(kind)}</span>
            {ends((value as Kinds)[kind], (next) => set({ ...(value as Kinds), [kind]: next }), `${label} · ${t(kind)}`)}
            <span class="soft">{unit}</span>
          </span>
        ))}
      {limit.form !== "kinds" && !equal(value, limit.usual) && !of && (
        <small>{t("limitUsual", { usual: worded(limit.usual as number | Ends) })}</small>
      )}
    </div>
  );
}

function worded(value: number | Ends): string {
  const n = (each: number) => (each < 1 ? String(each) : count(language.value, each));
  return typeof value === "number" ? n(value) : `${n(value.least)}–${n(value.most)}`;
}

function Num({ limit, value, label, set }: { limit: Limit; value: number; label: string; set: (n: number) => void }) {
  return (
    <input
      type="number"
      inputMode="decimal"
      value={value}
      min={limit.low}
      max={limit.high}
      step="any"
      required
      aria-label={label}
      onChange={(event) => {
        const typed = event.currentTarget.valueAsNumber;
        // What is no number is put back, and not sent.
        if (Number.isNaN(typed)) event.currentTarget.value = String(value);
        else set(typed);
      }}
    />
  );
}

// -- towns and villages --------------------------------------------------------------------------

function Areas() {
  const limits = draft.value!.limits.filter((limit) => limit.by_area);
  return (
    <section>
      <h2 class="rules-head">{t("limitsAreas")}</h2>
      <p class="soft small">{t("limitsAreasWhy")}</p>
      <ul class="rules-list">
        {draft.value!.areas.flatMap((area) =>
          Object.entries(area.limits).map(([key, value]) => {
            const limit = limits.find((each) => each.key === key);
            if (!limit) return null;
            const name = pick(area.name, area.name_en);
            const words = { area: name, limit: pick(limit.name_zh, limit.name) };
            return (
              <li key={`${area.code} ${key}`} class="limit">
                <b>{name}</b>
                <Field limit={limit} value={whole(limit, value)} of={name} set={(next) => setAreaLimit(area, key, next)} />
                <button type="button" class="link" aria-label={t("limitsRemove", words)} onClick={() => setAreaLimit(area, key)}>
                  {t("limitReset")}
                </button>
              </li>
            );
          }),
        )}
      </ul>
      <Add limits={limits} />
    </section>
  );
}

/** What an area leaves open is the county's. */
function whole(limit: Limit, value: Value): Value {
  if (limit.form === "number") return value;
  if (limit.form === "range") return { ...(limit.value as Ends), ...(value as Ends) };
  const own = value as Partial<Kinds>;
  return Object.fromEntries(KINDS.map((kind) => [kind, { ...(limit.value as Kinds)[kind], ...own[kind] }])) as Kinds;
}

function Add({ limits }: { limits: Limit[] }) {
  const [hits, setHits] = useState<Hit[] | null>(null);
  const [key, setKey] = useState(limits[0]!.key);
  const waiting = useRef(0);
  const input = useRef<HTMLInputElement>(null);
  function type(text: string) {
    clearTimeout(waiting.current);
    if (!text.trim()) return setHits(null);
    waiting.current = window.setTimeout(() => {
      ask<{ hits: Hit[] }>(`/api/search?q=${encodeURIComponent(text.trim())}`).then(
        (found) => setHits(found.hits.filter((hit) => hit.kind === "area")),
        () => setHits([]),
      );
    }, 180);
  }
  function choose(hit: Hit) {
    const limit = limits.find((each) => each.key === key)!;
    const area: Omit<AreaLimits, "limits"> = { code: hit.code, name: hit.name, name_en: hit.name_en };
    setAreaLimit(area, key, limit.value);
    input.current!.value = "";
    setHits(null);
  }
  return (
    <details class="limit-add">
      <summary>{t("limitsAdd")}</summary>
      <label class="field">
        {t("limitsWhich")}
        <select value={key} onChange={(event) => setKey(event.currentTarget.value)}>
          {limits.map((each) => <option key={each.key} value={each.key}>{pick(each.name_zh, each.name)}</option>)}
        </select>
      </label>
      <div class="find">
        <input ref={input} type="search" aria-label={t("exportFind")} placeholder={t("exportFind")} onInput={(event) => type(event.currentTarget.value)} />
        {hits && (
          <ul class="rows">
            {hits.length === 0 && <li class="soft">{t("searchNone")}</li>}
            {hits.map((hit) => (
              <li key={hit.code}>
                <button type="button" class="row" onClick={() => choose(hit)}>
                  <span>
                    {pick(hit.name, hit.name_en)}
                    <small>{[t(hit.level), hit.within].filter(Boolean).join(" · ")}</small>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </details>
  );
}

// -- the foot ------------------------------------------------------------------------------------

/** What is not saved yet, or that it is. */
export function RulesFoot() {
  if (!draft.value) return null;
  if (!changes.value && !saved.value && !fault.value) return null;
  return (
    <div class="panel-foot rules-foot">
      {fault.value && <Fault />}
      {saved.value && !changes.value ? (
        <>
          <p role="status">{t("rulesSaved")}</p>
          <button type="button" class="primary" disabled={checking.value} onClick={() => void checkNow()}>
            {t(checking.value ? "checking" : "checkNow")}
          </button>
        </>
      ) : (
        <>
          <p role="status">{t("rulesUnsaved", { n: count(language.value, changes.value) })}</p>
          <span class="rules-buttons">
            <button type="button" class="plain" onClick={discard}>{t("rulesDiscard")}</button>
            <button type="button" class="primary" disabled={saving.value || !changes.value} onClick={() => void save()}>{t("rulesSave")}</button>
          </span>
        </>
      )}
    </div>
  );
}
