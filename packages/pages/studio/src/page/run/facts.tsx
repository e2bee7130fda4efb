import type { RunDetail } from "../../shared/api.js";
import { Pairs, Table } from "../lib/parts.js";

export function Configuration({ detail }: { detail: RunDetail }) {
  const reasons = new Map(
    detail.choices.map(({ key, given, reason }) => [key, given ? "given" : reason]),
  );
  return (
    <section aria-label="Configuration">
      <h2>Configuration</h2>
      {detail.command && <pre class="command">{detail.command}</pre>}
      <Table
        label="Table of keys"
        head={["Key", "Value", ...(reasons.size > 0 ? ["Why"] : [])]}
        rows={detail.config.map(([key, value]) => ({
          name: key,
          cells: [value, ...(reasons.size > 0 ? [reasons.get(key)] : [])],
        }))}
        kind={(i) => (i === 0 ? "value" : "long")}
      />
    </section>
  );
}

export function Environment({ detail }: { detail: RunDetail }) {
  const { environment, dsbm, resumed, row } = detail;
  return (
    <section aria-label="Environment">
      <h2>Environment</h2>
      <Pairs
        kind="pairs"
        pairs={[
          ["dsbm", dsbm],
          ...environment,
          ["folder", row.id || "."],
          ...resumed.map((time) => ["continued", time] as const),
        ]}
      />
    </section>
  );
}

export function Log({ detail }: { detail: RunDetail }) {
  return (
    <section aria-label="Log">
      <h2>Log</h2>
      {detail.log === null ? (
        <p class="note">
          This run has no log.txt: it has said nothing yet, or an older version wrote it.
        </p>
      ) : (
        <pre class="log" tabIndex={0}>
          {detail.log}
        </pre>
      )}
    </section>
  );
}

export function Verdicts({ verdicts }: Pick<RunDetail, "verdicts">) {
  return (
    <section aria-label="How good it is">
      {verdicts.map(({ direction, grade, title, reason, next }) => (
        <div class={`verdict ${grade}`} key={direction}>
          <p>
            <b>{title}</b> {reason}
          </p>
          <p>{next}</p>
        </div>
      ))}
    </section>
  );
}
