// What a run was asked and where it ran: configuration, choices, environment, log, and the table of how good it is.
import type { MetricRow } from "@dsbm/runs";
import type { RunDetail } from "../../shared/api.js";
import { digits, directionTitle } from "../lib/format.js";
import { Scroll } from "../lib/parts.js";
import { setParams } from "../lib/route.js";

export function Configuration({ detail, params }: { detail: RunDetail; params: URLSearchParams }) {
  const words = params.get("key") ?? "";
  const reasons = new Map(detail.choices.map((choice) => [choice.key, choice]));
  const found = detail.config.filter(([key]) => key.toLowerCase().includes(words.toLowerCase()));
  const about = (key: string) => {
    const choice = reasons.get(key);
    return choice ? (choice.given ? "given" : choice.reason) : "";
  };
  return (
    <section aria-label="Configuration">
      <h2>Configuration</h2>
      {detail.command && <pre class="command">{detail.command}</pre>}
      <div class="bar">
        <label>
          Keys{" "}
          <input
            type="search"
            value={words}
            onInput={(e) => setParams({ key: e.currentTarget.value || null })}
          />
        </label>
      </div>
      <Scroll label="Table of keys">
        <table>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
              {reasons.size > 0 && <th scope="col">Why</th>}
            </tr>
          </thead>
          <tbody>
            {found.map(([key, value]) => (
              <tr key={key}>
                <th scope="row">{key}</th>
                <td class="value">{value}</td>
                {reasons.size > 0 && <td class="long">{about(key)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

export function Environment({ detail }: { detail: RunDetail }) {
  const { environment, dsbm, resumed, row } = detail;
  const facts = [
    ["dsbm", dsbm],
    ...Object.entries(environment),
    ["folder", row.id || "."],
    ...resumed.map((time) => ["continued", time]),
  ];
  return (
    <section aria-label="Environment">
      <h2>Environment</h2>
      <dl class="pairs">
        {facts.map(([name, value], i) => (
          <div key={`${name} ${i}`}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
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

export function QualityTable({ detail }: { detail: RunDetail }) {
  const { quality, leftOut } = detail;
  if (quality.length === 0) return null;
  const shown = quality.filter(({ group }) => group !== "columns");
  const columns = quality.filter(({ group }) => group === "columns");
  return (
    <section aria-label="How good it is">
      <h2>How good it is</h2>
      <Rows rows={shown} />
      {columns.length > 0 && (
        <details>
          <summary>Column by column ({columns.length})</summary>
          <Rows rows={columns} />
        </details>
      )}
      {leftOut.length > 0 && (
        <ul class="note">
          {leftOut.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Rows({ rows }: { rows: readonly MetricRow[] }) {
  return (
    <Scroll label="Table of metrics">
      <table>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Direction</th>
            {["Value", "95 % interval", "Floor", "Ceiling", "Target"].map((title) => (
              <th scope="col" class="number" key={title}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.name} ${row.direction} ${row.column} ${row.title}`}>
              <th scope="row" title={row.meaning}>
                {row.title}
                {row.column !== undefined && <small>{row.column}</small>}
              </th>
              <td>{directionTitle(row.direction)}</td>
              <td class="number">{digits(row.value)}</td>
              <td class="number">{row.interval?.map((x) => digits(x, 3)).join(" to ") ?? "–"}</td>
              <td class="number">{digits(row.floor)}</td>
              <td class="number">{digits(row.ceiling)}</td>
              <td class="number">{digits(row.target)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
