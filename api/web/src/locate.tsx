// Households without coordinates: by village, with what their address proposes, or by hand.

import { useEffect, useRef } from "preact/hooks";
import type { Proposal, Unlocated, UnlocatedVillage } from "./api";
import { useArrival } from "./arrival";
import { count, metres } from "./format";
import { language, pick, sheet, t } from "./state";
import {
  acceptAll, chosen, fault, leaveVillage, left, loadVillages, openVillage, proposals, put, readPlace, save, saved, show, spots,
  takeBack, undoSaved, village, villages, waiting,
} from "./unlocated";
import type { Word } from "./words";

const HOW: Record<string, Word> = { between: "howBetween", beside: "howBeside", lane: "howLane", settlement: "howSettlement" };

export function LocatePanel() {
  useEffect(() => {
    void loadVillages();
    return show();
  }, []);
  // On a phone a list of villages needs the page, a household the map.
  useEffect(() => {
    if (!village.value) sheet.value = true;
  }, [village.value === null]);
  return (
    <>
      {fault.value && !village.value && (
        <div class="notice" role="alert">
          {pick(fault.value.zh, fault.value.en)}
          <button type="button" class="more" onClick={() => void loadVillages()}>{t("retry")}</button>
        </div>
      )}
      {village.value ? <Village key={village.value.village.code} /> : <Villages />}
    </>
  );
}

function Villages() {
  const list = villages.value;
  // Back from a village: the keyboard goes on where it had left.
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), [list]);
  const total = (list ?? []).reduce((sum, each) => sum + each.n, 0);
  return (
    <>
      <section>
        <h1 class="group-title">{t("locateTitle")}</h1>
        {!list && waiting.value && <p class="soft" role="status">{t("loading")}</p>}
        {list?.length === 0 && <p class="notice good" role="status">{t("locateNone")}</p>}
        {total > 0 && (
          <p class="soft">{t("locateWhy", { n: count(language.value, total) })}</p>
        )}
      </section>
      {total > 0 && (
        <ul class="rows">
          {list!.map((each: UnlocatedVillage) => (
            <li key={each.code}>
              <button type="button" class="row" ref={each.code === left.value ? back : null} onClick={() => void openVillage(each.code)}>
                <span>
                  {pick(each.name, each.name_en)}
                  <small>{pick(each.town_name, each.town_name_en)}</small>
                </span>
                <b class="n">{count(language.value, each.n)}</b>
                <span class="soft" aria-hidden="true">›</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Village() {
  const { village: place, households } = village.value!;
  const heading = useArrival<HTMLHeadingElement>();
  const n = (value: number) => count(language.value, value);
  return (
    <>
      <section class="place-head">
        <button type="button" class="link back" onClick={leaveVillage}>‹ {t("back")}</button>
        <h1 class="group-title" ref={heading} tabIndex={-1}>{pick(place.name, place.name_en)}</h1>
        <p class="soft" role="status">
          {households.length ? t("locateHere", { n: n(households.length), proposed: n(proposals.value.length) }) : t("locateNoneHere")}
        </p>
      </section>
      {proposals.value.length > 0 && (
        <button type="button" class="more" onClick={acceptAll}>{t("acceptAll", { n: n(proposals.value.length) })}</button>
      )}
      <ul class="rows homes">
        {households.map((each) => <Home key={each.code} each={each} />)}
      </ul>
    </>
  );
}

/** The foot of the page: what has been placed is kept only when somebody says so, and can be undone. */
export function Keep() {
  const ready = Object.keys(spots.value).length;
  const n = (value: number) => count(language.value, value);
  if (!village.value || (ready === 0 && !fault.value && !saved.value)) return null;
  return (
    <footer class="panel-foot">
      {fault.value && <p class="notice" role="alert">{byAddress(pick(fault.value.zh, fault.value.en))}</p>}
      {ready > 0 && (
        <button type="button" class="primary" disabled={waiting.value} onClick={() => void save()}>
          {t("locateSave", { n: n(ready) })}
        </button>
      )}
      {ready === 0 && saved.value && (
        <>
          <p class="told-saved" role="status">{t("locateSaved", { n: n(saved.value.located) })}</p>
          <button type="button" class="more" disabled={waiting.value} onClick={() => void undoSaved()}>{t("undo")}</button>
        </>
      )}
    </footer>
  );
}

/** A sentence of the service names households by their codes; here they are known by address. */
function byAddress(words: string): string {
  return village.value!.households.reduce((said, each) => said.replaceAll(each.code, each.address), words);
}

function Home({ each }: { each: Unlocated }) {
  const row = useRef<HTMLLIElement>(null);
  const spot = spots.value[each.code];
  const open = chosen.value === each.code;
  // A click on the map goes on to the next one: it is brought into sight.
  useEffect(() => {
    if (open) row.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  function choose() {
    chosen.value = open ? null : each.code;
    sheet.value = false;
  }
  return (
    <li ref={row}>
      <button type="button" class="row" aria-expanded={open} onClick={choose}>
        <Dot state={spot ? "new" : each.proposal ? "changed" : "none"} />
        <span>
          {each.address}
          <small>{spot ? t(spot.byHand ? "byHand" : "byAddress") : each.proposal ? said(each.proposal) : t("noProposal")}</small>
        </span>
      </button>
      {open && <Place each={each} />}
    </li>
  );
}

/** The mark that the household has on the map. */
function Dot({ state }: { state: "new" | "changed" | "none" }) {
  return <i class={`dot ${state}`} aria-hidden="true" />;
}

function said(proposal: Proposal): string {
  const how = HOW[proposal.how];
  return `${how ? t(how, { basis: proposal.basis }) : proposal.basis} ±${metres(language.value, Math.round(proposal.spread_m))}`;
}

function Place({ each }: { each: Unlocated }) {
  const spot = spots.value[each.code];
  const { proposal } = each;
  return (
    <div class="place">
      <p>{t("clickMap")}</p>
      {proposal && !spot && (
        <button type="button" class="more" onClick={() => put(each.code, [proposal.lon, proposal.lat], false)}>{t("accept")}</button>
      )}
      {spot && <button type="button" class="more" onClick={() => takeBack(each.code)}>{t("takeBack")}</button>}
      <label class="field">
        {t("typePlace")}
        <input
          placeholder="115.27310, 33.51290"
          inputMode="decimal"
          onChange={(event) => {
            const at = readPlace(event.currentTarget.value);
            event.currentTarget.setCustomValidity(at ? "" : t("typePlaceWrong"));
            if (at) put(each.code, at, true);
            else event.currentTarget.reportValidity();
          }}
        />
      </label>
    </div>
  );
}
