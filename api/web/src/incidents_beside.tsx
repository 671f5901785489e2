// Beside the incident map: its legend with switches, and the card of what was clicked.

import { useState } from "preact/hooks";
import type { Legend } from "./api";
import { count, day } from "./format";
import { card, layersOn, legend, marks } from "./incidents";
import { Swatch } from "./legend";
import { language, pick, t } from "./state";
import { symbols } from "./symbol";
import type { Word } from "./words";

const PHONE = matchMedia("(max-width: 760px)");

export function IncidentsLegend() {
  const [open, setOpen] = useState(!PHONE.matches);
  const heat = legend.value;
  const n = !heat || heat.n === null ? "" : `n = ${count(language.value, heat.n)} ${pick(heat.unit.zh, heat.unit.en)}`;
  return (
    <section class={`legend${open ? " open" : ""}`} aria-label={t("legend")}>
      <button type="button" class="legend-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("legend")} <span aria-hidden="true">{open ? "▾" : "▸"}</span>
      </button>
      <div class="legend-body">
        {!open && <p class="soft small">{n}</p>}
        {!heat && <p class="soft small" role="status">{t("loading")}</p>}
        {open && heat && (
          <>
            <Section name="heat" word="layerHeat" of={heat}>
              <p class="soft small">{[pick(heat.title.zh, heat.title.en), n].filter(Boolean).join(" · ")}</p>
              {(heat.notes ?? []).map((note) => <p class="soft small" key={note.en}>{pick(note.zh, note.en)}</p>)}
            </Section>
            {marks.value && <Section name="incidents" word="layerIncidents" of={marks.value} />}
            <Section name="ground" word="layerGround" />
          </>
        )}
      </div>
    </section>
  );
}

type Name = keyof typeof layersOn.value;

function Section({ name, word, of, children }: { name: Name; word: Word; of?: Legend; children?: preact.ComponentChildren }) {
  const on = layersOn.value[name];
  return (
    <div class="legend-section">
      <label>
        <input type="checkbox" checked={on} onChange={(event) => (layersOn.value = { ...layersOn.value, [name]: event.currentTarget.checked })} />
        <b>{t(word)}</b>
      </label>
      {on && of && (
        <ul>
          {of.items.map((item) => (
            <li key={item.id}>
              <Swatch item={item} image={symbols().get(item.symbol.image ?? "")} />
              <span>{pick(item.label.zh, item.label.en)}</span>
              {item.n !== null && <span class="soft n">{count(language.value, item.n)}</span>}
            </li>
          ))}
        </ul>
      )}
      {on && children}
    </div>
  );
}

export function IncidentsCard() {
  const shown = card.value;
  if (!shown) return null;
  const close = () => (card.value = null);
  const status = `status_${shown.status}` as Word;
  const facts: [Word, string][] = [
    ["incidentKind", pick(shown.kind_name.zh, shown.kind_name.en)],
    ["incidentStatus", t(status)],
    ["reportedAt", day(language.value, shown.reported_at)],
    ["incidentPlace", shown.place ? pick(shown.place.name, shown.place.name_en) : t("elsewhere")],
    ["incidentCode", shown.code],
  ];
  return (
    <article class="card" aria-live="polite" onKeyDown={(event) => event.key === "Escape" && close()}>
      <header>
        <h2>{shown.title}</h2>
        <button type="button" class="close" aria-label={t("close")} onClick={close}>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M3 3l10 10M13 3 3 13" /></svg>
        </button>
      </header>
      <dl class="facts">
        {facts.map(([word, value]) => (
          <div key={word}>
            <dt>{t(word)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {shown.description && <p>{shown.description}</p>}
    </article>
  );
}
