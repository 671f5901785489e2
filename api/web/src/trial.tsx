// A trial of an import: what would change, what is doubted or rejected, and how the file is read.

import { useState } from "preact/hooks";
import type { Doubt, FieldInfo, Outcome, RejectGroup } from "./api";
import { Counts } from "./counts";
import { count, metres } from "./format";
import { chosen, job, run, settings, stale, upload } from "./imports";
import { language, pick, t } from "./state";

const CRS = ["EPSG:4490", "EPSG:4326", "GCJ-02", "BD-09"];
const CRS_NAMES: Record<string, [string, string]> = {
  "EPSG:4490": ["CGCS2000 经纬度", "CGCS2000 longitude/latitude"],
  "EPSG:4326": ["WGS 84 经纬度（GPS）", "WGS 84 longitude/latitude (GPS)"],
  "GCJ-02": ["GCJ-02（高德、腾讯）", "GCJ-02 (Amap, Tencent)"],
  "BD-09": ["BD-09（百度）", "BD-09 (Baidu)"],
};
const ENCODINGS = ["UTF-8", "GB18030", "GBK"];
const LISTS = /\.(csv|tsv|txt|gz|xlsx?|xlsm|ods)$/i;
// The datums that no file ever names, by what the shift test calls them.
const HIDDEN: Record<string, string> = { gcj02: "GCJ-02", bd09: "BD-09" };

export function Trial() {
  const outcome = job.value?.state === "done" ? job.value.result : null;
  return (
    <>
      {outcome && <Found outcome={outcome} />}
      <Reading outcome={outcome} />
    </>
  );
}

function Found({ outcome }: { outcome: Outcome }) {
  const { counts } = outcome;
  const come = (counts.new ?? 0) + (counts.changed ?? 0);
  const partial = (counts.rejected ?? 0) > 0;
  const whole = (partial && !chosen.value?.partial) || outcome.hopeless;
  const nothing = come + (counts.closed ?? 0) === 0;
  const doubted = outcome.doubts.length > 0 && !settings.value.as_is;
  const n = count(language.value, come);
  return (
    <section class="found">
      <h2>{t("wouldChange")}</h2>
      <Counts counts={counts} />
      {outcome.hopeless && <p class="notice" role="alert">{t("hopeless")}</p>}
      {outcome.crs && <p class="soft small">{t("crs")}: {outcome.crs}</p>}
      {doubted && <Doubts doubts={outcome.doubts} />}
      {outcome.reject_groups.length > 0 && <Rejects groups={outcome.reject_groups} />}
      {whole && !outcome.hopeless && <p class="notice">{t("mustBeWhole")}</p>}
      {nothing && !partial && <p class="notice" role="status">{t("nothingNew")}</p>}
      {!nothing && !whole && !doubted && !stale.value && (
        <button type="button" class="primary" onClick={() => void run(false, partial)}>
          {t(partial ? "commitGood" : "commit", { n })}
        </button>
      )}
    </section>
  );
}

function Doubts({ doubts }: { doubts: Doubt[] }) {
  const first = doubts[0]!;
  const crs = HIDDEN[first.kind];
  function choose(change: { crs?: string; as_is?: boolean }) {
    settings.value = { ...settings.value, ...change };
    void run(true);
  }
  return (
    <div class="notice" role="alert">
      <b>{t("doubted")}</b>
      <ul>
        {doubts.slice(0, 3).map((each) => (
          <li key={each.area}>
            {each.area && `${each.area}: `}
            {pick(each.message_zh, each.message)}
            {language.value === "zh" ? "，" : ", "}
            {t("doubtBy", { distance: metres(language.value, each.distance_m) })}
          </li>
        ))}
      </ul>
      <p class="actions">
        {crs && doubts.every((each) => each.area === null) && (
          <button type="button" class="primary" onClick={() => choose({ crs })}>{t("doubtUse", { crs })}</button>
        )}
        <button type="button" class="more" onClick={() => choose({ as_is: true })}>{t("doubtAsIs")}</button>
      </p>
    </div>
  );
}

