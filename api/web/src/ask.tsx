// What a file does not say, asked in words: which coordinates, which sheet, which encoding, which column.

import { useState } from "preact/hooks";
import { useArrival } from "./arrival";
import type { Outcome, Question } from "./api";
import { tryWith } from "./imports";
import { pick, t } from "./state";
import { Columns } from "./trial";
import type { Word } from "./words";

// What offices send, the likeliest first; each with where such coordinates come from.
export const CRS: [string, Word, Word][] = [
  ["EPSG:4490", "crs4490", "crs4490Why"],
  ["GCJ-02", "crsGcj02", "crsGcj02Why"],
  ["BD-09", "crsBd09", "crsBd09Why"],
  ["EPSG:4326", "crs4326", "crs4326Why"],
];
export const ENCODINGS = ["GB18030", "UTF-8", "Big5"];

export function Ask({ question, outcome }: { question: Question; outcome: Outcome }) {
  const place = useArrival<HTMLHeadingElement>();
  return (
    <section class="ask">
      <h2 ref={place} tabIndex={-1}>{t(`ask_${question.option}`)}</h2>
      {question.option === "crs" && <WhichCrs />}
      {question.option === "layer" && <Which choices={question.choices} say={(layer) => void tryWith({ layer })} />}
      {question.option === "encoding" && <Which choices={ENCODINGS} say={(encoding) => void tryWith({ encoding })} />}
      {question.option === "columns" && (
        <>
          <p class="soft">{t("askColumnsWhy")}</p>
          <Columns outcome={outcome} places={false} />
        </>
      )}
    </section>
  );
}

function Which({ choices, say }: { choices: string[]; say: (choice: string) => void }) {
  return (
    <ul class="choices">
      {choices.map((each) => (
        <li key={each}>
          <button type="button" onClick={() => say(each)}>
            <b>{each}</b>
          </button>
        </li>
      ))}
    </ul>
  );
}

function WhichCrs() {
  return (
    <>
      <p class="soft">{t("askCrsWhy")}</p>
      <ul class="choices">
        {CRS.map(([crs, name, why]) => (
          <li key={crs}>
            <button type="button" onClick={() => void tryWith({ crs, as_is: false })}>
              <b>{t(name)}</b>
              <span class="soft small">{t(why)}</span>
            </button>
          </li>
        ))}
      </ul>
      <OtherCrs />
    </>
  );
}

function OtherCrs() {
  const [said, setSaid] = useState("");
  const known = /^(EPSG:)?\d{4,6}$/i.test(said);
  return (
    <form
      class="other"
      onSubmit={(event) => {
        event.preventDefault();
        if (known) void tryWith({ crs: said.toUpperCase().replace(/^(?=\d)/, "EPSG:"), as_is: false });
      }}
    >
      <label class="field">
        {t("crsOther")}
        <input value={said} placeholder={t("crsHint")} onInput={(event) => setSaid(event.currentTarget.value.trim())} />
      </label>
      <button type="submit" class="more" disabled={!known}>{t("crsRead")}</button>
    </form>
  );
}

/** The name of a coordinate system as a person calls it. */
export function crsName(code: string): string {
  const found = CRS.find(([crs]) => crs === code);
  if (found) return t(found[1]);
  return /CRS84/.test(code) ? pick("WGS 84 经纬度", "WGS 84 longitude/latitude") : code;
}
