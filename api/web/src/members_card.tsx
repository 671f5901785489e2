// The card of a household on the map of member households, or of a branch's seat; and a name, for a reason.

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";
import { Facts, Frame } from "./card";
import { count, day } from "./format";
import { Marks, needWords } from "./member_lists";
import { card, chooseMember, close, home, homes, reveal, seat, short, village, type HomeCard, type Person } from "./members";
import { language, pick, t } from "./state";
import { Symbol } from "./symbol";

const n = (value: number) => count(language.value, value);

export function MembersCard() {
  const chosen = home.value ? homes.value.get(home.value) : undefined;
  if (seat.value) return <SeatCard code={seat.value} />;
  if (!home.value || !chosen) return null;
  const found = card.value;
  return (
    <Frame key={home.value} title={<><Marks each={chosen} /> {short(chosen.address)}</>} close={close}>
      <p class="soft small">{chosen.address}</p>
      {found instanceof Problem && <p class="notice" role="alert">{pick(found.zh, found.en)}</p>}
      {!found && <p class="soft" role="status">{t("loading")}</p>}
      {found && !(found instanceof Problem) && <Told of={found} />}
    </Frame>
  );
}

function Told({ of }: { of: HomeCard }) {
  const lang = language.value;
  const facts: [string, string][] = [
    [t("needsWord"), needWords(of) || t("noNeedHere")],
    [t("grid"), of.grid ? pick(of.grid.name, of.grid.name_en) : t("nobody")],
  ];
  if (of.people !== null) facts.unshift([t("peopleWord"), t(of.people === 1 ? "people_1" : "people_n", { n: n(of.people) })]);
  for (const each of of.officials) facts.push([t(each.role), [each.name, each.phone].filter(Boolean).join(" ")]);
  const seen = of.last_visit;
  facts.push([t("lastVisit"), seen ? [day(lang, seen.at), seen.name].join(" · ") : t("neverVisited")]);
  const alone = of.contacts.length + of.others === 0;
  return (
    <>
      {alone && of.needs.length > 0 && <p class="alone"><Symbol id="need-alone" /> {t("nAlone")}</p>}
      <Facts facts={facts} />
      {of.members.length > 0 && <People title={t("memberHere")} of={of.members} word="joinedWord" />}
      <People title={t("whoKeeps")} of={of.contacts} word="sinceWord">
        {alone && <p>{t("aloneFirst")}</p>}
        {of.others > 0 && <p class="soft">{t("keptOutside", { n: n(of.others) })}</p>}
      </People>
    </>
  );
}

interface PeopleProps {
  title: string;
  of: Person[];
  word: "joinedWord" | "sinceWord";
  children?: preact.ComponentChildren;
}

function People({ title, of, word, children }: PeopleProps) {
  return (
    <section class="card-people">
      <h3>{title}</h3>
      {children}
      <ul>{of.map((each) => <PersonLine key={each.code} each={each} word={word} />)}</ul>
    </section>
  );
}

function PersonLine({ each, word }: { each: Person; word: PeopleProps["word"] }) {
  const [asking, setAsking] = useState(false);
  const [known, setKnown] = useState<{ name: string; phone: string | null } | null>(null);
  const since = each.since ? t(word, { date: day(language.value, each.since) }) : "";
  return (
    <li>
      <div class="person">
        <Symbol id="member-home" />
        <span>
          <b>{known?.name ?? each.name}</b>
          <small>{[each.branch && short(each.branch), since].filter(Boolean).join(" · ")}</small>
          {known && (known.phone ? <a class="link" href={`tel:${known.phone}`}>{known.phone}</a> : <small>{t("revealNone")}</small>)}
          <span class="person-chips">
            <button type="button" class="chip" onClick={() => chooseMember(each.code)}>{t("showLines")}</button>
            {!known && !asking && <button type="button" class="chip" onClick={() => setAsking(true)}>{t("reveal")}</button>}
          </span>
        </span>
      </div>
      {asking && !known && <Ask person={each.person} cancel={() => setAsking(false)} done={setKnown} />}
    </li>
  );
}

interface AskProps {
  person: string;
  cancel: () => void;
  done: (found: { name: string; phone: string | null }) => void;
}

/** Why somebody is asked for; it goes into the log, and only then comes the answer. */
function Ask({ person, cancel, done }: AskProps) {
  const [fault, setFault] = useState<Problem | null>(null);
  const form = useRef<HTMLFormElement>(null);
  // On a phone it would begin below the card's edge.
  useEffect(() => form.current?.scrollIntoView({ block: "nearest" }), []);
  async function submit(event: Event) {
    event.preventDefault();
    const said = new FormData(event.target as HTMLFormElement).get("reason");
    try {
      done(await reveal(person, String(said)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setFault(error);
    }
  }
  return (
    <form class="ask" ref={form} onSubmit={(event) => void submit(event)}>
      <label>
        {t("revealWhy")}
        <input name="reason" minLength={4} maxLength={500} required autofocus placeholder={t("revealHint")} />
      </label>
      {fault && <p class="notice" role="alert">{pick(fault.zh, fault.en)}</p>}
      <div class="ask-buttons">
        <button type="submit" class="primary">{t("revealGo")}</button>
        <button type="button" class="more" onClick={cancel}>{t("cancelWord")}</button>
      </div>
    </form>
  );
}

function SeatCard({ code }: { code: string }) {
  const found = village.value?.branches?.find((each) => each.code === code);
  const held = village.value?.grids?.find((each) => each.code === found?.grid);
  if (!found) return null;
  const facts: [string, string][] = [[t("branch_secretary"), found.heads?.join(pick("、", ", ")) || t("nobody")]];
  if (held) {
    facts.push([t("grid"), pick(held.name, held.name_en ?? null)]);
    facts.push([t("grid_head"), held.heads?.join(pick("、", ", ")) || t("nobody")]);
    facts.push([t("grid_worker"), held.workers?.join(pick("、", ", ")) || t("nobody")]);
  }
  return (
    <Frame title={<><Symbol id="member-seat" /> {found.name}</>} close={close}>
      <Facts facts={facts} />
    </Frame>
  );
}
