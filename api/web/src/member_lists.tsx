// Three lists of a village: who is in need (whom nobody looks after on top), the members with their
// households, and all households by address.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, metres } from "./format";
import {
  chooseHome, chooseMember, chooseNeed, contacts, distance, home, homes, isAlone, keepers, member, need, people, short, village, type Household, type Member,
} from "./members";
import { language, pick, t } from "./state";
import { Symbol } from "./symbol";
import type { Word } from "./words";

type List = "needs" | "members" | "homes";
const LISTS: [List, Word][] = [["needs", "listNeeds"], ["members", "listMembers"], ["homes", "listHomes"]];
const PAGE = 40;
const n = (value: number) => count(language.value, value);

export function MemberLists() {
  const [list, setList] = useState<List>(member.peek() ? "members" : "needs");
  const [wanted, setWanted] = useState("");
  // A member that is chosen from a card is shown in his list.
  useEffect(() => {
    if (member.value) setList("members");
  }, [member.value]);
  function open(each: List) {
    setList(each);
    setWanted("");
    if (each !== "members") chooseMember(null);
    if (each !== "needs") chooseNeed(null);
  }
  return (
    <section class="member-lists">
      <label class="find">
        <span class="visually-hidden">{t("findHome")}</span>
        <input
          type="search"
          placeholder={t("findHome")}
          value={wanted}
          onInput={(event) => {
            setWanted(event.currentTarget.value);
            if (event.currentTarget.value) setList("homes");
          }}
        />
      </label>
      <div class="segments" role="group" aria-label={t("lists")}>
        {LISTS.map(([each, word]) => (
          <button type="button" key={each} aria-pressed={list === each} onClick={() => open(each)}>{t(word)}</button>
        ))}
      </div>
      {list === "needs" ? <Needs /> : list === "members" ? <Members /> : <Homes wanted={wanted} />}
    </section>
  );
}

function Empty({ title, hint, children }: { title: Word; hint: Word; children?: preact.ComponentChildren }) {
  return (
    <div class="empty">
      <p>{t(title)}</p>
      <p class="soft">{t(hint)}</p>
      {children}
    </div>
  );
}

/** Rows, a page of them at a time: a list of thousands would make a cheap phone wait. */
function Rows<Each>({ of, row }: { of: Each[]; row: (each: Each) => preact.ComponentChildren }) {
  const [most, setMost] = useState(PAGE);
  return (
    <>
      <ul class="rows">{of.slice(0, most).map(row)}</ul>
      {of.length > most && (
        <button type="button" class="more" onClick={() => setMost(most + 2 * PAGE)}>
          {t("more", { n: n(Math.min(2 * PAGE, of.length - most)) })}
        </button>
      )}
    </>
  );
}

// --- who is in need ------------------------------------------------------------------------------

function Needs() {
  const all = village.value!.households ?? [];
  const wanted = need.value;
  const needy = all.filter((each) => (wanted ? each.needs?.includes(wanted) : each.needs?.length));
  const [alone, kept] = [needy.filter(isAlone), needy.filter((each) => !isAlone(each))];
  if (!all.length) return <Empty title="noHomes" hint="noHomesHint" />;
  if (!all.some((each) => each.needs?.length)) return <Empty title="noNeeds" hint="noNeedsHint" />;
  return (
    <>
      <ul class="need-chips" aria-label={t("needFilter")}>
        {village.value!.needs.filter((each) => each.n).map((each) => (
          <li key={each.id}>
            <button type="button" aria-pressed={wanted === each.id} onClick={() => chooseNeed(wanted === each.id ? null : each.id)}>
              <Symbol id={`need-${each.id}`} /> {pick(each.zh, each.en)} <b>{n(each.n!)}</b>
            </button>
          </li>
        ))}
      </ul>
      {alone.length > 0 && <Group key={`alone ${wanted}`} word="aloneFirst" of={alone} ring />}
      {kept.length > 0 && <Group key={`kept ${wanted}`} word="keptNext" of={kept} />}
    </>
  );
}

function Group({ word, of, ring }: { word: Word; of: Household[]; ring?: boolean }) {
  return (
    <section class="group">
      <h2>
        {ring && <Symbol id="need-alone" />} {t(word)} <span class="soft">{t("membersRowFew", { households: n(of.length) })}</span>
      </h2>
      <Rows of={of} row={(each) => <HomeRow key={each.code} each={each} />} />
    </section>
  );
}

/** A class of need in words; a tag that has none speaks for itself. */
export function needWords(each: { needs?: string[]; tags?: string[] }): string {
  const classes = village.value!.needs;
  const known = (each.needs ?? []).filter((id) => id !== "other").map((id) => classes.find((one) => one.id === id));
  const words = known.map((one) => (one ? pick(one.zh, one.en) : ""));
  const named = new Set(known.map((one) => one?.zh));
  // In Chinese a tag says more than its class.
  const own = (each.tags ?? []).filter((tag) => !named.has(tag));
  if (language.value === "zh" && own.length) return [...new Set([...(each.tags ?? [])])].join("、");
  if ((each.needs ?? []).includes("other")) words.push(own.length ? own.join(", ") : t("needsWord"));
  return words.join(pick("、", ", "));
}

