// The card of what was clicked: a finding explained, a grid with the people who answer for it, or a
// place.

import type { ComponentChildren } from "preact";
import type { FindingDetail, GridDetail } from "./api";
import { FindingChips, people, PlaceCard, ResponsibleHere, ruleName } from "./chain";
import { homes, Mark } from "./findings";
import { count, land, metres } from "./format";
import { ExceptionPart } from "./exception_card";
import { ProposalPart } from "./proposal";
import { WorkPart } from "./worklist_part";
import { closeCard, finding, grid, here, language, openGrid, pick, t } from "./state";

export function Card() {
  if (finding.value) return <FindingCard found={finding.value} />;
  if (grid.value) return <GridCard shown={grid.value} />;
  if (here.value) return <PlaceCard chain={here.value} />;
  return null;
}

interface FrameProps {
  title: ComponentChildren;
  children: ComponentChildren;
  close?: () => void;
}

export function Frame({ title, children, close = closeCard }: FrameProps) {
  return (
    <article
      class="card"
      aria-live="polite"
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header>
        <h2>{title}</h2>
        <button type="button" class="close" aria-label={t("close")} onClick={close}>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M3 3l10 10M13 3 3 13" /></svg>
        </button>
      </header>
      {children}
    </article>
  );
}

function FindingCard({ found }: { found: FindingDetail }) {
  const lang = language.value;
  const [area, other] = land(lang, found.area_m2);
  const facts: [string, string][] = [];
  if (found.area_m2 > 0) facts.push([t("area"), `${area} · ${other}`]);
  if (found.width_m > 0) facts.push([t("width"), metres(lang, found.width_m)]);
  if (found.area_m2 === 0 && found.length_m > 0) facts.push([t("length"), metres(lang, found.length_m)]);
  facts.push([t("touched"), homes(found.households)]);
  if (found.area) {
    const { name, name_en, town_name, town_name_en } = found.area;
    facts.push([t("where"), [pick(town_name, town_name_en), pick(name, name_en)].filter(Boolean).join(" › ")]);
  }
  return (
    <Frame
      title={
        <>
          <Mark severity={found.severity} /> {ruleName(found.rule)} <span class="soft">{t(found.severity)} · {found.rule}</span>{found.accepted && <em>{t("accepted")}</em>}
        </>
      }
    >
      <p class="message">{pick(found.message_zh, found.message)}</p>
      <Facts facts={facts} />
      {found.fix && (
        <p class="fix">
          <b>{t("whatToDo")}</b> {pick(found.fix_zh, found.fix)}
        </p>
      )}
      <p class="soft small">
        {t("why")}: {pick(found.reason_zh, found.reason)}
      </p>
      <a class="link about" href={`/docs/rules/${found.rule}?lang=${lang}`}>{t("ruleAbout")}</a>
      <ProposalPart key={found.id} found={found} />
      <ExceptionPart key={`${found.id} ${found.exception?.accepted_at} ${found.exception?.ended_at}`} found={found} />
      <WorkPart key={`work ${found.id} ${found.accepted}`} finding={found} />
      <ResponsibleHere />
      <ul class="chips" aria-label={t("grids")}>
        {found.grids.slice(0, 8).map((each) => (
          <li key={each.code}>
            <button type="button" onClick={() => void openGrid(each.code)}>{pick(each.name, each.name_en) || each.code}</button>
          </li>
        ))}
      </ul>
    </Frame>
  );
}

function GridCard({ shown }: { shown: GridDetail }) {
  const lang = language.value;
  const [area, other] = land(lang, shown.area_km2 * 1e6);
  const places = [shown.town, shown.village].filter((place) => place !== null);
  const facts: [string, string][] = [
    [t("kind"), t(shown.kind) + (shown.coverage === "overlay" ? ` · ${t("overlay")}` : "")],
    [t("where"), places.map((place) => pick(place.name, place.name_en)).join(" › ")],
    [t("area"), `${area} · ${other}`],
    [t("people"), `${count(lang, shown.households)} / ${count(lang, shown.people)}`],
  ];
  for (const role of ["grid_head", "grid_worker"] as const) {
    facts.push([t(role), people(shown.officials.filter((each) => each.role === role)) || t("nobody")]);
  }
  return (
    <Frame title={pick(shown.name, shown.name_en)}>
      <Facts facts={facts} />
      {shown.findings.length > 0 && (
        <FindingChips of={shown.findings} />
      )}
    </Frame>
  );
}

export function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
