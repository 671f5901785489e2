// The chain of responsibility at the place that was clicked, from the ten-household unit up to the
// county; on a gap nobody, and who is nearest.

import type { ComponentChildren } from "preact";
import type { Chain, FindingHere, GridHere, Official } from "./api";
import { Frame } from "./card";
import { english } from "./findings";
import { metres } from "./format";
import { here, language, openFinding, openGrid, pick, t, verdict } from "./state";

/** The card of a place. */
export function PlaceCard({ chain }: { chain: Chain }) {
  return (
    <Frame title={title(chain)}>
      <Responsible chain={chain} />
      {chain.findings.length > 0 && (
        <section class="card-part">
          <h3>{t("findingsHere")}</h3>
          <FindingChips of={chain.findings} />
        </section>
      )}
      <p class="soft small">{t("lonLat")} {chain.lon.toFixed(5)}, {chain.lat.toFixed(5)}</p>
    </Frame>
  );
}

/** What leads to findings, each by its rule's name. */
export function FindingChips({ of }: { of: FindingHere[] }) {
  return (
    <ul class="chips" aria-label={t("findings")}>
      {of.slice(0, 8).map(({ id, rule }) => (
        <li key={id}>
          <button type="button" onClick={() => void openFinding(id)}>{ruleName(rule)}</button>
        </li>
      ))}
    </ul>
  );
}

/** A rule by its name. */
export function ruleName(code: string): string {
  const rule = verdict.value?.by_rule.find((each) => each.rule === code);
  return rule ? pick(rule.name_zh, english(rule.name)) : code;
}

function title(chain: Chain): string {
  if (chain.answer === "covered") return named(chain.grid!);
  if (chain.answer === "several") return t("hereSeveral", { n: String(1 + chain.also.filter((each) => each.coverage === "exclusive").length) });
  return t(({ nobody: "hereNobody", outside: "hereOutside", elsewhere: "hereElsewhere" } as const)[chain.answer]);
}

/** Beneath a finding that was clicked: who answers for just this place. */
export function ResponsibleHere() {
  const chain = here.value;
  if (!chain || chain.answer === "elsewhere") return null;
  return (
    <section class="card-part">
      <h3>{t("whoAnswers")}</h3>
      {chain.answer !== "covered" && <p>{title(chain)}</p>}
      <Responsible chain={chain} />
    </section>
  );
}

function Responsible({ chain }: { chain: Chain }) {
  const shared = chain.also.filter((each) => each.coverage === "exclusive");
  const overlays = chain.also.filter((each) => each.coverage === "overlay");
  const above = [...chain.areas].reverse();
  return (
    <>
      {chain.answer === "elsewhere" && <p class="soft">{t("hereElsewhereWhy")}</p>}
      {chain.nearest.length > 0 && (
        <section class="card-part">
          <h3>{t("nearestGrids")}</h3>
          <ol class="chain">
            {chain.nearest.map((each) => <GridStep key={each.code} of={each} level={metres(language.value, each.distance_m)} />)}
          </ol>
        </section>
      )}
      {(chain.grid || above.length > 0) && (
        <ol class="chain">
          {chain.unit && (
            <Step level={t("unitWord")} name={chain.unit.name ?? ""} officials={chain.unit.officials} wanted={["unit_head"]} />
          )}
          {chain.grid && <GridStep of={chain.grid} />}
          {shared.map((each) => <GridStep key={each.code} of={each} />)}
          {chain.branch && (
            <Step level={t("seatWord")} name={chain.branch.name} officials={chain.branch.officials} wanted={["branch_secretary"]} />
          )}
          {above.map((each) => <Step key={each.code} level={t(each.level)} name={pick(each.name, each.name_en)} />)}
        </ol>
      )}
      {overlays.length > 0 && (
        <section class="card-part">
          <h3>{t("overlaysHere")}</h3>
          <ol class="chain">{overlays.map((each) => <GridStep key={each.code} of={each} />)}</ol>
        </section>
      )}
    </>
  );
}

function named(grid: GridHere): string {
  return pick(grid.name, grid.name_en) || grid.code;
}

function GridStep({ of, level = t("grid") }: { of: GridHere; level?: string }) {
  const name = <button type="button" class="link" onClick={() => void openGrid(of.code)}>{named(of)}</button>;
  return <Step level={level} name={name} officials={of.officials} wanted={["grid_worker", "grid_head"]} />;
}

interface StepProps {
  level: string;
  name: ComponentChildren;
  officials?: Official[];
  /** The offices that somebody should hold: an empty one is said. */
  wanted?: Official["role"][];
}

function Step({ level, name, officials = [], wanted = [] }: StepProps) {
  return (
    <li>
      <span class="soft">{level}</span>
      <div>
        {name}
        {wanted.map((role) => (
          <p key={role}>
            <span class="soft">{t(role)}</span> {people(officials.filter((each) => each.role === role)) || <b>{t("nobody")}</b>}
          </p>
        ))}
      </div>
    </li>
  );
}

/** Those who hold an office, with their telephones. */
export function people(officials: Official[]): string {
  const said = officials.map((each) =>
    [each.name + (each.full_time ? pick("（专职）", " (full-time)") : ""), each.phone].filter(Boolean).join(" "),
  );
  return said.join(pick("、", ", "));
}