function HomeRow({ each, from }: { each: Household; from?: Household | undefined }) {
  const names = (keepers.value.get(each.code) ?? []).map((one) => one.name);
  const said = [
    needWords(each),
    names.length ? t("keptBy", { names: names.join(pick("、", ", ")) }) : contacts(each) ? t("keptOutside", { n: n(each.others!) }) : t("nobodyKeeps"),
    from?.at && each.at ? metres(language.value, Math.round(distance(from.at, each.at))).replace(" ", "\u00a0") : "",
    each.at ? "" : t("notLocated"),
  ];
  return (
    <li>
      <button type="button" class="row" aria-pressed={home.value === each.code} onClick={() => chooseHome(each.code)}>
        <Marks each={each} />
        <span>
          {short(each.address)}
          <small>{said.filter(Boolean).join(" · ")}</small>
        </span>
      </button>
    </li>
  );
}

/** The symbols that stand at a house on the map. */
export function Marks({ each }: { each: Household }) {
  const ids = [...(each.members ? ["member-home"] : []), ...(each.needs ?? []).map((id) => `need-${id}`)];
  return (
    <span class="marks">
      {ids.length ? ids.map((id) => <Symbol key={id} id={id} />) : <i class={`home-dot${contacts(each) ? " kept" : ""}`} aria-hidden="true" />}
    </span>
  );
}

// --- the members ---------------------------------------------------------------------------------

function Members() {
  const all = village.value!.members ?? [];
  if (!all.length) return <Empty title="noMembers" hint="noMembersHint" />;
  return <Rows of={sorted(all)} row={(each) => <MemberRow key={each.code} each={each} />} />;
}

function links(each: Member): number {
  return (each.contacts?.length ?? 0) + (each.outside ?? 0);
}

/** Who keeps too few or too many contacts comes first; who is chosen is always in the list. */
function sorted(all: Member[]): Member[] {
  const { least, most } = village.value!;
  const odd = (each: Member) => links(each) < least || links(each) > most;
  const first = member.value ? people.value.get(member.value) : undefined;
  const rest = [...all.filter(odd), ...all.filter((each) => !odd(each))];
  const at = first ? rest.indexOf(first) : -1;
  return at >= PAGE ? [first!, ...rest.filter((each) => each !== first)] : rest;
}

function MemberRow({ each }: { each: Member }) {
  const { least, most } = village.value!;
  const row = useRef<HTMLLIElement>(null);
  const open = member.value === each.code;
  const total = links(each);
  const own = each.home ? homes.value.get(each.home) : undefined;
  // A member chosen elsewhere is brought into sight.
  useEffect(() => {
    if (open) row.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <li ref={row}>
      <button type="button" class="row" aria-expanded={open} onClick={() => chooseMember(open ? null : each.code)}>
        <span class="marks"><Symbol id="member-home" /></span>
        <span>
          {each.name}
          {total < least && <em>{t("tooFew", { least: n(least) })}</em>}
          {total > most && <em>{t("tooMany", { most: n(most) })}</em>}
          <small>{[where(each, own), branch(each)].filter(Boolean).join(" · ")}</small>
        </span>
        <b class="n" aria-label={t(total === 1 ? "linkWord" : "linksWord", { n: n(total) })}>{t("linksOf", { n: n(total) })}</b>
      </button>
      {open && <Contacts each={each} own={own} />}
    </li>
  );
}

function where(each: Member, own: Household | undefined): string {
  if (own) return own.at ? t("livesAt", { address: short(own.address) }) : t("livesUnlocated");
  return t(each.elsewhere ? "livesElsewhere" : "noHomeKnown");
}

/** A branch by its own name, without the village's that all begin with. */
function branch(each: Member): string {
  return each.branch ? short(each.branch) : "";
}

function Contacts({ each, own }: { each: Member; own: Household | undefined }) {
  const kept = useMemo(() => (each.contacts ?? []).map((code) => homes.value.get(code)).filter((one) => one !== undefined), [each, homes.value]);
  return (
    <div class="contacts">
      {kept.length + (each.outside ?? 0) === 0 && <p class="soft">{t("noContacts")}</p>}
      <ul class="rows">{kept.map((one) => <HomeRow key={one.code} each={one} from={own} />)}</ul>
      {!!each.outside && <p class="soft small">{t("linksOutside", { n: n(each.outside) })}</p>}
    </div>
  );
}

// --- all households ------------------------------------------------------------------------------

function Homes({ wanted }: { wanted: string }) {
  const all = village.value!.households ?? [];
  const words = wanted.trim();
  const found = useMemo(() => {
    const matching = words ? all.filter((each) => each.address.includes(words) || each.code.endsWith(words)) : all;
    // Who is not on the map is told first: here is the only place to find them.
    return [...matching.filter((each) => !each.at), ...matching.filter((each) => each.at)];
  }, [all, words]);
  if (!all.length) return <Empty title="noHomes" hint="noHomesHint" />;
  if (!found.length) return <p class="soft" role="status">{t("findNone")}</p>;
  return <Rows key={words} of={found} row={(each) => <HomeRow key={each.code} each={each} />} />;
}
