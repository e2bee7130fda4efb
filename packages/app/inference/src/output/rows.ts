// Writes samples in the data's own units: as rows of a table with kept columns, or as a matrix in
// the obsm of a copy of a .h5ad file, NaN for other rows.
import { ConfigError } from "@dsbm/config";
import {
  type CarriedCell,
  type CarriedColumn,
  type NumberColumn,
  type OutputFormat,
  outputFormat,
  type UnsValue,
} from "@dsbm/data";
import { readQuality, version } from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import type { H5adPlace } from "../input/input.js";
import { timeLabel } from "../times.js";
import type { Trained } from "../trained.js";
import type { Output, OutputOptions } from "./output.js";
import { h5adSink, tableSink } from "./sinks.js";

export async function rowsOutput(
  path: string,
  { bridge, input, times, end, settings, seen, place }: OutputOptions & { place: H5adPlace | null },
): Promise<Output> {
  const { units, trained } = bridge;
  const numberColumns = units.columns(input.table?.names);
  const hasWeights = trained.method.mass !== undefined && place === null;
  const columns: NumberColumn[] = hasWeights
    ? [...numberColumns, { name: "weight", dtype: "float32" }]
    : numberColumns;
  const names = columns.map(({ name }) => name);
  const keptColumns = input.table?.carried ?? [];
  const carried: readonly CarriedColumn[] =
    times && keptColumns.length === 0 ? [{ name: "row", kind: "integer" }] : keptColumns;
  const all = [...carried.map(({ name }) => name), ...(times ? ["t"] : []), ...names];
  const twice = all.find((name, i) => all.indexOf(name) < i);
  if (twice !== undefined)
    throw new ConfigError(
      "usage",
      `OUT ${path} would have two columns ${twice}${times && (twice === "t" || twice === "row") ? ", of which path=true adds one: write a .npy file" : ": rename one"}`,
    );
  const obsm = place && `${place.layer}_at_${timeLabel(trained.config, end)}`;
  const sink = place
    ? await h5adSink(path, place.path, [{ obsm, columns: names }])
    : tableSink(path, {
        format: outputFormat(path) as OutputFormat,
        carried,
        columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
      });
  let rows = 0;
  let states: Float64Array[][] = [];
  return {
    about: () =>
      obsm
        ? `${path}, obsm ${obsm} of ${rows} rows and ${names.length} columns`
        : `${path}, ${rows} rows of ${all.length} columns`,
    async put(x, { k, first, carried: cells, rows: places, weights }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      if (k === (times?.length ?? 1) - 1) seen?.(numbers);
      if (weights && hasWeights) numbers.push(Float64Array.from(weights.toNumbers()));
      let batch = { count: x.size(0), rows: places, values: [numbers], carried: cells };
      if (times) {
        states.push(numbers);
        if (k < times.length - 1) return;
        const ids = keptColumns.length === 0 ? [rowNumbers(first, x.size(0))] : cells;
        batch = { ...longRows(states, { times, ids }), rows: places };
        states = [];
      }
      await sink.put(batch);
      rows += batch.count;
    },
    commit: () => sink.commit("sample", () => runRecord(trained, settings)),
    [Symbol.dispose]: () => sink[Symbol.dispose](),
  };
}

/** A record for uns: the run, its options, its metrics with floors. */
export function runRecord({ folder, config }: Trained, settings: object): UnsValue {
  const { method, sigma, seed, Dataset, Dataset_transfer } = config;
  const run = { method, sigma, seed, Dataset, Dataset_transfer };
  const rows = readQuality(folder)?.rows ?? [];
  const metrics = rows.map(({ name, direction, column, value, floor, ceiling }) => [
    [name, direction, column].filter(Boolean).join(" "),
    known({ value, floor, ceiling }),
  ]);
  return {
    version,
    folder,
    run: known(run),
    settings: known(settings),
    metrics: Object.fromEntries(metrics),
  };
}

const known = (record: object): UnsValue =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));

const rowNumbers = (first: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(first + i));

function longRows(
  states: readonly Float64Array[][],
  { times, ids }: { times: readonly number[]; ids: readonly (readonly CarriedCell[])[] },
) {
  const steps = times.length;
  const [first = []] = states;
  const count = steps * (first[0]?.length ?? 0);
  const column = (value: (row: number, k: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(Math.floor(i / steps), i % steps));
  const numbers = first.map((_, c) => column((row, k) => states[k]?.[c]?.[row] as number));
  return {
    count,
    values: [[column((_, k) => times[k] as number), ...numbers]],
    carried: ids.map((cells) => cells.flatMap((cell) => Array<CarriedCell>(steps).fill(cell))),
  };
}
