// A small chart of the checks over time: a bar for each, with its axis, its unit and its days.

import { count, day } from "./format";
import { height, ticks, type CheckPoint, type Measure } from "./history";
import { language, t } from "./state";

const WIDTH = 320, HEIGHT = 168;
// What the days take, and a figure of the axis.
const RIGHT = 4, TOP = 8, FOOT = 24, FIGURE = 7;

interface Props {
  measure: Measure;
  /** The earliest first. */
  checks: CheckPoint[];
  chosen: number;
  choose: (check: number) => void;
}

export function Chart({ measure, checks, chosen, choose }: Props) {
  const lang = language.value;
  const heights = checks.map((each) => height(measure, each, lang));
  const marks = ticks(Math.max(...heights));
  const top = marks.at(-1)!;
  const left = 10 + FIGURE * Math.max(...marks.map((mark) => count(lang, mark).length));
  const y = (value: number) => TOP + (HEIGHT - TOP - FOOT) * (1 - value / top);
  const slot = (WIDTH - left - RIGHT) / checks.length;
  const wide = Math.min(slot * 0.72, 34);
  const middle = (at: number) => left + slot * (at + 0.5);
  const unit = t(`unit_${measure}`);
  const first = checks[0]!, last = checks.at(-1)!;
  const number = (value: number) => count(lang, Math.round(value));
  const said = t("historyChart", {
    measure: t(`measure_${measure}`), unit,
    from: number(heights[0]!), first: day(lang, first.finished_at), to: number(heights.at(-1)!), last: day(lang, last.finished_at),
  });
  return (
    <figure class="chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
        {marks.map((mark) => (
          <g key={mark}>
            <path class="chart-line" d={`M${left} ${y(mark)}H${WIDTH - RIGHT}`} />
            <text x={left - 6} y={y(mark) + 4} text-anchor="end">{count(lang, mark)}</text>
          </g>
        ))}
        {heights.map((value, at) => {
          const check = checks[at]!;
          const edge = middle(at) - wide / 2;
          return (
            <g key={check.id} class={`chart-bar${check.id === chosen ? " chosen" : ""}`} onClick={() => choose(check.id)}>
              <title>{`${day(lang, check.finished_at)} · ${number(value)} ${unit}`}</title>
              {/* The whole slot is hit, however low the bar. */}
              <rect class="chart-slot" x={middle(at) - slot / 2} y={TOP} width={slot} height={HEIGHT - TOP - FOOT} />
              <rect class={`chart-${measure}`} x={edge} y={y(value)} width={wide} height={y(0) - y(value)} />
              {check.id === chosen && <path class="chart-mark" d={`M${edge} ${y(0) + 3}h${wide}`} />}
            </g>
          );
        })}
        <text x={left} y={HEIGHT - 6}>{day(lang, first.finished_at)}</text>
        {checks.length > 1 && <text x={WIDTH - RIGHT} y={HEIGHT - 6} text-anchor="end">{day(lang, last.finished_at)}</text>}
      </svg>
      <figcaption class="soft small">{t("historyBars", { unit })}</figcaption>
    </figure>
  );
}
