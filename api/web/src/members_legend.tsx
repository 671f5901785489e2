// The legend of the map of member households: what each symbol means, how many, of which day; and switches.

import { useEffect, useState } from "preact/hooks";
import type { Legend, LegendItem } from "./api";
import { count, day } from "./format";
import { LIVE } from "./ground";
import { Swatch } from "./legend";
import { home, layersOn, seat, village } from "./members";
import { language, me, pick, t } from "./state";
import { symbols } from "./symbol";
import type { Word } from "./words";

type Switch = keyof typeof layersOn.value;
// Which entries of the legend each switch is for.
const SWITCHES: [Switch, Word, RegExp | null][] = [
  ["stars", "layerStars", /^(member|seat)$/],
  ["needs", "layerNeeds", /^(?!member|seat|link|contacted|alone)/],
  ["homes", "layerHomes", /^(contacted|alone)$/],
  ["links", "layerLinks", /^link$/],
  ["ground", "layerGround", null],
];
const PHONE = matchMedia("(max-width: 760px)");

export function MembersLegend() {
  const legend = village.value?.legend;
  const [open, setOpen] = useState(!PHONE.matches);
  // A card and a long legend do not fit beside each other: the legend steps back.
  const crowded = home.value !== null || seat.value !== null;
  useEffect(() => {
    if (crowded && innerHeight < 1100) setOpen(false);
  }, [crowded]);
  if (!legend) return null;
  return (
    <section class={`legend members-legend${open ? " open" : ""}`} aria-label={t("legend")}>
      <button type="button" class="legend-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("legend")} <span aria-hidden="true">{open ? "▾" : "▸"}</span>
      </button>
      <div class="legend-body">
        <Counted legend={legend} />
        {open && SWITCHES.map(([name, word, items]) => <Section key={name} name={name} word={word} of={legend.items.filter((each) => items?.test(each.id))} />)}
      </div>
    </section>
  );
}

function Counted({ legend }: { legend: Legend }) {
  const date = me.value!.reference_date ?? legend.date;
  if (legend.n === null) return null;
  return (
    <p class="soft small">
      <span class="whole">{`n = ${count(language.value, legend.n)} ${pick(legend.unit.zh, legend.unit.en)}`}</span>{" "}
      {date && <span class="whole">{t("asOf", { date: day(language.value, date) })}</span>}
    </p>
  );
}

function Section({ name, word, of }: { name: Switch; word: Word; of: LegendItem[] }) {
  const on = layersOn.value[name];
  // A picture holds all symbols at once.
  if (!LIVE && name !== "links")
    return (
      <div class="legend-section">
        {of.length > 0 && <b>{t(word)}</b>}
        <Items of={of.filter((each) => each.n !== 0)} />
      </div>
    );
  return (
    <div class="legend-section">
      <label>
        <input type="checkbox" checked={on} onChange={(event) => (layersOn.value = { ...layersOn.value, [name]: event.currentTarget.checked })} />
        <b>{t(word)}</b>
      </label>
      {on && of.length > 0 && <Items of={of.filter((each) => each.n !== 0)} />}
    </div>
  );
}

function Items({ of }: { of: LegendItem[] }) {
  return (
    <ul>
      {of.map((item) => (
        <li key={item.id}>
          <Swatch item={item} image={symbols().get(item.symbol.image ?? "")} />
          <span>{pick(item.label.zh, item.label.en)}</span>
          {item.n !== null && <span class="soft n">{count(language.value, item.n)}</span>}
        </li>
      ))}
    </ul>
  );
}

/** All entries at once, for paper. */
export function LegendRows({ legend, all = false }: { legend: Legend; all?: boolean }) {
  const shown = legend.items.filter((each) => each.n !== 0 && (all || each.id !== "link"));
  return (
    <div class="print-legend">
      <h2>{t("legend")}</h2>
      <Counted legend={legend} />
      <Items of={shown.filter((each) => each.id !== "link" || layersOn.value.links)} />
    </div>
  );
}
