// Choosing a village: a list to search, with what each has to show; the map is a list as well.

import { useState } from "preact/hooks";
import { count } from "./format";
import { addressOf, villages, type Village } from "./members";
import { language, me, pick, t } from "./state";

const PAGE = 60;

export function ChooseVillage() {
  const [wanted, setWanted] = useState("");
  const [most, setMost] = useState(PAGE);
  const all = villages.value!.villages;
  const words = wanted.trim().toLowerCase();
  const found = all.filter((each) => [each.name, each.name_en, each.town_name, each.town_name_en, each.code].some((name) => name?.toLowerCase().includes(words)));
  if (!all.length)
    return (
      <section>
        <h1 class="group-title">{t("membersTitle")}</h1>
        <div class="empty">
          <p>{t("membersNoVillage")}</p>
          {me.value!.may_check && <a class="link" href={`/import${language.value === "en" ? "#?lang=en" : ""}`}>{t("goImport")}</a>}
        </div>
      </section>
    );
  return (
    <>
      <section>
        <h1 class="group-title">{t("membersTitle")}</h1>
        <p class="soft">{t("membersChooseWhy")}</p>
      </section>
      <label class="find">
        <span class="visually-hidden">{t("membersFilter")}</span>
        <input type="search" placeholder={t("membersFilter")} value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
      </label>
      {!found.length && <p class="soft" role="status">{t("membersNoMatch")}</p>}
      <ul class="rows">
        {found.slice(0, most).map((each) => <Row key={each.code} each={each} />)}
      </ul>
      {found.length > most && (
        <button type="button" class="more" onClick={() => setMost(most + PAGE)}>
          {t("more", { n: count(language.value, Math.min(PAGE, found.length - most)) })}
        </button>
      )}
    </>
  );
}

function Row({ each }: { each: Village }) {
  const n = (value: number) => count(language.value, value);
  const { households, needy, needy_contacted } = each.counts;
  const alone = needy !== undefined && needy_contacted !== undefined ? needy - needy_contacted : undefined;
  const said =
    needy === undefined
      ? t("membersRowFew", { households: n(households) })
      : alone === undefined
        ? t("membersRowCounts", { households: n(households), needy: n(needy) })
        : t("membersRow", { households: n(households), needy: n(needy), alone: n(alone) });
  return (
    <li>
      <a class="row" href={addressOf(each.code)}>
        <span>
          {pick(each.name, each.name_en)} <span class="soft small">{pick(each.town_name ?? null, each.town_name_en ?? null)}</span>
          <small>{said}</small>
        </span>
        <span class="soft" aria-hidden="true">›</span>
      </a>
    </li>
  );
}
