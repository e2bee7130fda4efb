import { useState } from "preact/hooks";
import type { RunRow } from "../../shared/api.js";
import { Check, Search, Select, useTicks } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import { columnsWith, filtered, metricNames, sorted, started, usualMetrics } from "./columns.js";
import { mostCompared } from "./overlay.js";
import { RunTable } from "./table.js";

const states = ["running", "finished", "interrupted", "failed", "unreadable"];
const pageSize = 500;

export interface RunsPageProps {
  rows: RunRow[] | null;
  left: number;
  folder: string;
  params: URLSearchParams;
  columns: readonly string[];
  onColumns(columns: string[]): void;
}

export function RunsPage({ rows, left, folder, params, columns, onColumns }: RunsPageProps) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [shown, setShown] = useState(pageSize);
  useTicks(rows?.some(({ state }) => state === "running") === true);
  if (rows === null) return <p class="note">Reading the folder …</p>;
  const names = metricNames(rows);
  const known = columns.filter((name) => names.includes(name));
  const inAddress = params.getAll("metric").filter((name) => names.includes(name));
  const metrics = inAddress.length > 0 ? inAddress : known.length > 0 ? known : usualMetrics(names);
  const table = columnsWith(metrics);
  const words = params.get("q") ?? "";
  const state = params.get("state") ?? "";
  const sortId = params.get("sort") ?? "started";
  const by = table.find(({ id }) => id === sortId) ?? started;
  const descending = (params.get("order") ?? "desc") === "desc";
  const listing = sorted(filtered(rows, { words, state }), by, descending);
  const isGrouped = params.get("group") !== "none" && listing.some(({ sweep }) => sweep !== null);
  const counts = states
    .map((name) => [rows.filter((row) => row.state === name).length, name] as const)
    .filter(([n]) => n > 0);
  const choose = (name: string, on: boolean) => {
    const next = on ? [...metrics, name] : metrics.filter((other) => other !== name);
    setParams({ metric: next });
    onColumns(next);
  };
  return (
    <>
      <h1>Runs</h1>
      <p class="note" role="status">
        {rows.length} {rows.length === 1 ? "run" : "runs"}
        {counts.length > 0 && `: ${counts.map(([n, name]) => `${n} ${name}`).join(", ")}`}
        {left > 0 && `; ${left} more are not shown`}
        {listing.length < rows.length && `; ${listing.length} match the filter`}
      </p>
      {rows.length === 0 && (
        <p>
          There are no runs in <code>{folder}</code> yet. A run of this folder appears here with its
          first line: for example <code>npx dsbm train dataset=moons</code>.
        </p>
      )}
      <div class="bar" hidden={rows.length === 0}>
        <Search
          label="Filter"
          value={words}
          placeholder="name, method, data, seed=1 …"
          onInput={(q) => setParams({ q })}
        />
        <Select
          label="State"
          value={state}
          options={[["", "all"], ...states]}
          onChange={(name) => setParams({ state: name || null })}
        />
        <Check
          checked={params.get("group") !== "none"}
          onChange={(on) => setParams({ group: on ? null : "none" })}
        >
          Group by sweep
        </Check>
        {names.length > 0 && (
          <details class="menu">
            <summary>Metrics</summary>
            <div class="options">
              {names.map((name) => (
                <Check
                  key={name}
                  checked={metrics.includes(name)}
                  onChange={(on) => choose(name, on)}
                >
                  {name}
                </Check>
              ))}
            </div>
          </details>
        )}
        {chosen.length > 1 ? (
          <a class="button" href={hrefOf("compare", { run: chosen.slice(0, mostCompared) })}>
            Compare {chosen.length > mostCompared && `the first ${mostCompared} of `}
            {chosen.length} runs
          </a>
        ) : (
          <button type="button" disabled>
            Compare (choose two or more)
          </button>
        )}
        {chosen.length > 0 && (
          <button type="button" onClick={() => setChosen([])}>
            Choose none
          </button>
        )}
      </div>
      {rows.length > 0 && (
        <RunTable
          rows={listing.slice(0, shown)}
          columns={table}
          sortId={sortId}
          descending={descending}
          isGrouped={isGrouped}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
      {listing.length > shown && (
        <button type="button" onClick={() => setShown(shown + pageSize)}>
          Show {Math.min(pageSize, listing.length - shown)} more of {listing.length - shown}
        </button>
      )}
    </>
  );
}
