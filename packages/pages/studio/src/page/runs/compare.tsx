import { useMemo } from "preact/hooks";
import { directions, mostCompared, type RunDetail, type StudioState } from "../../shared/api.js";
import { Chart } from "../chart/chart.js";
import { Bar } from "../lib/bar.js";
import { deviationText, digits, directionNames, duration, stateClass } from "../lib/format.js";
import { type GroupLine, GroupTable } from "../lib/group-table.js";
import { Fault, Select } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import { apiPath, usePolled } from "../lib/server.js";
import {
  type ComparedCell,
  type ComparedLine,
  compareGrades,
  compareMetrics,
  compareRuns,
  isShared,
  type RunComparison,
  readable,
} from "./comparison.js";
import { curveNames, curveTitle, isLog, overlay } from "./overlay.js";

interface CompareProps {
  params: URLSearchParams;
  state: StudioState;
}

/** Verdicts, metrics, curves and configurations of several runs. Runs of a sweep appear when they begin. */
export function Compare({ params, state }: CompareProps) {
  const all = params.getAll("run").slice(0, mostCompared);
  const ids = all.filter((id) => state.rows.some((row) => row.id === id));
  const missing = all.length - ids.length;
  return (
    <>
      <h1>Comparison of {all.length === 1 ? "1 run" : `${all.length} runs`}</h1>
      {missing > 0 && (
        <p class="note" role="status">
          {missing} of {all.length} runs {missing === 1 ? "is" : "are"} not there yet.
        </p>
      )}
      {ids.length > 0 && <ComparedRuns ids={ids} params={params} />}
    </>
  );
}

function ComparedRuns({ ids, params }: { ids: readonly string[]; params: URLSearchParams }) {
  const path = apiPath(
    "run",
    ids.map((id) => ["run", id]),
  );
  const { value, error } = usePolled<RunDetail[]>(path);
  const runs = value ?? [];
  const comparison = useMemo(() => compareRuns(runs), [value]);
  const { groups, keys } = comparison;
  const hasSeeds = groups.some(({ members }) => members.length > 1);
  return (
    <>
      <Fault text={error} />
      {value === null && error === null && <p class="note">Reading the runs …</p>}
      {value !== null && (
        <>
          <p hidden={runs.length < 2}>
            {keys.length === 0
              ? "The configurations differ in their seeds at most."
              : `${keys.length === 1 ? "One key differs" : `${keys.length} keys differ`}: ${firstKeys(keys)}.`}
            {hasSeeds && " Runs of several seeds are one column: the mean ± the deviation."}
          </p>
          <div class="compared">
            <Results runs={runs} comparison={comparison} />
            <Curves runs={runs} comparison={comparison} metricParam={params.get("metric")} />
            {runs.length > 1 && <Differences runs={runs} comparison={comparison} />}
          </div>
        </>
      )}
    </>
  );
}

const mostKeys = 6;

const firstKeys = (keys: readonly string[]) =>
  keys.length <= mostKeys
    ? keys.join(", ")
    : `${keys.slice(0, mostKeys).join(", ")} and ${keys.length - mostKeys} more`;

interface PartProps {
  runs: readonly RunDetail[];
  comparison: RunComparison;
}

/** The heads of the columns: each group with links to its runs. */
const headsOf = ({ runs, comparison: { groups } }: PartProps) =>
  groups.map(({ label, members }) => ({
    label,
    content:
      members.length === 1 ? (
        <a href={hrefOf("run", { run: runs[members[0] ?? 0]?.row.id ?? "" })}>{label}</a>
      ) : (
        <>
          {label}{" "}
          <small>
            seeds{" "}
            {members.map((i) => (
              <a key={i} href={hrefOf("run", { run: runs[i]?.row.id ?? "" })}>
                {runs[i]?.row.seed || "–"}{" "}
              </a>
            ))}
          </small>
        </>
      ),
  }));

