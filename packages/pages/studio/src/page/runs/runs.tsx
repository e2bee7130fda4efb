import { Fragment } from "preact";
import { useMemo, useState } from "preact/hooks";
import { mostCompared, type RunRow, type Runs, type StudioState } from "../../shared/api.js";
import { Bar } from "../lib/bar.js";
import { arrowOf, digits, duration, faultsOf, stateClass } from "../lib/format.js";
import { Scroll, Search } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import {
  type Column,
  columnsWith,
  filterRows,
  gradeTitle,
  metricsOf,
  metricTitles,
  placesOf,
  sortRows,
  startedColumn,
} from "./columns.js";

const states = ["running", "finished", "interrupted", "failed", "unreadable"];
const mostMetrics = 4;

/** All runs of the folder as a table, of which some can be compared. */
export function RunsPage({ runs, params }: { runs: StudioState | null; params: URLSearchParams }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (runs === null) return <p class="note">Reading the folder …</p>;
  const { rows } = runs;
  const table = columnsWith(metricTitles(rows).slice(0, mostMetrics));
  const words = params.get("q") ?? "";
  const sortId = params.get("sort") ?? "started";
  const by = table.find(({ id }) => id === sortId) ?? startedColumn;
  const descending = (params.get("order") ?? "desc") === "desc";
  const listing = sortRows(filterRows(rows, words), by, descending);
  return (
    <>
      <h1>Runs</h1>
      <Counts runs={runs} listed={listing.length} />
      {rows.length === 0 && <NoRuns {...runs} />}
      <div class="bar" hidden={rows.length === 0}>
        <Search
          label="Filter"
          value={words}
          placeholder="name, method, data, seed=1 …"
          onInput={(q) => setParams({ q })}
        />
        <CompareButtons chosen={chosen} onClear={() => setChosen([])} />
      </div>
      {rows.length > 0 && (
        <RunTable
          rows={listing}
          columns={table}
          sortId={sortId}
          descending={descending}
          chosen={chosen}
          onChoose={setChosen}
        />
      )}
    </>
  );
}

/** How many runs there are, by state, and how many of them are listed. */
function Counts({ runs: { rows, left }, listed }: { runs: Runs; listed: number }) {
  const counts = states
    .map((name) => [rows.filter((row) => row.state === name).length, name] as const)
    .filter(([n]) => n > 0);
  return (
    <p class="note" role="status">
      {rows.length} {rows.length === 1 ? "run" : "runs"}
      {counts.length > 0 && `: ${counts.map(([n, name]) => `${n} ${name}`).join(", ")}`}
      {left > 0 && `; ${left} more are not shown`}
      {listed < rows.length && `; ${listed} match the filter`}
    </p>
  );
}

const NoRuns = ({ folder, isReadOnly }: StudioState) => (
  <>
    <p>
      There are no runs in <code>{folder}</code> yet. A run appears here with its first line, also
      of a terminal in this folder: <code>npx dsbm train dataset=moons</code>.
    </p>
    {isReadOnly || (
      <a class="button main" href={hrefOf("new")}>
        Make a bridge of two tables
      </a>
    )}
  </>
);

function CompareButtons({ chosen, onClear }: { chosen: readonly string[]; onClear: () => void }) {
  return (
    <>
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
        <button type="button" onClick={onClear}>
          Choose none
        </button>
      )}
    </>
  );
}

interface RunTableProps {
  rows: readonly RunRow[];
  columns: readonly Column[];
  sortId: string;
  descending: boolean;
  chosen: readonly string[];
  onChoose(ids: string[]): void;
}

function RunTable(props: RunTableProps) {
  const { rows, columns, sortId, descending } = props;
  const places = useMemo(() => placesOf(rows), [rows]);
  const sort = ({ id }: Column) =>
    setParams({
      sort: id,
      order: id === sortId ? (descending ? "asc" : "desc") : "asc",
    });
  return (
    <Scroll label="Table of runs">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Choose</span>
            </th>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                class={column.isNumber ? "number" : ""}
                aria-sort={
                  column.id !== sortId ? undefined : descending ? "descending" : "ascending"
                }
              >
                <button type="button" onClick={() => sort(column)}>
                  {column.title}
                  <span aria-hidden="true">
                    {column.id === sortId ? (descending ? " ▾" : " ▴") : ""}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Fragment key={row.id}>
              <Line row={row} place={places.get(row.id) ?? row.id} {...props} />
              <Faults state={row.state} lines={faultsOf(row)} width={columns.length} />
            </Fragment>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Line({
  row,
  place,
  columns,
  chosen,
  onChoose,
}: RunTableProps & { row: RunRow; place: string }) {
  const { id, name } = row;
  const isChosen = chosen.includes(id);
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <td>
        <input
          type="checkbox"
          aria-label={`Choose ${name} ${place}`}
          checked={isChosen}
          onChange={(e) =>
            onChoose(e.currentTarget.checked ? [...chosen, id] : chosen.filter((c) => c !== id))
          }
        />
      </td>
      {columns.map((column) => (
        <Cell key={column.id} row={row} place={place} column={column} />
      ))}
    </tr>
  );
}

function Cell({ row, place, column }: { row: RunRow; place: string; column: Column }) {
  const { id, name, state, note, grades } = row;
  if (column.id === "name")
    return (
      <th scope="row">
        <a href={hrefOf("run", { run: id })} title={id}>
          {name || "(this folder)"}
        </a>
        <small>{place}</small>
        {note !== "" && <small class="remark">{note.split("\n")[0]}</small>}
      </th>
    );
  if (column.id === "state")
    return (
      <td>
        <span class={stateClass(row)}>{state}</span>
      </td>
    );
  if (column.id === "grade" && grades.length > 0)
    return (
      <td>
        {grades.map((one) => (
          <span key={one.direction} class="graded">
            <b class={`grade ${one.grade}`}>{gradeTitle(one)}</b>
            {one.bar && <Bar {...one.bar} />}
          </span>
        ))}
      </td>
    );
  const measured = metricsOf(row, column.id);
  const left = column.id === "seconds" ? row.progress?.left : null;
  return (
    <td class={column.isNumber ? "number" : column.id === "data" ? "text" : ""}>
      {measured.length === 0 && column.text(row)}
      {left != null && <small class="left">{duration(left)} left</small>}
      {measured.map(({ direction, value, floor }) => (
        <span key={direction} class="measured">
          {digits(value)} {arrowOf(direction)}
          {floor !== null && <small>floor {digits(floor)}</small>}
        </span>
      ))}
    </td>
  );
}

/** Below the line of a run: why it ended early, and its unreadable files. */
const Faults = ({
  state,
  lines,
  width,
}: {
  state: string;
  lines: readonly string[];
  width: number;
}) =>
  lines.length === 0 ? null : (
    <tr class={`faults ${state}`}>
      <td />
      <td colSpan={width}>
        {lines.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </td>
    </tr>
  );
