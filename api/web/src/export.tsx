// The export page: what, where, when and how.

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Hit } from "./api";
import { CRS } from "./ask";
import {
  area, begun, busy, choices, clear, crs, fault, format, job, kind, lang, layers, load, placed, reason, resume, revealing,
  title, version, wgsOnly, zone, type Format,
} from "./exports";
import { day } from "./format";
import { Fault, Past, STEPS, Work } from "./made";
import { language, pick, sheet, t } from "./state";
import type { Word } from "./words";

const FORMATS: [Format, string, Word][] = [
  ["xlsx", "XLSX", "exportXlsx"], ["csv", "CSV", "exportCsv"], ["gpkg", "GeoPackage", "exportGpkg"],
  ["shp.zip", "Shapefile", "exportShp"], ["geojson", "GeoJSON", "exportGeojson"], ["parquet", "GeoParquet", "exportParquet"],
  ["kml", "KML", "exportKml"], ["kmz", "KMZ", "exportKmz"],
];

export function ExportPanel() {
  useEffect(() => {
    void load().then(resume);
    sheet.value = true;
  }, []);
  if (!choices.value) return fault.value ? <Fault /> : <p class="soft" role="status">{t("loading")}</p>;
  return (
    <>
      <p role="status" class="visually-hidden">{told()}</p>
      {job.value ? (
        <Work held={job.value} />
      ) : (
        <>
          <section>
            <h1 class="group-title">{t("exportTitle")}</h1>
            <p class="soft">{t("exportWhy")}</p>
          </section>
          {fault.value && <Fault />}
          <Form />
          <Past />
        </>
      )}
    </>
  );
}

/** What the page says aloud: the step that is being done, then what came of it. */
function told(): string {
  const held = job.value;
  if (!held) return "";
  if (busy.value) return t(STEPS[held.step] ?? "queued");
  return t(({ cancelled: "exportCancelled", failed: "couldNot", done: "exportReady" } as Record<string, Word>)[held.state] ?? "queued");
}

// -- the choices ---------------------------------------------------------------------------------

function Form() {
  const first = useRef<HTMLSelectElement>(null);
  // Back from a file: the keyboard stands again where the next one is chosen.
  useEffect(() => {
    if (begun.value) first.current?.focus();
  }, []);
  const chosen = kind.value;
  return (
    <div class="export-form">
      <label class="field">
        {t("exportLayer")}
        <select ref={first} value={title.value} onChange={(event) => choose(event.currentTarget.value)}>
          {layers.value.map((each) => {
            const name = [pick(each.kind.zh, each.kind.en), each.own].filter(Boolean).join(" · ");
            return <option key={each.title} value={each.title} disabled={each.empty}>{each.empty ? t("exportNone", { name }) : name}</option>;
          })}
        </select>
      </label>
      <Where />
      {chosen && <Versions />}
      <Formats />
      {placed.value && <System />}
      <label class="field">
        {t("exportLang")}
        <select value={lang.value ?? language.value} onChange={(event) => (lang.value = event.currentTarget.value as "zh" | "en" | "code")}>
          <option value="zh">{t("exportZh")}</option>
          <option value="en">{t("exportEn")}</option>
          <option value="code">{t("exportCode")}</option>
        </select>
      </label>
      {chosen?.personal && <Personal />}
    </div>
  );
}

/** Take another layer; a format that cannot hold it gives way. */
function choose(words: string): void {
  title.value = words;
  if (!kind.value!.formats.includes(format.value)) format.value = "xlsx";
}

function Where() {
  const [part, setPart] = useState(area.value !== null);
  const whole = choices.value!.area;
  const name = whole ? t("exportAll", { name: pick(whole.name, whole.name_en) }) : t("exportOwnGrid");
  if (!whole) return <p class="field-said"><b>{t("exportArea")}</b> {name}</p>;
  return (
    <fieldset class="pick">
      <legend>{t("exportArea")}</legend>
      <label>
        <input
          type="radio"
          name="area"
          checked={!part}
          onChange={() => {
            setPart(false);
            area.value = null;
          }}
        />
        {name}
      </label>
      <label>
        <input type="radio" name="area" checked={part} onChange={() => setPart(true)} />
        {t(whole.level === "village" ? "exportPartGrid" : "exportPart")}
      </label>
      {part && <Find />}
    </fieldset>
  );
}