function Rejects({ groups }: { groups: RejectGroup[] }) {
  return (
    <div class="rejects">
      <h3>{t("rejects")}</h3>
      <ul>
        {groups.slice(0, 8).map((each) => (
          <li key={`${each.field} ${each.reason}`}>
            <b>{count(language.value, each.n)}</b>
            <span>
              {nameOf(each.field)} {pick(each.message_zh, each.message)}
              {language.value === "zh" ? "。" : ". "}
              {pick(each.cure_zh, each.cure)}
              <small>
                {t("rejectRows", { rows: each.rows.join(", ") + (each.n > each.rows.length ? " …" : "") })}
                {each.value && ` “${each.value.slice(0, 40)}”`}
              </small>
            </span>
          </li>
        ))}
      </ul>
      <a class="link" href={`/api/uploads/${upload.value!.id}/rejects.csv`} download>{t("rejectsFile")}</a>
    </div>
  );
}

function nameOf(name: string): string {
  const field = chosen.value?.fields.find((each) => each.name === name);
  return field ? pick(field.zh, field.en) : name;
}

// -- how the file is read ------------------------------------------------------------------------

function set(change: Partial<typeof settings.value>): void {
  settings.value = { ...settings.value, ...change };
}

function Reading({ outcome }: { outcome: Outcome | null }) {
  const held = settings.value;
  const shapes = chosen.value?.shapes !== "none";
  const list = LISTS.test(upload.value?.name ?? "");
  return (
    <details class="reading" open={outcome === null || stale.value || undefined}>
      <summary>{t("settings")}</summary>
      {shapes && <Crs />}
      {list && (
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
      {outcome && <Columns outcome={outcome} list={list && shapes} />}
      {(stale.value || outcome === null) && (
        <button type="button" class="primary" onClick={() => void run(true)}>{t("again")}</button>
      )}
    </details>
  );
}

function Crs() {
  const held = settings.value.crs;
  const [other, setOther] = useState(held !== "" && !CRS.includes(held));
  return (
    <label class="field">
      {t("crs")}
      <select
        value={other ? "other" : held}
        onChange={(event) => {
          const said = event.currentTarget.value;
          setOther(said === "other");
          set({ crs: said === "other" ? "" : said });
        }}
      >
        <option value="">{t("crsOfFile")}</option>
        {CRS.map((each) => <option key={each} value={each}>{pick(...CRS_NAMES[each]!)}</option>)}
        <option value="other">{t("crsOther")}</option>
      </select>
      {other && (
        <input value={held} placeholder={t("crsHint")} aria-label={t("crsOther")} onChange={(event) => set({ crs: event.currentTarget.value.trim() })} />
      )}
    </label>
  );
}

function Columns({ outcome, list }: { outcome: Outcome; list: boolean }) {
  const places: FieldInfo[] = ["lon", "lat"].map((name) => ({
    name, zh: "", en: "", type: "number", required: false, example: "", choices: [],
  }));
  const fields = [...(chosen.value?.fields ?? []), ...(list ? places : [])];
  return (
    <fieldset class="columns">
      <legend>{t("columns")}</legend>
      {fields.map((field) => (
        <Column key={field.name} field={field} outcome={outcome} />
      ))}
    </fieldset>
  );
}

function Column({ field, outcome }: { field: FieldInfo; outcome: Outcome }) {
  const said = settings.value.columns[field.name];
  const held = said ?? outcome.columns[field.name] ?? "";
  const fixed = held.startsWith("=");
  const label = field.name === "lon" ? t("longitude") : field.name === "lat" ? t("latitude") : pick(field.zh, field.en);
  function say(column: string) {
    const columns = { ...settings.value.columns, [field.name]: column };
    // Nothing said is guessed; an empty word leaves a guessed field out.
    if (!column && !outcome.columns[field.name]) delete columns[field.name];
    set({ columns });
  }
  return (
    <label class="field">
      <span>
        {label}
        {field.required && <em>{t("required")}</em>}
      </span>
      <select value={fixed ? "=" : held} onChange={(event) => say(event.currentTarget.value)}>
        <option value="">{t(field.type === "number" ? "automatic" : "columnNone")}</option>
        {outcome.headers.map((each) => <option key={each}>{each}</option>)}
        <option value="=">{t("columnFixed")}</option>
      </select>
      {fixed && (
        <input value={held.slice(1)} aria-label={`${label} ${t("columnFixed")}`} placeholder={field.example} onChange={(event) => say(`=${event.currentTarget.value}`)} />
      )}
    </label>
  );
}
