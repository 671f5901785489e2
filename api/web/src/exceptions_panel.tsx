// The register of accepted exceptions: all of them, with who, when, why, until when; a click goes there.

import { useEffect, useRef, useState } from "preact/hooks";
import { ruleName } from "./chain";
import { Acts, ended, Told } from "./exception_card";
import { daysLeft, decided, DECIDERS, register, REGISTER_FILE, STATES, type Accepted, type AcceptedList, type State } from "./exceptions";
import { Mark } from "./findings";
import { count } from "./format";
import { flyTo } from "./ground";
import { closeCard, finding, language, me, openFinding, pick, recounted, sheet, t } from "./state";

const PAGE = 50;
// From so many days before its end on, an exception is spoken of as ending.
const SOON_DAYS = 30;
// About a hundred metres around a place where nothing is found any more.
const AROUND = 0.001;

export function ExceptionsPanel() {
  const [state, setState] = useState<State>("in_force");
  const [list, setList] = useState<AcceptedList | null>(null);
  const [failed, setFailed] = useState(false);
  const load = (offset: number) => {
    setFailed(false);
    register({ state, limit: String(PAGE), offset: String(offset) }).then(
      (page) => setList((old) => ({ ...page, exceptions: [...(offset ? (old?.exceptions ?? []) : []), ...page.exceptions] })),
      () => setFailed(true),
    );
  };
  useEffect(() => load(0), [state, recounted.value]);
  // What was decided on may have left this list: the keyboard stays with the list.
  const states = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (decided.peek()) states.current?.querySelector<HTMLElement>("[aria-pressed=true]")?.focus({ preventScroll: true });
    decided.value = null;
  }, [list]);
  useEffect(() => void (sheet.value = true), []);
  const lang = language.value;
  const expired = list?.counts.expired ?? 0;
  return (
    <>
      <section>
        <a class="link back" href={`/${lang === "en" ? "#?lang=en" : ""}`}>‹ {t("exceptionsLeave")}</a>
        <h1 class="group-title">{t("exceptionsTitle")}</h1>
        <p class="soft">{t("exceptionsWhy")}</p>
      </section>
      <div ref={states} class="segments states" role="group" aria-label={t("exceptionsState")}>
        {STATES.map((each) => (
          <button type="button" key={each} aria-pressed={each === state} onClick={() => setState(each)}>
            {t(`state_${each}`)} <span class="n">{count(lang, list?.counts[each] ?? 0)}</span>
          </button>
        ))}
      </div>
      {expired > 0 && state !== "expired" && (
        <p class="notice">
          {t(expired === 1 ? "exceptionsRenewOne" : "exceptionsRenewThem", { n: count(lang, expired) })}
          <button type="button" class="link" onClick={() => setState("expired")}>{t("exceptionRenew")}</button>
        </p>
      )}
      {failed && (
        <p class="notice" role="alert">
          {t("failed")} <button type="button" class="link" onClick={() => load(0)}>{t("retry")}</button>
        </p>
      )}
      {!list && !failed && <p class="soft" role="status">{t("loading")}</p>}
      {list && <Entries list={list} more={() => load(list.exceptions.length)} />}
      <a class="link" href={REGISTER_FILE} download="accepted.json">{t("exceptionsFile")}</a>
    </>
  );
}

function Entries({ list, more }: { list: AcceptedList; more: () => void }) {
  if (!list.exceptions.length)
    return (
      <div class="empty">
        <p>{t("exceptionsNone")}</p>
        {DECIDERS.includes(me.value!.role) && <p class="soft">{t("exceptionsNoneHint")}</p>}
      </div>
    );
  const rest = list.numberMatched - list.exceptions.length;
  return (
    <>
      <ul class="register">
        {list.exceptions.map((each) => (
          <Entry key={each.id} each={each} />
        ))}
      </ul>
      {rest > 0 && <button type="button" class="more" onClick={more}>{t("more", { n: count(language.value, Math.min(rest, PAGE)) })}</button>}
    </>
  );
}

function Entry({ each }: { each: Accepted }) {
  const { area, decision, earlier, state } = each;
  const place = [pick(area?.town_name ?? null, area?.town_name_en ?? null), pick(area?.name ?? null, area?.name_en ?? null)];
  return (
    <li class={`register-entry ${state}`}>
      <button type="button" class="row" aria-pressed={finding.value?.id === each.id} onClick={() => void show(each)}>
        <Mark severity={each.severity} />
        <span>
          {pick(each.message_zh, each.message)}
          <small>{[ruleName(each.rule), ...place].filter(Boolean).join(" · ")}</small>
        </span>
      </button>
      <div class="register-said">
        <Told of={decision} />
        {state === "in_force" && <Soon days={daysLeft(decision)} />}
        {state === "gone" && <p class="soft small">{t("exceptionGone")}</p>}
        {(state === "expired" || state === "revoked") && <p class="soft small">{ended(decision)}</p>}
        {earlier.length > 0 && (
          <details>
            <summary>{t(earlier.length === 1 ? "exceptionEarlierOne" : "exceptionEarlier", { n: count(language.value, earlier.length) })}</summary>
            {earlier.map((one) => (
              <Told key={one.accepted_at} of={one} />
            ))}
          </details>
        )}
        {each.may_change && (each.found || decision.ended_at === null) && (
          <Acts key={decision.accepted_at + decision.ended_at} id={each.id} said={decision} holds={state === "in_force"} there={each.found} />
        )}
      </div>
    </li>
  );
}

function Soon({ days }: { days: number | null }) {
  if (days === null || days > SOON_DAYS) return null;
  const word = days < 1 ? "exceptionToday" : days === 1 ? "exceptionSoonOne" : "exceptionSoon";
  return <p class="small soon">{t(word, { n: count(language.value, days) })}</p>;
}

/** What is still found has a card; of what is gone there is only the place. */
async function show(each: Accepted): Promise<void> {
  if (each.found) return openFinding(each.id);
  closeCard();
  goTo(each.point);
}

export function goTo([lon, lat]: [number, number]): void {
  sheet.value = false;
  flyTo([lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND]);
}
