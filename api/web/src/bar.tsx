// The bar: name, where one is, search, language, who is signed in.

import { useRef, useState } from "preact/hooks";
import { ask, type Hit } from "./api";
import { flyTo } from "./ground";
import { language, me, openGrid, page, pick, signOut, t, verdict } from "./state";

const PHONE = matchMedia("(max-width: 760px)");

export function Bar() {
  const who = me.value!;
  const places = [...who.breadcrumb, ...(who.area ? [who.area] : [])];
  const synthetic = verdict.value?.synthetic ?? who.synthetic;
  return (
    <header class="bar">
      <a class="brand" href="/" aria-label={t("title")}>
        <img src="/icon.svg" alt="" width="26" height="26" />
        <b>{t("title")}</b>
      </a>
      {places.length > 0 && (
        <nav class="trail" aria-label={t("where")}>
          {places.map((place) => (
            <button type="button" key={place.code} onClick={() => void goToArea(place.code)}>
              {pick(place.name, place.name_en)}
            </button>
          ))}
        </nav>
      )}
      {synthetic && <span class="badge" title={t("syntheticWhy")}>{t("synthetic")}</span>}
      <Search />
      <LanguageSwitch />
      <span class="who">
        <span class="soft">{t(who.role)}</span>
        <button type="button" class="plain" onClick={() => void signOut()}>{t("signOut")}</button>
      </span>
    </header>
  );
}

export function LanguageSwitch() {
  const other = language.value === "zh" ? "en" : "zh";
  return (
    <button
      type="button"
      class="plain language"
      lang={other === "zh" ? "zh-CN" : "en"}
      onClick={() => (language.value = other)}
    >
      {t("otherLanguage")}
    </button>
  );
}

async function goToArea(code: string): Promise<void> {
  const area = await ask<{ bbox: [number, number, number, number] }>(`/api/areas/${code}`);
  flyTo(area.bbox);
}

function Search() {
  const [hits, setHits] = useState<Hit[] | null>(null);
  const waiting = useRef(0);
  function type(text: string) {
    clearTimeout(waiting.current);
    if (!text.trim()) return setHits(null);
    // Asked once the typing rests, so that a word is one question.
    waiting.current = window.setTimeout(() => {
      ask<{ hits: Hit[] }>(`/api/search?q=${encodeURIComponent(text.trim())}`).then(
        (found) => setHits(found.hits),
        () => setHits([]),
      );
    }, 180);
  }
  async function go(hit: Hit) {
    setHits(null);
    const mapped = hit.level === "village" || hit.level === "grid";
    if (page === "members" && mapped) location.assign(`/members/${hit.code}${language.value === "en" ? "#?lang=en" : ""}`);
    else if (hit.kind === "grid") await openGrid(hit.code);
    else flyTo(hit.bbox);
  }
  return (
    <div class="search" role="search" onKeyDown={(event) => event.key === "Escape" && setHits(null)}>
      <input
        type="search"
        placeholder={t(PHONE.matches ? "searchShort" : "search")}
        aria-label={t("search")}
        onInput={(event) => type(event.currentTarget.value)}
      />
      {hits && (
        <ul class="hits">
          {hits.length === 0 && <li class="soft hint">{t("searchNone")}</li>}
          {hits.map((hit) => (
            <li key={hit.code}>
              <button type="button" onClick={() => void go(hit)}>
                <b>{pick(hit.name, hit.name_en)}</b>
                <span class="soft">{[t(hit.level), hit.within].filter(Boolean).join(" · ")}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
