// A repair of a finding, proposed: what would change, to whom the land would go, before and after.

import { useState } from "preact/hooks";
import { ask, Problem, type FindingDetail } from "./api";
import { count, land } from "./format";
import { language, me, pick, t } from "./state";

interface Shaped {
  code: string;
  name: string;
  name_en: string | null;
  before_m2: number;
  after_m2: number;
  before: GeoJSON.Geometry;
  after: GeoJSON.Geometry;
}
interface Proposal {
  why: string;
  why_zh: string;
  households_moved: number;
  changes: { rule: string; area_m2: number; message: string; message_zh: string }[];
  grids: Shaped[];
}

const REDRAW = ["administrator", "planner"];
const MENDED = ["C101", "C102", "C103", "C104", "C105", "C106", "C107", "G001", "G004"];
const GAPS = ["C101", "C102"];
const OVERLAPS = ["C103", "C106"];
// A sketch is so many units wide, whatever it shows.
const SIDE = 150;

/** Beneath a finding, for those who may redraw grids. */
export function ProposalPart({ found }: { found: FindingDetail }) {
  const [made, setMade] = useState<Proposal | null>(null);
  const [fault, setFault] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [choice, setChoice] = useState("longest-border");
  if (!REDRAW.includes(me.value?.role ?? "") || !MENDED.includes(found.rule)) return null;

  const load = async (chosen: string) => {
    setBusy(true);
    setChoice(chosen);
    const option = GAPS.includes(found.rule) ? { fill: chosen } : { winner: chosen };
    try {
      setMade(await ask<Proposal>(`/api/coverage/findings/${found.id}/proposal?${new URLSearchParams(option)}`));
      setFault(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setFault(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card-part proposal" aria-busy={busy}>
      {!made && (
        <button type="button" class="propose" disabled={busy} onClick={() => void load(choice)}>
          {t(busy ? "proposalWait" : "proposalAsk")}
        </button>
      )}
      {fault && <p class="notice" role="alert">{pick(fault.zh, fault.en)}</p>}
      {made && <h3>{t("proposal")}</h3>}
      {made && <Choices found={found} choice={choice} busy={busy} choose={(chosen) => void load(chosen)} />}
      {made && <Made of={made} found={found} />}
    </section>
  );
}

interface ChoicesProps {
  found: FindingDetail;
  choice: string;
  busy: boolean;
  choose: (chosen: string) => void;
}

/** Who is to get a gap, or to keep an overlap. */
function Choices({ found, choice, busy, choose }: ChoicesProps) {
  const ways: [string, string][] = [["longest-border", t("proposalLongest")]];
  if (GAPS.includes(found.rule)) ways.push(["nearest", t("proposalMiddle")]);
  else if (OVERLAPS.includes(found.rule)) {
    ways.push(...found.grids.slice(0, 4).map((each): [string, string] => [each.code, pick(each.name, each.name_en) || each.code]));
  } else return null;
  return (
    <div class="ways" role="group" aria-label={t("proposalWho")}>
      {ways.map(([key, words]) => (
        <button key={key} type="button" aria-pressed={choice === key} disabled={busy} onClick={() => choose(key)}>{words}</button>
      ))}
    </div>
  );
}

function Made({ of, found }: { of: Proposal; found: FindingDetail }) {
  const lang = language.value;
  const moved = of.changes.filter((each) => each.area_m2 > 0);
  const told = moved.length > 0 ? moved : of.changes;
  return (
    <>
      {told.slice(0, 4).map((each, at) => <p key={at}>{pick(each.message_zh, each.message)}</p>)}
      {of.why && <p class="notice">{pick(of.why_zh, of.why)}</p>}
      {of.grids.length > 0 && (
        <>
          <div class="sketches" role="img" aria-label={t("proposalOf")}>
            <Sketch title={t("proposalBefore")} grids={of.grids} which="before" found={found} />
            <Sketch title={t("proposalAfter")} grids={of.grids} which="after" found={found} />
          </div>
          <table class="areas">
            <thead>
              <tr><th>{t("proposalGrid")}</th><th>{t("proposalBefore")}</th><th>{t("proposalAfter")}</th></tr>
            </thead>
            <tbody>
              {of.grids.slice(0, 6).map((each, at) => (
                <tr key={each.code}>
                  <th><i class={`swatch tint-${at % 4}`} aria-hidden="true" /> {pick(each.name, each.name_en)}</th>
                  <td>{land(lang, each.before_m2)[0]}</td>
                  <td>{land(lang, each.after_m2)[0]}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="soft small">{homesMoved(of.households_moved)} {t("proposalOnly")}</p>
        </>
      )}
    </>
  );
}

function homesMoved(n: number): string {
  if (n === 0) return t("proposalNoHomes");
  return t(n === 1 ? "proposalHome" : "proposalHomes", { n: count(language.value, n) });
}

interface SketchProps {
  title: string;
  grids: Shaped[];
  which: "before" | "after";
  found: FindingDetail;
}

/** The grids that would change, about the finding; north is up. */
function Sketch({ title, grids, which, found }: SketchProps) {
  const [west, south, east, north] = found.bbox;
  const lon = (west + east) / 2, lat = (south + north) / 2;
  const narrow = Math.cos((lat * Math.PI) / 180);
  // The finding takes up some three fifths; what is tiny is shown with a few metres around it.
  const span = Math.max((east - west) * narrow, north - south, 4e-5) * 1.6;
  const draw = (shape: GeoJSON.Geometry) => path(shape, ([x, y]) => [
    SIDE / 2 + (((x ?? 0) - lon) * narrow * SIDE) / span, SIDE / 2 - (((y ?? 0) - lat) * SIDE) / span,
  ]);
  return (
    <figure>
      <svg viewBox={`0 0 ${SIDE} ${SIDE}`} aria-hidden="true">
        {grids.map((each, at) => <path key={each.code} class={`tint-${at % 4}`} d={draw(each[which])} fill-rule="evenodd" />)}
        {which === "before" && <path class="fault" d={draw(found.geometry)} fill-rule="evenodd" />}
      </svg>
      <figcaption>{title}</figcaption>
    </figure>
  );
}

/** An SVG path of polygons and lines. */
function path(shape: GeoJSON.Geometry, place: (at: GeoJSON.Position) => [number, number]): string {
  const line = (points: GeoJSON.Position[], end: string) =>
    points.map((at, k) => `${k ? "L" : "M"}${place(at).map((value) => value.toFixed(2)).join(" ")}`).join("") + end;
  switch (shape.type) {
    case "Polygon": return shape.coordinates.map((ring) => line(ring, "Z")).join("");
    case "MultiPolygon": return shape.coordinates.flat().map((ring) => line(ring, "Z")).join("");
    case "LineString": return line(shape.coordinates, "");
    case "MultiLineString": return shape.coordinates.map((part) => line(part, "")).join("");
    case "GeometryCollection": return shape.geometries.map((each) => path(each, place)).join("");
    default: return "";
  }
}
