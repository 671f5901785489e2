// From the sample to one's own county: what to do, said on the sample's own pages.

import { me, page, t, verdict } from "./state";

const COMMANDS = [".venv/bin/wangge user add wangfang --role planner", ".venv/bin/wangge serve --port 8001"];
const OWN = "http://127.0.0.1:8001/import";

/** Nothing on a county of one's own. */
export function Own() {
  const synthetic = verdict.value?.synthetic ?? me.value!.synthetic;
  if (!synthetic) return null;
  return (
    <details class="own" open={page === "import" || undefined}>
      <summary>{t("ownStart")}</summary>
      <p>{t("ownWhy")}</p>
      <ol>
        <li>
          {t("ownAccount")}
          <Command words={COMMANDS[0]!} />
        </li>
        <li>
          {t("ownServe")}
          <Command words={COMMANDS[1]!} />
        </li>
        <li>
          {t("ownOpen")} <a class="link" href={OWN} rel="noreferrer">{OWN}</a>
        </li>
      </ol>
    </details>
  );
}

/** A line to copy; it breaks between its words alone. */
function Command({ words }: { words: string }) {
  return <code>{words.split(/ (?!planner|8001)/).map((word) => [<span class="whole">{word}</span>, " "])}</code>;
}
