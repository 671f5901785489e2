// The panel of the party-member household map: the village's numbers, and who is in need or keeps contact.

import { count, day } from "./format";
import { MemberLists } from "./member_lists";
import { addressOf, again, fault, village, villages, type Counts, type MemberMap } from "./members";
import { ChooseVillage } from "./members_choose";
import { language, me, pick, t } from "./state";
import { PrintButton } from "./members_print";
import { Symbol } from "./symbol";

const n = (value: number) => count(language.value, value);

export function MembersPanel() {
  if (fault.value)
    return (
      <div class="notice" role="alert">
        {pick(fault.value.zh, fault.value.en)}
        {fault.value.status !== 403 && <button type="button" class="more" onClick={() => void again()}>{t("retry")}</button>}
        {fault.value.status === 403 && <a class="link" href="/">{t("pageCheck")}</a>}
      </div>
    );
  if (villages.value) return <ChooseVillage />;
  if (!village.value) return <p class="soft" role="status">{t("loading")}</p>;
  return (
    <>
      <Head of={village.value} />
      {village.value.detail && <Missing of={village.value} />}
      <Numbers of={village.value} />
      {village.value.detail ? <MemberLists /> : <Counted of={village.value} />}
    </>
  );
}

/** What the map lacks, and who can mend it. */
function Missing({ of }: { of: MemberMap }) {
  if (of.boundary) return null;
  const query = language.value === "en" ? "#?lang=en" : "";
  const lost = (of.counts.unlocated ?? 0) > 0;
  return (
    <div class="notice">
      <p>{t(of.bbox ? "noBoundary" : "noPlace")}</p>
      {lost && me.value!.role !== "grid_worker" && <a class="link" href={`/unlocated${query}`}>{t("goLocate")}</a>}
      {!lost && me.value!.may_check && <a class="link" href={`/import${query}`}>{t("goImport")}</a>}
    </div>
  );
}

/** What a leader sees: how many have each need, and why no more. */
function Counted({ of }: { of: MemberMap }) {
  return (
    <>
      <ul class="need-counts" aria-label={t("needsWord")}>
        {of.needs.filter((each) => each.id !== "other" || each.n).map((each) => (
          <li key={each.id}>
            <Symbol id={`need-${each.id}`} />
            <span>{pick(each.zh, each.en)}</span>
            <span class="n">{each.n === null ? <span class="soft">{t("heldBack")}</span> : n(each.n)}</span>
          </li>
        ))}
      </ul>
      <p class="soft">{t("leaderOnly")} {t("heldBackWhy", { k: n(of.k!) })}</p>
    </>
  );
}

function Head({ of }: { of: MemberMap }) {
  const above = of.within.filter((each) => each.level !== "county").map((each) => pick(each.name, each.name_en));
  const date = me.value!.reference_date ?? of.date;
  const many = me.value!.area?.level !== "village";
  return (
    <section class="village-head">
      {many && <a class="link back" href={addressOf()}>‹ {t("membersOther")}</a>}
      <div class="village-name">
        <h1>{pick(of.area.name, of.area.name_en ?? null)}</h1>
        {of.detail && of.bbox && <PrintButton />}
      </div>
      <p class="soft">
        <span class="whole">{t("membersTitle")}</span> <span class="whole">· {above.join(" › ")}</span>
      </p>
      {date && <p class="soft small">{t("asOf", { date: day(language.value, date) })}</p>}
    </section>
  );
}

function Numbers({ of }: { of: MemberMap }) {
  const { counts, k } = of;
  const limits = { least: n(of.least), most: n(of.most) };
  const alone = counts.needy !== undefined && counts.needy_contacted !== undefined ? counts.needy - counts.needy_contacted : undefined;
  const spread = counts.few !== undefined && counts.many !== undefined;
  return (
    <section>
      <dl class="numbers">
        <Figure name={t("nMembers")} value={counts.members} k={k}>
          {spread && t(counts.few || counts.many || !counts.members ? "nMembersOf" : "nMembersFit", { few: n(counts.few!), many: n(counts.many!), ...limits })}
        </Figure>
        <Figure name={t("nMemberHomes")} value={counts.member_households} k={k}>{t("nOfHomes", { n: n(counts.households) })}</Figure>
        <Figure name={t("nNeedy")} value={counts.needy} k={k}>{t("nOfHomes", { n: n(counts.households) })}</Figure>
        <Figure name={t("nAlone")} value={alone} k={k} grave={!!alone}>
          {counts.needy !== undefined && t("nOfNeedy", { n: n(counts.needy) })}
        </Figure>
      </dl>
      <Notes counts={counts} />
    </section>
  );
}

interface FigureProps {
  name: string;
  value: number | undefined;
  k: number | null;
  grave?: boolean;
  children: preact.ComponentChildren;
}

function Figure({ name, value, k, grave, children }: FigureProps) {
  const hidden = value === undefined && k !== null;
  return (
    <div class={grave ? "grave" : ""}>
      <dt>{name}</dt>
      <dd>
        {hidden ? <span class="hidden-count">{t("heldBack")}</span> : n(value ?? 0)}
        <small>{children}</small>
      </dd>
    </div>
  );
}

/** What the map cannot show is said here, so that nothing is lost. */
function Notes({ counts }: { counts: Counts }) {
  const told = ([
    ["noteAlone", counts.alone],
    ["noteUnlocated", counts.unlocated],
    ["noteElsewhere", counts.members_elsewhere],
    ["noteMemberUnlocated", counts.members_unlocated],
    ["noteNoHome", counts.members_no_home],
    ["noteOut", counts.links_out],
    ["noteIn", counts.links_in],
  ] as const).filter(([, value]) => value);
  if (!told.length) return null;
  return (
    <ul class="notes soft small">
      {told.map(([word, value]) => <li key={word}>{t(word, { n: n(value!) })}</li>)}
    </ul>
  );
}
