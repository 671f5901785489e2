// The map on paper: one sheet to hang up, and the lists behind it. Seen only by the printer.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { count, day, metres } from "./format";
import { LIVE } from "./ground";
import { LegendRows } from "./members_legend";
import { Marks, needWords } from "./member_lists";
import { homes, isAlone, short, village, type Household, type Member, type MemberMap } from "./members";
import { language, me, pick, t } from "./state";

// The map's place on the sheet, millimetres; a page has 96 pixels to the inch.
const WIDE_MM = 204;
const HIGH_MM = 163;
const PIXELS_PER_MM = 96 / 25.4;
interface Drawn {
  url: string;
  metresPerPixel: number | null;
}
const drawn = signal<Drawn | null>(null);
const n = (value: number) => count(language.value, value);

export function PrintButton() {
  const [busy, setBusy] = useState(false);
  async function print() {
    setBusy(true);
    drawn.value = await (LIVE ? live().catch(served) : served());
    // The picture stands on its sheet, and is decoded, before the printer looks.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await document.querySelector<HTMLImageElement>(".print-picture")?.decode().catch(() => undefined);
    setBusy(false);
    window.print();
  }
  return (
    <button type="button" class="chip print" disabled={busy} onClick={() => void print()}>
      {t(busy ? "printing" : "print")}
    </button>
  );
}

async function live(): Promise<Drawn> {
  const { picture } = await import("./map_members");
  return picture(WIDE_MM * PIXELS_PER_MM, HIGH_MM * PIXELS_PER_MM);
}

/** The service's own picture of the map, where this browser cannot draw one. */
function served(): Promise<Drawn> {
  return Promise.resolve({ url: `/maps/members/${village.peek()!.area.code}.png?lang=${language.peek()}`, metresPerPixel: null });
}

export function PrintSheet() {
  const of = village.value;
  // Printed by the browser's own menu: the view that is there has to do.
  useEffect(() => {
    const before = () => {
      if (!drawn.peek() && LIVE) void import("./map").then(({ snapshot }) => (drawn.value = snapshot()));
    };
    const after = () => (drawn.value = null);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  if (!of?.detail) return null;
  return (
    <div class="print-sheets">
      <FirstSheet of={of} />
      <Lists of={of} />
    </div>
  );
}

function FirstSheet({ of }: { of: MemberMap }) {
  const { counts } = of;
  const date = me.value!.reference_date ?? of.date;
  const above = of.within.map((each) => pick(each.name, each.name_en)).join(" › ");
  const alone = (counts.needy ?? 0) - (counts.needy_contacted ?? 0);
  return (
    <article class="print-sheet first">
      <header>
        <h1>{pick(of.area.name, of.area.name_en ?? null)} <span>{t("membersTitle")}</span></h1>
        <p>
          {above}
          {date && ` · ${t("asOf", { date: day(language.value, date) })}`}
          {of.synthetic && <b class="badge">{t("synthetic")}</b>}
        </p>
      </header>
      <figure>
        {drawn.value && <img class={`print-picture${drawn.value.metresPerPixel ? "" : " whole"}`} src={drawn.value.url} alt={t("map")} />}
        {drawn.value?.metresPerPixel && <ScaleBar metresPerMm={drawn.value.metresPerPixel * PIXELS_PER_MM} />}
      </figure>
      <aside>
        <dl>
          <Figure name={t("nMembers")} value={counts.members} />
          <Figure name={t("nMemberHomes")} value={counts.member_households} of={t("nOfHomes", { n: n(counts.households) })} />
          <Figure name={t("nNeedy")} value={counts.needy} of={t("nOfHomes", { n: n(counts.households) })} />
          <Figure name={t("nAlone")} value={alone} of={t("nOfNeedy", { n: n(counts.needy ?? 0) })} />
        </dl>
        {of.legend && <LegendRows legend={of.legend} all />}
        <p class="print-note">
          {!!counts.unlocated && `${t("noteUnlocated", { n: n(counts.unlocated) })}。`}
          {t("printNote")}
        </p>
      </aside>
    </article>
  );
}

function Figure({ name, value, of }: { name: string; value: number | undefined; of?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{n(value ?? 0)} <small>{of}</small></dd>
    </div>
  );
}

/** A bar of a round length, between 20 and 50 mm, and the north. */
function ScaleBar({ metresPerMm }: { metresPerMm: number }) {
  const lengths = [50, 100, 200, 500, 1000, 2000, 5000, 10000];
  const length = lengths.find((each) => each / metresPerMm >= 20) ?? 20000;
  return (
    <div class="print-scale">
      <span class="print-north">↑ {t("north")}</span>
      <span class="print-bar" style={{ width: `${length / metresPerMm}mm` }}>{metres(language.value, length)}</span>
    </div>
  );
}

function Lists({ of }: { of: MemberMap }) {
  const alone = (of.households ?? []).filter(isAlone);
  return (
    <article class="print-sheet lists">
      {alone.length > 0 && (
        <section>
          <h2>{t("printAlone")} <span>{n(alone.length)}</span></h2>
          <ul class="print-homes">{alone.map((each) => <Home key={each.code} each={each} />)}</ul>
        </section>
      )}
      <section>
        <h2>{t("printMembers")} <span>{n(of.members?.length ?? 0)}</span></h2>
        <ul class="print-members">{(of.members ?? []).map((each) => <MemberLine key={each.code} each={each} />)}</ul>
      </section>
    </article>
  );
}

function Home({ each }: { each: Household }) {
  return <li><Marks each={each} /> {short(each.address)} <small>{needWords(each)}</small></li>;
}

function MemberLine({ each }: { each: Member }) {
  const kept = (each.contacts ?? []).map((code) => homes.value.get(code)).filter((one) => one !== undefined);
  const own = each.home ? homes.value.get(each.home) : undefined;
  const said = kept.map((one) => short(one.address) + (one.needs?.length ? pick(`（${needWords(one)}）`, ` (${needWords(one)})`) : ""));
  if (each.outside) said.push(t("linksOutside", { n: n(each.outside) }));
  return (
    <li>
      <b>{each.name}</b> {own && <span>{short(own.address)}</span>}
      <p>{said.join(pick("；", "; ")) || t("noContacts")}</p>
    </li>
  );
}
