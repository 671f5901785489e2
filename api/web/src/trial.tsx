// A trial of an import: what would change, what is doubted or rejected, and how the file is read.

import { useState } from "preact/hooks";
import { useArrival } from "./arrival";
import type { Doubt, FieldInfo, Outcome, RejectGroup } from "./api";
import { CRS, crsName, ENCODINGS } from "./ask";
import { Counts } from "./counts";
import { hindrance } from "./decide";
import { count, metres } from "./format";
import { chosen, settings, stale, tryWith, unfolded, upload } from "./imports";
import { language, pick, t } from "./state";

const LISTS = /\.(csv|tsv|txt|gz|xlsx?|xlsm|ods)$/i;
const TEXTS = /\.(csv|tsv|txt|gz|zip|shp|dbf)$/i;
// The datums that no file ever names, by what the shift test calls them.
const HIDDEN: Record<string, string> = { gcj02: "GCJ-02", bd09: "BD-09" };
const SHOWN = 8;
// A column that is left out, and the mark of one value for all rows.
const FIXED = "=";

export function Found({ outcome }: { outcome: Outcome }) {
  const place = useArrival<HTMLHeadingElement>();
  const why = hindrance();
  return (
    <section class="found">
      <h2 ref={place} tabIndex={-1}>{t("wouldChange")}</h2>
      <Counts counts={outcome.counts} />
      {why === "doubted" && <Doubts doubts={outcome.doubts} />}
      {outcome.reject_groups.length > 0 && <Rejects outcome={outcome} />}
      {why === "whole" && <p class="notice">{t(outcome.hopeless ? "hopeless" : "mustBeWhole")}</p>}
      {why === "nothing" && <p class="notice good">{t(outcome.counts.rejected ? "nothingGood" : "nothingNew")}</p>}
    </section>
  );
}

