// On a finding's card: whether it is an accepted exception, and the form that makes it one.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useArrival } from "./arrival";
import { Problem, type FindingDetail } from "./api";
import { accept, countyDay, decided, revoke, type Decision } from "./exceptions";
import { day } from "./format";
import { language, pick, t } from "./state";

/** What is proposed where nothing is said yet: long enough to be of use, short enough to be looked at again. */
export const USUAL_DAYS = 365;

export function ExceptionPart({ found }: { found: FindingDetail }) {
  const said = found.exception;
  const place = useArrival<HTMLHeadingElement>(decided.peek() === found.id);
  useEffect(() => void (decided.value = null), []);
  if (!said && !found.may_accept) return null;
  return (
    <section class={`card-part exception${found.accepted ? " holds" : ""}`}>
      {said && <h3 ref={place} tabIndex={-1}>{t(found.accepted ? "accepted" : "exceptionOnce")}</h3>}
      {said && <Told of={said} />}
      {said && !found.accepted && <p class="soft small">{ended(said)}</p>}
      {found.may_accept ? (
        <Acts id={found.id} said={said} holds={found.accepted} />
      ) : (
        found.accepted && <p class="soft small">{t("exceptionElsewhere")}</p>
      )}
    </section>
  );
}

/** Why, who, until when. */
export function Told({ of }: { of: Decision }) {
  return (
    <p class="exception-told">
      {of.reason}
      <small>
        {t("exceptionBy", { who: of.accepted_by, date: day(language.value, of.accepted_at) })} · <UntilWords until={of.until} />
      </small>
    </p>
  );
}

export function UntilWords({ until }: { until: string | null }) {
  return <>{until ? t("exceptionTill", { date: day(language.value, until) }) : t("exceptionNoEnd")}</>;
}

/** How a decision that no longer holds came to its end. */
export function ended(of: Decision): string {
  const lang = language.value;
  if (of.ended_at) return t("exceptionRevoked", { who: of.ended_by ?? "", date: day(lang, of.ended_at) });
  return of.until ? t("exceptionExpired", { date: day(lang, of.until) }) : "";
}

interface ActsProps {
  id: string;
  said: Decision | null;
  /** Whether the decision is in force: then it is changed, else made anew. */
  holds: boolean;
  /** Whether there is still something to accept. */
  there?: boolean;
  done?: () => void;
}

/** The buttons, and the form or the question that they open. */
export function Acts({ id, said, holds, there = true, done }: ActsProps) {
  const [open, setOpen] = useState<"form" | "sure" | null>(null);
  const standing = said !== null && said.ended_at === null;
  const close = () => {
    setOpen(null);
    done?.();
  };
  if (open === "form") return <Form id={id} said={said} close={() => setOpen(null)} done={close} />;
  if (open === "sure") return <Sure id={id} close={() => setOpen(null)} done={close} />;
  const word = !said ? "exceptionAccept" : holds ? "exceptionChange" : standing ? "exceptionRenew" : "exceptionAccept";
  return (
    <span class="exception-buttons">
      {there && <button type="button" class="propose" onClick={() => setOpen("form")}>{t(word)}</button>}
      {standing && <button type="button" class="propose quiet" onClick={() => setOpen("sure")}>{t("exceptionRevoke")}</button>}
    </span>
  );
}

interface ActProps {
  id: string;
  close: () => void;
  done: () => void;
}

/** Do something that the service may refuse, and say so. */
export function useAct(done: () => void): [(work: () => Promise<void>) => void, boolean, ComponentChildren] {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Problem | null>(null);
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setFault(null);
    work().then(done, (error: unknown) => {
      setBusy(false);
      if (!(error instanceof Problem)) throw error;
      setFault(error);
    });
  };
  return [run, busy, fault && <p class="notice" role="alert">{pick(fault.zh, fault.en)}</p>];
}

function Form({ id, said, close, done }: ActProps & { said: Decision | null }) {
  const today = countyDay();
  const kept = said && (said.until === null || said.until >= today);
  const [reason, setReason] = useState(said?.reason ?? "");
  const [until, setUntil] = useState(kept ? (said.until ?? "") : countyDay(USUAL_DAYS));
  const [run, busy, fault] = useAct(done);
  return (
    <form
      class="exception-form"
      onSubmit={(event) => {
        event.preventDefault();
        run(() => accept(id, reason, until || null));
      }}
      onKeyDown={(event) => {
        // Escape leaves the form, and not the card as well.
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      <p class="soft small">{t("exceptionWhat")}</p>
      <Fields reason={reason} until={until} setReason={setReason} setUntil={setUntil} />
      {fault}
      <span class="exception-buttons">
        <button type="submit" class="primary" disabled={busy || !reason.trim()}>{t("exceptionSave")}</button>
        <button type="button" class="propose quiet" onClick={close}>{t("cancel")}</button>
      </span>
    </form>
  );
}

interface FieldsProps {
  reason: string;
  until: string;
  setReason: (reason: string) => void;
  setUntil: (until: string) => void;
}

/** Why, and until when; empty is without end. */
export function Fields({ reason, until, setReason, setUntil }: FieldsProps) {
  const first = useRef<HTMLTextAreaElement>(null);
  useEffect(() => void (reason || first.current?.focus({ preventScroll: true })), []);
  return (
    <>
      <label class="field">
        {t("exceptionReason")}
        <textarea
          ref={first}
          rows={3}
          maxLength={500}
          required
          value={reason}
          placeholder={t("exceptionReasonHint")}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        {t("exceptionUntil")}
        <input type="date" lang={language.value} min={countyDay()} value={until} disabled={!until} onInput={(event) => event.currentTarget.value && setUntil(event.currentTarget.value)} />
      </label>
      <label class="exception-forever">
        <input type="checkbox" checked={!until} onChange={(event) => setUntil(event.currentTarget.checked ? "" : countyDay(USUAL_DAYS))} />
        <span>{t("exceptionForever")}{!until && <small>{t("exceptionForeverHint")}</small>}</span>
      </label>
    </>
  );
}

function Sure({ id, close, done }: ActProps) {
  const [run, busy, fault] = useAct(done);
  return (
    <div class="exception-form">
      <p role="status">{t("exceptionRevokeSure")}</p>
      {fault}
      <span class="exception-buttons">
        <button type="button" class="primary" disabled={busy} ref={(made) => made?.focus({ preventScroll: true })} onClick={() => run(() => revoke(id))}>
          {t("exceptionRevoke")}
        </button>
        <button type="button" class="propose quiet" onClick={close}>{t("exceptionKeep")}</button>
      </span>
    </div>
  );
}