/** States, verdicts and metrics in one table. */
function Results(props: PartProps) {
  const { runs, comparison } = props;
  const { groups } = comparison;
  const rowsOf = (members: readonly number[]) => members.flatMap((i) => runs[i]?.row ?? []);
  const states = groups.map(({ members }) => ({
    content: rowsOf(members).map((row) => (
      <span key={row.id}>
        <span class={stateClass(row)}>{row.state}</span> {duration(row.seconds)}{" "}
      </span>
    )),
  }));
  const verdicts = directions.flatMap((direction) => {
    const grades = compareGrades(runs, groups, direction);
    if (grades.every((grade) => grade === null)) return [];
    return {
      id: `verdict ${direction}`,
      name: `Verdict ${directionNames[direction]}`,
      cells: grades.map((one) => ({
        content: one ? (
          <span class="graded">
            <b class={one.grade}>{one.text}</b>
            {one.bars.map((bar, i) => (
              <Bar key={i} {...bar} />
            ))}
          </span>
        ) : (
          "–"
        ),
      })),
    };
  });
  const all = compareMetrics(runs, comparison);
  const shared = all.filter(isShared);
  const noFloor = ({ cells, ...line }: GroupLine) => ({
    ...line,
    cells: [...cells, { content: "" }],
  });
  const lines = [{ id: "state", name: "State and time", cells: states }, ...verdicts];
  return (
    <section aria-label="Results">
      <h2>Results</h2>
      <p class="note">
        {comparison.isSameData
          ? "★ marks the best value of a line, unless another differs by less than the spread of seeds. Differences within the interval of a metric mean nothing. "
          : "The runs have different data, so that the values of a line are on different scales: compare each with its floor. "}
        The floor is the score of real data.
      </p>
      <GroupTable
        label="Table of results"
        corner="Result"
        heads={[...headsOf(props), { label: "floor", content: "Floor" }]}
        lines={[...lines.map(noFloor), ...shared.map(metricLine)]}
      />
      <p class="note" hidden={shared.length === all.length}>
        Lines that one column alone has are left out ({all.length - shared.length}). They are in the
        report of its run.
      </p>
    </section>
  );
}

/** A metric of all groups, with the floor that they share. */
function metricLine({ title, direction, cells }: ComparedLine): GroupLine {
  const floor = commonFloor(cells);
  const values = cells.map((cell) => ({
    content: <MetricCell {...cell} floor={floor === "" ? cell.floor : null} />,
    kind: cell.isBest ? "best" : "",
  }));
  return {
    id: `${title} ${direction}`,
    name: (
      <>
        {title} {direction && <small>{directionNames[direction]}</small>}
      </>
    ),
    cells: [...values, { content: floor }],
  };
}

/** The floor of a metric if all groups share it; else an empty text. */
function commonFloor(cells: readonly ComparedCell[]): string {
  const floors = cells.flatMap(({ value, floor }) => (value === null ? [] : digits(floor, 3)));
  const [first = ""] = floors;
  return floors.every((text) => text === first) ? first : "";
}

function MetricCell({ value, spread, floor, isBest }: ComparedCell) {
  if (value === null) return <>–</>;
  return (
    <>
      {isBest && (
        <>
          <span aria-hidden="true">★ </span>
          <span class="hidden">best: </span>
        </>
      )}
      {digits(value, 3)}
      {spread !== null && ` ± ${deviationText(value, spread)}`}
      {floor !== null && <small> floor {digits(floor, 3)}</small>}
    </>
  );
}

/** The curves of a metric, forward and backward. */
function Curves({
  runs,
  comparison: { groups, labels },
  metricParam,
}: PartProps & { metricParam: string | null }) {
  const metrics = [...new Set(runs.flatMap(curveNames))];
  const metric = metrics.find((name) => name === metricParam) ?? metrics[0] ?? "loss";
  const order = groups.flatMap(({ members }, style) => members.map((i) => ({ i, style })));
  const title = curveTitle(runs, metric);
  const charts = directions.map((way) => ({
    way,
    ...overlay(
      order.flatMap(({ i }) => runs[i] ?? []),
      {
        metric,
        way,
        labels: order.map(({ i }) => labels[i] ?? ""),
        styles: order.map(({ style }) => style),
      },
    ),
  }));
  return (
    <section aria-label="Curves">
      <h2>Curves</h2>
      <div class="bar">
        <Select
          label="Curve"
          value={metric}
          options={metrics.map((name) => [name, curveTitle(runs, name)] as const)}
          onChange={(name) => setParams({ metric: name })}
        />
      </div>
      <div class="charts">
        {charts
          .filter(({ curves }) => curves.some(({ y }) => y.some((v) => v != null)))
          .map(({ way, x, curves }) => (
            <Chart
              key={way}
              title={`${title}, ${directionNames[way]}`}
              x={x}
              curves={curves}
              log={isLog(runs, metric)}
              xLabel="step"
              group="compare"
            />
          ))}
      </div>
    </section>
  );
}

/** The keys that differ between groups. */
function Differences(props: PartProps) {
  const { runs, comparison } = props;
  const { groups, keys, derived } = comparison;
  const configs = groups.map(({ members: [first = 0] }) => new Map(runs[first]?.config ?? []));
  return (
    <section aria-label="Differences of configuration">
      <h2>Differences of configuration</h2>
      {keys.length === 0 ? (
        <p class="note">The configurations are the same.</p>
      ) : (
        <GroupTable
          label="Table of differences"
          corner="Key"
          heads={headsOf(props)}
          lines={keys.map((key) => ({
            id: key,
            name: <code>{key}</code>,
            cells: configs.map((config) => ({ content: readable(config.get(key)), kind: "value" })),
          }))}
        />
      )}
      {derived.length > 0 && (
        <p class="note">Further keys follow from these or from presets: {derived.join(", ")}.</p>
      )}
    </section>
  );
}
