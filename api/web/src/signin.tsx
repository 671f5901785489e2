// Signing in: two fields and a reason.

import { useState } from "preact/hooks";
import { Problem } from "./api";
import { LanguageSwitch } from "./bar";
import { pick, signIn, t } from "./state";

export function SignIn() {
  const [fault, setFault] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const said = new FormData(event.target as HTMLFormElement);
    setBusy(true);
    try {
      await signIn(String(said.get("username")), String(said.get("password")));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setFault(error);
      setBusy(false);
    }
  }
  return (
    <main class="signin">
      <form onSubmit={(event) => void submit(event as SubmitEvent)}>
        <div class="signin-head">
          <img src="/icon.svg" alt="" width="40" height="40" />
          <LanguageSwitch />
        </div>
        <h1>{t("title")} <span class="soft">{t("subtitle")}</span></h1>
        <p class="soft">{t("signInWhy")}</p>
        <label>
          {t("username")}
          <input name="username" autocomplete="username" autocapitalize="none" required autofocus />
        </label>
        <label>
          {t("password")}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {fault && <p class="notice" role="alert">{pick(fault.zh, fault.en)}</p>}
        <button type="submit" class="primary" disabled={busy}>{busy ? t("working") : t("signIn")}</button>
      </form>
    </main>
  );
}