function Doubts({ doubts }: { doubts: Doubt[] }) {
  const crs = HIDDEN[doubts[0]!.kind];
  const whole = doubts.every((each) => each.area === null && each.kind === doubts[0]!.kind);
  return (
    <div class="notice" role="alert">
      <h3>{t("doubted")}</h3>
      {doubts.slice(0, 3).map((each) => (
        <p key={each.area}>
          {each.area && `${each.area}${language.value === "zh" ? "：" : ": "}`}
          {capital(t("doubtSaid", { what: pick(each.message_zh, each.message), distance: metres(language.value, each.distance_m) }))}
        </p>
      ))}
      <p class="actions">
        {crs && whole && (
          <button type="button" class="primary" onClick={() => void tryWith({ crs })}>{t("doubtUse", { crs })}</button>
        )}
        <button type="button" class="more" onClick={() => void tryWith({ as_is: true })}>{t("doubtAsIs")}</button>
      </p>
    </div>
  );
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Rejects({ outcome }: { outcome: Outcome }) {
  const groups = outcome.reject_groups;
  return (
    <div class="rejects">
      <h3>{t("rejects", { n: count(language.value, outcome.counts.rejected ?? 0) })}</h3>
      <ul>
        {groups.slice(0, SHOWN).map((each) => <Reject key={`${each.field} ${each.reason}`} each={each} />)}
      </ul>
      {groups.length > SHOWN && <p class="soft small">{t("rejectsMore", { n: count(language.value, groups.length - SHOWN) })}</p>}
      <a class="link" href={`/api/uploads/${upload.value!.id}/rejects.csv`} download>{t("rejectsFile")}</a>
    </div>
  );
}

function Reject({ each }: { each: RejectGroup }) {
  const rows = each.rows.map((row) => count(language.value, row)).join(language.value === "zh" ? "、" : ", ");
  const more = each.n > each.rows.length ? ` … (${count(language.value, each.n)})` : "";
  return (
    <li>
      <p>
        <b>{nameOf(each.field)}</b> {each.value && <q>{each.value.slice(0, 40)}</q>} {pick(each.message_zh, each.message)}
      </p>
      <p class="cure">{pick(each.cure_zh, each.cure)}</p>
      <p class="soft small">{t(each.n === 1 ? "rejectRow" : "rejectRows", { rows: rows + more })}</p>
    </li>
  );
}

/** A field, or a place's column, in words. */
function nameOf(name: string): string {
  const field = chosen.value?.fields.find((each) => each.name === name);
  if (field) return pick(field.zh, field.en);
  if (name === "lon") return t("longitude");
  if (name === "lat") return t("latitude");
  return name === "geom" || name === "wkt" ? t("shape") : name;
}

// -- how the file is read ------------------------------------------------------------------------

function set(change: Partial<typeof settings.value>): void {
  settings.value = { ...settings.value, ...change };
}

export function Reading({ outcome }: { outcome: Outcome | null }) {
  const held = settings.value;
  const shapes = chosen.value?.shapes !== "none";
  const list = LISTS.test(upload.value?.name ?? "");
  return (
    <details
      class="reading"
      open={stale.value || lacking(outcome) || unfolded.value || undefined}
      onToggle={(event) => (unfolded.value = event.currentTarget.open)}
    >
      <summary>
        {t("settings")} {outcome && <span class="soft">{summary(outcome)}</span>}
      </summary>
      {outcome && <Columns outcome={outcome} places={list && shapes} />}
      {shapes && <Crs />}
      {TEXTS.test(upload.value?.name ?? "") && (
        <label class="field">
          {t("encoding")}
          <select value={held.encoding} onChange={(event) => set({ encoding: event.currentTarget.value })}>
            <option value="">{t("automatic")}</option>
            {ENCODINGS.map((each) => <option key={each}>{each}</option>)}
          </select>
        </label>
      )}
      <label class="field">
        {t("sheet")}
        <input value={held.layer} placeholder={t("sheetHint")} onChange={(event) => set({ layer: event.currentTarget.value.trim() })} />
      </label>
      <label class="field">
        {t("replaceArea")}
        <input value={held.replace} placeholder={t("replaceHint")} onChange={(event) => set({ replace: event.currentTarget.value.trim() })} />
      </label>
    </details>
  );
}

/** Tell whether rows are rejected because a field has no column. */
function lacks(outcome: Outcome, name: string): boolean {
  return !outcome.columns[name] && outcome.reject_groups.some((each) => each.field === name && each.reason === "missing");
}

function lacking(outcome: Outcome | null): boolean {
  return outcome !== null && (chosen.value?.fields ?? []).some((each) => lacks(outcome, each.name));
}

function summary(outcome: Outcome): string {
  const found = Object.keys(outcome.columns).length;
  const all = chosen.value?.fields.length ?? 0;
  const columns = t("columnsFound", { found: String(found), all: String(all) });
  return [columns, outcome.crs && crsName(outcome.crs)].filter(Boolean).join(" · ");
}

function Crs() {
  const held = settings.value.crs;
  const [other, setOther] = useState(held !== "" && !CRS.some(([crs]) => crs === held));
  // Other coordinates are doubted anew.
  const say = (crs: string) => set({ crs, as_is: false });
  return (
    <label class="field">
      {t("crs")}
      <select
        value={other ? "other" : held}
        onChange={(event) => {
          const said = event.currentTarget.value;
          setOther(said === "other");
          say(said === "other" ? "" : said);
        }}
      >
        <option value="">{t("crsOfFile")}</option>
        {CRS.map(([crs, name]) => <option key={crs} value={crs}>{t(name)}</option>)}
        <option value="other">{t("crsOther")}</option>
      </select>
      {other && (
        <input value={held} placeholder={t("crsHint")} aria-label={t("crsOther")} onChange={(event) => say(event.currentTarget.value.trim())} />
      )}
    </label>
  );
}

const PLACES: FieldInfo[] = ["lon", "lat"].map((name) => ({
  name, zh: "", en: "", type: "number", required: false, example: "", choices: [],
}));

export function Columns({ outcome, places }: { outcome: Outcome; places: boolean }) {
  const fields = [...(chosen.value?.fields ?? []), ...(places ? PLACES : [])];
  return (
    <fieldset class="columns">
      <legend>{t("columns")}</legend>
      {fields.map((field) => <Column key={field.name} field={field} outcome={outcome} />)}
    </fieldset>
  );
}

function Column({ field, outcome }: { field: FieldInfo; outcome: Outcome }) {
  const said = settings.value.columns[field.name];
  const held = said ?? outcome.columns[field.name] ?? "";
  const fixed = held.startsWith(FIXED);
  const label = nameOf(field.name);
  function say(column: string) {
    const columns = { ...settings.value.columns, [field.name]: column };
    // Nothing said is guessed; an empty word leaves a guessed field out.
    if (!column && !outcome.columns[field.name]) delete columns[field.name];
    set({ columns });
  }
  const missing = !held && lacks(outcome, field.name);
  return (
    <label class={`field${missing ? " missing" : ""}`}>
      <span>
        {label}
        {field.required && <em>{t("required")}</em>}
      </span>
      <select value={fixed ? FIXED : held} onChange={(event) => say(event.currentTarget.value === FIXED ? FIXED + (field.choices[0] ?? "") : event.currentTarget.value)}>
        <option value="">{t(field.type === "number" ? "automatic" : "columnNone")}</option>
        {outcome.headers.map((each) => <option key={each}>{each}</option>)}
        <option value={FIXED}>{t("columnFixed")}</option>
      </select>
      {fixed && <Value field={field} label={label} value={held.slice(1)} say={(value) => say(FIXED + value)} />}
    </label>
  );
}

/** One value for every row: chosen where only some may stand there. */
function Value(props: { field: FieldInfo; label: string; value: string; say: (value: string) => void }) {
  const { field, label, value, say } = props;
  const name = `${label} ${t("columnFixed")}`;
  if (field.choices.length === 0)
    return <input value={value} aria-label={name} placeholder={field.example} onChange={(event) => say(event.currentTarget.value.trim())} />;
  return (
    <select value={value} aria-label={name} onChange={(event) => say(event.currentTarget.value)}>
      {field.choices.map((each) => <option key={each}>{each}</option>)}
    </select>
  );
}
