// The legend: what is drawn, how many, of which day; and the switches of the layers.

import { useEffect, useState } from "preact/hooks";
import { ask, type Legend as LegendData, type LegendItem, type SymbolImage } from "./api";
import { count, day } from "./format";
import { finding, grid, here, language, layers, pick, recounted, t, verdict, type LayerName } from "./state";
import type { Word } from "./words";

const SHOWN: [LayerName, Word][] = [
  ["findings", "layerFindings"],
  ["grids", "layerGrids"],
  ["households", "layerHouseholds"],
  ["ground", "layerGround"],
];
const PHONE = matchMedia("(max-width: 760px)");

export function Legend() {
  const [open, setOpen] = useState(!PHONE.matches);
  // A card and a long legend do not fit beside each other: the legend steps back to its counts.
  const crowded = (finding.value ?? grid.value ?? here.value) !== null;
  useEffect(() => {
    if (crowded && innerHeight < 1100) setOpen(false);
  }, [crowded]);
  const [legends, setLegends] = useState<LegendData[]>([]);
  const [images, setImages] = useState<Map<string, SymbolImage>>(new Map());
  useEffect(() => {
    void Promise.all(SHOWN.map(([name]) => ask<LegendData>(`/legends/${name}.json`))).then(setLegends, () => setLegends([]));
    void ask<{ metadata?: { "wangge:images"?: SymbolImage[] } }>("/styles/coverage.json").then(
      (style) => setImages(new Map((style.metadata?.["wangge:images"] ?? []).map((image) => [image.id, image]))),
      () => undefined,
    );
  }, [verdict.value?.check?.id, recounted.value]);
  return (
    <section class={`legend${open ? " open" : ""}`} aria-label={t("legend")}>
      <button type="button" class="legend-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("legend")} <span aria-hidden="true">{open ? "▾" : "▸"}</span>
      </button>
      <div class="legend-body">
        {legends.map((each, at) => (
          <Section key={each.layer} legend={each} name={SHOWN[at]![0]} word={SHOWN[at]![1]} images={images} full={open} />
        ))}
      </div>
    </section>
  );
}

function Section(props: { legend: LegendData; name: LayerName; word: Word; images: Map<string, SymbolImage>; full: boolean }) {
  const { legend, name, word, images, full } = props;
  const on = layers.value[name];
  const reference = verdict.value?.reference_date ?? legend.date;
  const n = legend.n === null ? "" : `n = ${count(language.value, legend.n)} ${pick(legend.unit.zh, legend.unit.en)}`;
  const date = n && reference ? t("asOf", { date: day(language.value, reference) }) : "";
  if (!full && name !== "findings") return null;
  const counted = n && (
    <p class="soft small">
      <span class="whole">{n}</span> <span class="whole">{date}</span>
    </p>
  );
  if (!full) return counted || null;
  return (
    <div class="legend-section">
      <label>
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => (layers.value = { ...layers.value, [name]: event.currentTarget.checked })}
        />
        <b>{t(word)}</b>
      </label>
      {counted}
      {full && on && (
        <ul>
          {legend.items
            .filter((item) => item.n !== 0)
            .map((item) => (
              <li key={item.id}>
                <Swatch item={item} image={images.get(item.symbol.image ?? "")} />
                <span>{pick(item.label.zh, item.label.en)}</span>
                {item.n !== null && <span class="soft n">{count(language.value, item.n)}</span>}
              </li>
            ))}
        </ul>
      )}
    </div>
  );
}

export function Swatch({ item, image }: { item: LegendItem; image: SymbolImage | undefined }) {
  const { shape, color, outline, casing, dash, width, opacity } = item.symbol;
  if (image)
    return (
      <svg viewBox={`0 0 ${image.size} ${image.size}`} width="18" height="18" opacity={opacity ?? 1} stroke-linejoin="round" stroke-linecap="round" aria-hidden="true">
        {image.paths.map((path) => (
          <path d={path.d} stroke={path.stroke ?? "none"} stroke-width={path.width} fill={path.fill ?? "none"} />
        ))}
        {image.repeats && <rect width={image.size} height={image.size} fill="none" stroke={color} stroke-width="1.4" />}
      </svg>
    );
  if (shape === "line")
    return (
      <svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">
        {casing && <path d="M0 9H18" stroke={casing} stroke-width="6" />}
        <path d="M0 9H18" stroke={color} stroke-width={casing ? 4 : Math.max(1.5, width ?? 1.5)} stroke-dasharray={(dash ?? []).map((each) => each * 2).join(" ")} />
      </svg>
    );
  return (
    <svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">
      {shape === "circle" ? (
        <circle cx="9" cy="9" r="5.5" fill={color} stroke={outline ?? "none"} stroke-width="1.5" />
      ) : (
        <>
          {/* As it looks on the map: over the ground. */}
          {opacity !== undefined && <rect x="1" y="3" width="16" height="12" rx="2" fill="var(--ground)" />}
          <rect x="1" y="3" width="16" height="12" rx="2" fill={color} fill-opacity={opacity ?? 1} stroke={outline ?? "#9a9fa5"} />
        </>
      )}
    </svg>
  );
}
