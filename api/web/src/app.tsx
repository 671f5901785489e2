// The page: the map beneath, a slim bar, one panel, one card, the legend.

import { useEffect, useRef, useState } from "preact/hooks";
import { Bar } from "./bar";
import { Card } from "./card";
import { LIVE } from "./ground";
import { IncidentsCard, IncidentsLegend } from "./incidents_beside";
import { Legend } from "./legend";
import { MembersCard } from "./members_card";
import { MembersLegend } from "./members_legend";
import { PrintSheet } from "./members_print";
import { Panel } from "./panel";
import { SignIn } from "./signin";
import { Sketch, sketched } from "./sketch";
import { TaskCard, TasksLegend } from "./worklist_card";
import { language, me, outline, page, problem, start, t, type Page } from "./state";
import type { Word } from "./words";

// What a page is called; the others are the coverage.
const TITLES: Partial<Record<Page, Word>> = { members: "membersTitle", incidents: "incidentsTitle", worklist: "worklistTitle" };

export function App() {
  useEffect(() => {
    document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
    document.title = `${t("title")} · ${t(TITLES[page] ?? "subtitle")}`;
  }, [language.value]);
  if (me.value === undefined && problem.value) return <Failed />;
  if (me.value === undefined) return <p class="splash" role="status">{t("loading")}</p>;
  if (me.value === null) return <SignIn />;
  return (
    <>
      <Bar />
      <main>
        <Ground />
        <Panel />
        <Beside />
      </main>
      {page === "members" && <PrintSheet />}
    </>
  );
}

/** The card of what was clicked, and the legend. */
function Beside() {
  if (page === "members")
    return (
      <>
        <MembersCard />
        <MembersLegend />
      </>
    );
  if (page === "worklist")
    return (
      <>
        <TaskCard />
        {me.value!.area && <TasksLegend />}
      </>
    );
  if (page === "incidents")
    return (
      <>
        <IncidentsCard />
        <IncidentsLegend />
      </>
    );
  return (
    <>
      <Card />
      {me.value!.area && <Legend />}
    </>
  );
}

function Ground() {
  const place = useRef<HTMLDivElement>(null);
  const [plain, setPlain] = useState(!LIVE);
  useEffect(() => {
    if (plain) {
      void import("./plain").then(({ makePlain }) => makePlain(place.current!));
      return;
    }
    // The map's code is the large part of the page: it comes while the panel is being read.
    void import("./map").then(async ({ askStyle, makeMap }) => {
      const [style] = await Promise.all([askStyle(), sketched]);
      try {
        makeMap(place.current!, style);
      } catch {
        setPlain(true);
      }
    });
  }, [plain]);
  return (
    <section class="ground" aria-label={t("map")}>
      {/* Another element for the other map: what the first has begun goes with its own. */}
      <div key={plain ? "plain" : "live"} ref={place} class="ground-map" />
      <Sketch />
      {me.value!.area === null && !outline.value && <p class="ground-empty soft">{t("emptyMap")}</p>}
      {plain && <p class="ground-plain">{t("noWebgl")}</p>}
    </section>
  );
}

function Failed() {
  return (
    <div class="splash" role="alert">
      <p>{t("failed")}</p>
      <p class="soft">{t("failedHint")}</p>
      <button type="button" class="primary" onClick={() => void start()}>{t("retry")}</button>
    </div>
  );
}