/** A place by its name or code, as in the bar. */
function Find() {
  const [hits, setHits] = useState<Hit[] | null>(null);
  const waiting = useRef(0);
  function type(text: string) {
    clearTimeout(waiting.current);
    area.value = null;
    if (!text.trim()) return setHits(null);
    // Asked once the typing rests, so that a word is one question.
    waiting.current = window.setTimeout(() => {
      ask<{ hits: Hit[] }>(`/api/search?q=${encodeURIComponent(text.trim())}`).then(
        (found) => setHits(found.hits),
        () => setHits([]),
      );
    }, 180);
  }
  if (area.value)
    return (
      <p class="picked">
        <span>
          <b>{area.value.name}</b> <small>{area.value.code}</small>
        </span>
        <button type="button" class="link" onClick={() => (area.value = null)}>{t("exportChange")}</button>
      </p>
    );
  return (
    <div class="find">
      <input type="search" placeholder={t("exportFind")} aria-label={t("exportPart")} onInput={(event) => type(event.currentTarget.value)} />
      {hits && (
        <ul class="rows">
          {hits.length === 0 && <li class="soft">{t("searchNone")}</li>}
          {hits.map((hit) => (
            <li key={hit.code}>
              <button type="button" class="row" onClick={() => (area.value = { code: hit.code, name: pick(hit.name, hit.name_en) })}>
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
  );
}

function Versions() {
  const held = kind.value!.versioned ? version.value : null;
  const by = language.value === "zh" ? 0 : 1;
  return (
    <label class="field">
      {t("exportVersion")}
      <select
        value={held === null ? "" : String(held)}
        disabled={!kind.value!.versioned}
        onChange={(event) => (version.value = event.currentTarget.value ? Number(event.currentTarget.value) : null)}
      >
        <option value="">{t("exportNow")}</option>
        {choices.value!.versions.map((each) => {
          // What an import calls its version is said in both languages.
          const said = each.title.split(" · ");
          const gaps = { id: String(each.id), date: day(language.value, each.at), title: said.length === 2 ? said[by]! : each.title };
          return <option key={each.id} value={String(each.id)}>{t("exportVersionOf", gaps)}</option>;
        })}
      </select>
      {!kind.value!.versioned && <small>{t("exportNoVersions")}</small>}
    </label>
  );
}

const NOTES: Partial<Record<Format, Word>> = { csv: "exportCsvNote", "shp.zip": "exportShpNote" };

function Formats() {
  const open = kind.value?.formats ?? [];
  const outlines = kind.value?.shapes === "polygons" || kind.value?.shapes === "any";
  const note = format.value === "xlsx" && outlines ? "exportXlsxNote" : NOTES[format.value];
  return (
    <fieldset class="formats">
      <legend>{t("exportFormat")}</legend>
      {FORMATS.map(([each, name, what]) => (
        <label key={each} class={open.includes(each) ? "" : "cannot"}>
          <input type="radio" name="format" checked={format.value === each} disabled={!open.includes(each)} onChange={() => (format.value = each)} />
          <span>
            <b>{name}</b>
            <small>{t(what)}</small>
          </span>
        </label>
      ))}
      {note && <p class="soft small">{t(note)}</p>}
    </fieldset>
  );
}

function System() {
  const { cm, plain, prefixed } = zone.value;
  const known: [string, string][] = [
    ...[...CRS].sort((a, b) => Number(b[0] === "EPSG:4326") - Number(a[0] === "EPSG:4326")).map(([code, name]): [string, string] => [code, t(name)]),
    [plain, t("exportZone", { cm: String(cm), epsg: plain })],
    [prefixed, t("exportZonePrefix", { epsg: prefixed })],
  ];
  const [other, setOther] = useState(!known.some(([code]) => code === crs.value));
  const say = (words: string) => (crs.value = words.toUpperCase().replace(/^(?=\d)/, "EPSG:"));
  return (
    <div class="field">
      <label class="field">
        {t("crs")}
        <select
          value={wgsOnly.value ? "EPSG:4326" : other ? "other" : crs.value}
          disabled={wgsOnly.value}
          onChange={(event) => {
            const said = event.currentTarget.value;
            setOther(said === "other");
            crs.value = said === "other" ? "" : said;
          }}
        >
          {known.map(([code, name]) => <option key={code} value={code}>{name}</option>)}
          <option value="other">{t("crsOther")}</option>
        </select>
      </label>
      {other && !wgsOnly.value && (
        <input value={crs.value.replace("EPSG:", "")} inputMode="numeric" placeholder={t("crsHint")} aria-label={t("crsOther")} onInput={(event) => say(event.currentTarget.value.trim())} />
      )}
      {wgsOnly.value && <small>{t("exportWgsOnly")}</small>}
    </div>
  );
}

function Personal() {
  if (!choices.value!.may_reveal) return <p class="masks">{t("exportMasked")}</p>;
  return (
    <div class="masks">
      <p>{t(clear.value ? "exportInClear" : "exportMasked")}</p>
      <label class="tick">
        <input type="checkbox" checked={clear.value} onChange={(event) => (clear.value = event.currentTarget.checked)} />
        {t("exportReveal")}
      </label>
      {revealing.value && (
        <label class="field">
          {t("exportReason")}
          <input value={reason.value} maxLength={500} placeholder={t("exportReasonHint")} onInput={(event) => (reason.value = event.currentTarget.value)} />
          <small>{t("exportReasonWhy")}</small>
        </label>
      )}
    </div>
  );
}
