import { useEffect, useMemo, useState } from "preact/hooks";
import type { HistoryPart, RunDetail, RunRow } from "../../shared/api.js";
import { Chart } from "../chart/chart.js";
import { Smoothing, weightOf } from "../chart/smooth.js";
import { directionTitle } from "../lib/format.js";
import { Alert, Check, Select, Table } from "../lib/parts.js";
import { hrefOf, setParams } from "../lib/route.js";
import { apiPath, ask } from "../lib/server.js";
import { curveNames, type Found, isTraining, mostCompared, overlay } from "./overlay.js";
import { shortPlace } from "./table.js";

const againMs = 2000;

export function Compare({
  rows,
  params,
}: {
  rows: ReadonlyMap<string, RunRow> | null;
  params: URLSearchParams;
}) {
  const ids = params.getAll("run").slice(0, mostCompared);
  const { found, errors } = useRuns(ids, rows);
  const runs = ids.flatMap((id) => found.get(id) ?? []);
  const weight = weightOf(params);
  const metrics = [...new Set(runs.flatMap(curveNames))];
  const metric = metrics.find((name) => name === params.get("metric")) ?? metrics[0] ?? "loss";
  const choice = ["f", "b"].find((name) => name === params.get("direction"));
  // Evaluations of both directions do not form one curve.
  const way = choice ?? (isTraining(runs, metric) ? "both" : "f");
  const isLog = (params.get("log") ?? "loss") !== "none";
  const labels = labelsOf(runs.map(({ detail }) => detail.row));
  const { x, curves } = useMemo(
    () => overlay(runs, { metric, way, weight, labels, isLog }),
    [found, ids.join("\n"), metric, way, weight, isLog],
  );
  if (ids.length === 0)
    return (
      <p>
        Choose runs in the <a href={hrefOf("runs")}>table</a> to compare them.
      </p>
    );
  return (
    <>
      <h1>Comparison of {ids.length} runs</h1>
      <Alert lines={errors} />
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
          <Smoothing weight={weight} />
          <Check checked={isLog} onChange={(on) => setParams({ log: on ? null : "none" })}>
            log axis
          </Check>
        </div>
        <div class="wide">
          <Chart
            title={`${metric}, ${directionTitle(way)}`}
            x={x}
            curves={curves}
            log={isLog}
            xLabel="step"
            group="compare"
          />
        </div>
      </section>
      <Differences runs={runs.map(({ detail }) => detail)} labels={labels} params={params} />
    </>
  );
}

function useRuns(ids: readonly string[], rows: ReadonlyMap<string, RunRow> | null) {
  const [found, setFound] = useState<ReadonlyMap<string, Found>>(new Map());
  const [errors, setErrors] = useState<string[]>([]);
  const isLive = ids.some((id) => rows?.get(id)?.state === "running");
  useEffect(() => {
    let over = false;
    const read = async () => {
      const said: string[] = [];
      const all = await Promise.all(
        ids.map(async (run): Promise<[string, Found][]> => {
          try {
            const detail = await ask<RunDetail>(apiPath("run", { run }));
            const history = await ask<HistoryPart | null>(apiPath("history", { run }));
            return [[run, { detail, history }]];
          } catch (error) {
            said.push(`${run}: ${(error as Error).message}`);
            return [];
          }
        }),
      );
      if (over) return;
      setFound(new Map(all.flat()));
      setErrors(said);
    };
    read();
    const timer = isLive ? setInterval(read, againMs) : undefined;
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [ids.join("\n"), isLive]);
  return { found, errors };
}

const labelsOf = (rows: readonly RunRow[]): string[] =>
  rows.map((row) => row.member || `${row.name} ${shortPlace(row)}`);

function Differences({
  runs,
  labels,
  params,
}: {
  runs: readonly RunDetail[];
  labels: readonly string[];
  params: URLSearchParams;
}) {
  const all = params.get("keys") === "all";
  const maps = runs.map(({ config }) => new Map(config));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  const rows = keys
    .map((key): [string, string[]] => [key, maps.map((map) => map.get(key) ?? "–")])
    .filter(([, values]) => all || new Set(values).size > 1);
  return (
    <section aria-label="Differences of configuration">
      <h2>Differences of configuration</h2>
      <div class="bar">
        <Check checked={all} onChange={(on) => setParams({ keys: on ? "all" : null })}>
          Show all keys
        </Check>
      </div>
      {rows.length === 0 ? (
        <p class="note">The configurations are the same.</p>
      ) : (
        <Table
          label="Table: key by run"
          head={[
            "Key",
            ...runs.map(({ row }, i) => <a href={hrefOf("run", { run: row.id })}>{labels[i]}</a>),
          ]}
          rows={rows.map(([name, cells]) => ({ name, cells }))}
          kind={() => "value"}
        />
      )}
    </section>
  );
}
