import { useState } from "preact/hooks";
import type { Runs } from "../../shared/api.js";
import { Search } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import { columnsWith, filtered, metricNames, sorted, started } from "./columns.js";
import { mostCompared } from "./overlay.js";
import { RunTable } from "./table.js";

const states = ["running", "finished", "interrupted", "failed", "unreadable"];
const pageSize = 500;
const mostMetrics = 4;

export function RunsPage({ runs, params }: { runs: Runs | null; params: URLSearchParams }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [shown, setShown] = useState(pageSize);
  if (runs === null) return <p class="note">Reading the folder …</p>;
  const { rows, left, folder } = runs;
  const table = columnsWith(metricNames(rows).slice(0, mostMetrics));
  const words = params.get("q") ?? "";
  const sortId = params.get("sort") ?? "started";
  const by = table.find(({ id }) => id === sortId) ?? started;
  const descending = (params.get("order") ?? "desc") === "desc";
  const listing = sorted(filtered(rows, words), by, descending);
  const isGrouped = listing.some(({ sweep }) => sweep !== null);
  const counts = states
    .map((name) => [rows.filter((row) => row.state === name).length, name] as const)
    .filter(([n]) => n > 0);
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
