// Households without coordinates: by village, with what their address proposes, or by hand.

import { useEffect } from "preact/hooks";
import type { Proposal, Unlocated, UnlocatedVillage } from "./api";
import { count, metres } from "./format";
import { language, pick, t } from "./state";
import {
  acceptAll, chosen, fault, leaveVillage, loadVillages, openVillage, proposals, put, readPlace, save, saved, show, spots,
  takeBack, village, villages, waiting,
} from "./unlocated";
import type { Word } from "./words";

const HOW: Record<string, Word> = { between: "howBetween", beside: "howBeside", lane: "howLane", settlement: "howSettlement" };

export function LocatePanel() {
  useEffect(() => {
    void loadVillages();
    return show();
  }, []);
  return (
    <>
      <section>
        <h1 class="group-title">{t("locateTitle")}</h1>
        <p class="soft">{t("locateWhy")}</p>
      </section>
      {fault.value && <p class="notice" role="alert">{pick(fault.value.zh, fault.value.en)}</p>}
      {village.value ? <Village /> : <Villages />}
    </>
  );
}

function Villages() {
  const list = villages.value;
  if (!list) return waiting.value ? <p class="soft" role="status">{t("loading")}</p> : null;
  if (list.length === 0) return <p class="notice" role="status">{t("locateNone")}</p>;
  return (
    <ul class="rows">
      {list.map((each: UnlocatedVillage) => (
        <li key={each.code}>
          <button type="button" class="row" onClick={() => void openVillage(each.code)}>
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
  );
}

function Village() {
  const { village: place, households } = village.value!;
  const ready = Object.keys(spots.value).length;
  const n = (value: number) => count(language.value, value);
  return (
    <>
      <button type="button" class="link back" onClick={leaveVillage}>‹ {t("back")}</button>
      <h2 class="group-title">
        {pick(place.name, place.name_en)} <span class="soft">{n(households.length)}</span>
      </h2>
      {saved.value && (
        <p class="notice" role="status">
          {t("locateSaved", { n: n(saved.value.located) })}{" "}
          <a class="link" href={`/import${language.value === "en" ? "#?lang=en" : ""}`}>{t("history")}</a>
        </p>
      )}
      {ready > 0 && (
        <button type="button" class="primary" disabled={waiting.value} onClick={() => void save()}>
          {t("locateSave", { n: n(ready) })}
        </button>
      )}
      {proposals.value.length > 0 && (
        <button type="button" class="more" onClick={acceptAll}>{t("acceptAll", { n: n(proposals.value.length) })}</button>
      )}
      {households.length === 0 && <p class="notice" role="status">{t("locateNoneHere")}</p>}
      <ul class="rows homes">
        {households.map((each) => <Home key={each.code} each={each} />)}
      </ul>
    </>
  );
}

function Home({ each }: { each: Unlocated }) {
  const spot = spots.value[each.code];
  const open = chosen.value === each.code;
  return (
    <li>
      <button type="button" class="row" aria-pressed={open} onClick={() => (chosen.value = open ? null : each.code)}>
        <span>
          {each.address}
          <small>{spot ? t(spot.byHand ? "byHand" : "byAddress") : each.proposal ? said(each.proposal) : t("noProposal")}</small>
        </span>
        {spot && <b class="n" aria-hidden="true">✓</b>}
      </button>
      {open && <Place each={each} />}
    </li>
  );
}

function said(proposal: Proposal): string {
  const how = HOW[proposal.how];
  return `${how ? t(how, { basis: proposal.basis }) : proposal.basis} ±${metres(language.value, proposal.spread_m)}`;
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
