import { useMemo } from "preact/hooks";
import type { RunDetail } from "../../shared/api.js";
import { Chart } from "../chart/chart.js";
import { directionTitle } from "../lib/format.js";
import { Alert, Select, Table } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import { apiPath, usePolled } from "../lib/server.js";
import { curveNames, isLog, isTraining, mostCompared, overlay } from "./overlay.js";
import { shortPlace } from "./runs.js";

/** Curves, metrics and configurations of several runs. */
export function Compare({ params }: { params: URLSearchParams }) {
  const ids = params.getAll("run").slice(0, mostCompared);
  const path = apiPath(
    "run",
    ids.map((id) => ["run", id]),
  );
  const { value, error } = usePolled<RunDetail[]>(path);
  const runs = value ?? [];
  const metrics = [...new Set(runs.flatMap(curveNames))];
  const metric = metrics.find((name) => name === params.get("metric")) ?? metrics[0] ?? "loss";
  const choice = ["f", "b"].find((name) => name === params.get("direction"));
  // Evaluations of both directions do not form one curve.
  const way = choice ?? (isTraining(runs, metric) ? "both" : "f");
  const labels = runs.map(({ row }) => `${row.name} ${shortPlace(row)}`);
  const { x, curves } = useMemo(() => overlay(runs, { metric, way, labels }), [value, metric, way]);
  return (
    <>
      <h1>Comparison of {ids.length} runs</h1>
      <Alert lines={error === null ? [] : [error]} />
      <section aria-label="Curves">
        <h2>Curves</h2>
        <div class="bar">
          <Select
            label="Curve"
            value={metric}
            options={metrics}
            onChange={(name) => setParams({ metric: name })}
          />
          <Select
            label="Direction"
            value={way}
            options={[
              ...(isTraining(runs, metric) ? ["both"] : []),
              ["f", "forward"],
              ["b", "backward"],
            ]}
            onChange={(direction) => setParams({ direction })}
          />
        </div>
        <div class="wide">
          <Chart
            title={`${metric}, ${directionTitle(way)}`}
            x={x}
            curves={curves}
            log={isLog(runs, metric)}
            xLabel="step"
            group="compare"
          />
        </div>
      </section>
      <Differences runs={runs} labels={labels} />
    </>
  );
}

function Differences({ runs, labels }: { runs: readonly RunDetail[]; labels: readonly string[] }) {
  const maps = runs.map(({ config }) => new Map(config));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  const rows = keys
    .map((name) => ({ name, cells: maps.map((map) => map.get(name) ?? "–") }))
    .filter(({ cells }) => new Set(cells).size > 1);
  return (
    <section aria-label="Differences of configuration">
      <h2>Differences of configuration</h2>
      {rows.length === 0 ? (
        <p class="note">The configurations are the same.</p>
      ) : (
        <Table
          label="Table: key by run"
          head={[
            "Key",
            ...runs.map(({ row }, i) => <a href={hrefOf("run", { run: row.id })}>{labels[i]}</a>),
          ]}
          rows={rows}
          kind={() => "value"}
        />
      )}
    </section>
  );
}
