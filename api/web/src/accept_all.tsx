// Over a list of open findings: all of them accepted as exceptions in one act, and taken back at once.

import { useEffect, useRef, useState } from "preact/hooks";
import { useArrival } from "./arrival";
import { Fields, UntilWords, useAct, USUAL_DAYS } from "./exception_card";
import { acceptAll, countyDay, DECIDERS, MOST_AT_ONCE, revokeAll, type AcceptedMany } from "./exceptions";
import { count } from "./format";
import { language, me, pick, t } from "./state";

type Step = "button" | "form" | "sure";

/** `n` open findings are what `query` picks: a rule's, or an area's. */
export function AcceptAll({ query, n }: { query: Record<string, string>; n: number }) {
  const [step, setStep] = useState<Step>("button");
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState(countyDay(USUAL_DAYS));
  const [made, setMade] = useState<AcceptedMany | null>(null);
  const form = useRef<HTMLFormElement>(null);
  // What has just opened is seen whole, though it begins at the foot of the panel.
  useEffect(() => form.current?.scrollIntoView({ block: "nearest" }), [step]);
  if (!DECIDERS.includes(me.value!.role)) return null;
  const say = { n: count(language.value, n) };
  if (made) return <Made made={made} again={() => setMade(null)} />;
  if (n < 2) return null;
  if (n > MOST_AT_ONCE) return <p class="soft small">{t("exceptionAllMany", { n: count(language.value, MOST_AT_ONCE) })}</p>;
  if (step === "button")
    return <button type="button" class="propose quiet accept-all" onClick={() => setStep("form")}>{t("exceptionAll", say)}</button>;
  const back = () => setStep(step === "sure" ? "form" : "button");
  const done = (all: AcceptedMany) => {
    setStep("button");
    setReason("");
    setMade(all);
  };
  return (
    <form
      ref={form}
      class="exception-form accept-all"
      onSubmit={(event) => {
        event.preventDefault();
        setStep("sure");
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        back();
      }}
    >
      {step === "form" ? (
        <>
          <p class="soft small">{t("exceptionAllWhat", say)}</p>
          <Fields reason={reason} until={until} setReason={setReason} setUntil={setUntil} />
          <span class="exception-buttons">
            <button type="submit" class="primary" disabled={!reason.trim()}>{t("exceptionAllNext")}</button>
            <button type="button" class="propose quiet" onClick={back}>{t("cancel")}</button>
          </span>
        </>
      ) : (
        <Sure n={n} reason={reason} until={until} back={back} work={() => acceptAll({ ...query, reason, until: until || null, expected: n }).then(done)} />
      )}
    </form>
  );
}

function Sure({ n, reason, until, back, work }: { n: number; reason: string; until: string; back: () => void; work: () => Promise<void> }) {
  const [run, busy, fault] = useAct(() => undefined);
  const say = { n: count(language.value, n) };
  return (
    <>
      <p role="status">{t("exceptionAllSure", say)}</p>
      <p class="exception-told">{reason}<small><UntilWords until={until || null} /></small></p>
      {fault}
      <span class="exception-buttons">
        <button type="button" class="primary" disabled={busy} ref={(it) => it?.focus({ preventScroll: true })} onClick={() => run(work)}>
          {t("exceptionAllSave", say)}
        </button>
        <button type="button" class="propose quiet" onClick={back}>{t("exceptionAllBack")}</button>
      </span>
    </>
  );
}

/** What came of it; the whole act can be taken back from here. */
function Made({ made, again }: { made: AcceptedMany; again: () => void }) {
  const [run, busy, fault] = useAct(again);
  const lang = language.value;
  const left = made.skipped[0];
  const place = useArrival<HTMLParagraphElement>(true);
  return (
    <div class="exception-form accept-all">
      <p role="status" tabIndex={-1} ref={place}>
        {t("exceptionAllDone", { n: count(lang, made.accepted) })}
        {left && ` ${t("exceptionAllLeft", { n: count(lang, made.skipped.length), why: pick(left.reason_zh, left.reason) })}`}
      </p>
      {fault}
      <span class="exception-buttons">
        <button type="button" class="propose quiet" disabled={busy} onClick={() => run(() => revokeAll(made.findings))}>{t("exceptionAllUndo")}</button>
      </span>
    </div>
  );
}
