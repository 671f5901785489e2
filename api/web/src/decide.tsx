// The foot of the import page: always in sight, it holds the one thing to do next.

import { busy, cancel, chosen, forget, guided, job, next, run, settings, stale, asking, trial, undo, upload } from "./imports";
import { counted, pick, t } from "./state";

export function Decide() {
  if (busy.value)
    return (
      <footer class="panel-foot">
        <button type="button" class="more" disabled={asking.value} onClick={() => void cancel()}>{t("cancel")}</button>
      </footer>
    );
  const held = job.value;
  if (!held && !upload.value) return null;
  if (held?.state === "done" && !trial.value) return <After id={held.kind === "undo" ? null : (held.result?.import ?? null)} />;
  if (stale.value && upload.value)
    return (
      <footer class="panel-foot">
        <button type="button" class="primary" onClick={() => void run(true)}>{t("again")}</button>
      </footer>
    );
  if (trial.value?.state === "asked") return null;
  if (trial.value?.state === "tried" && !["nothing", "whole"].includes(hindrance() ?? "")) return <Commit />;
  return (
    <footer class="panel-foot">
      <button type="button" class="primary" onClick={forget}>{t("another")}</button>
      {upload.value && held?.state !== "done" && (
        <button type="button" class="more" onClick={() => void run(true)}>{t("retry")}</button>
      )}
    </footer>
  );
}

/** Tell what keeps a trial from coming in; null if nothing does. */
export function hindrance(): "doubted" | "whole" | "nothing" | null {
  const { counts, hopeless, doubts } = trial.value!;
  const change = (counts.new ?? 0) + (counts.changed ?? 0) + (counts.closed ?? 0);
  if (hopeless || (counts.rejected && (!chosen.value?.partial || settings.value.replace))) return "whole";
  if (doubts.length > 0 && !settings.value.as_is) return "doubted";
  return change === 0 ? "nothing" : null;
}

function Commit() {
  if (hindrance()) return null;
  const { counts } = trial.value!;
  const partial = (counts.rejected ?? 0) > 0;
  const n = (counts.new ?? 0) + (counts.changed ?? 0) + (counts.closed ?? 0);
  return (
    <footer class="panel-foot">
      <button type="button" class="primary" onClick={() => void run(false, partial)}>
        {counted(partial ? "commitGood" : "commit", n)}
      </button>
    </footer>
  );
}

function After({ id }: { id: number | null }) {
  const then = next.value;
  const name = then && (then.title ? t(then.title) : pick(then.kind.zh, then.kind.en));
  return (
    <footer class="panel-foot">
      <button type="button" class="primary" onClick={forget}>{guided.value ? t("nextStep", { name: name! }) : t("another")}</button>
      {id !== null && <button type="button" class="more" onClick={() => void undo(id)}>{t("undo")}</button>}
    </footer>
  );
}
