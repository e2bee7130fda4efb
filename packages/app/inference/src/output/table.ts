import { ConfigError } from "@dsbm/config";
import {
  type CarriedCell,
  type CarriedColumn,
  type NumberColumn,
  type OutputFormat,
  outputFormat,
} from "@dsbm/data";
import { tidy } from "@dsbm/torch";
import type { Output, OutputOptions } from "./output.js";
import { tableSink } from "./sinks.js";

export function tableOutput(path: string, options: OutputOptions): Output {
  const { bridge, input, times, seen } = options;
  const { units, trained } = bridge;
  const format = outputFormat(path) as OutputFormat;
  const numberColumns = units.columns(input.table?.names);
  const columns: NumberColumn[] = trained.method.mass
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
  const sink = tableSink(path, {
    format,
    carried,
    columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
  });
  let rows = 0;
  let states: Float64Array[][] = [];
  return {
    about: () => `${path}, ${rows} rows of ${all.length} columns`,
    async put(x, { k, first, carried: cells, weights }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      if (k === (times?.length ?? 1) - 1) seen?.(numbers);
      if (weights) numbers.push(Float64Array.from(weights.toNumbers()));
      let batch = { count: x.size(0), numbers, carried: cells };
      if (times) {
        states.push(numbers);
        if (k < times.length - 1) return;
        const ids = keptColumns.length === 0 ? [rowNumbers(first, x.size(0))] : cells;
        batch = longRows(states, { times, ids });
        states = [];
      }
      await sink.put(batch);
      rows += batch.count;
    },
    commit: () => sink.commit("sample", {}),
    discard: () => sink.discard(),
  };
}

const rowNumbers = (first: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(first + i));

function longRows(
  states: readonly Float64Array[][],
  { times, ids }: { times: readonly number[]; ids: readonly (readonly CarriedCell[])[] },
) {
  const steps = times.length;
  const n = states[0]?.[0]?.length ?? 0;
  const count = n * steps;
  const column = (value: (row: number, k: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(Math.floor(i / steps), i % steps));
  const width = states[0]?.length ?? 0;
  return {
    count,
    numbers: [
      column((_, k) => times[k] as number),
      ...Array.from({ length: width }, (_, c) =>
        column((row, k) => states[k]?.[c]?.[row] as number),
      ),
    ],
    carried: ids.map((cells) => cells.flatMap((cell) => Array<CarriedCell>(steps).fill(cell))),
  };
}
