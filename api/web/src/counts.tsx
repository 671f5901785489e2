// How many rows an import adds, changes, closes and rejects.

import { count } from "./format";
import { counted, language, t } from "./state";
import type { Word } from "./words";

const TILES: [string, Word][] = [
  ["new", "countNew"], ["changed", "countChanged"], ["closed", "countClosed"], ["rejected", "countRejected"],
];

export function Counts({ counts }: { counts: Record<string, number> }) {
  const n = (name: string) => count(language.value, counts[name] ?? 0);
  const notes = [
    counts.read !== undefined ? counted("ofRead", counts.read) : "",
    counts.unchanged ? `${t("countUnchanged")} ${n("unchanged")}` : "",
    counts.unlocated ? t("unlocatedNote", { n: n("unlocated") }) : "",
    counts.repeated ? t("repeatedNote", { n: n("repeated") }) : "",
    counts.examples ? t("examplesNote", { n: n("examples") }) : "",
  ];
  return (
    <>
      <dl class="numbers changes">
        {TILES.map(([name, word]) => (
          <div key={name} class={counts[name] ? name : "nothing"}>
            <dt>{t(word)}</dt>
            <dd>{n(name)}</dd>
          </div>
        ))}
      </dl>
      <p class="soft small">{notes.filter(Boolean).join(" · ")}</p>
    </>
  );
}
