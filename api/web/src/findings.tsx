// The findings: by kind, by town, by households touched; a row is a sentence, a click flies there.

import { useEffect, useRef, useState } from "preact/hooks";
import { AcceptAll } from "./accept_all";
import type { Finding, FindingList, Severity } from "./api";
import { count } from "./format";
import { finding, findings, language, openFinding, pick, recounted, t, verdict } from "./state";
import type { Word } from "./words";

type Grouping = "rule" | "town" | "households";
const GROUPINGS: [Grouping, Word][] = [
  ["rule", "byRule"],
  ["town", "byTown"],
  ["households", "byHomes"],
];
const PAGE = 30;
type Shown = "open" | "accepted" | "all";
const SHOWN: [Shown, Word][] = [
  ["open", "shownOpen"],
  ["accepted", "shownAccepted"],
  ["all", "shownAll"],
];

interface Group {
  key: string;
  name: string;
  severity: Severity;
  n: number;
  households: number;
  query: Record<string, string>;
}

export function Findings() {
  const [grouping, setGrouping] = useState<Grouping>("rule");
  const [open, setOpen] = useState<Group | null>(null);
  const [wanted, setShown] = useState<Shown>("open");
  const accepted = verdict.value!.summary?.accepted ?? 0;
  // Where nothing is accepted there is nothing to choose.
  const shown = accepted ? wanted : "open";
  const listed = { accepted: { open: "false", accepted: "true", all: "" }[shown] };
  const back = useRef<HTMLButtonElement>(null);
  // The row that was chosen has gone: without this, the keyboard would begin again at the top.
  useEffect(() => back.current?.focus({ preventScroll: true }), [open]);
  return (
    <section class="findings">
      <h2 class="visually-hidden">{t("findings")}</h2>
      <div class="segments" role="group" aria-label={t("findings")}>
        {GROUPINGS.map(([each, word]) => (
          <button
            type="button"
            key={each}
            aria-pressed={grouping === each}
            onClick={() => {
              setGrouping(each);
              setOpen(null);
            }}
          >
            {t(word)}
          </button>
        ))}
      </div>
      {accepted > 0 && (
        <div class="segments" role="group" aria-label={t("shownWhich")}>
          {SHOWN.map(([each, word]) => (
            <button type="button" key={each} aria-pressed={shown === each} onClick={() => setShown(each)}>
              {t(word)}
              {each === "accepted" && ` ${count(language.value, accepted)}`}
            </button>
          ))}
        </div>
      )}
      {grouping === "households" ? (
        <Rows key={`households ${shown}`} query={{ sort: "households", ...listed }} />
      ) : open ? (
        <>
          <button ref={back} type="button" class="link back" onClick={() => setOpen(null)}>
            ‹ {t("back")}
          </button>
          <h3 class="group-title">
            {open.name} <span class="soft">{count(language.value, groups(grouping, shown).find((each) => each.key === open.key)?.n ?? 0)}</span>
          </h3>
          <Rows key={`${open.key} ${shown}`} query={{ ...open.query, ...listed }} all={shown === "open" ? open.query : undefined} />
        </>
      ) : (
        <Groups groups={groups(grouping, shown)} choose={setOpen} />
      )}
    </section>
  );
}

function groups(grouping: Grouping, shown: Shown): Group[] {
  const all = verdict.value!;
  const n = (open: number, accepted: number) => (shown === "open" ? 0 : accepted) + (shown === "accepted" ? 0 : open);
  // Households are those of what stands.
  const homes = (open: number) => (shown === "accepted" ? 0 : open);
  const found: Group[] =
    grouping === "rule"
      ? all.by_rule.map((each) => ({
          key: each.rule,
          name: pick(each.name_zh, english(each.name)),
          severity: each.severity,
          n: n(each.count, each.accepted),
          households: homes(each.households),
          query: { rule: each.rule },
        }))
      : all.by_town.map((each) => ({
          key: each.code,
          name: pick(each.name, each.name_en),
          severity: each.errors ? "error" : "warning",
          n: n(each.errors + each.warnings, each.accepted),
          households: homes(each.households),
          query: { area: each.code },
        }));
  return found.filter((each) => each.n > 0);
}

export function english(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function Groups({ groups: listed, choose }: { groups: Group[]; choose: (group: Group) => void }) {
  if (!listed.length) return <Empty />;
  return (
    <ul class="rows">
      {listed.map((group) => (
        <li key={group.key}>
          <button type="button" class="row" onClick={() => choose(group)}>
            <Mark severity={group.severity} />
            <span>
              {group.name}
              {group.households > 0 && <small>{homes(group.households)}</small>}
            </span>
            <b class="n">{count(language.value, group.n)}</b>
            <span class="soft" aria-hidden="true">›</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function homes(n: number): string {
  return t(n === 1 ? "household" : "households", { n: count(language.value, n) });
}

function Empty() {
  return (
    <div class="empty">
      <p>{t("noFindings")}</p>
      <p class="soft">{t("noFindingsHint")}</p>
    </div>
  );
}

/** `all` is what the open ones can be accepted by at once. */
function Rows({ query, all }: { query: Record<string, string>; all?: Record<string, string> | undefined }) {
  const [list, setList] = useState<FindingList | null>(null);
  const [failed, setFailed] = useState(false);
  function load(offset: number) {
    setFailed(false);
    findings({ ...query, limit: String(PAGE), offset: String(offset) }).then(
      (page) => setList((old) => ({ ...page, findings: [...(offset ? (old?.findings ?? []) : []), ...page.findings] })),
      () => setFailed(true),
    );
  }
  useEffect(() => load(0), [recounted.value]);
  if (failed)
    return (
      <p class="notice" role="alert">
        {t("failed")} <button type="button" class="link" onClick={() => load(list?.findings.length ?? 0)}>{t("retry")}</button>
      </p>
    );
  if (!list) return <p class="soft" role="status">{t("loading")}</p>;
  const rest = list.numberMatched - list.findings.length;
  return (
    <>
      {all && <AcceptAll query={all} n={list.numberMatched} />}
      {list.findings.length ? (
        <ul class="rows">
          {list.findings.map((each) => (
            <Row key={each.id} each={each} />
          ))}
        </ul>
      ) : (
        <Empty />
      )}
      {rest > 0 && (
        <button type="button" class="more" onClick={() => load(list.findings.length)}>
          {t("more", { n: count(language.value, Math.min(rest, PAGE)) })}
        </button>
      )}
    </>
  );
}

function Row({ each }: { each: Finding }) {
  const chosen = finding.value?.id === each.id;
  return (
    <li>
      <button type="button" class="row" aria-pressed={chosen} onClick={() => void openFinding(each.id)}>
        <Mark severity={each.severity} />
        <span>
          {pick(each.message_zh, each.message)}
          <small>
            {pick(each.area?.town_name ?? null, each.area?.town_name_en ?? null)} {each.accepted && <span class="flag">{t("accepted")}</span>}
          </small>
        </span>
      </button>
    </li>
  );
}

/** Severity by shape and by colour: a diamond, a triangle, a dot. */
export function Mark({ severity }: { severity: Severity }) {
  const shapes = { error: "M8 1 15 8 8 15 1 8Z", warning: "M8 2 15 14H1Z", info: "M8 4a4 4 0 1 0 .01 0Z" };
  return (
    <svg class={`mark ${severity}`} viewBox="0 0 16 16" width="14" height="14" role="img" aria-label={t(severity)}>
      <path d={shapes[severity]} />
    </svg>
  );
}
